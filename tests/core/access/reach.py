"""Projects with groups and what is in them, and who reaches what of it, told in Python alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from tests.core.access.world import SYSTEM, World
from trunkline.core import workspaces
from trunkline.kit.actor import TIER_NAMES, Actor, Tier

PUBLISHED = {"visibility": "public", "current_version": "1.0.0"}
USERS = ("owner", "boss", "admin", "editor", "viewer", "other", "plain", "stranger")


@dataclass(frozen=True)
class Place:
    """A workspace: a project, or a group of one."""

    id: str
    organization_id: str
    project_id: str | None = None
    ref: str | None = None
    live: bool = True


@dataclass(frozen=True)
class Row:
    """Something in a workspace."""

    id: str
    place: Place
    public: bool = False
    grants: tuple[tuple[str, Tier], ...] = ()


@dataclass
class Landscape:
    """Everything there is, by name."""

    world: World
    places: dict[str, Place] = field(default_factory=dict)
    items: dict[str, Row] = field(default_factory=dict)
    things: dict[str, Row] = field(default_factory=dict)
    members: dict[tuple[str, str], Tier] = field(default_factory=dict)

    def reach(self, actor: Actor, place: Place) -> Tier:
        """The tier an actor holds in a workspace."""
        if actor.is_system:
            return Tier.ADMIN
        if actor.workspace_id is None:
            if place.organization_id in actor.administered:
                return Tier.ADMIN
            return self.members.get((actor.user_id, place.id), Tier.NONE)
        if place.id == actor.workspace_id:
            return actor.workspace_tier
        return actor.tier_in_groups if self.is_own_group(actor, place) else Tier.NONE

    def is_own_group(self, actor: Actor, place: Place) -> bool:
        """Whether the workspace is a group that an actor of a project reaches."""
        if place.project_id is None or place.project_id != actor.workspace_id:
            return False
        if actor.over_groups:
            return True
        if actor.group_id is not None:
            return actor.group_id == place.id
        return actor.group_ref is not None and actor.group_ref == place.ref and place.live

    def granted(self, actor: Actor, row: Row) -> Tier:
        """The tier that grants give."""
        reached = actor.workspace_id is None or self._is_within(actor, row.place)
        if actor.front_end or not reached:
            return Tier.NONE
        given = [tier for subject, tier in row.grants if subject in {actor.user_id, "anyone"}]
        return max(given, default=Tier.NONE)

    def holds(self, actor: Actor, row: Row, tier: Tier, *, at_home: bool = True) -> bool:
        """Whether an actor holds a tier on a row; a front end, at home, where that counts."""
        if actor.is_system:
            return True
        if actor.entity_ids is not None and row.id not in actor.entity_ids:
            return False
        needed = max(tier, Tier.VIEWER)
        if actor.front_end and not at_home and row.place.id == actor.workspace_id:
            return False
        return self.reach(actor, row.place) >= needed or self.granted(actor, row) >= needed

    def sees_item(self, actor: Actor, row: Row) -> bool:
        """Whether an integration is listed for an actor."""
        narrowed = actor.entity_ids is not None and row.id not in actor.entity_ids
        return actor.is_system or (not narrowed and (row.public or self.holds(actor, row, Tier.VIEWER)))

    def _is_within(self, actor: Actor, place: Place) -> bool:
        return place.id == actor.workspace_id or self.is_own_group(actor, place)


def build_landscape(world: World) -> Landscape:
    """Three projects: one with groups of which one is deleted, one with a group of the same ref, a stranger's."""
    land = Landscape(world)
    homes = {"one": world.one, "two": world.two, "far": world.far}
    for name, project_id in homes.items():
        organization_id = world.rival if name == "far" else world.acme
        land.places[name] = Place(project_id, organization_id)
        for ref in ("g1", "g2") if name == "one" else ("g1",):
            group = world.group(project_id, ref)
            land.places[f"{name}/{ref}"] = Place(group.id, organization_id, project_id, ref)
    gone = world.group(world.one, "g3")
    world.write(workspaces.delete_workspace, SYSTEM, gone.id)
    land.places["one/g3"] = Place(gone.id, world.acme, world.one, "g3", live=False)
    for name, place in land.places.items():
        land.items[name] = Row(world.item(place.id), place)
        land.things[name] = Row(world.thing(place.id)[0], place)
    for name in ("one/g1", "far/g1"):
        land.items[f"{name} public"] = Row(
            world.item(land.places[name].id, **PUBLISHED), land.places[name], public=True
        )
    _grant(land, "one", ("viewer", "admin"), ("other", "editor"))
    _grant(land, "one/g1", ("viewer", "editor"), ("admin", "viewer"))
    _grant(land, "one/g2", ("anyone", "admin"))
    _grant(land, "two/g1", ("editor", "admin"), ("stranger", "editor"))
    _grant(land, "far/g1", ("admin", "admin"))
    for name in ("admin", "editor", "viewer"):
        land.members[world.users[name], world.one] = TIER_NAMES[name]
    land.members[world.users["other"], world.two] = Tier.ADMIN
    land.members[world.users["stranger"], world.far] = Tier.ADMIN
    for project_id in (world.one, world.two):
        land.members[world.users["owner"], project_id] = Tier.ADMIN
    return land


