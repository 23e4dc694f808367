"""The rules a `ListSpec` may carry: what makes a row visible, and to whom it is more than that."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.core.access.queries import BOUND, FELLOW, LENT, LINKED, LISTED, LIVE_OR, PARENT, SELF
from trunkline.core.access.scope import EVERYBODY, NOBODY, ActorScope, all_of, any_of
from trunkline.infra.db import Mode
from trunkline.kit.actor import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class InWorkspace:
    """Rows with `organization_id` and `workspace_id`: seen by whoever holds a tier in that workspace.

    Attributes:
        grants: a grant on the row counts like a tier in its workspace.
        public: published rows are seen by all: listed ones anywhere, unlisted ones by id.
        lent: rows are also seen from workspaces that borrow them.
    """

    grants: bool = False
    public: bool = False
    lent: bool = False

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:
        """In the workspace, or published, or lent, or granted."""
        return scope.narrowed(
            alias,
            any_of(  # what the row itself tells goes before what takes a look elsewhere
                scope.by_standing(alias, Tier.VIEWER),
                self._published(alias, mode),
                scope.by_role(alias, Tier.VIEWER),
                self._lent(scope, alias),
                self._granted(scope, alias, Tier.VIEWER),
            ),
        )

    def insider(self, scope: ActorScope, alias: str) -> str:
        """In the workspace, or granted; being published or lent does not count."""
        return self.at_least(scope, alias, Tier.VIEWER)

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        """That tier in the workspace, or by a grant."""
        held = any_of(scope.in_workspace(alias, tier), self._granted(scope, alias, tier))
        return scope.narrowed(alias, held)

    def _published(self, alias: str, mode: Mode) -> str:
        if not self.public:
            return NOBODY
        return (LISTED if mode is Mode.LIST else LINKED).format(a=alias)

    def _lent(self, scope: ActorScope, alias: str) -> str:
        if not self.lent:
            return NOBODY
        borrower = scope.in_workspace("s_l", Tier.VIEWER)
        return NOBODY if borrower == NOBODY else LENT.format(a=alias, borrower=borrower)

    def _granted(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        if not self.grants:
            return NOBODY
        # A bound key that holds the tier in its workspace gains nothing from grants there.
        if scope.actor.workspace_id is not None and scope.actor.workspace_tier >= tier:
            return NOBODY
        return scope.granted(alias, tier)


@dataclass(frozen=True, slots=True)
class InOrganization:
    """Rows with `organization_id`: seen by its members, changed by those who administer it."""

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:  # noqa: ARG002  # same in both
        """A member of the organization."""
        return scope.in_organization(alias)

    def insider(self, scope: ActorScope, alias: str) -> str:
        """Every member."""
        return scope.in_organization(alias)

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        """Members are viewers; above that, owners and admins."""
        return scope.in_organization(alias) if tier <= Tier.VIEWER else scope.administered(alias)


@dataclass(frozen=True, slots=True)
class Parent:
    """Rows that are as visible as the row of `entity` whose id stands in `column`."""

    entity: str
    column: str

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:
        """The parent is visible; a tombstoned one, to those who may restore it."""
        spec, parent = scope.spec(self.entity), f"{alias}_p"
        live = EVERYBODY
        if spec.soft_delete:
            live = LIVE_OR.format(p=parent, restorable=scope.at_least(spec, parent, spec.restore_tier))
        return self._through(scope, alias, all_of(scope.visible(spec, parent, mode), live))

    def insider(self, scope: ActorScope, alias: str) -> str:
        """An insider of the parent."""
        return self._through(scope, alias, scope.insider(scope.spec(self.entity), f"{alias}_p"))

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        """That tier on the parent."""
        return self._through(scope, alias, scope.at_least(scope.spec(self.entity), f"{alias}_p", tier))

    def _through(self, scope: ActorScope, alias: str, seen: str) -> str:
        table = scope.spec(self.entity).table
        if seen == NOBODY:
            return NOBODY
        return PARENT.format(table=table, p=f"{alias}_p", a=alias, column=self.column, seen=seen)


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """Access keys: the caller's own, and all of the organizations the caller administers.

    A key bound to a workspace sees no keys but its user's own that are bound there too.
    """

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:  # noqa: ARG002  # same in both
        """Own, or administered."""
        own = SELF.format(a=alias, column="user_id")
        if scope.actor.workspace_id is not None:
            return all_of(BOUND.format(a=alias, column="workspace_id"), own)
        return any_of(own, scope.administered(alias))

    def insider(self, scope: ActorScope, alias: str) -> str:
        """Whoever sees a key."""
        return self.visible(scope, alias, Mode.GET)

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:  # noqa: ARG002  # all or nothing
        """Whoever sees a key may revoke it."""
        return self.visible(scope, alias, Mode.GET)


@dataclass(frozen=True, slots=True)
class Workspaces:
    """The workspaces themselves: seen by whoever holds a tier there."""

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:  # noqa: ARG002  # same in both
        """Any tier."""
        return scope.in_workspace(alias, Tier.VIEWER, "id")

    def insider(self, scope: ActorScope, alias: str) -> str:
        """Any tier."""
        return scope.in_workspace(alias, Tier.VIEWER, "id")

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        """That tier there."""
        return scope.in_workspace(alias, tier, "id")


@dataclass(frozen=True, slots=True)
class Organizations:
    """The organizations themselves: seen by their members."""

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:  # noqa: ARG002  # same in both
        """A member."""
        return scope.in_organization(alias, "id")

    def insider(self, scope: ActorScope, alias: str) -> str:
        """A member."""
        return scope.in_organization(alias, "id")

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        """Members are viewers; above that, owners and admins."""
        return scope.in_organization(alias, "id") if tier <= Tier.VIEWER else scope.administered(alias, "id")


@dataclass(frozen=True, slots=True)
class Users:
    """Users: seen by themselves and by everybody they share an organization with."""

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:  # noqa: ARG002  # same in both
        """Oneself, or a member of an organization of the caller's."""
        names = scope.organizations()
        fellow = NOBODY if names is None else FELLOW.format(a=alias, names=names)
        return any_of(SELF.format(a=alias, column="id"), fellow)

    def insider(self, scope: ActorScope, alias: str) -> str:
        """Whoever sees the user."""
        return self.visible(scope, alias, Mode.GET)

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        """Above seeing: owners and admins of the organization that manages the user."""
        return self.insider(scope, alias) if tier <= Tier.VIEWER else scope.administered(alias)


@dataclass(frozen=True, slots=True)
class Grants:
    """Grants: seen in the workspace of their object, and by whoever was granted admin on the object."""

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:  # noqa: ARG002  # same in both
        """Any tier in the workspace, or admin on the object."""
        return self.at_least(scope, alias, Tier.VIEWER)

    def insider(self, scope: ActorScope, alias: str) -> str:
        """Whoever sees the grant."""
        return self.at_least(scope, alias, Tier.VIEWER)

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        """That tier in the workspace, or admin on the object."""
        held = any_of(scope.in_workspace(alias, tier), scope.granted(alias, Tier.ADMIN, "entity_id"))
        return scope.narrowed(alias, held, "entity_id")
