"""Moves what is sealed to newer keys while everybody goes on using it.

    key-encryption key   add a line to the key file, re-wrap every data key and the root   `rewrap`
    data keys            add one per tenant, then re-seal value by value                   `add_data_keys`, `reseal`

Every step is a short transaction of its own that leaves everything open to everybody, so a rotation may be
killed at any moment, repeated, and run twice at once. A value is replaced only where it is still the one that
was read; it keeps its generation, which counts how often people gave it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from trunkline.infra.db import Database, Engine, Tx
from trunkline.infra.db.locks import read_committed
from trunkline.infra.vault.envelope import data_key_id
from trunkline.infra.vault.errors import SealError, UnknownKeyError
from trunkline.infra.vault.queries import (
    BY_ID,
    COUNT_OUTDATED,
    COUNT_TENANTS_BEFORE,
    COUNT_UNDER_OTHERS,
    KEYS_UNDER_OTHERS,
    OUTDATED,
    ROOT_AS_READ,
    SEALED_ROOT,
    SUPERSEDED,
    SWAP,
    TENANTS_BEFORE,
    VALUES_OF,
)
from trunkline.infra.vault.root import rewrap_root
from trunkline.infra.vault.sealed import SealedColumn, completed
from trunkline.infra.vault.stock import uses
from trunkline.infra.vault.store import DatabaseKeyStore, wrapped_keys
from trunkline.infra.vault.tables import instance, vault_keys
from trunkline.infra.vault.vault import DataKeyStore, Vault, WrappedKey
from trunkline.kit.errors import UnavailableError

KEYS_PER_STEP = 500  # data keys re-wrapped or made in one transaction
VALUES_PER_STEP = 100  # values re-sealed in one transaction: a few milliseconds of the only writer
PASSES = 3  # over the values; a second finds what was sealed by writes that had begun before the new key
TRIES = 6  # of a step, where the database is busy or away for a moment
PAUSE_S = 1.0  # between them
REST_MOST_S = 0.25

Answer = TypeVar("Answer")
Step = Callable[[int, int], None]
"""Told how much is done, and of how much."""
Rest = Callable[[float], None]
"""Called after each transaction with the seconds it took."""


@dataclass(slots=True)
class Moved:
    """What a rotation did.

    Attributes:
        count: how many keys or values are under the newer key now that were not before.
        root: the instance root is too.
        unreadable: what does not open and was left as it is, in words for the operator.
        finished: nothing was left for want of time.
    """

    count: int = 0
    root: bool = False
    unreadable: list[str] = field(default_factory=list)
    finished: bool = True


def nothing(_done: int, _total: int) -> None:
    """Tell nobody how far it is."""


def no_rest(_took: float) -> None:
    """Go on at once: right inside the process that serves, whose writes wait in one line."""


def polite(database: Database) -> Rest:
    """Leave a database as long to others as was taken from them.

    On SQLite a process that waits for another's lock looks again from time to time; it would seldom find the
    lock free between two transactions that follow each other at once, and give up in the end.
    """
    if database.engine is not Engine.SQLITE:
        return no_rest
    return lambda took: time.sleep(min(took, REST_MOST_S))


class Rotation:
    """The steps of rotating keys.

    Args:
        database: where everything is kept.
        vault: opens and seals.
        columns: where sealed values stand; what is missing here keeps its old data key.
        rest: what to do between transactions.
    """

    def __init__(
        self, database: Database, vault: Vault, columns: Sequence[SealedColumn], *, rest: Rest = no_rest
    ) -> None:
        self._database = database
        self._vault = vault
        self._columns = columns
        self._rest = rest

    def rewrap(self, step: Step = nothing) -> Moved:
        """Wrap the instance root and every data key under the active key-encryption key.

        Raises:
            KeyFileError, WrongKeyError: the key file cannot be read, or is another database's.
            UnavailableError: the database stayed away; do it again.
        """
        active = self._vault.ring().active_id
        total = int(self._database.check_now(lambda tx: tx.value(COUNT_UNDER_OTHERS, active=active)))
        moved = Moved(root=self._write(self._rewrap_root))
        after, seen = "", 0
        while True:
            keys, broken = self._write(partial(self._rewrap_some, after=after))
            moved.unreadable += broken
            moved.count += len(keys) - len(broken)
            seen += len(keys)
            step(seen, max(seen, total))
            if len(keys) < KEYS_PER_STEP:
                return moved
            after = keys[-1].id

    def add_data_keys(self, made_before: str, step: Step = nothing) -> int:
        """Give every tenant whose newest data key was made before a moment a new one; how many got one.

        The new key seals from then on, the older ones still open.

        Args:
            made_before: stored time text.
            step: told how far it is.

        Raises:
            KeyFileError, WrongKeyError: the key file cannot be read, or is another database's.
            UnavailableError: the database stayed away; do it again.
        """
        due = {"before": made_before}
        total = int(self._database.check_now(lambda tx: tx.value(COUNT_TENANTS_BEFORE, **due)))
        after, added = "", 0
        while True:
            tenants = self._write(partial(self._add_some, after=after, due=due))
            added += len(tenants)
            step(added, max(added, total))
            if len(tenants) < KEYS_PER_STEP:
                return added
            after = tenants[-1]

    def reseal(self, step: Step = nothing, *, budget_s: float = math.inf) -> Moved:
        """Re-seal every value that is under an older data key than its tenant's newest.

        Args:
            step: told how far it is.
            budget_s: stop after so many seconds; what is left is found by the next call.

        Raises:
            KeyFileError, WrongKeyError: the key file cannot be read, or is another database's.
            UnavailableError: the database stayed away; do it again.
        """
        end = time.monotonic() + budget_s
        moved = Moved()
        total = sum(self._database.check_now(partial(_count_outdated, column)) for column in self._columns)
        for _ in range(PASSES):
            before, moved.unreadable = moved.count, []
            for column in self._columns:
                after = ""
                while ids := self._database.check_now(partial(_outdated, column, after)):
                    count, unreadable = self._write(partial(self._reseal_some, column, ids))
                    moved.count += count
                    moved.unreadable += unreadable
                    step(moved.count, max(moved.count, total))
                    if time.monotonic() > end:
                        moved.finished = False
                        return moved
                    after = ids[-1]
            if moved.count == before:
                break
        return moved

    def drop_superseded(self, superseded_before: str) -> int:
        """Destroy data keys that were replaced before a moment and seal nothing any more; how many.

        A transaction that began before the replacement might still seal with one. If it commits first its
        value is seen here; otherwise this deletion conflicts with its look at the key, and one of the two is
        repeated. The moment only makes that rare.

        Raises:
            UnavailableError: the database stayed away; do it again.
        """
        unused = partial(self._unused, before=superseded_before)
        if not self._database.check_now(unused):
            return 0

        def drop(tx: Tx) -> int:
            return sum(tx.delete(vault_keys, BY_ID, id=key_id) for key_id in unused(tx))

        return self._write(drop)

    def _rewrap_root(self, tx: Tx) -> bool:
        ring = self._vault.held_ring(DatabaseKeyStore(tx))
        read = tx.value(SEALED_ROOT)
        fresh = rewrap_root(ring, read)
        if fresh == read:
            return False
        tx.update(instance, ROOT_AS_READ, {"read": read}, sealed_root=fresh, kek_id=ring.active_id)
        return True

    def _rewrap_some(self, tx: Tx, *, after: str) -> tuple[list[WrappedKey], list[str]]:
        read_committed(tx)
        store = DatabaseKeyStore(tx)
        window = {"active": self._vault.held_ring(store).active_id, "after": after, "limit": KEYS_PER_STEP}
        keys = wrapped_keys(tx.fetch(KEYS_UNDER_OTHERS, window))
        broken = {key.id: str(error) for key, error in self._vault.broken(keys)}
        self._vault.rewrap(store, [key for key in keys if key.id not in broken])
        return keys, list(broken.values())

    def _add_some(self, tx: Tx, *, after: str, due: Mapping[str, str]) -> list[str]:
        tenants: list[str] = tx.column(TENANTS_BEFORE, **due, after=after, limit=KEYS_PER_STEP)
        self._vault.add_data_keys(DatabaseKeyStore(tx), tenants)
        return tenants

    def _reseal_some(self, column: SealedColumn, ids: Sequence[str], tx: Tx) -> tuple[int, list[str]]:
        store = _RememberingStore(DatabaseKeyStore(tx))
        swaps, unreadable = [], []
        for row_id, home_id, tenant, generation, read in tx.fetch_for(completed(VALUES_OF, column), ids):
            try:
                place = column.place(home_id, generation)
                value = self._vault.open(store, tenant, place, read)
            except (SealError, UnknownKeyError, ValueError) as error:
                unreadable.append(str(error))
                continue
            if store.load(tenant)[-1].id == data_key_id(read):
                continue  # given anew since it was found
            swaps.append(
                {"row_id": row_id, "read": read, "fresh": self._vault.seal(store, tenant, place, value)}
            )
        tx.run_many(completed(SWAP, column), swaps)
        return len(swaps), unreadable

    def _unused(self, tx: Tx, *, before: str) -> list[str]:
        superseded: set[str] = set(tx.column(SUPERSEDED, before=before))
        if superseded:
            for column in self._columns:
                superseded -= {use.key_id for use in uses(tx, column)}
        return sorted(superseded)

    def _write(self, work: Callable[[Tx], Answer]) -> Answer:
        """One step, repeated where the database is busy or away: every step may be."""
        for _ in range(TRIES - 1):
            started = time.monotonic()
            try:
                answer = self._database.write_now(work)
            except UnavailableError:
                time.sleep(PAUSE_S)
            else:
                self._rest(time.monotonic() - started)
                return answer
        return self._database.write_now(work)


class _RememberingStore:
    """A transaction's data keys, each tenant's read once: a batch holds many values of few tenants."""

    def __init__(self, store: DataKeyStore) -> None:
        self._store = store
        self._loaded: dict[str, list[WrappedKey]] = {}

    def hold_ring(self) -> None:
        self._store.hold_ring()

    def load(self, tenant: str) -> list[WrappedKey]:
        if tenant not in self._loaded:
            self._loaded[tenant] = self._store.load(tenant)
        return self._loaded[tenant]

    def add(self, keys: Sequence[WrappedKey]) -> None:
        self._loaded.clear()
        self._store.add(keys)

    def rewrap(self, keys: Sequence[WrappedKey]) -> None:
        self._loaded.clear()
        self._store.rewrap(keys)


def _count_outdated(column: SealedColumn, tx: Tx) -> int:
    return int(tx.value(completed(COUNT_OUTDATED, column), after=""))


def _outdated(column: SealedColumn, after: str, tx: Tx) -> list[str]:
    return tx.column(completed(OUTDATED, column), after=after, limit=VALUES_PER_STEP)
