"""Where an integration comes to be, under which id and slug, and who may make one."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from msgspec.json import decode

from tests.core.integrations.desk import Desk
from trunkline.core import access, entities, integrations
from trunkline.core.integrations import CreateIntegration, IdTakenError, SlugTakenError, slug_from
from trunkline.kit.actor import Tier
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.filters import Compare, Op
from trunkline.kit.pages import ListQuery


def test_an_editor_owns_what_they_make_by_their_role(desk: Desk) -> None:
    row = desk.create(slug="crm")
    assert (row.owner_kind, row.owner_id, row.created_by) == ("user", *[desk.users["editor"]] * 2)
    assert (row.driver, row.category, row.embedded, decode(row.data)) == ("custom", None, False, {})
    assert desk.shares(row) == []
    assert desk.told(row.id) == ["integration.created"]


def test_an_author_gets_a_place_and_all_rights_to_what_they_make(desk: Desk) -> None:
    row = desk.authored(driver="google-drive", category="storage", data={"folder": "root"}, embedded=True)
    assert (row.workspace_id, row.slug, row.driver, row.category) == (
        desk.main,
        "acme-crm",
        "google-drive",
        "storage",
    )
    assert (row.embedded, decode(row.data), row.insider) == (True, {"folder": "root"}, True)
    assert [desk.sees(name, row) for name in ("author", "viewer", "ada", "plain", "eve")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert desk.tier("author", row) == Tier.ADMIN
    assert desk.shares(row) == [("author", "admin", "ownership")]


def test_an_author_may_name_the_default_workspace_but_no_other(desk: Desk) -> None:
    row = desk.create("author")
    assert desk.shares(row) == [("author", "admin", "ownership")]
    with pytest.raises(NotFoundError):
        desk.create("author", workspace_id=desk.side)
    assert desk.rows("integrations") == 1


def test_ownership_outlasts_a_role_where_no_workspace_was_named(desk: Desk) -> None:
    row = desk.create("editor", organization_id=desk.acme)
    query = ListQuery(where=Compare("user_id", Op.EQ, desk.users["editor"]))
    member = desk.by("ada", access.list_workspace_members, desk.main, query).rows[0]
    desk.by("ada", access.remove_workspace_member, member.id)
    assert desk.tier("editor", row) == Tier.ADMIN


@pytest.mark.parametrize(
    ("name", "error"), [("plain", ForbiddenError), ("viewer", ForbiddenError), ("eve", NotFoundError)]
)
def test_others_make_none_and_leave_no_trace(desk: Desk, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        desk.create(name, organization_id=desk.acme)
    with pytest.raises((ForbiddenError, NotFoundError)):
        desk.create(name)
    assert desk.rows("integrations") == 0
    assert desk.rows("grants") == 0


def test_refuses_to_guess_where(desk: Desk) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        desk.by("ada", integrations.create_integration, CreateIntegration(name="x"))
    assert refused.value.details[0].path == "workspaceId"


def test_slugs_made_from_names_are_free_in_the_whole_organization(desk: Desk) -> None:
    made = [desk.create().slug, desk.authored().slug, desk.create("ada", workspace_id=desk.side).slug]
    assert made == ["acme-crm", "acme-crm-2", "acme-crm-3"]
    assert desk.create("eve", workspace_id=desk.far).slug == "acme-crm"
    desk.by("ada", integrations.delete_integration, find(desk, "acme-crm-2"))
    assert desk.create().slug == "acme-crm-2"


def find(desk: Desk, slug: str) -> str:
    return desk.by("ada", integrations.find_integration, slug, organization_id=desk.acme).id


def test_a_slug_that_was_asked_for_is_unique_in_its_workspace(desk: Desk) -> None:
    desk.create(slug="crm")
    desk.create("ada", workspace_id=desk.side, slug="crm")
    with pytest.raises(SlugTakenError):
        desk.create(slug="crm")


def test_names_without_end_get_slugs_without_end(desk: Desk) -> None:
    def work(tx, actor):
        request = CreateIntegration(name="Same", workspace_id=desk.main)
        return [integrations.create_integration(tx, actor, request).slug for _ in range(52)]

    slugs = desk.by("editor", work)
    assert slugs[:2] == ["same", "same-2"]
    assert slugs[49] == "same-50"
    assert len(set(slugs)) == 52


def test_refuses_slugs_that_could_be_read_as_ids(desk: Desk) -> None:
    for slug in ("int_crm", "INT_x", str(uuid4()), f"int_{uuid4().hex}", "", "-x", "a b"):
        with pytest.raises(InvalidRequestError) as refused:
            desk.create(slug=slug)
        assert refused.value.details[0].path == "slug"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Google Drive - Engineering", "google-drive-engineering"),
        ("  Caf\u00e9 \u2014 No\u00ebl 24/7 ", "cafe-noel-24-7"),
        ("\u6771\u4eac", "integration"),
        ("int_crm", "int-crm"),
        ("a1b2c3d4-1111-2222-3333-444455556666", "integration-a1b2c3d4-1111-2222-3333-444455556666"),
        ("x" * 200, "x" * 100),
        ("---", "integration"),
    ],
)
def test_a_slug_is_the_name_in_kebab_case(name: str, slug: str) -> None:
    assert slug_from(name) == slug


def test_an_id_may_be_brought_along(desk: Desk) -> None:
    wanted = uuid4().hex
    assert desk.authored(id=wanted).id == wanted


def test_an_id_is_given_once(desk: Desk) -> None:
    first = desk.create()
    entity = entities.CreateEntity(kind="agent", workspace_id=desk.far, slug="a", name="a", definition={})
    agent = desk.by("eve", entities.create_entity, entity)
    desk.by("ada", integrations.delete_integration, first.id)
    for taken in (first.id, agent.id, desk.main):
        with pytest.raises(IdTakenError):
            desk.create(id=taken)
    desk.by("ada", integrations.purge_integration, first.id)
    with pytest.raises(IdTakenError):
        desk.create(id=first.id)


def test_another_tenants_object_cannot_be_opened_through_its_id(desk: Desk) -> None:
    entity = entities.CreateEntity(kind="agent", workspace_id=desk.main, slug="a", name="a", definition={})
    agent = desk.by("ada", entities.create_entity, entity)
    with pytest.raises(IdTakenError):
        desk.create("eve", workspace_id=desk.far, id=agent.id)
    with pytest.raises(NotFoundError):
        desk.by("eve", entities.get_entity, "agent", agent.id)


def test_an_id_is_32_hex_digits_here(desk: Desk) -> None:
    for spelled in ("", "x", str(uuid4()), uuid4().hex.upper().replace("0", "A") + "A", uuid4().hex + "0"):
        with pytest.raises(InvalidRequestError) as refused:
            desk.create(id=spelled)
        assert refused.value.details[0].path == "id"


MALFORMED: tuple[tuple[str, Any, str], ...] = (
    ("driver", "", "driver"),
    ("driver", "a b", "driver"),
    ("driver", "x" * 101, "driver"),
    ("category", " ", "category"),
    ("category", "x" * 101, "category"),
    ("data", {"x": "y" * 33_000}, "data"),
    ("data", {"login": {"password": "hunter2"}}, "data.login.password"),
    ("auth_config", {"type": "apiKey", "apiKey": "sk-1"}, "authConfig.apiKey"),
    ("auth_config", {"type": "magic"}, "authConfig.type"),
)


def test_refuses_malformed_members_and_credentials(desk: Desk) -> None:
    row = desk.create()
    for member, value, path in MALFORMED:
        with pytest.raises(InvalidRequestError) as refused:
            desk.create(**{member: value})
        assert refused.value.details[0].path == path
        update = integrations.UpdateIntegration(id=row.id, **{member: value})
        with pytest.raises(InvalidRequestError) as refused:
            desk.by("editor", integrations.update_integration, update)
        assert refused.value.details[0].path == path
    assert desk.rows("integrations") == 1
    assert desk.told(row.id) == ["integration.created"]


def test_members_of_the_connecting_half_are_edited_and_kept(desk: Desk) -> None:
    row = desk.authored(auth_config={"type": "apiKey", "apiKeyName": "X-Key", "mine": [1]})
    update = integrations.UpdateIntegration(
        id=row.id, driver="slack", category=None, embedded=True, data={"a": 1}
    )
    after = desk.by("author", integrations.update_integration, update)
    assert (after.driver, after.category, after.embedded, decode(after.data)) == (
        "slack",
        None,
        True,
        {"a": 1},
    )
    assert decode(after.auth_config) == {"type": "apiKey", "apiKeyName": "X-Key", "mine": [1]}


def test_outsiders_see_what_is_published_and_never_the_drivers_data(desk: Desk) -> None:
    row = desk.create("ada", data={"internal": "host"})
    publish = integrations.PublishIntegration(integration_id=row.id, version="1.0.0")
    desk.by("ada", integrations.publish_version, publish)
    desk.by(
        "ada", integrations.update_integration, integrations.UpdateIntegration(id=row.id, visibility="public")
    )
    seen = desk.by("eve", integrations.get_integration, row.id)
    assert (seen.insider, decode(seen.data), seen.driver) == (False, {}, "custom")
