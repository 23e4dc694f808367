"""The simulator's whole state, in memory."""

from __future__ import annotations

import threading
from datetime import timedelta

from trunkline.kit.clock import Clock
from trunkline.simulator.clients import Clients
from trunkline.simulator.consents import PendingConsents
from trunkline.simulator.credentials import Credentials
from trunkline.simulator.gate import Gate
from trunkline.simulator.grants import Grants
from trunkline.simulator.options import Options, SimulatedClock
from trunkline.simulator.profiles import FaultPlan
from trunkline.simulator.quota import Quota
from trunkline.simulator.records import Records
from trunkline.simulator.statistics import Statistics


class Simulator:
    """An authorization server, a CRM and their faults.

    Every part takes the same lock, so that another thread (a test's) may look at and change it while it
    is served. Serve it with `simulator_app`.
    """

    def __init__(self, options: Options | None = None, *, clock: Clock | None = None) -> None:
        self.options = options or Options()
        self.clock = SimulatedClock(clock)
        lock = threading.RLock()
        self.statistics = Statistics(lock)
        self.clients = Clients(lock, self.options.redirect_uris)
        self.consents = PendingConsents(lock, self.clock)
        self.grants = Grants(lock, self.options, self.clock, self.statistics)
        self.credentials = Credentials(lock, self.clock)
        self.records = Records(lock, self.options, self.clock)
        self.faults = FaultPlan(lock, self.options.profiles)
        self.quota = Quota(lock, self.options.rate_limit, timedelta(minutes=1))
        self.gate = Gate()

    def reset(self) -> None:
        """Go back to the start: clients, tokens, data, faults, clock and counters. What is held stays held."""
        self.clock.reset()
        for part in (
            self.clients,
            self.consents,
            self.grants,
            self.credentials,
            self.records,
            self.quota,
            self.statistics,
        ):
            part.reset()
        self.faults.clear()
