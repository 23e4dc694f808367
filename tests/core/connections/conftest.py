from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.core.access.world import START, World, build
from tests.databases import Databases
from trunkline.core import access, connections, events, workspaces
from trunkline.core.connections import ConnectionRow, CreateSecret, UpdateSecret
from trunkline.core.connections.handlers import purge_with_workspace
from trunkline.core.connections.tables import connections as connections_table
from trunkline.infra.db import Catalog, open_database
from trunkline.infra.vault import Vault
from trunkline.infra.vault.store import unlock
from trunkline.kit.actor import Actor
from trunkline.kit.clock import FixedClock
from trunkline.kit.secret import Secret

REACTIONS = {
    "workspace.deleted": (workspaces.tombstone_with_workspace(connections_table),),
    "workspace.restored": (workspaces.revive_with_workspace(connections_table),),
    "workspace.purging": (purge_with_workspace,),
}


class Safe:
    """The two tenants with a vault."""

    def __init__(self, world: World, vault: Vault) -> None:
        self.world = world
        self.vault = vault

    def create(self, actor: Actor | None = None, **request: Any) -> ConnectionRow:
        wanted: dict[str, Any] = {"workspace_id": self.world.one, "name": "api", "value": Secret("v" * 12)}
        actor = actor or self.world.actor("editor")
        asked = CreateSecret(**wanted | request)
        return self.world.write(lambda tx: connections.create_secret(tx, actor, self.vault, asked))

    def update(self, secret_id: str, actor: Actor | None = None, **request: Any) -> ConnectionRow:
        actor = actor or self.world.actor("editor")
        asked = UpdateSecret(id=secret_id, **request)
        return self.world.write(lambda tx: connections.update_secret(tx, actor, self.vault, asked))

    def get(self, secret_id: str, user: str = "viewer") -> ConnectionRow:
        return self.world.read(lambda tx: connections.get_secret(tx, self.world.actor(user), secret_id))

    def delete(self, secret_id: str, user: str = "editor") -> None:
        actor = self.world.actor(user)
        self.world.write(lambda tx: connections.delete_secret(tx, actor, secret_id))

    def restore(self, secret_id: str, user: str = "editor") -> ConnectionRow:
        actor = self.world.actor(user)
        return self.world.write(lambda tx: connections.restore_secret(tx, actor, secret_id))

    def purge(self, secret_id: str, user: str = "admin") -> None:
        actor = self.world.actor(user)
        self.world.write(lambda tx: connections.purge_secret(tx, actor, secret_id))

    def reveal(self, secret_id: str) -> str:
        return self.world.read(lambda tx: connections.reveal(tx, self.vault, secret_id)).reveal()

    def stored(self) -> list[tuple[Any, ...]]:
        """Every row of connections, with its credential."""
        return self.world.read(lambda tx: tx.fetch("SELECT * FROM connections ORDER BY id", {}))


def catalog(clock: FixedClock) -> Catalog:
    specs = {**access.SPECS, **workspaces.SPECS, **connections.SPECS, **events.SPECS}
    return Catalog(specs=specs, reactions=REACTIONS, clock=clock)


@contextmanager
def opened(database_url: str, key_file: Path) -> Iterator[Safe]:
    clock = FixedClock(START)
    database = open_database(database_url, catalog(clock))
    try:
        yield Safe(build(database, clock), unlock(database, key_file).vault)
    finally:
        database.close()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def shared_safe(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Safe]:
    url = databases.sqlite() if request.param == "sqlite" else databases.postgresql()
    with opened(url, tmp_path_factory.mktemp("vault") / "vault.key") as safe:
        yield safe


@pytest.fixture
def safe(shared_safe: Safe) -> Safe:
    """The two tenants with a vault and no secrets; the tenants themselves are shared and not to be changed."""
    shared_safe.world.clock = FixedClock(START)
    shared_safe.world.db.catalog = catalog(shared_safe.world.clock)
    shared_safe.world.write(lambda tx: tx.delete(connections_table, "TRUE"))
    return shared_safe


@pytest.fixture
def own_safe(database_url: str, tmp_path: Path) -> Iterator[Safe]:
    """Two tenants of the test's own, to be deleted and purged."""
    with opened(database_url, tmp_path / "vault.key") as safe:
        yield safe
