from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from msgspec import json, structs

from tests.core.access.world import NOW, SYSTEM, value
from tests.core.providers.conftest import Shelf
from trunkline.core import providers, workspaces
from trunkline.core.access import DeletedError, NotDeletedError, TierTooLowError
from trunkline.core.providers import ProviderAppExistsError, ProviderAppRow, ProviderGoneError
from trunkline.core.providers.tables import provider_apps as table
from trunkline.infra.db import Tx
from trunkline.infra.db.schema import metadata
from trunkline.infra.vault import SealError
from trunkline.kit.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.ids import new_id
from trunkline.kit.pages import Deleted, ListQuery
from trunkline.kit.secret import Secret

CANARY = "canary-client-" + "5d1a90ce33b7"
THIRTY_DAYS = timedelta(days=30)


def listed(shelf: Shelf, user: str, **query: Any) -> list[str]:
    page = shelf.read(user, providers.list_provider_apps, ListQuery(**query))
    return [row.provider for row in page.rows]


def get(shelf: Shelf, app_id: str, user: str = "viewer") -> ProviderAppRow:
    return shelf.read(user, providers.get_provider_app, app_id)


def delete(shelf: Shelf, app_id: str, user: str = "admin") -> None:
    shelf.write(user, providers.delete_provider_app, app_id)


def restore(shelf: Shelf, app_id: str, user: str = "admin") -> ProviderAppRow:
    return shelf.write(user, providers.restore_provider_app, app_id)


def purge(shelf: Shelf, app_id: str, user: str = "admin") -> None:
    shelf.write(user, providers.purge_provider_app, app_id)


def spellings(text: str) -> Iterator[bytes]:
    raw = text.encode()
    yield from (raw, raw[::-1], raw.hex().encode())
    for shift in range(3):  # a piece of base64 looks different at each of three places
        yield b64encode(b"\0" * shift + raw)[4:-4]


def everything(tx: Tx) -> list[Any]:
    return [tx.fetch(f"SELECT * FROM {found.name}", {}) for found in metadata.sorted_tables]


def test_keeps_a_client_and_shows_everything_but_its_secret(shelf: Shelf) -> None:
    row = shelf.register(scopes=["repo", "user"])
    assert structs.asdict(row) | {"scopes": json.decode(row.scopes)} == {
        "id": row.id,
        "organization_id": shelf.world.acme,
        "workspace_id": shelf.world.one,
        "provider": "github",
        "name": "GitHub",
        "client_id": "client-1",
        "hint": "…1234",
        "generation": 1,
        "scopes": ["repo", "user"],
        "external_ref": None,
        "metadata": None,
        "created_by": shelf.world.users["admin"],
        "created_at": NOW,
        "updated_at": NOW,
        "deleted_at": None,
        "retention_tier": None,
        "deletion_id": None,
    }
    assert get(shelf, row.id) == row
    assert listed(shelf, "viewer") == ["github"]
    found = shelf.world.read(lambda tx: providers.app_of(tx, shelf.vault, shelf.world.one, "github"))
    assert found is not None
    assert (found.id, found.client_id, found.scopes) == (row.id, "client-1", ["repo", "user"])
    assert found.client_secret == Secret("s3cret-of-1234")
    assert "s3cret" not in repr(found)


def test_a_short_secret_gives_no_hint(shelf: Shelf) -> None:
    assert shelf.register(client_secret=Secret("x" * 11)).hint == "…"


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        ({"provider": "nothing"}, "provider"),
        ({"provider": "GitHub"}, "provider"),
        ({"provider": ""}, "provider"),
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"client_id": ""}, "clientId"),
        ({"client_id": "x" * 1_001}, "clientId"),
        ({"client_id": "a\r\nb"}, "clientId"),
        ({"client_id": "\u00e9"}, "clientId"),
        ({"client_secret": Secret("")}, "clientSecret"),
        ({"client_secret": Secret("x" * 8_193)}, "clientSecret"),
        ({"scopes": ["a b"]}, "scopes[0]"),
        ({"scopes": ["a", ""]}, "scopes[1]"),
        ({"scopes": ["a"] * 101}, "scopes"),
    ],
)
def test_refuses_what_is_malformed(shelf: Shelf, request_: dict[str, Any], path: str) -> None:
    with shelf.refuses(InvalidRequestError, path):
        shelf.register(**request_)
    row = shelf.register()
    changes = {name: value for name, value in request_.items() if name != "provider"}
    if changes:
        with shelf.refuses(InvalidRequestError, path):
            shelf.amend(row.id, **changes)


