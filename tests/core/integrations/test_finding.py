"""Finding integrations: by id or slug, by words, by what they are."""

from __future__ import annotations

import pytest

from tests.core.integrations.desk import Desk
from trunkline.core import integrations
from trunkline.core.integrations import having_words
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.filters import All, Compare, Op, Quantifier, Related
from trunkline.kit.ids import format_id, format_uuid
from trunkline.kit.pages import ListQuery


def test_one_is_found_by_id_in_any_spelling_and_by_slug(desk: Desk) -> None:
    row = desk.authored()
    for ref in (format_id("integration", row.id), format_uuid(row.id), format_uuid(row.id).upper(), row.slug):
        found = desk.by("author", integrations.find_integration, ref, organization_id=desk.acme)
        assert found == row


def test_an_unclear_slug_finds_nothing_until_the_place_is_said(desk: Desk) -> None:
    here, there = desk.create(slug="crm"), desk.create("ada", workspace_id=desk.side, slug="crm")
    with pytest.raises(NotFoundError):
        desk.by("ada", integrations.find_integration, "crm", organization_id=desk.acme)
    found = [
        desk.by("ada", integrations.find_integration, "crm", workspace_id=place).id
        for place in (desk.main, desk.side)
    ]
    assert found == [here.id, there.id]
    # Who sees but one of the two is told of no other.
    assert desk.by("viewer", integrations.find_integration, "crm", organization_id=desk.acme).id == here.id


def test_an_id_is_found_wherever_it_may_be_seen_unless_the_place_is_said(desk: Desk) -> None:
    row = desk.create("eve", workspace_id=desk.far, slug="theirs")
    with pytest.raises(NotFoundError):
        desk.by("ada", integrations.find_integration, format_uuid(row.id))
    place = {"organization_id": desk.acme}
    with pytest.raises(NotFoundError):
        desk.by("eve", integrations.find_integration, "theirs", **place)
    assert desk.by("eve", integrations.find_integration, format_uuid(row.id), **place).id == row.id
    with pytest.raises(NotFoundError):
        desk.by("eve", integrations.find_integration, format_uuid(row.id), workspace_id=desk.main)


def test_what_names_nothing_is_not_found(desk: Desk) -> None:
    desk.create()
    for ref in ("", "nope", "-x", "a b", "\x00", "x" * 5_000, "int_zz", "\ud800", "%"):
        with pytest.raises(NotFoundError):
            desk.by("ada", integrations.find_integration, ref, organization_id=desk.acme)


def test_the_deleted_are_not_found(desk: Desk) -> None:
    row = desk.create("ada")
    desk.by("ada", integrations.delete_integration, row.id)
    for ref in (row.slug, format_uuid(row.id)):
        with pytest.raises(NotFoundError):
            desk.by("ada", integrations.find_integration, ref)


@pytest.fixture
def shelf(desk: Desk) -> Desk:
    desk.create(name="Google Drive", description="Syncs documents of Engineering", driver="google-drive")
    desk.create(name="Salesforce", description="100% of the sales", category="crm", driver="salesforce")
    desk.create(name="Drive shaft", embedded=True, driver="google-drive", category="storage")
    desk.authored(name="Hidden drive")
    return desk


WORDS: tuple[tuple[str, list[str]], ...] = (
    ("drive", ["Drive shaft", "Google Drive"]),
    ("DRIVE google", ["Google Drive"]),
    ("drive engineering", ["Google Drive"]),
    ("sales", ["Salesforce"]),
    ("100%", ["Salesforce"]),
    ("%", ["Salesforce"]),
    ("_", []),
    ("oogl", ["Google Drive"]),
    ("drive salesforce", []),
    ("'; DROP TABLE integrations; --", []),
    ("", ["Drive shaft", "Google Drive", "Salesforce"]),
    (" \t ", ["Drive shaft", "Google Drive", "Salesforce"]),
)


def test_every_word_must_occur_in_name_or_description(shelf: Desk) -> None:
    where = Compare("owner_id", Op.EQ, shelf.users["editor"])
    found = [(text, shelf.listed("ada", text=text, where=where)) for text, _ in WORDS]
    assert found == list(WORDS)


def test_only_what_a_caller_sees_is_searched(shelf: Desk) -> None:
    found = {name: shelf.listed(name, text="drive") for name in ("author", "plain", "eve")}
    assert found == {"author": ["Hidden drive"], "plain": [], "eve": []}


def test_a_search_goes_with_filters_and_pages(shelf: Desk) -> None:
    where = All((Compare("embedded", Op.EQ, False), Compare("driver", Op.EQ, "google-drive")))
    assert shelf.listed("viewer", text="drive", where=where) == ["Google Drive"]
    query = ListQuery(limit=1, offset=2)
    page = shelf.by("viewer", integrations.list_integrations, query, text="drive")
    assert (len(page.rows), page.total, page.has_next) == (1, 3, False)


def test_refuses_more_words_than_are_looked_for(desk: Desk) -> None:
    assert having_words(" ".join(["word"] * 10)) is not None
    with pytest.raises(InvalidRequestError) as refused:
        having_words(" ".join(["word"] * 11))
    assert refused.value.details[0].path == "q"
    with pytest.raises(InvalidRequestError):
        desk.listed("ada", text="x" * 1_001)


def test_lists_are_filtered_by_what_an_integration_is(shelf: Desk) -> None:
    author = Compare("owner_id", Op.EQ, shelf.users["author"])
    asked = {
        "driver": Compare("driver", Op.EQ, "google-drive"),
        "category": Compare("category", Op.EQ, "crm"),
        "embedded": Compare("embedded", Op.EQ, True),
        "owner": All((author, Compare("owner_kind", Op.EQ, "user"))),
        "organization": Compare("organization_id", Op.EQ, shelf.rival),
    }
    assert {name: shelf.listed("ada", where=where) for name, where in asked.items()} == {
        "driver": ["Drive shaft", "Google Drive"],
        "category": ["Salesforce"],
        "embedded": ["Drive shaft"],
        "owner": ["Hidden drive"],
        "organization": [],
    }


def test_lists_are_filtered_by_tag(shelf: Desk) -> None:
    tag = shelf.tag("storage")
    row = shelf.create(name="Box")
    shelf.by("editor", integrations.assign_tag, row.id, tag.id)
    tagged = Related("tags", Quantifier.SOME, Compare("tag_id", Op.EQ, tag.id))
    untagged = Related("tags", Quantifier.NONE, Compare("tag_name", Op.EQ, "storage"))
    assert shelf.listed("ada", where=tagged) == ["Box"]
    assert "Box" not in shelf.listed("ada", where=untagged)
