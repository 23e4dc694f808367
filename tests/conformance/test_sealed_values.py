"""Every sealed column, filled through the product itself: declared as it is used, bound to its place, rotated."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest

from tests.conformance.canaries import World
from tests.conformance.canary_connections import ACCOUNT, CALLBACK, Connecting, connecting, finish
from tests.conformance.canary_plants import provider_app
from tests.conformance.canary_webhooks import webhook
from tests.instance import Instance
from trunkline import bootstrap
from trunkline.core import connections
from trunkline.infra.db import Tx
from trunkline.infra.vault import Context, KeyRing, Vault, VaultError, data_key_id
from trunkline.infra.vault.queries import VALUES
from trunkline.infra.vault.retiring import retire
from trunkline.infra.vault.rotation import Rotation
from trunkline.infra.vault.sealed import completed
from trunkline.infra.vault.store import DatabaseKeyStore, unlock
from trunkline.kit.secret import Secret


@dataclass(frozen=True)
class Value:
    """A sealed value where it stands."""

    where: str
    tenant: str
    place: Context
    sealed: str


@pytest.fixture
def filled(instance: Instance) -> Instance:
    """At least one value in every column, two tenants' in some."""
    world = World(instance, io.StringIO())
    with connecting(world) as there:
        granted_and_ended(there)
        brought(there)
    provider_app(world, "github")
    for name in ("hook", "other-hook"):
        webhook(world, name)
    world.mint("token", "/api/tokens", {"workspaceId": instance.workspace_id}, "key", key="a")
    stranger = instance.tenant("stranger")
    body = {"workspaceId": stranger.workspace_id, "name": "theirs", "value": "x"}
    world.ask("POST", "/api/secrets", body, token=stranger.token, status=201)
    return instance


def granted_and_ended(there: Connecting) -> None:
    """A grant in use, one that waits to be revoked, and one that was only begun."""
    client = there.simulated.client(CALLBACK)
    integration = there.authorizing("granted", client.id, account=ACCOUNT)
    there.secrets(integration, client_secret=Secret(client.secret), api_key=Secret("an API key"))
    made = [granted(there, integration, name) for name in ("kept", "ended")]
    there.run(connections.disconnect(there.env, there.actor, made[-1]))
    there.start(integration, "begun")


def granted(there: Connecting, integration: str, name: str) -> str:
    url = there.start(integration, name)
    assert url is not None
    done = there.run(finish(there, there.consent(url), there.world.secrets[f"browser session, {name}"]))
    assert done is not None
    assert done.connection_id is not None, done
    return done.connection_id


def brought(there: Connecting) -> None:
    integration = there.integration("brought", type="api_key")
    assert there.connect(integration, apiKey="a key") is not None


def values(instance: Instance) -> list[Value]:
    def read(tx: Tx) -> list[Value]:
        return [
            Value(str(column), tenant, column.place(home_id, generation), sealed)
            for column in bootstrap.SEALED
            for _, home_id, tenant, generation, sealed in tx.fetch(
                completed(VALUES, column), {"after": "", "limit": 1_000}
            )
        ]

    return instance.database.check_now(read)


def texts(instance: Instance, vault: Vault) -> list[str]:
    def read(tx: Tx) -> list[str]:
        store = DatabaseKeyStore(tx)
        return [vault.open(store, one.tenant, one.place, one.sealed).reveal() for one in values(instance)]

    return instance.database.check_now(read)


def test_every_column_is_declared_as_it_is_used(filled: Instance) -> None:
    assert {value.where for value in values(filled)} == {str(column) for column in bootstrap.SEALED}
    assert bootstrap.verify(filled.database, filled.platform.services.vault) == []


def test_no_value_opens_in_the_place_of_another(filled: Instance) -> None:
    vault = filled.platform.services.vault

    def exchange(tx: Tx) -> tuple[int, int]:
        store, refused, tried = DatabaseKeyStore(tx), 0, 0
        for one in values(filled):
            for other in values(filled):
                if (one.tenant, one.place) == (other.tenant, other.place):
                    continue
                tried += 1
                try:
                    vault.open(store, other.tenant, other.place, one.sealed)
                except VaultError:
                    refused += 1
        return refused, tried

    refused, tried = filled.database.check_now(exchange)
    assert refused == tried > 50


def test_every_column_moves_to_new_keys(filled: Instance) -> None:
    vault, path = filled.platform.services.vault, filled.settings.vault_key
    before, old = texts(filled, vault), {data_key_id(value.sealed) for value in values(filled)}
    rotation = Rotation(filled.database, vault, bootstrap.SEALED)
    KeyRing.add_key(path)
    rotation.rewrap()
    rotation.add_data_keys("2999-01-01T00:00:00.000000Z")
    moved = rotation.reseal()
    assert (moved.count, moved.unreadable) == (len(before), [])
    assert rotation.drop_superseded("2999-12-31T00:00:00.000000Z") == len(old)
    retire(filled.database, vault.ring(), "kek_1")
    assert {data_key_id(value.sealed) for value in values(filled)} & old == set()
    assert texts(filled, unlock(filled.database, path).vault) == texts(filled, vault) == before
    assert bootstrap.verify(filled.database, vault) == []
