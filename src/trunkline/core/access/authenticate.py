"""From a credential to the actor, out of committed rows; nothing is remembered between requests.

A demotion, a revoked key or a deactivated user therefore counts from the next request on.
"""

from __future__ import annotations

import msgspec

from trunkline.core.access.permissions import READ_ONLY
from trunkline.core.access.projects import ProjectKeyData, as_project_key
from trunkline.core.access.queries import ACTIVE_USER, ACTIVE_USER_THERE, CREDENTIAL, MEMBERSHIPS, PINNED
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import UnauthenticatedError

ADMINISTRATORS = ("owner", "admin")  # roles in an organization that make admins of all its workspaces


class _Credential(msgspec.Struct, frozen=True):
    """Who a credential stands for and how it narrows what that user could do, in the statements' order."""

    user_id: str
    operator: bool
    organization_id: str | None = None  # of the workspace it is bound to
    tier: int | None = None  # the user's role in that workspace
    key_id: str | None = None
    kind: str | None = None
    workspace_id: str | None = None
    operations: str | None = None
    entity_ids: str | None = None
    project: str | None = None  # metadata of a project's own key


def authenticate(tx: Tx, digest: str, *, request_id: str | None = None) -> Actor:
    """The actor behind an access key, found by the key's digest in two statements.

    A publishable key that does not say what it allows allows reading. The actor of a key bound to a
    workspace belongs to that workspace's organization only and administers none. Sessions and API tokens act
    as their user like a secret key does; which keys may make others is `keys`' and `sessions`' business. A
    project's own key reaches the project's groups as well, and one for front ends no more than a page may.

    Args:
        tx: the transaction.
        digest: `infra.vault.key_hash` of the key.
        request_id: carried into audit entries.

    Raises:
        UnauthenticatedError: the key is unknown, expired, revoked or inactive, its user is not active, or its
            workspace is deleted; the error does not say which.
    """
    found = tx.one(_Credential, CREDENTIAL, digest=digest, now=tx.now)
    if found is None:
        raise UnauthenticatedError("the access key is unknown, expired or revoked")
    return _actor(tx, found, request_id)


def pinned_dialect(tx: Tx, digest: str, *, unknown: str | None = None) -> str | None:
    """The dialect a key is pinned to, None for an unpinned one, and `unknown` where no valid key is found.

    A pin tells which dialect is meant where several have an operation at the same place; it opens and
    closes nothing.
    """
    found = tx.column(PINNED, digest=digest, now=tx.now)
    return found[0] if found else unknown


def act_as(tx: Tx, user_id: str, *, workspace_id: str | None = None, request_id: str | None = None) -> Actor:
    """The actor of a user who has proved who they are in another way, or of a service user.

    Args:
        tx: the transaction.
        user_id: 32 hex digits.
        workspace_id: bind the actor to a workspace, as a key bound there would be.
        request_id: carried into audit entries.

    Raises:
        UnauthenticatedError: the user is unknown or not active, or the workspace is absent or deleted.
    """
    if workspace_id is None:
        found = tx.one(_Credential, ACTIVE_USER, user_id=user_id)
    else:
        found = tx.one(_Credential, ACTIVE_USER_THERE, user_id=user_id, workspace_id=workspace_id)
    if found is None:
        raise UnauthenticatedError("the user is unknown or not active")
    return _actor(tx, found, request_id)


def _actor(tx: Tx, key: _Credential, request_id: str | None) -> Actor:
    roles: dict[str, str] = dict(tx.fetch(MEMBERSHIPS, {"user_id": key.user_id}))
    entity_ids = _decoded(key.entity_ids)
    operations = _decoded(key.operations)
    if operations is None and key.kind == "publishable":
        operations = READ_ONLY
    bound = key.workspace_id is not None
    organizations = tuple(roles) if not bound else tuple(o for o in roles if o == key.organization_id)
    administered = tuple(o for o in organizations if roles[o] in ADMINISTRATORS)
    tier = Tier.NONE
    if bound:
        tier = Tier.ADMIN if administered else Tier(key.tier or 0)
    actor = Actor(
        user_id=key.user_id,
        # What an operator may do reaches every tenant; a key narrowed to some objects is not meant to.
        operator=key.operator and entity_ids is None,
        organizations=organizations,
        administered=() if bound else administered,
        key_id=key.key_id,
        workspace_id=key.workspace_id,
        workspace_tier=tier,
        operations=operations,
        entity_ids=entity_ids,
        request_id=request_id,
    )
    if key.project is None:
        return actor
    return as_project_key(actor, msgspec.json.decode(key.project, type=ProjectKeyData).scopes)


def _decoded(stored: str | None) -> frozenset[str] | None:
    return None if stored is None else frozenset(msgspec.json.decode(stored, type=list[str]))
