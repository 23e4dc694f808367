from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from msgspec import json, structs

from tests.core.access.world import NOW, SYSTEM
from tests.core.providers.conftest import OAUTH, Shelf
from trunkline.core import providers
from trunkline.core.access import TierTooLowError
from trunkline.core.providers import (
    AccountRequest,
    HealthRequest,
    ProviderAuth,
    ProviderBuiltInError,
    ProviderInUseError,
    ProviderNameTakenError,
    ProviderRow,
    Substitution,
)
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import format_id, new_id
from trunkline.kit.pages import ListQuery


def listed(shelf: Shelf, user: str, **query: Any) -> list[str]:
    page = shelf.read(user, providers.list_providers, ListQuery(**query))
    return [row.name for row in page.rows]


def total(shelf: Shelf, user: str) -> int | None:
    return shelf.read(user, providers.list_providers, ListQuery(limit=1)).total


def built_in(shelf: Shelf, name: str = "github") -> ProviderRow:
    return shelf.read("viewer", providers.resolve_provider, name)


def test_defines_a_provider_and_shows_it_to_the_whole_organization(shelf: Shelf) -> None:
    row = shelf.define(
        display_name="The CRM",
        account=AccountRequest(path="/me", id="/id", email="/mail"),
        health=HealthRequest(path="/ping"),
    )
    assert structs.asdict(row) | {"definition": json.decode(row.definition)} == {
        "id": row.id,
        "organization_id": shelf.world.acme,
        "name": "crm",
        "display_name": "The CRM",
        "base_url": "https://{site}.example.com/api",
        "definition": {
            "auth": {
                "scheme": "oauth2",
                "grant": "authorization_code",
                "authorizationUrl": "https://{site}.example.com/authorize",
                "tokenUrl": "https://{site}.example.com/token",
                "revocationUrl": None,
                "scopeSeparator": " ",
                "defaultScopes": [],
                "tokenAuth": "body",
                "pkce": True,
                "authorizeParams": {},
                "apiKeyIn": "header",
                "apiKeyName": "X-API-Key",
                "apiKeyPrefix": "",
            },
            "substitutions": [{"name": "site", "default": "www"}],
            "account": {"method": "GET", "path": "/me", "id": "/id", "email": "/mail", "name": None},
            "health": {"method": "GET", "path": "/ping"},
        },
        "created_at": NOW,
        "updated_at": NOW,
    }
    for user in ("viewer", "plain"):
        assert shelf.read(user, providers.get_provider, row.id) == row
    with shelf.refuses(NotFoundError):
        shelf.read("stranger", providers.get_provider, row.id)


def test_is_called_by_its_name_unless_told_otherwise(shelf: Shelf) -> None:
    assert shelf.define().display_name == "crm"


def test_built_in_ones_are_everybodys_and_own_ones_their_organizations(shelf: Shelf) -> None:
    shelf.define()
    shelf.define("stranger", organization_id=shelf.world.rival, name="theirs")
    assert total(shelf, "viewer") == 67
    assert "crm" in listed(shelf, "plain")
    assert "theirs" not in listed(shelf, "plain")
    assert "theirs" in listed(shelf, "stranger")
    assert "crm" not in listed(shelf, "stranger")
    nobody = Actor(user_id=new_id())
    page = shelf.world.read(lambda tx: providers.list_providers(tx, nobody, ListQuery()))
    assert page.total == 66
    assert {row.organization_id for row in page.rows} == {None}


def test_a_key_bound_to_a_workspace_sees_what_its_organization_has(shelf: Shelf) -> None:
    row = shelf.define()
    bound = shelf.world.actor("owner", shelf.world.two)
    assert shelf.world.read(lambda tx: providers.get_provider(tx, bound, row.id)) == row
    with shelf.refuses(TierTooLowError):
        shelf.world.write(lambda tx: providers.delete_provider(tx, bound, row.id))


def test_lists_are_in_order_of_names_and_can_be_filtered(shelf: Shelf) -> None:
    shelf.define()
    names = listed(shelf, "viewer")
    assert names == sorted(names)
    own = Compare("organization_id", Op.EQ, shelf.world.acme)
    assert listed(shelf, "viewer", where=own) == ["crm"]
    unknown = Compare("base_url", Op.IS_NULL, value=True)
    assert "salesforce" in listed(shelf, "viewer", where=unknown)


