"""Tags: who makes them, who puts them on what, and who sees them there."""

from __future__ import annotations

import pytest

from tests.core.integrations.desk import Desk
from trunkline.core import integrations
from trunkline.core.access import DeletedError
from trunkline.core.integrations import TagNameTakenError, TooManyTagsError, UpdateTag
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.filters import Compare, Op
from trunkline.kit.pages import ListQuery


def tags_seen(desk: Desk, name: str) -> list[str]:
    page = desk.by(name, integrations.list_tags, ListQuery())
    return sorted(row.name for row in page.rows)


def tags_on(desk: Desk, name: str, row: integrations.IntegrationRow) -> list[str]:
    return [link.tag_name for link in desk.by(name, integrations.list_integration_tags, row.id)]


@pytest.mark.parametrize("name", ["ada", "author"])
def test_owners_and_authors_make_tags_for_everybody_there(desk: Desk, name: str) -> None:
    tag = desk.tag("sales", by=name, color="#ff0000")
    assert (tag.name, tag.color, tag.created_by) == ("sales", "#ff0000", desk.users[name])
    assert desk.by("plain", integrations.get_tag, tag.id) == tag
    assert desk.told(tag.id) == ["tag.created"]
    assert tags_seen(desk, "eve") == []
    with pytest.raises(NotFoundError):
        desk.by("eve", integrations.get_tag, tag.id)


