"""A key file in a scratch directory, a vault over it and a store in memory."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.databases import lend
from trunkline.infra.db import Catalog, Database
from trunkline.infra.vault import DataKeyStore, KeyRing, Vault, WrappedKey
from trunkline.kit.clock import FixedClock


class MemoryStore:
    """Keeps wrapped keys in a list; `fails` makes `add` refuse, as a database may."""

    def __init__(self) -> None:
        self.rows: list[WrappedKey] = []
        self.loads = 0
        self.fails = False

    def hold_ring(self) -> None:
        """Nobody else could retire a key."""

    def load(self, tenant: str) -> list[WrappedKey]:
        """The tenant's keys in the order they came."""
        self.loads += 1
        return [row for row in self.rows if row.tenant == tenant]

    def add(self, keys: Sequence[WrappedKey]) -> None:
        """Keep the keys."""
        if self.fails:
            raise OSError("the disk is full")
        self.rows.extend(keys)

    def rewrap(self, keys: Sequence[WrappedKey]) -> None:
        """Change the rows of these keys."""
        changed = {key.id: key for key in keys}
        self.rows = [changed.get(row.id, row) for row in self.rows]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def fresh_store() -> Callable[[], DataKeyStore]:
    return MemoryStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "vault.key"


@pytest.fixture
def ring(path: Path) -> KeyRing:
    return KeyRing.create(path)


@pytest.fixture
def vault(ring: KeyRing) -> Vault:
    return Vault(ring, clock=FixedClock(datetime(2026, 11, 22, 10, 0, tzinfo=UTC)))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 22, 10, tzinfo=UTC))


@pytest.fixture
def database(database_url: str, clock: FixedClock) -> Iterator[Database]:
    """A migrated database of each engine."""
    opened = lend(database_url, Catalog(clock=clock))
    yield opened
    opened.close()