def test_a_provider_of_another_organization_is_none(shelf: Shelf) -> None:
    shelf.define("stranger", organization_id=shelf.world.rival, name="theirs")
    with shelf.refuses(InvalidRequestError, "provider"):
        shelf.register(provider="theirs")


def test_a_workspace_has_one_per_provider(shelf: Shelf) -> None:
    row = shelf.register()
    with shelf.refuses(ProviderAppExistsError):
        shelf.register(client_id="other")
    shelf.register(provider="zoom")
    shelf.register("owner", workspace_id=shelf.world.two)
    delete(shelf, row.id)
    assert shelf.register().id != row.id


@pytest.mark.parametrize("user", ["editor", "viewer"])
def test_only_admins_of_the_workspace_write(shelf: Shelf, user: str) -> None:
    row, gone = shelf.register(), shelf.register(provider="zoom")
    delete(shelf, gone.id)
    attempts: list[Callable[[], object]] = [
        partial(shelf.register, user, provider="slack"),
        partial(shelf.amend, row.id, user, name="x"),
        partial(delete, shelf, row.id, user),
    ]
    for attempt in attempts:
        with shelf.refuses(TierTooLowError):
            attempt()
    for verb in (restore, purge):
        with shelf.refuses(NotFoundError):  # only those who may restore it see a deleted one
            verb(shelf, gone.id, user)


@pytest.mark.parametrize("user", ["stranger", "other", "plain"])
def test_to_everybody_else_it_is_absent(shelf: Shelf, user: str) -> None:
    row = shelf.register()
    attempts: list[Callable[[], object]] = [
        partial(shelf.register, user, provider="zoom"),
        partial(get, shelf, row.id, user),
        partial(shelf.amend, row.id, user, name="x"),
        partial(delete, shelf, row.id, user),
        partial(restore, shelf, row.id, user),
        partial(purge, shelf, row.id, user),
    ]
    for attempt in attempts:
        with shelf.refuses(NotFoundError):
            attempt()
    assert listed(shelf, user) == []


def test_a_key_needs_the_scope_and_reaches_what_it_is_narrowed_to(shelf: Shelf) -> None:
    row = shelf.register()
    other = replace(shelf.actor("admin"), operations=frozenset({"providers:*"}))
    reader = replace(shelf.actor("admin"), operations=frozenset({"provider_apps:read"}))
    narrowed = replace(shelf.actor("admin"), entity_ids=frozenset({new_id()}))
    with shelf.refuses(ForbiddenError):
        shelf.world.read(lambda tx: providers.get_provider_app(tx, other, row.id))
    with shelf.refuses(ForbiddenError):
        shelf.world.write(lambda tx: providers.delete_provider_app(tx, reader, row.id))
    with shelf.refuses(NotFoundError):
        shelf.world.read(lambda tx: providers.get_provider_app(tx, narrowed, row.id))
    assert shelf.world.read(lambda tx: providers.get_provider_app(tx, reader, row.id)) == row


def test_changes_what_is_given_and_counts_secrets(shelf: Shelf) -> None:
    row = shelf.register(scopes=["a"])
    shelf.world.clock.advance(timedelta(seconds=1))
    named = shelf.amend(row.id, name="Ours", scopes=[])
    assert (named.name, json.decode(named.scopes), named.generation) == ("Ours", [], 1)
    assert shelf.app_of(shelf.world.one) == ("client-1", "s3cret-of-1234")
    renewed = shelf.amend(row.id, client_id="client-2", client_secret=Secret("another-5678"))
    assert (renewed.client_id, renewed.hint, renewed.generation) == ("client-2", "…5678", 2)
    assert shelf.app_of(shelf.world.one) == ("client-2", "another-5678")
    assert get(shelf, row.id) == renewed
    assert renewed.updated_at > row.updated_at


def test_nothing_changed_is_no_change(shelf: Shelf) -> None:
    row = shelf.register(scopes=["a"])
    before = shelf.stored()
    assert shelf.amend(row.id, name="GitHub", client_id="client-1", scopes=["a"]) == row
    assert shelf.stored() == before


def test_a_deleted_one_is_unusable_and_comes_back_as_it_was(shelf: Shelf) -> None:
    row = shelf.register()
    delete(shelf, row.id)
    before = shelf.stored()
    delete(shelf, row.id)
    assert shelf.stored() == before
    assert shelf.app_of(shelf.world.one) is None
    with shelf.refuses(NotFoundError):
        get(shelf, row.id)
    assert get(shelf, row.id, "admin").retention_tier == "medium"
    assert listed(shelf, "admin") == []
    assert listed(shelf, "admin", deleted=Deleted.ONLY) == ["github"]
    assert listed(shelf, "viewer", deleted=Deleted.ONLY) == []
    with shelf.refuses(DeletedError):
        shelf.amend(row.id, name="x")
    assert restore(shelf, row.id) == row
    assert restore(shelf, row.id) == row
    assert shelf.app_of(shelf.world.one) == ("client-1", "s3cret-of-1234")


