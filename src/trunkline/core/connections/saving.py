"""Storing a connection whose credential its owner has just given, as a new one or as the one it was for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import json

from trunkline.core.access import NO_TOMBSTONE
from trunkline.core.connections.configuration import CODE, OWN_GRANTS, Configuration, Source
from trunkline.core.connections.credential import Credential, seal_credential
from trunkline.core.connections.errors import (
    NothingToConnectError,
    WorkspaceDeletedError,
    WrongAccountError,
)
from trunkline.core.connections.freshness import Lifetimes, times_of
from trunkline.core.connections.identity import Account, stored_account
from trunkline.core.connections.notes import checked_metadata
from trunkline.core.connections.ownership import require_own
from trunkline.core.connections.queries import (
    BY_ID,
    CONNECTION_FOR,
    LIVE_WORKSPACE,
    QUEUED_OF_CONNECTION,
    THROUGH_PROVIDER,
)
from trunkline.core.connections.reads import first_seen, require_connects, require_hold, visible_connection
from trunkline.core.connections.reasons import Reason
from trunkline.core.connections.scopes import missing_scopes
from trunkline.core.connections.sources import PER_USER, require_consumer, require_place
from trunkline.core.connections.specs import ConnectionRow
from trunkline.core.connections.standing import OK, PENDING
from trunkline.core.connections.tables import connection_revocations, connections
from trunkline.core.connections.transitions import NO_LEASE, journal
from trunkline.infra.db import Tx
from trunkline.infra.vault import Vault
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.secret import Secret, hint_of
from trunkline.kit.strictjson import encode
from trunkline.kit.text import MAX_NAME, check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the connection is to be, as its owner asked.

    Attributes:
        connection_id: the one to be connected again; None for a new one.
        singular: take the owner's connection to this integration where there is one, instead of a second; of a
            provider itself, the one for this consumer.
        mode: who it is for; a new one's only.
        metadata: notes; without any, those of before stay.
        parameters: filled into the provider's URLs.
        consumer_id: for whom its publisher has it connected; a new one's only.
    """

    workspace_id: str
    connection_id: str | None = None
    singular: bool = False
    mode: str = PER_USER
    name: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    consumer_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A credential that was given and found good; None of it where the owner has yet to authorize.

    Attributes:
        asked_at: when it was asked for, which its lifetimes count from.
        shown: what of it the owner recognises.
    """

    credential: Credential
    asked_at: str
    access_s: int | None = None
    refresh_s: int | None = None
    scopes: tuple[str, ...] = ()
    account: Account = field(default_factory=Account)
    shown: Secret | None = None


def save_connection(
    tx: Tx, actor: Actor, vault: Vault, configuration: Configuration, wanted: Wanted, given: Given | None
) -> str:
    """Store a connection as the caller's; its id. A connection that is connected again keeps its id.

    Raises:
        NotFoundError: the workspace, the consumer or the connection is absent or outside the caller's scope,
            or the connection is another integration's or provider's.
        ForbiddenError: the caller may not connect there, or it is somebody else's own.
        WrongAccountError: it is for another account than the one that was connected now.
        WorkspaceDeletedError: its workspace is deleted.
        VaultError: the vault's key cannot be used.
    """
    before = _existing(tx, actor, configuration, wanted)
    if before is None:
        return _insert(tx, actor, vault, configuration, wanted, given)
    _check_again(tx, actor, configuration, before, given)
    known = stored_account(before.account)
    account = known if given is None or given.account.tells_less_than(known) else given.account
    generation = before.generation + 1
    tx.update(
        connections,
        BY_ID,
        {"id": before.id},
        **_columns(tx, vault, before.organization_id, before.id, generation, configuration, given),
        **NO_TOMBSTONE,
        **({"metadata": checked_metadata(wanted.metadata)} if wanted.metadata else {}),
        account=_account_text(account),
        parameters=encode(wanted.parameters) if wanted.parameters else bytes(before.parameters).decode(),
        updated_at=tx.now,
    )
    # Revoking the grant of before could end the one of now: to many providers they are the same.
    tx.update(
        connection_revocations,
        QUEUED_OF_CONNECTION,
        {"connection_id": before.id},
        state="failed",
        credential=None,
        client_secret=None,
        last_error="connected again before it was revoked",
        finished_at=tx.now,
    )
    journal(tx, actor, "reconnected", before, changed=("credential", "status"))
    return before.id


def _existing(tx: Tx, actor: Actor, configuration: Configuration, wanted: Wanted) -> ConnectionRow | None:
    source = configuration.source
    connection_id = wanted.connection_id
    if connection_id is None and wanted.singular:
        connection_id = _singular(tx, actor, source, wanted)
    if connection_id is None:
        return None
    row = visible_connection(tx, actor, connection_id)
    require_connects(row, source, wanted.workspace_id)
    return row


def _singular(tx: Tx, actor: Actor, source: Source, wanted: Wanted) -> str | None:
    """The one there is."""
    there = {
        "workspace_id": wanted.workspace_id,
        "user_id": actor.user_id if wanted.mode == PER_USER else "",
    }
    if source.provider is None:
        return first_seen(tx, actor, CONNECTION_FOR, integration_id=source.integration_id, **there)
    consumer_id = wanted.consumer_id or ""
    return first_seen(tx, actor, THROUGH_PROVIDER, provider=source.provider, consumer_id=consumer_id, **there)


def _check_again(
    tx: Tx, actor: Actor, configuration: Configuration, row: ConnectionRow, given: Given | None
) -> None:
    require_own(actor, row)
    require_hold(tx, actor, row, Tier.EDITOR)
    if tx.value(LIVE_WORKSPACE, id=row.workspace_id) is None:
        raise WorkspaceDeletedError("the connection's workspace is deleted: restore that first")
    if given is None:
        raise NothingToConnectError("give the credential, or authorize the connection")
    known = stored_account(row.account)
    if given.account.is_another_than(known):
        told = known.email or known.display_name or known.id
        raise WrongAccountError(
            f"the connection {row.name} is for the account {told}; connect that one, or make another connection"
            f" to {configuration.source.name}"
        )


def _insert(
    tx: Tx, actor: Actor, vault: Vault, configuration: Configuration, wanted: Wanted, given: Given | None
) -> str:
    source = configuration.source
    organization_id = require_place(tx, actor, source, wanted.workspace_id, wanted.mode)
    require_consumer(tx, source, wanted.consumer_id)
    connection_id = tx.new_id()
    account = Account() if given is None else given.account
    name = wanted.name or account.display_name or account.email or source.name
    tx.insert(
        connections,
        id=connection_id,
        organization_id=organization_id,
        workspace_id=wanted.workspace_id,
        integration_id=source.integration_id,
        user_id=actor.user_id if wanted.mode == PER_USER else None,
        mode=wanted.mode,
        name=check_name("name", name[:MAX_NAME]),
        metadata=checked_metadata(wanted.metadata),
        account=_account_text(account),
        parameters=encode(wanted.parameters),
        created_by=actor.user_id,
        created_at=tx.now,
        updated_at=tx.now,
        consumer_id=wanted.consumer_id,
        **_columns(tx, vault, organization_id, connection_id, 1, configuration, given),
    )
    row = visible_connection(tx, actor, connection_id)
    made_to = (
        {"integrationId": source.integration_id} if source.provider is None else {"provider": source.name}
    )
    told = {**made_to, "status": row.status}
    journal(tx, actor, "created", row, data=told)
    return connection_id


def _columns(
    tx: Tx,
    vault: Vault,
    organization_id: str,
    connection_id: str,
    generation: int,
    configuration: Configuration,
    given: Given | None,
) -> dict[str, Any]:
    """Everything that follows from the credential and from what the owner has consented to by giving it."""
    common = {
        **NO_LEASE,
        "scheme": configuration.scheme,
        "grant_type": configuration.grant_type,
        "provider": configuration.provider,
        "generation": generation,
        "origins": encode(configuration.origins),
        "failures": 0,
        "retry_at": None,
        "refusals": 0,
        "revocation": None,
    }
    if given is None:
        return {**common, "status": PENDING, "reason": None, "hint": "", "refreshable": 0}
    credential = given.credential
    refreshable = is_refreshable(configuration, credential)
    times = times_of(
        given.asked_at,
        Lifetimes(
            access_s=given.access_s,
            refresh_s=given.refresh_s,
            refreshable=refreshable,
            idles=credential.refresh is not None,
        ),
    )
    return {
        **common,
        "status": OK,
        "reason": _flag(configuration, given, refreshable=refreshable),
        "hint": "" if given.shown is None else hint_of(given.shown),
        "scopes": json.encode(given.scopes).decode(),
        "credential": seal_credential(tx, vault, organization_id, connection_id, generation, credential),
        "refreshed_at": times.refreshed_at,
        "access_expires_at": times.access_expires_at,
        "refresh_expires_at": times.refresh_expires_at,
        "stale_at": times.stale_at,
        "due_at": times.due_at,
        "refreshable": int(refreshable),
        "last_authorized_at": tx.now,
    }


def is_refreshable(configuration: Configuration, credential: Credential) -> bool:
    """Whether a fresh token can be got without the owner."""
    if configuration.scheme == "oauth2":
        return credential.refresh is not None or configuration.grant_type in OWN_GRANTS
    return configuration.scheme == "token_exchange"


def _flag(configuration: Configuration, given: Given, *, refreshable: bool) -> str | None:
    if missing_scopes(configuration, given.scopes):
        return Reason.MISSING_SCOPE
    expires = given.access_s is not None and configuration.grant_type == CODE
    return Reason.NO_REFRESH_TOKEN if expires and not refreshable else None


def _account_text(account: Account) -> str | None:
    return json.encode(account).decode() if account.is_known else None
