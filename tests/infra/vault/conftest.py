"""A key file in a scratch directory, a vault over it and a store in memory."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trunkline.infra.vault import DataKeyStore, KeyRing, Vault, WrappedKey
from trunkline.kit.clock import FixedClock


class MemoryStore:
    """Keeps wrapped keys in a list; `fails` makes `add` refuse, as a database may."""

    def __init__(self) -> None:
        self.rows: list[WrappedKey] = []
        self.loads = 0
        self.fails = False

    def load(self, tenant: str) -> list[WrappedKey]:
        """The tenant's keys in the order they came."""
        self.loads += 1
        return [row for row in self.rows if row.tenant == tenant]

    def add(self, key: WrappedKey) -> None:
        """Keep the key."""
        if self.fails:
            raise OSError("the disk is full")
        self.rows.append(key)

    def rewrap(self, key_id: str, kek_id: str, wrapped: str) -> None:
        """Change the one row."""
        self.rows = [
            replace(row, kek_id=kek_id, wrapped=wrapped) if row.id == key_id else row for row in self.rows
        ]


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
