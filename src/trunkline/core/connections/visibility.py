"""Who sees and who changes which connections: the rule behind every read of them.

secrets              whoever holds a tier in the workspace; editors change them
shared connections   the same, and whoever was granted the integration they belong to, in its own workspace
per-user ones        their user, as long as one of the two holds; admins of the workspace
"""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.core.access import ActorScope
from trunkline.core.connections.queries import BY_GRANT, IS_CONNECTION, IS_SECRET, OWN, SHARED
from trunkline.infra.db import Mode
from trunkline.kit.actor import Tier

NOBODY = "FALSE"


@dataclass(frozen=True, slots=True)
class ConnectionRule:
    """Rows of `connections`.

    Attributes:
        secrets: whether workspace secrets are among them.
        connections: whether everything else is.
    """

    secrets: bool = False
    connections: bool = True

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:  # noqa: ARG002  # same in both
        """In reach and shared or the caller's own, or anything as an admin of the workspace."""
        return self.at_least(scope, alias, Tier.VIEWER)

    def insider(self, scope: ActorScope, alias: str) -> str:
        """Whoever sees the row."""
        return self.at_least(scope, alias, Tier.VIEWER)

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        """That tier where it is shared; their own are wholly their user's."""
        kinds = []
        if self.secrets:
            secret = IS_SECRET.format(a=alias)
            kinds.append(_all(secret, scope.in_workspace(alias, tier)))
        if self.connections:
            connection = IS_CONNECTION.format(a=alias)
            kinds.append(_all(connection, _connection_at_least(scope, alias, tier)))
        return scope.narrowed(alias, _any(*kinds))


def _connection_at_least(scope: ActorScope, alias: str, tier: Tier) -> str:
    shared, own = SHARED.format(a=alias), OWN.format(a=alias)
    return _any(
        _all(shared, _reach(scope, alias, tier)),
        _all(own, _reach(scope, alias, Tier.VIEWER)),
        scope.in_workspace(alias, Tier.ADMIN),
    )


def _reach(scope: ActorScope, alias: str, tier: Tier) -> str:
    """That tier in the workspace, or on the integration at home by a grant to somebody of the organization."""
    integration = f"{alias}_i"
    granted = scope.at_least(scope.spec("integration"), integration, tier)
    by_grant = BY_GRANT.format(a=alias, p=integration, seen=granted)
    return _any(scope.in_workspace(alias, tier), _all(scope.in_organization(alias), by_grant))


def _all(*predicates: str) -> str:
    return NOBODY if NOBODY in predicates else f"({' AND '.join(predicates)})"


def _any(*predicates: str) -> str:
    parts = [part for part in predicates if part != NOBODY]
    return f"({' OR '.join(parts)})" if parts else NOBODY
