"""A test double for what integrations connect to: an OAuth 2.0 authorization server and a small CRM, with faults.

It is a plain ASGI application that knows nothing of the rest of Trunkline, keeps everything in memory and is
meant for one process. `trunkline simulator` serves it; tests serve it themselves:

    simulator_app(Simulator(Options(auto_approve=True)))
"""

from __future__ import annotations

from trunkline.simulator.application import simulator_app
from trunkline.simulator.clients import (
    ACCESS_TOKEN_MAX_S,
    DEMO_CLIENT,
    DEMO_PUBLIC_CLIENT,
    DEMO_SECRET,
    Client,
    Grant,
    Method,
)
from trunkline.simulator.credentials import DEMO_API_KEY, DEMO_BEARER_TOKEN, DEMO_PASSWORD, DEMO_USER
from trunkline.simulator.options import Options
from trunkline.simulator.profiles import Faults, Place, Profile
from trunkline.simulator.state import Simulator

__all__ = [
    "ACCESS_TOKEN_MAX_S",
    "DEMO_API_KEY",
    "DEMO_BEARER_TOKEN",
    "DEMO_CLIENT",
    "DEMO_PASSWORD",
    "DEMO_PUBLIC_CLIENT",
    "DEMO_SECRET",
    "DEMO_USER",
    "Client",
    "Faults",
    "Grant",
    "Method",
    "Options",
    "Place",
    "Profile",
    "Simulator",
    "simulator_app",
]
