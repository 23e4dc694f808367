"""The one place where a connection's credential is handed to a caller: a publisher's server, with the project's key.

Everywhere else a credential goes to the servers its owner has consented to, and to nobody.

Source: ampersand reference section 1.7 (includeCreds, includeRefreshToken).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from trunkline.core.access import Permission
from trunkline.core.connections.configuration import CODE
from trunkline.core.connections.credential import open_credential
from trunkline.core.connections.errors import CredentialWithheldError
from trunkline.core.connections.ownership import require_own
from trunkline.core.connections.reads import require_hold, visible_connection
from trunkline.core.connections.standing import OK, read_standing
from trunkline.core.connections.transitions import journal
from trunkline.infra.db import Tx
from trunkline.infra.vault import SealError, UnknownKeyError, Vault
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed:
    """What of a credential was handed out: the tokens of an authorization, or an API key.

    All of it is None where there is neither, and where the connection does not work.
    """

    access: Secret | None = field(default=None, repr=False)
    refresh: Secret | None = field(default=None, repr=False)
    api_key: Secret | None = field(default=None, repr=False)

    @property
    def names(self) -> list[str]:
        """What there is of it, for the record."""
        given = (("accessToken", self.access), ("refreshToken", self.refresh), ("apiKey", self.api_key))
        return [name for name, value in given if value is not None]


def reveal_credential(
    tx: Tx, actor: Actor, vault: Vault, connection_id: str, *, refresh_token: bool = False
) -> Revealed:
    """Hand out the tokens that a connection's owner authorized, or its API key; who got what is on record.

    Args:
        tx: the transaction, a write.
        actor: a project's own key that is narrowed to nothing; nobody else may have it.
        vault: opens it.
        connection_id: 32 hex digits.
        refresh_token: whether the refresh token is wanted, too.

    Raises:
        NotFoundError: absent, disconnected or outside the caller's scope.
        CredentialWithheldError: the caller is no such key.
        ForbiddenError: the caller is no admin of it, or it is another user's own.
        VaultError: the vault's key cannot be used.
    """
    actor.require(Permission.CONNECTIONS_READ)
    row = visible_connection(tx, actor, connection_id, deleted=False)
    if not _is_whole_project_key(actor):
        raise CredentialWithheldError("credentials are shown to a project's own key of full scope only")
    require_own(actor, row)
    require_hold(tx, actor, row, Tier.ADMIN)
    found = _opened(tx, vault, connection_id)
    if not refresh_token:
        found = Revealed(access=found.access, api_key=found.api_key)
    if found.names:
        journal(tx, actor, "credential_revealed", row, data={"revealed": found.names})
    return found


def _opened(tx: Tx, vault: Vault, connection_id: str) -> Revealed:
    standing = read_standing(tx, connection_id)
    if standing.status != OK or standing.credential is None:
        return Revealed()
    place = (standing.organization_id, standing.id, standing.generation)
    try:
        credential = open_credential(tx, vault, *place, standing.credential)
    except (SealError, UnknownKeyError):
        return Revealed()  # whoever uses it next leaves it to its owner
    if standing.grant_type == CODE:
        return Revealed(access=credential.access, refresh=credential.refresh)
    return Revealed(api_key=credential.given.get("apiKey") if standing.scheme == "api_key" else None)


def _is_whole_project_key(actor: Actor) -> bool:
    narrowed = actor.operations is not None or actor.entity_ids is not None or actor.front_end
    return actor.key_id is not None and actor.over_groups and actor.workspace_id is not None and not narrowed
