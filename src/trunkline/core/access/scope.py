"""What one caller may see, as SQL predicates over any row: the only place that decides visibility.

A `ListSpec` carries a rule (see `rules`); the list compiler asks `ActorScope` for the predicate of a row, and
the rule composes it from the few tests below. The cheap ones stand first: they run on every row of a list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from trunkline.core.access.queries import (
    BOUND,
    GRANTED,
    IN_ANY_GROUP,
    IN_GROUP,
    IN_GROUP_CALLED,
    IN_ORGANIZATION,
    MEMBER,
    NARROWED,
    ORGANIZATION_OF_WORKSPACE,
)
from trunkline.infra.db import ListSpec, Mode, Specs
from trunkline.kit.actor import Actor, Tier

NOBODY = "FALSE"
EVERYBODY = "TRUE"
# What a front end sees of its project and the project's organization; everything else, in its groups only.
FRONT_END_ENTITIES = frozenset({"workspace", "integration", "version", "provider", "provider_app"})


class Rule(Protocol):
    """How the visibility of an entity's rows follows from the caller; never asked for the system itself."""

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:
        """Predicate: the caller may read the row."""
        ...

    def insider(self, scope: ActorScope, alias: str) -> str:
        """Predicate: the caller reads the row itself, not what is published or lent of it."""
        ...

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        """Predicate: the caller holds `tier` on the row."""
        ...


def any_of(*predicates: str) -> str:
    """One predicate that holds where any does, tested in the given order."""
    parts = [part.strip() for part in predicates if part != NOBODY]
    if len(parts) > 1:
        return f"({' OR '.join(parts)})"
    return parts[0] if parts else NOBODY


def all_of(*predicates: str) -> str:
    """One predicate that holds where all do, tested in the given order."""
    parts = [part.strip() for part in predicates if part != EVERYBODY]
    if NOBODY in parts:
        return NOBODY
    if len(parts) > 1:
        return f"({' AND '.join(parts)})"
    return parts[0] if parts else EVERYBODY


