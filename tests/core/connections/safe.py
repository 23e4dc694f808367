"""Two tenants with a vault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.core.access.world import START, World, build
from tests.databases import lend
from trunkline import bootstrap
from trunkline.core import connections
from trunkline.core.connections import CreateSecret, SecretRow, UpdateSecret
from trunkline.infra.db import Catalog
from trunkline.infra.vault import Vault
from trunkline.infra.vault.store import unlock
from trunkline.kit.actor import Actor
from trunkline.kit.clock import FixedClock
from trunkline.kit.secret import Secret


class Safe:
    """The two tenants with a vault."""

    def __init__(self, world: World, vault: Vault, url: str) -> None:
        self.world = world
        self.vault = vault
        self.url = url

    def create(self, actor: Actor | None = None, **request: Any) -> SecretRow:
        wanted: dict[str, Any] = {"workspace_id": self.world.one, "name": "api", "value": Secret("v" * 12)}
        actor = actor or self.world.actor("editor")
        asked = CreateSecret(**wanted | request)
        return self.world.write(lambda tx: connections.create_secret(tx, actor, self.vault, asked))

    def update(self, secret_id: str, actor: Actor | None = None, **request: Any) -> SecretRow:
        actor = actor or self.world.actor("editor")
        asked = UpdateSecret(id=secret_id, **request)
        return self.world.write(lambda tx: connections.update_secret(tx, actor, self.vault, asked))

    def get(self, secret_id: str, user: str = "viewer") -> SecretRow:
        return self.world.read(lambda tx: connections.get_secret(tx, self.world.actor(user), secret_id))

    def delete(self, secret_id: str, user: str = "editor") -> None:
        actor = self.world.actor(user)
        self.world.write(lambda tx: connections.delete_secret(tx, actor, secret_id))

    def restore(self, secret_id: str, user: str = "editor") -> SecretRow:
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
    return Catalog(specs=bootstrap.SPECS, reactions=bootstrap.REACTIONS, clock=clock)


@contextmanager
def opened(database_url: str, key_file: Path) -> Iterator[Safe]:
    clock = FixedClock(START)
    database = lend(database_url, catalog(clock))
    try:
        yield Safe(build(database, clock), unlock(database, key_file).vault, database_url)
    finally:
        database.close()