def test_does_not_come_back_beside_another(shelf: Shelf) -> None:
    row = shelf.register()
    delete(shelf, row.id)
    shelf.register()
    with shelf.refuses(ProviderAppExistsError):
        restore(shelf, row.id)


def test_does_not_come_back_without_its_provider(shelf: Shelf) -> None:
    provider = shelf.define()
    row = shelf.register(provider="crm")
    delete(shelf, row.id)
    shelf.drop(provider.id)
    with shelf.refuses(ProviderGoneError):
        restore(shelf, row.id)
    shelf.define()
    assert restore(shelf, row.id) == row


def test_a_purged_one_leaves_no_row_and_no_payload(shelf: Shelf) -> None:
    row = shelf.register()
    with shelf.refuses(NotDeletedError):
        purge(shelf, row.id)
    delete(shelf, row.id)
    purge(shelf, row.id)
    with shelf.refuses(NotFoundError):
        get(shelf, row.id, "admin")
    sql = "SELECT count(*) FROM event_payloads p JOIN events e ON e.id = p.event_id WHERE e.subject_id = :id"
    assert shelf.world.read(lambda tx: tx.value(sql, id=row.id)) == 0


def test_is_due_for_purging_when_its_retention_is_over(shelf: Shelf) -> None:
    row = shelf.register()
    delete(shelf, row.id)

    def due() -> list[str]:
        return shelf.world.read(lambda tx: providers.expired_provider_apps(tx, 10))

    shelf.world.clock.advance(THIRTY_DAYS - timedelta(seconds=1))
    assert due() == []
    shelf.world.clock.advance(timedelta(seconds=1))
    assert due() == [row.id]
    shelf.world.write(lambda tx: providers.purge_provider_app(tx, SYSTEM, row.id))
    assert due() == []


def test_each_write_is_journalled_once_and_names_no_values(shelf: Shelf) -> None:
    actor = shelf.actor("admin")
    request = providers.CreateProviderApp(
        workspace_id=shelf.world.one, provider="github", client_id="id", client_secret=Secret(CANARY)
    )
    row, happened = shelf.world.journal(
        lambda tx: providers.create_provider_app(tx, actor, shelf.vault, request)
    )
    change = providers.UpdateProviderApp(id=row.id, client_secret=Secret(CANARY), name="x")
    verbs: list[Callable[[Tx], object]] = [
        lambda tx: providers.update_provider_app(tx, actor, shelf.vault, change),
        lambda tx: providers.delete_provider_app(tx, actor, row.id),
        lambda tx: providers.restore_provider_app(tx, actor, row.id),
        lambda tx: providers.delete_provider_app(tx, actor, row.id),
        lambda tx: providers.purge_provider_app(tx, actor, row.id),
    ]
    for verb in verbs:
        happened += shelf.world.journal(verb)[1]
    told = ("created", "updated", "deleted", "restored", "deleted", "purged")
    assert happened == [f"provider_app.{verb} {row.id}" for verb in told]
    sql = "SELECT changed FROM audit_entries WHERE subject_id = :id AND action = 'provider_app.updated'"
    assert shelf.world.read(lambda tx: tx.column(sql, id=row.id)) == ['["name","client_secret"]']


def test_no_table_holds_a_secret(shelf: Shelf) -> None:
    row = shelf.register(client_secret=Secret(CANARY))
    shelf.amend(row.id, client_secret=Secret(CANARY), name="x")
    with pytest.raises(InvalidRequestError) as refused:
        shelf.register(provider="nothing", client_secret=Secret(CANARY))
    seen = [repr((row, refused.value, refused.value.__context__)).encode(), json.encode(row)]
    seen += [repr(rows).encode() for rows in shelf.world.read(everything)]
    for spelling in spellings(CANARY):
        assert not [data for data in seen if spelling in data]
    assert shelf.app_of(shelf.world.one) == ("client-1", CANARY)


def test_a_secret_opens_only_in_its_row_and_generation(shelf: Shelf) -> None:
    row = shelf.register()
    shelf.register("owner", workspace_id=shelf.world.two, client_secret=Secret("the other one"))
    column = "SELECT client_secret FROM provider_apps WHERE workspace_id = :workspace_id"
    first, other = (
        shelf.world.read(value, column, workspace_id=place) for place in (shelf.world.one, shelf.world.two)
    )

    def put(sealed: str) -> None:
        shelf.world.write(lambda tx: tx.update(table, "id = :id", {"id": row.id}, client_secret=sealed))

    put(other)
    with pytest.raises(SealError):
        shelf.app_of(shelf.world.one)
    shelf.amend(row.id, client_secret=Secret("a newer one"))
    put(first)
    with pytest.raises(SealError):
        shelf.app_of(shelf.world.one)