class ActorScope:
    """One caller's view of every entity; implements `infra.db.Scope`.

    Args:
        actor: the caller.
        specs: the transaction's.
        at_home: whether what the caller holds in its project and organization counts, beside its groups.
    """

    __slots__ = ("_apart", "_home", "_params", "_specs", "actor")

    def __init__(self, actor: Actor, specs: Specs, *, at_home: bool = True) -> None:
        self.actor = actor
        self._specs = specs
        self._params = _params(actor)
        self._home = at_home
        self._apart = ActorScope(actor, specs, at_home=False) if actor.front_end and at_home else None

    @property
    def params(self) -> Mapping[str, Any]:
        """Values of every parameter the predicates may name; all start with `actor_`."""
        return self._params

    def visible(self, spec: ListSpec[Any], alias: str, mode: Mode) -> str:
        """Predicate: the caller may read the row at `alias`."""
        rule: Rule = spec.rule
        return EVERYBODY if self.actor.is_system else rule.visible(self._towards(spec), alias, mode)

    def insider(self, spec: ListSpec[Any], alias: str) -> str:
        """Predicate: the caller reads the row itself rather than what is published of it."""
        rule: Rule = spec.rule
        # Drafts are no front end's business.
        return EVERYBODY if self.actor.is_system else rule.insider(self._apart or self, alias)

    def at_least(self, spec: ListSpec[Any], alias: str, tier: Tier) -> str:
        """Predicate: the caller holds `tier` on the row at `alias`."""
        rule: Rule = spec.rule
        return EVERYBODY if self.actor.is_system else rule.at_least(self._towards(spec), alias, tier)

    def _towards(self, spec: ListSpec[Any]) -> ActorScope:
        return self if self._apart is None or spec.entity in FRONT_END_ENTITIES else self._apart

    def spec(self, entity: str) -> ListSpec[Any]:
        """The spec of another entity, for rules that look through it."""
        return self._specs[entity]

    def in_workspace(self, alias: str, tier: Tier, column: str = "workspace_id") -> str:
        """The caller holds `tier`, or at least viewer, in the row's workspace, which `column` names."""
        return any_of(self.by_standing(alias, tier, column), self.by_role(alias, tier, column))

    def by_standing(self, alias: str, tier: Tier, column: str = "workspace_id") -> str:
        """The part of `in_workspace` that the row itself tells: bound there, or administered.

        For a project's key, a row of one of the project's groups tells it, too.
        """
        actor, needed = self.actor, max(tier, Tier.VIEWER)
        if actor.workspace_id is None:
            return self.administered(alias)
        held = self._home and actor.workspace_tier >= needed
        bound = BOUND.format(a=alias, column=column) if held else NOBODY
        if actor.tier_in_groups < needed:
            return bound
        return self._or_in_groups(bound, alias, column)

    def _or_in_groups(self, bound: str, alias: str, column: str) -> str:
        actor = self.actor
        if actor.over_groups:
            reached = any_of(bound, IN_ANY_GROUP.format(a=alias, column=column))
            # True of every row there, and what lets a list be walked along the tenant's own index.
            names = _names("org", actor.organizations)
            tenant = IN_ORGANIZATION.format(a=alias, column="organization_id", names=names)
            return all_of(tenant if names else EVERYBODY, reached)
        template = IN_GROUP_CALLED if actor.group_id is None else IN_GROUP
        return any_of(bound, template.format(a=alias, column=column))

    def by_role(self, alias: str, tier: Tier, column: str = "workspace_id") -> str:
        """The part of `in_workspace` that memberships tell; none do for a bound key."""
        if self.actor.workspace_id is not None:
            return NOBODY
        return MEMBER.format(a=alias, column=column, tier=int(max(tier, Tier.VIEWER)))

    def administered(self, alias: str, column: str = "organization_id") -> str:
        """The organization that `column` names is the caller's to administer; no bound key's ever is."""
        if self.actor.workspace_id is not None or not self.actor.administered:
            return NOBODY
        names = _names("admin", self.actor.administered)
        return IN_ORGANIZATION.format(a=alias, column=column, names=names)

    def granted(self, alias: str, tier: Tier, column: str = "id") -> str:
        """A live grant gives the caller `tier` on the object `column` names.

        A key bound to a workspace makes use of grants inside what it reaches only, a front end of none.
        """
        if self.actor.front_end:
            return NOBODY
        granted = GRANTED.format(a=alias, column=column, tier=int(max(tier, Tier.VIEWER)))
        if self.actor.workspace_id is None:
            return granted
        bound = BOUND.format(a=alias, column="workspace_id")
        reached = self._or_in_groups(bound, alias, "workspace_id") if self.actor.reaches_groups else bound
        return all_of(reached, granted)

    def in_organization(self, alias: str, column: str = "organization_id") -> str:
        """The caller belongs to the organization that `column` names."""
        names = self.organizations()
        return NOBODY if names is None else IN_ORGANIZATION.format(a=alias, column=column, names=names)

    def organizations(self) -> str | None:
        """What stands inside `IN (…)` for the caller's organizations; None when there are none."""
        if not self.actor.organizations or not self._home:
            return None
        names = _names("org", self.actor.organizations)
        if self.actor.workspace_id is None:
            return names
        return ORGANIZATION_OF_WORKSPACE.format(names=names)

    def narrowed(self, alias: str, predicate: str, column: str = "id") -> str:
        """`predicate`, within the objects the caller's key is narrowed to."""
        ids = self.actor.entity_ids
        if ids is None or predicate == NOBODY:
            return predicate
        if not ids:
            return NOBODY
        return all_of(NARROWED.format(a=alias, column=column, names=_names("entity", sorted(ids))), predicate)


def scope(actor: Actor, specs: Specs) -> ActorScope:
    """What `actor` may see. `specs` are the transaction's: some rules look through other entities."""
    return ActorScope(actor, specs)


def _names(kind: str, values: Sequence[str]) -> str:
    return ", ".join([f":actor_{kind}{i}" for i in range(len(values))])


def _params(actor: Actor) -> dict[str, Any]:
    # What is the user's own is out of a front end's reach.
    params: dict[str, Any] = {"actor_user": "" if actor.front_end else actor.user_id}
    if actor.workspace_id is not None:
        params["actor_workspace"] = actor.workspace_id
    if actor.group_id is not None:
        params["actor_group"] = actor.group_id
    elif actor.group_ref is not None:
        params["actor_group_ref"] = actor.group_ref
    lists = {
        "org": actor.organizations,
        "admin": actor.administered,
        "entity": sorted(actor.entity_ids or ()),
    }
    for kind, values in lists.items():
        params.update({f"actor_{kind}{i}": value for i, value in enumerate(values)})
    return params
