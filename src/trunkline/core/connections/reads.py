"""Reading connections and secrets: their rows for people, whether an install may use one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from trunkline.core.access import Permission, TierTooLowError, scope
from trunkline.core.connections.configuration import Source
from trunkline.core.connections.errors import CredentialDestroyedError
from trunkline.core.connections.queries import CONNECTION_FOR, CREDENTIAL, HELD, THROUGH_PROVIDER
from trunkline.core.connections.sealed import CONNECTION_CREDENTIAL
from trunkline.core.connections.sources import provider_of
from trunkline.core.connections.specs import AUTH_STATE, CONNECTION, SECRET, ConnectionRow, SecretRow
from trunkline.core.connections.standing import DISCONNECTED
from trunkline.infra.db import Mode, Tx, lists
from trunkline.infra.vault import Vault
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import NotFoundError
from trunkline.kit.filters import Compare, Op, both
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.secret import Secret

SECRET_SCHEME = "secret"  # noqa: S105  # the scheme of a workspace secret


class Identified(Protocol):
    """Anything with an id."""

    @property
    def id(self) -> str:
        """32 hex digits."""
        ...


def list_secrets(tx: Tx, actor: Actor, query: ListQuery) -> Page[SecretRow]:
    """The secrets of the caller's workspaces, without their values.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.SECRETS_READ)
    return lists.list_rows(tx, SECRET, _narrowed(query, Op.EQ), scope(actor, tx.specs))


def get_secret(tx: Tx, actor: Actor, secret_id: str) -> SecretRow:
    """One secret without its value; deleted ones for those who may restore them.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    actor.require(Permission.SECRETS_READ)
    return visible_secret(tx, actor, secret_id)


def visible_secret(tx: Tx, actor: Actor, secret_id: str) -> SecretRow:
    """One secret for use by another verb, whatever the key's scope.

    Raises:
        NotFoundError: absent, no secret, or outside the caller's scope.
    """
    row = lists.get_row(tx, SECRET, secret_id, scope(actor, tx.specs))
    if row is None or row.scheme != SECRET_SCHEME:
        raise NotFoundError("secret")
    return row


def list_connections(tx: Tx, actor: Actor, query: ListQuery) -> Page[ConnectionRow]:
    """The connections the caller sees: shared ones, their own, and all of workspaces they administer.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.CONNECTIONS_READ)
    return lists.list_rows(tx, CONNECTION, _narrowed(query, Op.NEQ), scope(actor, tx.specs))