def test_is_found_by_id_and_by_name(shelf: Shelf) -> None:
    row = shelf.define()
    for text in ("crm", format_id("provider", row.id)):
        assert shelf.read("viewer", providers.resolve_provider, text) == row
    assert built_in(shelf).organization_id is None
    for text in ("nothing", "CRM", "x" * 5_000, "a/b", "\u00e9", format_id("provider", new_id()), row.id, ""):
        with shelf.refuses(NotFoundError):
            shelf.read("viewer", providers.resolve_provider, text)
    with shelf.refuses(NotFoundError):
        shelf.read("stranger", providers.resolve_provider, "crm")


def test_a_name_that_several_of_the_callers_organizations_use_is_refused(shelf: Shelf) -> None:
    row = shelf.define()
    shelf.define("stranger", organization_id=shelf.world.rival)
    both = replace(shelf.actor("plain"), organizations=(shelf.world.acme, shelf.world.rival))
    with pytest.raises(InvalidRequestError, match="several of your organizations"):
        shelf.world.read(lambda tx: providers.resolve_provider(tx, both, "crm"))
    found = shelf.world.read(lambda tx: providers.resolve_provider(tx, both, format_id("provider", row.id)))
    assert found == row


@pytest.mark.parametrize("user", ["admin", "editor", "viewer", "plain"])
def test_only_those_who_administer_the_organization_define_change_and_drop(shelf: Shelf, user: str) -> None:
    row = shelf.define()
    for attempt in (
        partial(shelf.define, user, name="other"),
        partial(shelf.change, row.id, user, display_name="x"),
        partial(shelf.drop, row.id, user),
    ):
        with shelf.refuses(TierTooLowError):
            attempt()


def test_another_organization_is_absent(shelf: Shelf) -> None:
    row = shelf.define()
    for attempt in (
        partial(shelf.define, "stranger"),
        partial(shelf.change, row.id, "stranger", display_name="x"),
        partial(shelf.drop, row.id, "stranger"),
    ):
        with shelf.refuses(NotFoundError):
            attempt()


def test_a_key_needs_the_scope(shelf: Shelf) -> None:
    row = shelf.define()
    reader = replace(shelf.actor("boss"), operations=frozenset({"providers:read"}))
    other = replace(shelf.actor("boss"), operations=frozenset({"provider_apps:*"}))
    assert shelf.world.read(lambda tx: providers.get_provider(tx, reader, row.id)) == row
    with shelf.refuses(ForbiddenError):
        shelf.world.write(lambda tx: providers.delete_provider(tx, reader, row.id))
    reads: list[Callable[[Tx], object]] = [
        lambda tx: providers.get_provider(tx, other, row.id),
        lambda tx: providers.resolve_provider(tx, other, "crm"),
        lambda tx: providers.list_providers(tx, other, ListQuery()),
    ]
    for read in reads:
        with shelf.refuses(ForbiddenError):
            shelf.world.read(read)


def test_no_name_is_taken_twice_and_none_of_a_built_in_one(shelf: Shelf) -> None:
    shelf.define()
    for name in ("crm", "github"):
        with shelf.refuses(ProviderNameTakenError):
            shelf.define(name=name)
    assert shelf.define("stranger", organization_id=shelf.world.rival).name == "crm"


def test_built_in_ones_are_changed_by_nobody(shelf: Shelf) -> None:
    row = built_in(shelf)
    for attempt in (
        partial(shelf.change, row.id, display_name="x"),
        partial(shelf.drop, row.id),
        partial(shelf.drop, row.id, "owner"),
    ):
        with shelf.refuses(ProviderBuiltInError):
            attempt()
    with shelf.refuses(ProviderBuiltInError):
        shelf.world.write(lambda tx: providers.delete_provider(tx, SYSTEM, row.id))


def test_an_organizations_own_counts_before_a_built_in_one(shelf: Shelf) -> None:
    """As it is when a later release brings one of the same name."""
    row = shelf.define()
    rename = "UPDATE providers SET name = 'github' WHERE id = :id"
    shelf.world.write(lambda tx: tx.run(rename, id=row.id))

    def base_url(organization_id: str) -> str | None:
        found = shelf.world.read(lambda tx: providers.find_provider(tx, organization_id, "github"))
        return found.base_url if found else None

    assert base_url(shelf.world.acme) == "https://{site}.example.com/api"
    assert base_url(shelf.world.rival) == "https://api.github.com"
    assert shelf.read("viewer", providers.resolve_provider, "github").id == row.id
    assert shelf.read("stranger", providers.resolve_provider, "github").organization_id is None


