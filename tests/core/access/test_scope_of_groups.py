"""Who reaches what of projects and groups, held against a model in plain Python, on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.core.access.reach import CALLERS, Caller, Landscape, build_landscape
from tests.core.access.views import View
from tests.core.access.world import ITEM, THING, World
from trunkline.core import access, workspaces
from trunkline.infra.db import ListSpec, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import NotFoundError
from trunkline.kit.filters import OrderKey
from trunkline.kit.pages import ListQuery

TIERS = (Tier.VIEWER, Tier.EDITOR, Tier.ADMIN)
SEARCH = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)


@pytest.fixture(scope="module")
def land(still_world: World) -> Landscape:
    return build_landscape(still_world)


@SEARCH
@given(caller=CALLERS)
def test_integrations_are_seen_as_the_model_says(land: Landscape, caller: Caller) -> None:
    actor = caller.made(land)
    view = View(land.world, actor, ITEM, {row.id: name for name, row in land.items.items()})
    expected = {name for name, row in land.items.items() if land.sees_item(actor, row)}
    assert view.listed() == view.found() == view.visible() == expected
    inside = {n for n, row in land.items.items() if land.holds(actor, row, Tier.VIEWER, at_home=False)}
    assert view.inside() == inside
    for tier in TIERS:
        held = {name for name, row in land.items.items() if land.holds(actor, row, tier)}
        assert view.holding(tier) == held


@SEARCH
@given(caller=CALLERS)
def test_everything_else_is_seen_as_the_model_says(land: Landscape, caller: Caller) -> None:
    actor = caller.made(land)
    view = View(land.world, actor, THING, {row.id: name for name, row in land.things.items()})
    for tier in TIERS:
        held = {n for n, row in land.things.items() if land.holds(actor, row, tier, at_home=False)}
        assert view.holding(tier) == held
        if tier is Tier.VIEWER:
            assert view.listed() == view.found() == view.inside() == held


@SEARCH
@given(caller=CALLERS)
def test_workspaces_are_seen_as_the_model_says(land: Landscape, caller: Caller) -> None:
    actor = caller.made(land)
    view = View(land.world, actor, workspaces.WORKSPACE, {p.id: name for name, p in land.places.items()})
    reached = {name: land.reach(actor, place) for name, place in land.places.items()}
    live = {name for name, place in land.places.items() if place.live}
    assert view.listed() == {name for name in live if reached[name] >= Tier.VIEWER}
    for tier in TIERS:
        assert view.holding(tier) == {name for name, held in reached.items() if held >= tier}


@SEARCH
@given(caller=CALLERS)
def test_tiers_are_those_of_the_model(land: Landscape, caller: Caller) -> None:
    actor = caller.made(land)
    for place in land.places.values():
        there = {"organization_id": place.organization_id, "workspace_id": place.id}
        assert land.world.read(access.tier_on, actor, **there) is land.reach(actor, place)
    for row in land.items.values():
        there = {"organization_id": row.place.organization_id, "workspace_id": row.place.id}
        narrowed = actor.entity_ids is not None and row.id not in actor.entity_ids
        expected = max(land.reach(actor, row.place), land.granted(actor, row))
        found = land.world.read(access.tier_on, actor, **there, entity_id=row.id)
        assert found is (Tier.NONE if narrowed else expected)


@SEARCH
@given(caller=CALLERS)
@example(caller=Caller(name="owner", bound="one", kind="called", ref="g3", narrowed=None))
def test_workspaces_are_required_as_the_model_says(land: Landscape, caller: Caller) -> None:
    actor = caller.made(land)
    for place in land.places.values():
        held = land.reach(actor, place)
        for tier in (Tier.VIEWER, Tier.EDITOR):
            assert required(land, actor, place.id, tier) == expected(held if place.live else Tier.NONE, tier)
        if actor.entity_ids is None:
            deleted = held if place.live or held is Tier.ADMIN else Tier.NONE
            assert required(land, actor, place.id, Tier.ADMIN, deleted=True) == expected(deleted, Tier.ADMIN)


def required(land: Landscape, actor: Actor, workspace_id: str, tier: Tier, *, deleted: bool = False) -> str:
    try:
        land.world.read(access.require_workspace, actor, workspace_id, tier, deleted=deleted)
    except NotFoundError:
        return "missing"
    except access.TierTooLowError:
        return "refused"
    return "given"


def expected(held: Tier, tier: Tier) -> str:
    if held is Tier.NONE:
        return "missing"
    return "given" if held >= tier else "refused"


def test_one_project_answers_alike_whatever_is_in_another(world: World) -> None:
    """Not a bit of what a project's actors are told depends on the other projects of the organization."""
    group = world.group(world.one, "g1")
    item = world.item(group.id)
    over = world.project("admin")
    page = replace(over, over_groups=False, group_ref="g1", group_tier=Tier.EDITOR, front_end=True)
    actors = (world.actor("admin", world.one), over, page, replace(page, group_ref="g9"))
    before = [listed(world, actor) for actor in actors]
    world.group(world.two, "g9")
    other = world.group(world.two, "g1", "other")
    world.grant(world.item(other.id), "anyone", None, "admin")
    world.item(other.id)
    assert [listed(world, actor) for actor in actors] == before
    one = world.one
    assert before == [([one], []), ([one, group.id], [item]), ([one, group.id], [item]), ([one], [])]


def listed(world: World, actor: Actor) -> tuple[list[str], list[str]]:
    def ids(spec: ListSpec[Any]) -> list[str]:
        query = ListQuery(order=(OrderKey("created_at", "asc"),))
        rows = world.read(lambda tx: lists.list_rows(tx, spec, query, access.scope(actor, tx.specs))).rows
        return [row.id for row in rows]

    return ids(workspaces.WORKSPACE), ids(ITEM)