def test_a_workspace_without_one_uses_its_organizations_default_workspaces(shelf: Shelf) -> None:
    world = shelf.world
    assert shelf.app_of(world.two) is None
    shelf.register()  # in the oldest workspace, which is the default where none is set
    assert shelf.app_of(world.two) == ("client-1", "s3cret-of-1234")
    assert shelf.app_of(world.two, "zoom") is None
    own = shelf.register("owner", workspace_id=world.two, client_id="own", client_secret=Secret("x"))
    assert shelf.app_of(world.two) == ("own", "x")
    assert shelf.app_of(world.one) == ("client-1", "s3cret-of-1234")
    delete(shelf, own.id, "owner")
    assert shelf.app_of(world.two) == ("client-1", "s3cret-of-1234")
    assert shelf.app_of(world.far) is None
    assert shelf.app_of(new_id()) is None


def test_an_app_outside_the_default_workspace_is_nobody_elses(shelf: Shelf) -> None:
    shelf.register("owner", workspace_id=shelf.world.two)
    assert shelf.app_of(shelf.world.one) is None


def test_a_deleted_workspace_takes_its_live_apps_and_gives_exactly_those_back(own_shelf: Shelf) -> None:
    shelf, world = own_shelf, own_shelf.world
    live, gone = shelf.register(), shelf.register(provider="zoom")
    delete(shelf, gone.id)
    deleted = get(shelf, gone.id, "boss")
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.one))
    assert shelf.app_of(world.one) is None
    assert shelf.app_of(world.two) is None
    workspace = world.read(lambda tx: workspaces.get_workspace(tx, SYSTEM, world.one))
    taken = get(shelf, live.id, "boss")
    assert (taken.deleted_at, taken.deletion_id) == (workspace.deleted_at, workspace.deletion_id)
    with shelf.refuses(ConflictError):
        restore(shelf, gone.id, "boss")
    world.write(lambda tx: workspaces.restore_workspace(tx, SYSTEM, world.one))
    assert get(shelf, live.id) == live
    assert shelf.app_of(world.one) == ("client-1", "s3cret-of-1234")
    assert get(shelf, gone.id, "boss") == deleted


def test_a_purged_workspace_leaves_no_app_and_no_payload_of_one(own_shelf: Shelf) -> None:
    shelf, world = own_shelf, own_shelf.world
    row = shelf.register()
    elsewhere = shelf.register("owner", workspace_id=world.two)
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.one))
    world.write(lambda tx: workspaces.purge_workspace(tx, SYSTEM, world.one))
    left = world.read(lambda tx: tx.column("SELECT id FROM provider_apps"))
    assert left == [elsewhere.id]
    payloads = (
        "SELECT count(*) FROM event_payloads p JOIN events e ON e.id = p.event_id WHERE e.subject_id = :id"
    )
    assert world.read(lambda tx: tx.value(payloads, id=row.id)) == 0
    assert world.read(lambda tx: tx.value(payloads, id=elsewhere.id)) == 1


def test_what_the_provider_calls_it_and_what_else_it_says_are_kept(shelf: Shelf) -> None:
    row = shelf.register(external_ref="app-1", metadata={"authQueryParams": {"prompt": ["consent"]}})
    assert (row.external_ref, json.decode(row.metadata or b"")) == (
        "app-1",
        {"authQueryParams": {"prompt": ["consent"]}},
    )
    assert (
        shelf.amend(row.id, external_ref="app-1", metadata={"authQueryParams": {"prompt": ["consent"]}})
        == row
    )
    bare = shelf.amend(row.id, external_ref=None, metadata=None)
    assert (bare.external_ref, bare.metadata) == (None, None)
    for wrong in (
        {"external_ref": "x" * 1_001},
        {"metadata": {"a": "x" * 8_192}},
        {"metadata": {"password": "x"}},
    ):
        with pytest.raises(InvalidRequestError):
            shelf.amend(row.id, **wrong)


def test_an_app_moves_to_another_provider_that_has_none(shelf: Shelf) -> None:
    row = shelf.register(provider="github")
    shelf.register(provider="gitlab")
    with pytest.raises(ProviderAppExistsError):
        shelf.amend(row.id, provider="gitlab")
    with pytest.raises(InvalidRequestError):
        shelf.amend(row.id, provider="nobody-knows")
    assert shelf.amend(row.id, provider="bitbucket").provider == "bitbucket"