def get_connection(tx: Tx, actor: Actor, connection_id: str) -> ConnectionRow:
    """One connection; disconnected ones for those who may connect them again.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    actor.require(Permission.CONNECTIONS_READ)
    return visible_connection(tx, actor, connection_id)


def visible_connection(tx: Tx, actor: Actor, connection_id: str, *, deleted: bool = True) -> ConnectionRow:
    """One connection for use by another verb, whatever the key's scope.

    Raises:
        NotFoundError: absent, a secret, or outside the caller's scope.
    """
    row = lists.get_row(tx, CONNECTION, connection_id, scope(actor, tx.specs), deleted=deleted)
    if row is None or row.scheme == SECRET_SCHEME:
        raise NotFoundError("connection")
    return row


def connection_for(tx: Tx, actor: Actor, integration_id: str, workspace_id: str) -> ConnectionRow | None:
    """The caller's own connection to an integration in a workspace, else the one shared there; None for none.

    Of several, one that works, then the oldest.
    """
    place = {"integration_id": integration_id, "workspace_id": workspace_id}
    for user_id in (actor.user_id, "") if actor.user_id else ("",):
        found = first_seen(tx, actor, CONNECTION_FOR, **place, user_id=user_id)
        if found is not None:
            return visible_connection(tx, actor, found)
    return None


def connection_through(
    tx: Tx, actor: Actor, provider: str, workspace_id: str, consumer_id: str | None = None
) -> ConnectionRow | None:
    """The connection of a provider itself that a workspace shares for a consumer; None where there is none.

    Of several, one that works, then the oldest.
    """
    place = {"provider": provider, "workspace_id": workspace_id, "consumer_id": consumer_id or ""}
    found = first_seen(tx, actor, THROUGH_PROVIDER, **place, user_id="")
    return None if found is None else visible_connection(tx, actor, found)


def first_seen(tx: Tx, actor: Actor, statement: str, **values: Any) -> str | None:
    """The id of the first connection a statement finds among those the caller sees; None where it finds none.

    Args:
        tx: the transaction.
        actor: the caller.
        statement: a template with a place for what the caller sees.
        values: its other parameters.
    """
    held = scope(actor, tx.specs)
    seen = held.visible(CONNECTION, "t", Mode.GET)
    found: str | None = tx.value(statement.format(a="t", seen=seen), **values, **held.params)
    return found


def require_connects(row: ConnectionRow, source: Source, workspace_id: str) -> None:
    """Refuse a connection of another integration, provider or workspace than is to be connected.

    Raises:
        NotFoundError: it is one; that it exists is nobody's business there.
    """
    same = row.integration_id == source.integration_id and (
        source.provider is None or row.provider == source.provider
    )
    if not same or row.workspace_id != workspace_id:
        raise NotFoundError("connection")


def require_hold(tx: Tx, actor: Actor, row: Identified, tier: Tier) -> None:
    """Refuse unless the caller holds `tier` on a connection they see; everything of their own is theirs.

    Raises:
        TierTooLowError: they do not.
    """
    held = scope(actor, tx.specs)
    seen = held.at_least(CONNECTION, "t", tier)
    if tx.value(HELD.format(a="t", seen=seen), id=row.id, **held.params) is None:
        raise TierTooLowError(tier, "connection")


def require_usable(
    tx: Tx, actor: Actor, connection_id: str, *, workspace_id: str, integration_id: str
) -> str:
    """Refuse what an install of this integration in this workspace may not authenticate with; its scheme.

    A secret of the workspace will do, and a connection to the same integration or through the same provider,
    unless it was disconnected.

    Raises:
        NotFoundError: absent, deleted, outside the caller's scope, of another workspace, disconnected, or
            made for something else: all look alike.
    """
    row = lists.get_row(tx, AUTH_STATE, connection_id, scope(actor, tx.specs), deleted=False)
    if row is None or row.workspace_id != workspace_id or row.status == DISCONNECTED:
        raise NotFoundError("connection")
    fits = row.scheme == SECRET_SCHEME or row.integration_id == integration_id
    if not fits and row.provider is not None:
        fits = row.provider == provider_of(tx, integration_id, workspace_id)
    if not fits:
        raise NotFoundError("connection")
    return row.scheme


def reveal(tx: Tx, vault: Vault, secret_id: str) -> Secret:
    """The value of a live secret, for what is sent to its origins and for nothing else.

    Asks nobody's permission: whoever calls it has decided that the secret may be used.

    Raises:
        NotFoundError: absent or deleted.
        CredentialDestroyedError: its value was destroyed.
        VaultError: what is stored does not open.
    """
    found = tx.fetch(CREDENTIAL, {"id": secret_id})
    if not found:
        raise NotFoundError("connection")
    organization_id, sealed, generation = found[0]
    if sealed is None:
        raise CredentialDestroyedError("the connection's credential was destroyed: connect again")
    place = CONNECTION_CREDENTIAL.place(secret_id, generation)
    return vault.open(DatabaseKeyStore(tx), organization_id, place, sealed)


def _narrowed(query: ListQuery, kind: Op) -> ListQuery:
    """The query among secrets only, or among everything else."""
    own = Compare("scheme", kind, SECRET_SCHEME)
    return replace(query, where=both(own, query.where))