def test_an_organization_finds_its_own_and_the_built_in_ones(shelf: Shelf) -> None:
    shelf.define()
    found = shelf.world.read(lambda tx: providers.find_provider(tx, shelf.world.acme, "crm"))
    assert found == providers.ProviderDefinition(
        name="crm",
        display_name="crm",
        base_url="https://{site}.example.com/api",
        auth=OAUTH,
        substitutions=[Substitution(name="site", default="www")],
    )
    assert shelf.world.read(lambda tx: providers.find_provider(tx, shelf.world.rival, "crm")) is None
    assert shelf.world.read(lambda tx: providers.find_provider(tx, shelf.world.rival, "github")) is not None
    assert shelf.world.read(lambda tx: providers.find_provider(tx, shelf.world.acme, "nothing")) is None


def test_what_is_given_replaces_the_whole_member_and_null_is_not_absence(shelf: Shelf) -> None:
    row = shelf.define(account=AccountRequest(path="/me", id="/id"), health=HealthRequest(path="/ping"))
    auth = ProviderAuth(scheme="api_key", api_key_name="X-Key")
    after = shelf.change(row.id, auth=auth, account=None, display_name="Renamed")
    details = providers.read_details(after.definition)
    assert (details.auth, details.account, details.health) == (auth, None, HealthRequest(path="/ping"))
    assert (after.display_name, after.base_url, after.name) == ("Renamed", row.base_url, "crm")
    assert shelf.read("viewer", providers.get_provider, row.id) == after


def test_a_change_that_would_not_be_whole_is_refused(shelf: Shelf) -> None:
    row = shelf.define(account=AccountRequest(path="/me", id="/id"))
    with shelf.refuses(InvalidRequestError, "account"):
        shelf.change(row.id, base_url=None)
    with shelf.refuses(InvalidRequestError, "baseUrl"):
        shelf.change(row.id, substitutions=[])


def test_nothing_changed_is_no_change(shelf: Shelf) -> None:
    row = shelf.define()
    before = shelf.stored()
    assert shelf.change(row.id, display_name="crm", auth=OAUTH) == row
    assert shelf.stored() == before


def test_each_write_is_journalled_once(shelf: Shelf) -> None:
    actor = shelf.actor("boss")
    row, happened = shelf.world.journal(
        lambda tx: providers.create_provider(
            tx, actor, providers.CreateProvider(organization_id=shelf.world.acme, name="crm", auth=OAUTH_BARE)
        )
    )
    assert happened == [f"provider.created {row.id}"]
    change = providers.UpdateProvider(id=row.id, display_name="x", base_url="https://x.example.com")
    _, happened = shelf.world.journal(lambda tx: providers.update_provider(tx, actor, change))
    assert happened == [f"provider.updated {row.id}"]
    _, happened = shelf.world.journal(lambda tx: providers.delete_provider(tx, actor, row.id))
    assert happened == [f"provider.deleted {row.id}"]
    sql = "SELECT changed FROM audit_entries WHERE subject_id = :id ORDER BY id"
    found = shelf.world.read(lambda tx: tx.column(sql, id=row.id))
    assert found == ["[]", '["display_name","base_url"]', "[]"]


OAUTH_BARE = ProviderAuth(
    scheme="oauth2", authorization_url="https://a.example.com/a", token_url="https://a.example.com/t"
)


def test_a_dropped_one_is_gone_and_its_name_free(shelf: Shelf) -> None:
    row = shelf.define()
    shelf.drop(row.id)
    with shelf.refuses(NotFoundError):
        shelf.read("boss", providers.get_provider, row.id)
    assert shelf.define().id != row.id


def test_one_with_apps_is_not_dropped(shelf: Shelf) -> None:
    row = shelf.define()
    app = shelf.register(provider="crm")
    with shelf.refuses(ProviderInUseError):
        shelf.drop(row.id)
    shelf.write("admin", providers.delete_provider_app, app.id)
    shelf.drop(row.id)
