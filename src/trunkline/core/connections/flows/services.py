"""What flows work with."""

from __future__ import annotations

from dataclasses import dataclass, field

from trunkline.infra.db import Database
from trunkline.infra.http import Egress
from trunkline.infra.vault import Vault
from trunkline.kit.clock import Clock, SystemClock


@dataclass(frozen=True, slots=True)
class FlowServices:
    """The platform's parts that flows touch, put together by whoever calls them.

    Attributes:
        public_url: where browsers reach this instance, without a slash at its end.
        clock: where the time comes from outside transactions.
    """

    database: Database
    vault: Vault
    egress: Egress
    public_url: str
    clock: Clock = field(default_factory=SystemClock)
