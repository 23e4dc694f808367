"""Reading connections: their rows for people, whether an install may use one, the credential for a proxy."""

from __future__ import annotations

from dataclasses import replace

from trunkline.core.access import Permission, scope
from trunkline.core.connections.errors import CredentialDestroyedError
from trunkline.core.connections.queries import CREDENTIAL
from trunkline.core.connections.specs import CONNECTION, ConnectionRow
from trunkline.infra.db import Tx, lists
from trunkline.infra.vault import Context, Vault
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.kit.actor import Actor
from trunkline.kit.errors import NotFoundError
from trunkline.kit.filters import All, Compare, Op
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.secret import Secret

SECRET = "secret"  # noqa: S105  # the scheme of a workspace secret


def list_secrets(tx: Tx, actor: Actor, query: ListQuery) -> Page[ConnectionRow]:
    """The secrets of the caller's workspaces, without their values.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.SECRETS_READ)
    secrets = Compare("scheme", Op.EQ, SECRET)
    where = secrets if query.where is None else All((secrets, query.where))
    return lists.list_rows(tx, CONNECTION, replace(query, where=where), scope(actor, tx.specs))


def get_secret(tx: Tx, actor: Actor, secret_id: str) -> ConnectionRow:
    """One secret without its value; deleted ones for those who may restore them.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    actor.require(Permission.SECRETS_READ)
    return visible_secret(tx, actor, secret_id)


def visible_secret(tx: Tx, actor: Actor, secret_id: str) -> ConnectionRow:
    """One secret for use by another verb, whatever the key's scope.

    Raises:
        NotFoundError: absent, no secret, or outside the caller's scope.
    """
    row = lists.get_row(tx, CONNECTION, secret_id, scope(actor, tx.specs))
    if row is None or row.scheme != SECRET:
        raise NotFoundError("secret")
    return row


def require_usable(
    tx: Tx, actor: Actor, connection_id: str, *, workspace_id: str, integration_id: str
) -> str:
    """Refuse a connection that an install of this integration in this workspace may not use; its scheme.

    Raises:
        NotFoundError: absent, deleted, outside the caller's scope, of another workspace, or made for another
            integration: all look alike.
    """
    row = lists.get_row(tx, CONNECTION, connection_id, scope(actor, tx.specs), deleted=False)
    if row is None or row.workspace_id != workspace_id or row.integration_id not in {None, integration_id}:
        raise NotFoundError("connection")
    return row.scheme


def reveal(tx: Tx, vault: Vault, connection_id: str) -> Secret:
    """The credential of a live connection, for what is sent to its origins and for nothing else.

    Asks nobody's permission: whoever calls it has decided that the connection may be used.

    Raises:
        NotFoundError: absent or deleted.
        CredentialDestroyedError: its credential was destroyed.
        VaultError: what is stored does not open.
    """
    found = tx.fetch(CREDENTIAL, {"id": connection_id})
    if not found:
        raise NotFoundError("connection")
    organization_id, sealed, generation = found[0]
    if sealed is None:
        raise CredentialDestroyedError("the connection's credential was destroyed: connect again")
    return vault.open(DatabaseKeyStore(tx), organization_id, place_of(connection_id, generation), sealed)


def place_of(connection_id: str, generation: int) -> Context:
    """What a credential is sealed for: its row and its generation."""
    return Context("connections", connection_id, "credential", generation)
