"""The job that keeps data keys young: it makes new ones by age, re-seals what is under older ones, and destroys those.

Source: docs/decisions/0004-data-keys-rotate-by-age.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from trunkline.infra.jobs import JobContext
from trunkline.infra.vault.rotation import Rotation
from trunkline.infra.vault.sealed import SealedColumn
from trunkline.infra.vault.vault import Vault
from trunkline.kit.clock import stamp

DATA_KEY_AGE = timedelta(days=30)  # a tenant that seals 100 values a second reaches 2^28 by then
SUPERSEDED_FOR = timedelta(days=1)  # before a data key that seals nothing is destroyed
BUDGET_S = 60.0  # of re-sealing in one run, so that other jobs get their turn

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tending:
    """Handler of the job; finished or not, the next run goes on from what it finds."""

    vault: Vault
    columns: Sequence[SealedColumn]

    def __call__(self, context: JobContext) -> None:
        """One run.

        Raises:
            KeyFileError, WrongKeyError: the key file cannot be read, or is another database's.
            UnavailableError: the database stayed away.
        """
        now = context.clock.now()
        rotation = Rotation(context.database, self.vault, self.columns)
        made = rotation.add_data_keys(stamp(now - DATA_KEY_AGE))
        moved = rotation.reseal(budget_s=BUDGET_S)
        dropped = rotation.drop_superseded(stamp(now - SUPERSEDED_FOR))
        if moved.unreadable:
            _log.error("sealed_values_do_not_open", values=len(moved.unreadable), first=moved.unreadable[0])
        if made or moved.count or dropped:
            _log.info("vault_tended", keys_made=made, values_moved=moved.count, keys_destroyed=dropped)