def _grant(land: Landscape, name: str, *given: tuple[str, str]) -> None:
    world, label = land.world, f"{name} shared"
    item_id = world.item(land.places[name].id)
    held = []
    for subject, tier in given:
        user_id = world.users.get(subject)
        world.grant(item_id, "user" if user_id else "anyone", user_id, tier)
        held.append((user_id or "anyone", TIER_NAMES[tier]))
    land.items[label] = Row(item_id, land.places[name], grants=tuple(held))


@dataclass(frozen=True)
class Caller:
    """An actor in words; `made` is what it becomes in a landscape."""

    name: str
    bound: str | None
    kind: str  # plain, over, group, called, page, page over, page called
    ref: str
    narrowed: tuple[str, ...] | None

    def made(self, land: Landscape) -> Actor:
        world = land.world
        if self.bound is None:
            return self._narrowed(land, world.actor(self.name))
        actor = world.actor(self.name, land.places[self.bound].id)
        group = land.places.get(f"{self.bound}/{self.ref}")
        changes: dict[str, dict[str, Any]] = {
            "plain": {},
            "over": {"over_groups": True},
            "group": {"group_id": group.id if group else None, "group_ref": self.ref},
            "called": {"group_ref": self.ref},
        }
        actor = replace(actor, **changes[self.kind.removeprefix("page ")])
        if self.kind.startswith("page "):
            held = actor.workspace_tier
            actor = replace(
                actor,
                workspace_tier=min(held, Tier.VIEWER),
                group_tier=min(held, Tier.EDITOR),
                front_end=True,
            )
        return self._narrowed(land, actor)

    def _narrowed(self, land: Landscape, actor: Actor) -> Actor:
        if self.narrowed is None:
            return actor
        ids = [
            row.id
            for rows in (land.items, land.things)
            for name, row in rows.items()
            if name in self.narrowed
        ]
        return replace(actor, entity_ids=frozenset(ids))


CALLERS = st.builds(
    Caller,
    name=st.sampled_from(USERS),
    bound=st.sampled_from(("one", "one", "two", "far", None)),
    kind=st.sampled_from(
        ("plain", "over", "group", "called", "page over", "page group", "page called", "over", "page called")
    ),
    ref=st.sampled_from(("g1", "g2", "g3", "g4")),
    narrowed=st.one_of(
        st.none(),
        st.lists(st.sampled_from(("one", "one/g1", "two/g1", "one/g1 shared")), max_size=3).map(tuple),
    ),
)
