from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.core.access.world import START, World, build
from tests.databases import Databases, lend
from trunkline.core import access, events, providers, workspaces
from trunkline.core.journal.tables import audit_entries
from trunkline.core.journal.tables import events as event_rows
from trunkline.core.providers import (
    CreateProvider,
    CreateProviderApp,
    ProviderAppRow,
    ProviderAuth,
    ProviderRow,
    UpdateProvider,
    UpdateProviderApp,
)
from trunkline.core.providers.handlers import purge_with_workspace
from trunkline.core.providers.tables import provider_apps
from trunkline.core.providers.tables import providers as provider_rows
from trunkline.infra.db import Catalog, Tx
from trunkline.infra.vault import Vault
from trunkline.infra.vault.store import unlock
from trunkline.kit.actor import Actor
from trunkline.kit.clock import FixedClock
from trunkline.kit.errors import TrunklineError
from trunkline.kit.secret import Secret

Answer = TypeVar("Answer")
REACTIONS = {
    "workspace.deleted": (workspaces.tombstone_with_workspace(provider_apps),),
    "workspace.restored": (workspaces.revive_with_workspace(provider_apps),),
    "workspace.purging": (purge_with_workspace,),
}
WATCHED = (provider_rows, provider_apps, audit_entries, event_rows)
OAUTH = ProviderAuth(
    scheme="oauth2",
    authorization_url="https://{site}.example.com/authorize",
    token_url="https://{site}.example.com/token",
)


class Shelf:
    """The two tenants with a vault and the built-in providers."""

    def __init__(self, world: World, vault: Vault) -> None:
        self.world = world
        self.vault = vault

    def define(self, user: str = "boss", **request: Any) -> ProviderRow:
        """A provider of `acme`'s."""
        wanted: dict[str, Any] = {
            "organization_id": self.world.acme,
            "name": "crm",
            "auth": OAUTH,
            "base_url": "https://{site}.example.com/api",
            "substitutions": [providers.Substitution(name="site", default="www")],
        }
        return self.write(user, providers.create_provider, CreateProvider(**wanted | request))

    def change(self, provider_id: str, user: str = "boss", **request: Any) -> ProviderRow:
        return self.write(user, providers.update_provider, UpdateProvider(id=provider_id, **request))

    def drop(self, provider_id: str, user: str = "boss") -> None:
        self.write(user, providers.delete_provider, provider_id)

    def register(self, user: str = "admin", **request: Any) -> ProviderAppRow:
        """An app in workspace `one`."""
        wanted: dict[str, Any] = {
            "workspace_id": self.world.one,
            "provider": "github",
            "client_id": "client-1",
            "client_secret": Secret("s3cret-of-1234"),
        }
        asked = CreateProviderApp(**wanted | request)
        return self.write(user, providers.create_provider_app, self.vault, asked)

    def amend(self, app_id: str, user: str = "admin", **request: Any) -> ProviderAppRow:
        asked = UpdateProviderApp(id=app_id, **request)
        return self.write(user, providers.update_provider_app, self.vault, asked)

    def app_of(self, workspace_id: str, provider: str = "github") -> tuple[str, str] | None:
        """Client id and secret of what a workspace would authorize with."""
        found = self.world.read(lambda tx: providers.app_of(tx, self.vault, workspace_id, provider))
        return None if found is None else (found.client_id, found.client_secret.reveal())

    def write(self, user: str, verb: Callable[..., Answer], *args: Any) -> Answer:
        actor = self.actor(user)
        return self.world.write(lambda tx: verb(tx, actor, *args))

    def read(self, user: str, verb: Callable[..., Answer], *args: Any) -> Answer:
        actor = self.actor(user)
        return self.world.read(lambda tx: verb(tx, actor, *args))

    def actor(self, user: str) -> Actor:
        return self.world.actor(user)

    def stored(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of what these verbs write."""
        return self.world.read(
            lambda tx: {t.name: sorted(tx.fetch(f"SELECT * FROM {t.name}", {}), key=str) for t in WATCHED}
        )

    @contextmanager
    def refuses(self, error: type[TrunklineError], path: str | None = None) -> Iterator[None]:
        """The body raises exactly this error, at this place, and leaves no trace."""
        before = self.stored()
        with pytest.raises(error) as caught:
            yield
        assert type(caught.value) is error
        assert path is None or [problem.path for problem in caught.value.details] == [path]
        assert self.stored() == before


def catalog(clock: FixedClock) -> Catalog:
    specs = {**access.SPECS, **workspaces.SPECS, **providers.SPECS, **events.SPECS}
    return Catalog(specs=specs, reactions=REACTIONS, clock=clock)


@contextmanager
def opened(database_url: str, key_file: Path) -> Iterator[Shelf]:
    clock = FixedClock(START)
    database = lend(database_url, catalog(clock))
    try:
        shelf = Shelf(build(database, clock), unlock(database, key_file).vault)
        providers.update_built_in(database)
        yield shelf
    finally:
        database.close()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def shared_shelf(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shelf]:
    url = databases.sqlite() if request.param == "sqlite" else databases.postgresql()
    with opened(url, tmp_path_factory.mktemp("vault") / "vault.key") as shelf:
        yield shelf


@pytest.fixture
def shelf(shared_shelf: Shelf) -> Shelf:
    """The tenants with nothing but the built-in providers; what is shared is not to be changed."""

    def clear(tx: Tx) -> None:
        tx.delete(provider_apps, "TRUE")
        tx.delete(provider_rows, "organization_id IS NOT NULL")

    shared_shelf.world.clock = FixedClock(START)
    shared_shelf.world.db.catalog = catalog(shared_shelf.world.clock)
    shared_shelf.world.write(clear)
    return shared_shelf


@pytest.fixture
def own_shelf(database_url: str, tmp_path: Path) -> Iterator[Shelf]:
    """Two tenants of the test's own, to be deleted and purged."""
    with opened(database_url, tmp_path / "vault.key") as shelf:
        yield shelf
