from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.access.views import View
from tests.core.access.world import ITEM, SYSTEM, THING, VERSION, World
from trunkline.core import access
from trunkline.infra.db import Mode
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.pages import Deleted

PUBLISHED = {"current_version": "1.0.0"}


class Items:
    """Items in every state a rule looks at, by name."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ids = {
            "one": world.item(world.one),
            "two": world.item(world.two),
            "far": world.item(world.far),
            "public": world.item(world.far, visibility="public", **PUBLISHED),
            "public draft": world.item(world.far, visibility="public"),
            "unlisted": world.item(world.far, visibility="unlisted", **PUBLISHED),
            "unlisted draft": world.item(world.far, visibility="unlisted"),
        }

    def granted(
        self, name: str, workspace_id: str, subject_kind: str, subject_id: str | None, tier: str
    ) -> str:
        self.ids[name] = self.world.item(workspace_id)
        return self.world.grant(self.ids[name], subject_kind, subject_id, tier)

    def seen_by(self, actor: Actor) -> View:
        return View(self.world, actor, ITEM, {id_hex: name for name, id_hex in self.ids.items()})


@pytest.fixture
def items(world: World) -> Items:
    return Items(world)


@pytest.fixture(scope="module")
def still_items(still_world: World) -> Items:
    return Items(still_world)


OPEN = {"public"}
LINKED = {"public", "unlisted"}


@pytest.mark.parametrize(
    ("name", "inside", "editor", "admin"),
    [
        ("owner", {"one", "two"}, {"one", "two"}, {"one", "two"}),
        ("boss", {"one", "two"}, {"one", "two"}, {"one", "two"}),
        ("plain", set(), set(), set()),
        ("admin", {"one"}, {"one"}, {"one"}),
        ("editor", {"one"}, {"one"}, set()),
        ("viewer", {"one"}, set(), set()),
        ("other", {"two"}, {"two"}, {"two"}),
    ],
)
def test_users_hold_the_tier_of_their_role_and_see_what_is_published(
    still_world: World, still_items: Items, name: str, inside: set[str], editor: set[str], admin: set[str]
) -> None:
    view = still_items.seen_by(still_world.actor(name))
    assert view.listed() == inside | OPEN
    assert view.found() == inside | LINKED
    assert view.inside() == inside
    assert view.holding(Tier.NONE) == view.holding(Tier.VIEWER) == inside
    assert view.holding(Tier.EDITOR) == editor
    assert view.holding(Tier.ADMIN) == admin


def test_the_stranger_sees_nothing_of_another_tenant_but_what_is_published(
    world: World, items: Items
) -> None:
    view = items.seen_by(world.actor("stranger"))
    mine = set(items.ids) - {"one", "two"}
    assert view.listed() == view.found() == view.inside() == view.holding(Tier.ADMIN) == mine
    items.ids["acme public"] = world.item(world.one, visibility="public", **PUBLISHED)
    view = items.seen_by(world.actor("stranger"))
    assert view.listed() == mine | {"acme public"}
    assert view.inside() == mine


def test_the_system_sees_every_row(items: Items) -> None:
    view = items.seen_by(SYSTEM)
    everything = set(items.ids)
    assert view.listed() == view.found() == view.inside() == view.holding(Tier.ADMIN) == everything


@pytest.mark.parametrize(
    ("name", "where", "inside", "editor", "admin"),
    [
        ("owner", "one", {"one"}, {"one"}, {"one"}),
        ("boss", "two", {"two"}, {"two"}, {"two"}),
        ("editor", "one", {"one"}, {"one"}, set()),
        ("viewer", "one", {"one"}, set(), set()),
        ("viewer", "two", set(), set(), set()),
        ("plain", "one", set(), set(), set()),
    ],
)
def test_a_bound_key_reaches_its_workspace_only(
    still_world: World,
    still_items: Items,
    name: str,
    where: str,
    inside: set[str],
    editor: set[str],
    admin: set[str],
) -> None:
    view = still_items.seen_by(still_world.actor(name, getattr(still_world, where)))
    assert view.listed() == inside | OPEN
    assert view.found() == inside | LINKED
    assert view.inside() == view.holding(Tier.VIEWER) == inside
    assert view.holding(Tier.EDITOR) == editor
    assert view.holding(Tier.ADMIN) == admin


def test_a_bound_key_administers_nothing_whatever_the_actor_says(world: World, items: Items) -> None:
    bound = world.actor("viewer", world.one)
    forged = replace(bound, administered=(world.acme,), organizations=(world.acme, world.rival))
    assert items.seen_by(forged).inside() == {"one"}
    assert items.seen_by(forged).holding(Tier.EDITOR) == set()
    assert items.seen_by(world.actor("plain", world.one)).holding(Tier.NONE) == set()


def test_grants_reach_users_teams_organizations_and_anyone(world: World, items: Items) -> None:
    team = world.team("crew", "plain", "viewer")
    items.granted("to plain", world.far, "user", world.users["plain"], "viewer")
    items.granted("to crew", world.far, "team", team, "editor")
    items.granted("to acme", world.far, "organization", world.acme, "admin")
    items.granted("to anyone", world.far, "anyone", None, "viewer")
    items.granted("to editor", world.one, "user", world.users["editor"], "admin")

    plain = items.seen_by(world.actor("plain"))
    assert plain.listed() == {"to plain", "to crew", "to acme", "to anyone"} | OPEN
    assert plain.inside() == {"to plain", "to crew", "to acme", "to anyone"}
    assert plain.holding(Tier.EDITOR) == {"to crew", "to acme"}
    assert plain.holding(Tier.ADMIN) == {"to acme"}

    editor = items.seen_by(world.actor("editor"))
    assert editor.inside() == {"one", "to editor", "to acme", "to anyone"}
    assert editor.holding(Tier.ADMIN) == {"to editor", "to acme"}

    stranger = items.seen_by(world.actor("stranger"))
    assert stranger.inside() == set(items.ids) - {"one", "two", "to editor"}


def test_a_revoked_grant_counts_nowhere_and_a_restored_one_does(world: World, items: Items) -> None:
    grant_id = items.granted("shared", world.far, "user", world.users["plain"], "admin")
    plain = items.seen_by(world.actor("plain"))
    assert plain.inside() == plain.holding(Tier.ADMIN) == {"shared"}
    world.write(lambda tx: access.revoke_grant(tx, SYSTEM, grant_id))
    assert plain.inside() == plain.holding(Tier.VIEWER) == set()
    assert plain.found() == LINKED
    world.write(lambda tx: access.restore_grant(tx, SYSTEM, grant_id))
    assert plain.holding(Tier.ADMIN) == {"shared"}


def test_a_bound_key_uses_grants_inside_its_workspace_only(world: World, items: Items) -> None:
    items.granted("here", world.one, "user", world.users["viewer"], "admin")
    items.granted("there", world.far, "user", world.users["viewer"], "admin")
    bound = items.seen_by(world.actor("viewer", world.one))
    assert bound.inside() == {"one", "here"}
    assert bound.holding(Tier.ADMIN) == {"here"}
    items.granted("for plain", world.one, "user", world.users["plain"], "viewer")
    assert items.seen_by(world.actor("plain", world.one)).inside() == {"for plain"}


def test_a_key_narrowed_to_objects_sees_no_others(world: World, items: Items) -> None:
    owner = world.actor("owner")
    narrowed = replace(owner, entity_ids=frozenset({items.ids["one"], items.ids["public"], items.ids["far"]}))
    view = items.seen_by(narrowed)
    assert view.listed() == {"one", "public"}
    assert view.inside() == view.holding(Tier.ADMIN) == {"one"}
    nothing = items.seen_by(replace(owner, entity_ids=frozenset()))
    assert nothing.listed() == nothing.inside() == set()


def test_tombstones_are_seen_by_those_who_may_restore_them_and_never_because_they_were_public(
    world: World, items: Items
) -> None:
    gone = {"deleted_at": "2026-02-01T00:00:00.000000Z"}
    items.ids["gone"] = world.item(world.one, visibility="public", **PUBLISHED, **gone)
    editor, viewer = items.seen_by(world.actor("editor")), items.seen_by(world.actor("viewer"))
    assert editor.listed(Deleted.INCLUDE) == {"one", "gone"} | OPEN
    assert editor.listed(Deleted.ONLY) == {"gone"}
    assert editor.found() == {"one", "gone"} | LINKED
    for name in ("viewer", "plain", "stranger"):
        view = items.seen_by(world.actor(name))
        assert "gone" not in view.listed(Deleted.INCLUDE) | view.listed(Deleted.ONLY) | view.found()
    assert viewer.listed() == {"one"} | OPEN


def test_lent_rows_are_seen_from_the_borrowing_workspace_but_are_not_its_own(world: World) -> None:
    entity_id, version_id = world.thing(world.far)
    own_id, _ = world.thing(world.one)
    world.lend(entity_id, version_id, world.one)
    suspended = world.thing(world.far)
    world.lend(*suspended, world.one, deletion_id="f" * 32)
    names = {entity_id: "lent", own_id: "own", suspended[0]: "suspended", world.thing(world.far)[0]: "kept"}

    def seen(actor: Actor) -> View:
        return View(world, actor, THING, names)

    for name in ("owner", "boss", "admin", "editor", "viewer"):
        assert seen(world.actor(name)).listed() == seen(world.actor(name)).found() == {"lent", "own"}
        assert seen(world.actor(name)).inside() == {"own"}
        assert "lent" not in seen(world.actor(name)).holding(Tier.VIEWER)
    assert seen(world.actor("viewer", world.one)).listed() == {"lent", "own"}
    assert seen(world.actor("owner", world.two)).listed() == set()
    assert seen(world.actor("plain")).listed() == seen(world.actor("other")).listed() == set()
    assert seen(world.actor("stranger")).inside() == {"lent", "suspended", "kept"}


def test_rows_with_a_parent_are_as_visible_as_the_parent(world: World) -> None:
    entity_id, version_id = world.thing(world.one)
    gone_id, gone_version = world.thing(world.one, deleted_at="2026-02-01T00:00:00.000000Z")
    names = {version_id: "version", gone_version: "of the deleted"}

    def seen(actor: Actor) -> View:
        return View(world, actor, VERSION, names)

    assert seen(world.actor("viewer")).listed() == {"version"}
    assert seen(world.actor("editor")).listed() == {"version", "of the deleted"}
    assert seen(world.actor("viewer")).holding(Tier.EDITOR) == set()
    assert seen(world.actor("editor")).holding(Tier.EDITOR) == {"version", "of the deleted"}
    assert seen(world.actor("viewer")).inside() == {"version", "of the deleted"}
    assert seen(SYSTEM).listed() == {"version", "of the deleted"}
    for name in ("plain", "other", "stranger"):
        assert seen(world.actor(name)).found() == set()
    lent, lent_version = world.thing(world.far)
    world.lend(lent, lent_version, world.one)
    names[lent_version] = "lent"
    assert "lent" in seen(world.actor("viewer")).found()
    assert seen(world.actor("viewer")).inside() == {"version", "of the deleted"}
    assert entity_id != gone_id


def test_unlisted_rows_are_no_part_of_lists(world: World, items: Items) -> None:
    view = items.seen_by(world.actor("plain"))
    assert view.visible(Mode.LIST) == OPEN
    assert view.visible(Mode.GET) == LINKED


def test_a_publishable_key_sees_what_its_user_does(world: World, items: Items) -> None:
    issued = world.key("editor", kind="publishable", workspace_id=world.one)
    digest = world.read(
        lambda tx: tx.value("SELECT digest FROM access_keys WHERE id = :id", id=issued.row.id)
    )
    actor = world.read(lambda tx: access.authenticate(tx, digest))
    assert items.seen_by(actor).listed() == {"one"} | OPEN


def test_every_parameter_is_given_and_names_are_the_actors_own(world: World) -> None:
    actor = replace(world.actor("owner"), entity_ids=frozenset({"b" * 32, "a" * 32}))
    params = access.scope(actor, {}).params
    assert params == {
        "actor_user": world.users["owner"],
        "actor_org0": world.acme,
        "actor_admin0": world.acme,
        "actor_entity0": "a" * 32,
        "actor_entity1": "b" * 32,
    }
    assert access.scope(world.actor("viewer", world.one), {}).params == {
        "actor_user": world.users["viewer"],
        "actor_workspace": world.one,
        "actor_org0": world.acme,
    }


def test_the_cheap_tests_stand_before_the_grants(world: World) -> None:
    sql = access.scope(world.actor("owner"), {}).visible(ITEM, "t0", Mode.LIST)
    order = [
        sql.index(part) for part in ("t0.organization_id", "t0.visibility", "workspace_members", "grants")
    ]
    assert order == sorted(order)
    bound = access.scope(world.actor("owner", world.one), {}).visible(ITEM, "t0", Mode.LIST)
    assert bound == (
        "(t0.workspace_id = :actor_workspace OR "
        "(t0.visibility = 'public' AND t0.current_version IS NOT NULL))"
    )
