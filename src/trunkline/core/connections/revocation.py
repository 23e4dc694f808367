"""Ending connections: the credential leaves its row at once, and the provider is told as soon as it answers.

What is to be revoked moves, as it was sealed, to a row of its own that outlives the connection, its integration
and its workspace, until the provider has confirmed or been asked often enough. Nothing is opened on the way.

Source: RFC 7009.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trunkline.core.connections.clients import is_given_for
from trunkline.core.connections.configuration import Configuration
from trunkline.core.connections.credential import Credential, seal_credential
from trunkline.core.connections.errors import NotConnectableError
from trunkline.core.connections.queries import BY_ID, CLIENT_SECRETS, OF_CONNECTION, STANDING
from trunkline.core.connections.reasons import Reason
from trunkline.core.connections.standing import (
    DISCONNECTED,
    Standing,
    changed_origins,
    read_configuration,
)
from trunkline.core.connections.tables import connection_revocations, connections, oauth_states
from trunkline.core.connections.transitions import NO_LEASE, journal
from trunkline.infra.db import Tx
from trunkline.infra.http import Origin
from trunkline.infra.jobs import enqueue
from trunkline.infra.vault import Vault
from trunkline.kit.actor import Actor

REVOKE_JOB = "connections.revoke"
QUEUED, UNSUPPORTED = "queued", "unsupported"

# What a row has lost once its credential is gone.
EMPTIED: Mapping[str, Any] = {
    **NO_LEASE,
    "credential": None,
    "hint": "",
    "refreshed_at": None,
    "access_expires_at": None,
    "refresh_expires_at": None,
    "stale_at": None,
    "due_at": None,
    "refreshable": 0,
    "failures": 0,
    "retry_at": None,
    "refusals": 0,
}


def end_connection(
    tx: Tx,
    actor: Actor,
    standing: Standing,
    reason: Reason,
    *,
    parent_id: str | None = None,
    **columns: Any,
) -> str:
    """Destroy a connection's credential and have it revoked; what becomes of the revocation.

    A refresh that is under way finds the generation moved on, so nothing of it is stored any more.

    Args:
        tx: the transaction.
        actor: who ends it.
        standing: as it stands.
        reason: why.
        parent_id: the event this follows from.
        columns: further ones to set, such as a tombstone.
    """
    revocation = queue_revocation(tx, standing)
    tx.update(
        connections,
        BY_ID,
        {"id": standing.id},
        **EMPTIED,
        generation=standing.generation + 1,
        status=DISCONNECTED,
        reason=reason.value,
        revocation=revocation,
        updated_at=tx.now,
        **columns,
    )
    tx.delete(oauth_states, OF_CONNECTION, connection_id=standing.id)
    told = {"reason": reason.value, "revocation": revocation}
    journal(tx, actor, "disconnected", standing, changed=("status",), data=told, parent_id=parent_id)
    return revocation


def queue_revocation(tx: Tx, standing: Standing) -> str:
    """Have what a connection holds revoked: `queued`, or `unsupported` where there is nobody to ask.

    Only an endpoint the owner has consented to is ever shown the token.
    """
    if standing.credential is None or standing.scheme != "oauth2":
        return UNSUPPORTED
    try:
        configuration = read_configuration(tx, standing)
    except NotConnectableError:
        return UNSUPPORTED
    if configuration.revocation_url is None or changed_origins(standing.origins, configuration):
        return UNSUPPORTED
    _queue(tx, standing, configuration, standing.credential, standing.generation)
    return QUEUED


def revoke_orphan(
    tx: Tx,
    actor: Actor,  # noqa: ARG001  # nothing a person did
    vault: Vault,
    standing: Standing,
    configuration: Configuration,
    credential: Credential,
) -> None:
    """Have tokens revoked that came for a connection which was ended meanwhile; others are only dropped.

    Tokens of a connection that was authorized anew belong to the same grant at many providers: revoking them
    would end what has just been made.
    """
    now = tx.one(Standing, STANDING, id=standing.id)
    ended = now is None or now.status == DISCONNECTED
    if not ended or configuration.revocation_url is None:
        return
    generation = standing.generation + 1
    sealed = seal_credential(tx, vault, standing.organization_id, standing.id, generation, credential)
    _queue(tx, standing, configuration, sealed, generation)


def _queue(tx: Tx, standing: Standing, configuration: Configuration, sealed: str, generation: int) -> None:
    url = configuration.require("revocation_url")
    own = tx.fetch(CLIENT_SECRETS, {"id": standing.integration_id})
    # A server the client's secret was not given for is asked without it; it decides whether that suffices.
    copied = configuration.client_id is not None and is_given_for(tx, standing.integration_id, url)
    as_app = Origin.of(url) in configuration.provider_origins
    tx.insert(
        connection_revocations,
        id=tx.new_id(),
        organization_id=standing.organization_id,
        workspace_id=standing.workspace_id,
        connection_id=standing.id,
        integration_id=standing.integration_id,
        home_id=configuration.source.home_id,
        provider=configuration.provider if as_app else None,
        url=url,
        client_id=configuration.client_id,
        token_auth=configuration.token_auth,
        credential=sealed,
        generation=generation,
        client_organization_id=own[0][0] if own else None,
        client_secret=own[0][1] if own and copied else None,
        client_generation=own[0][3] if own else 0,
        state=QUEUED,
        next_at=tx.now,
        created_at=tx.now,
    )
    # One job for all of a tenant's: it takes whatever is due.
    tenant = standing.organization_id
    enqueue(tx, REVOKE_JOB, {"organizationId": tenant}, dedupe_key=f"{REVOKE_JOB}:{tenant}")