@pytest.mark.parametrize(
    ("name", "error"), [("plain", ForbiddenError), ("admin", ForbiddenError), ("eve", NotFoundError)]
)
def test_others_make_none(desk: Desk, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        desk.tag("sales", by=name)
    assert desk.rows("tags") == 0


def test_a_name_is_given_once_per_organization(desk: Desk) -> None:
    desk.tag("sales")
    other = desk.tag("Sales")
    desk.tag("sales", by="eve", organization_id=desk.rival)
    with pytest.raises(TagNameTakenError):
        desk.tag("sales", by="ada")
    with pytest.raises(TagNameTakenError):
        desk.by("author", integrations.update_tag, UpdateTag(id=other.id, name="sales"))


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"color": ""}, "color"),
        ({"color": "a\nb"}, "color"),
    ],
)
def test_refuses_malformed_members(desk: Desk, members: dict[str, str], path: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        desk.tag(**{"name": "ok", **members})
    assert refused.value.details[0].path == path


def test_who_made_a_tag_and_admins_change_it(desk: Desk) -> None:
    tag = desk.tag("sales", color="red")
    after = desk.by("author", integrations.update_tag, UpdateTag(id=tag.id, name="crm", color=None))
    assert (after.name, after.color) == ("crm", None)
    assert desk.by("ada", integrations.update_tag, UpdateTag(id=tag.id, name="crm")) == after
    assert desk.told(tag.id) == ["tag.created", "tag.updated"]
    theirs = desk.tag("ops", by="ada")
    for name, error in [("author", ForbiddenError), ("plain", ForbiddenError), ("eve", NotFoundError)]:
        with pytest.raises(error):
            desk.by(name, integrations.update_tag, UpdateTag(id=theirs.id, name="mine"))
        with pytest.raises(error):
            desk.by(name, integrations.delete_tag, theirs.id)
    assert tags_seen(desk, "plain") == ["crm", "ops"]


def test_editors_put_tags_on_and_take_them_off(desk: Desk) -> None:
    row, tag = desk.create(), desk.tag("sales", color="red")
    link = desk.by("editor", integrations.assign_tag, row.id, tag.id)
    assert (link.integration_id, link.tag_id, link.tag_name, link.tag_color) == (
        row.id,
        tag.id,
        "sales",
        "red",
    )
    assert desk.by("editor", integrations.assign_tag, row.id, tag.id) == link
    assert desk.by("viewer", integrations.get_integration_tag, row.id, tag.id) == link
    desk.by("editor", integrations.unassign_tag, row.id, tag.id)
    desk.by("editor", integrations.unassign_tag, row.id, tag.id)
    assert tags_on(desk, "viewer", row) == []
    assert desk.told(row.id) == ["integration.created", "integration.tagged", "integration.untagged"]
    with pytest.raises(NotFoundError):
        desk.by("viewer", integrations.get_integration_tag, row.id, tag.id)


def test_others_put_none_on(desk: Desk) -> None:
    row, tag = desk.create(), desk.tag("sales")
    foreign = desk.tag("theirs", by="eve", organization_id=desk.rival)
    with pytest.raises(ForbiddenError):
        desk.by("viewer", integrations.assign_tag, row.id, tag.id)
    with pytest.raises(NotFoundError):
        desk.by("plain", integrations.assign_tag, row.id, tag.id)
    with pytest.raises(NotFoundError):
        desk.by("editor", integrations.assign_tag, row.id, foreign.id)
    desk.by("ada", integrations.delete_integration, row.id)
    with pytest.raises((DeletedError, NotFoundError)):
        desk.by("ada", integrations.assign_tag, row.id, tag.id)
    assert desk.rows("integration_tags") == 0


def test_a_tag_of_another_organization_stays_there_even_with_admin_of_the_integration(desk: Desk) -> None:
    row = desk.create("ada")
    desk.share(row, "eve", "admin")
    theirs = desk.tag("theirs", by="eve", organization_id=desk.rival)
    with pytest.raises(NotFoundError):
        desk.by("eve", integrations.assign_tag, row.id, theirs.id)


def test_labels_are_seen_by_fellows_who_see_the_integration_and_by_nobody_else(desk: Desk) -> None:
    row, tag = desk.authored(), desk.tag("secret plans")
    desk.by("author", integrations.assign_tag, row.id, tag.id)
    desk.share(row, "plain")
    desk.share(row, "eve", "editor")
    seen = {name: tags_on(desk, name, row) for name in ("author", "plain", "viewer", "eve")}
    assert seen == {
        "author": ["secret plans"],
        "plain": ["secret plans"],
        "viewer": ["secret plans"],
        "eve": [],
    }
    assert desk.by("author", integrations.tags_of, [row.id]) == {row.id: [tag.id]}
    assert desk.by("eve", integrations.tags_of, [row.id]) == {}


def test_a_link_to_what_a_fellow_cannot_see_is_no_way_to_learn_of_it(desk: Desk) -> None:
    row, tag = desk.authored(), desk.tag("sales")
    desk.by("author", integrations.assign_tag, row.id, tag.id)
    with pytest.raises(NotFoundError):
        desk.by("plain", integrations.list_integration_tags, row.id)
    with pytest.raises(NotFoundError):
        desk.by("plain", integrations.get_integration_tag, row.id, tag.id)


def test_a_deleted_tag_comes_off_everything(desk: Desk) -> None:
    row, tag = desk.create(), desk.tag("sales")
    desk.by("editor", integrations.assign_tag, row.id, tag.id)
    desk.by("author", integrations.delete_tag, tag.id)
    assert tags_on(desk, "editor", row) == []
    assert tags_seen(desk, "ada") == []
    assert desk.told(tag.id) == ["tag.created", "tag.deleted"]


def test_an_integration_has_at_most_fifty_and_they_are_listed_by_name(desk: Desk) -> None:
    row = desk.create("ada")

    def work(tx, actor):
        made = [
            integrations.create_tag(
                tx, actor, integrations.CreateTag(organization_id=desk.acme, name=f"t{i:02}")
            )
            for i in range(51)
        ]
        for tag in reversed(made[1:]):
            integrations.assign_tag(tx, actor, row.id, tag.id)
        return made

    made = desk.by("ada", work)
    assert tags_on(desk, "ada", row) == [f"t{i:02}" for i in range(1, 51)]
    with pytest.raises(TooManyTagsError):
        desk.by("ada", integrations.assign_tag, row.id, made[0].id)
    assert desk.by("ada", integrations.assign_tag, row.id, made[1].id).tag_name == "t01"


def test_tags_are_found_by_name(desk: Desk) -> None:
    desk.tag("sales")
    desk.tag("ops")
    query = ListQuery(where=Compare("name", Op.EQ, "ops"))
    assert [row.name for row in desk.by("plain", integrations.list_tags, query).rows] == ["ops"]
