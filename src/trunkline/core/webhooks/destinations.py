"""Destinations: where a workspace's messages go. What is secret of them is sealed before it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType, structs

from trunkline.core.access import Permission, require_workspace
from trunkline.core.journal import Change, empty_payloads, record
from trunkline.core.webhooks.checks import (
    check_metadata,
    check_plain_name,
    check_secrets,
    check_sent_headers,
    check_type,
)
from trunkline.core.webhooks.errors import DestinationNameTakenError
from trunkline.core.webhooks.hidden import Hidden, opened, sealed
from trunkline.core.webhooks.queries import BY_ID, DESTINATION_NAMED, ROUTES_OF_DESTINATION
from trunkline.core.webhooks.reads import administered_destination
from trunkline.core.webhooks.routes import end_destination_route
from trunkline.core.webhooks.signing import begin_signing, end_signing
from trunkline.core.webhooks.specs import DestinationRouteRow, DestinationRow
from trunkline.core.webhooks.tables import destinations
from trunkline.core.webhooks.types import HEADERS, WEBHOOK
from trunkline.infra.db import Tx
from trunkline.infra.http import EgressPolicy
from trunkline.infra.vault import Vault
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.secret import Secret
from trunkline.kit.strictjson import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDestination:
    """The request for a destination; `metadata` and `secrets` hold what its type asks for, see `types`."""

    workspace_id: str
    name: str
    type: str
    metadata: Mapping[str, Any]
    secrets: Mapping[str, Secret] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDestination:
    """The request to change a destination; what is UNSET stays as it is.

    Attributes:
        id: 32 hex digits.
        name: another name.
        type: another type, which the rest must fit.
        metadata: in place of all there is, headers included.
        members: of the metadata, each in place of what it was; None takes it away.
        secrets: each in place of what it was; None takes it away.
    """

    id: str
    name: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    metadata: Mapping[str, Any] | UnsetType = UNSET
    members: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Secret | None] = field(default_factory=dict)


def create_destination(
    tx: Tx, actor: Actor, vault: Vault, policy: EgressPolicy, request: CreateDestination
) -> DestinationRow:
    """Keep a destination, its headers and secrets sealed; a webhook gets the key its messages are signed with.

    Raises:
        NotFoundError: the workspace is absent or foreign.
        ForbiddenError: the caller is no admin there.
        InvalidRequestError: a member is malformed, missing, or does not fit the type.
        DestinationNameTakenError: the workspace has one of this name.
    """
    actor.require(Permission.WEBHOOKS_WRITE)
    organization_id = require_workspace(tx, actor, request.workspace_id, Tier.ADMIN)
    _require_free(tx, request.workspace_id, check_plain_name("name", request.name))
    kind = check_type(request.type)
    metadata, headers = _split(request.metadata)
    check_metadata(kind, metadata, policy)
    check_secrets(kind, request.secrets)
    hidden = Hidden(headers, {name: secret.reveal() for name, secret in request.secrets.items()})
    row = DestinationRow(
        id=tx.new_id(),
        organization_id=organization_id,
        workspace_id=request.workspace_id,
        name=request.name,
        type=request.type,
        metadata=Raw(encode(metadata).encode()),
        generation=1,
        created_by=actor.user_id,
        created_at=tx.now,
        updated_at=tx.now,
    )
    stored = structs.asdict(row) | {"metadata": encode(metadata)}
    tx.insert(destinations, **stored, secrets=sealed(tx, vault, row, hidden))
    if row.type == WEBHOOK:
        begin_signing(tx, vault, row)
    _journal(tx, actor, "created", row)
    return row


def update_destination(
    tx: Tx, actor: Actor, vault: Vault, policy: EgressPolicy, request: UpdateDestination
) -> DestinationRow:
    """Change a destination; its signing key stays as long as it is a webhook.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin there.
        InvalidRequestError: what it would be is malformed, or does not fit its type.
        DestinationNameTakenError: the workspace has another of this name.
        VaultError: what is stored does not open.
    """
    actor.require(Permission.WEBHOOKS_WRITE)
    before = administered_destination(tx, actor, request.id)
    stored: dict[str, Any] = {}
    if request.name is not UNSET and request.name != before.name:
        _require_free(tx, before.workspace_id, check_plain_name("name", request.name))
        stored["name"] = request.name
    if request.type is not UNSET and request.type != before.type:
        check_type(request.type)
        stored["type"] = request.type
    after, hidden, resealed = _merged(before, opened(tx, vault, before), request)
    if encode(after).encode() != bytes(before.metadata):
        stored["metadata"] = encode(after)
    changed = (*stored, *resealed)
    if not changed:
        return before
    kind = check_type(stored.get("type", before.type))
    if not stored.keys().isdisjoint({"type", "metadata"}):
        check_metadata(kind, after, policy)
    check_secrets(kind, {name: Secret(text) for name, text in hidden.secrets.items()})
    row = _applied(before, stored)
    if resealed:
        row = structs.replace(row, generation=before.generation + 1)
        stored |= {"generation": row.generation, "secrets": sealed(tx, vault, row, hidden)}
    row = structs.replace(row, updated_at=tx.now)
    tx.update(destinations, BY_ID, {"id": before.id}, **stored, updated_at=tx.now)
    _follow_type(tx, vault, before, row)
    _journal(tx, actor, "updated", row, changed=changed)
    return row


def delete_destination(tx: Tx, actor: Actor, destination_id: str) -> None:
    """Remove a destination for good, with its secrets, its signing keys and the routes to it.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin there.
    """
    actor.require(Permission.WEBHOOKS_WRITE)
    row = administered_destination(tx, actor, destination_id)
    event_id = _journal(tx, actor, "deleted", row)
    for route in tx.all(DestinationRouteRow, ROUTES_OF_DESTINATION, destination_id=row.id):
        end_destination_route(tx, actor, route, parent_id=event_id)
    end_signing(tx, row.id)
    tx.delete(destinations, BY_ID, id=row.id)
    empty_payloads(tx, [row.id])


def _split(metadata: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What is shown of the metadata, and the headers."""
    shown = {name: value for name, value in metadata.items() if name != HEADERS}
    headers = metadata.get(HEADERS)
    return shown, {} if headers is None else check_sent_headers(headers)


def _merged(
    before: DestinationRow, hidden: Hidden, request: UpdateDestination
) -> tuple[dict[str, Any], Hidden, tuple[str, ...]]:
    """The metadata and what is sealed as they will be, and which of what is sealed is another."""
    metadata: dict[str, Any] = msgspec.json.decode(before.metadata)
    headers, secrets = hidden.headers, dict(hidden.secrets)
    if request.metadata is not UNSET:
        metadata, headers = _split(request.metadata)
    for name, value in request.members.items():
        if name == HEADERS:
            headers = {} if value is None else check_sent_headers(value)
        else:
            _put(metadata, name, value)
    for name, secret in request.secrets.items():
        _put(secrets, name, None if secret is None else secret.reveal())
    changed = ("headers",) if headers != hidden.headers else ()
    # A secret that is given is new even if it is the same: whether it was is nobody's business.
    return metadata, Hidden(headers, secrets), (*changed, *(("secrets",) if request.secrets else ()))


def _put(members: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        members.pop(name, None)
    else:
        members[name] = value


def _applied(before: DestinationRow, stored: Mapping[str, Any]) -> DestinationRow:
    changes = dict(stored)
    if "metadata" in changes:
        changes["metadata"] = Raw(changes["metadata"].encode())
    return structs.replace(before, **changes)


def _follow_type(tx: Tx, vault: Vault, before: DestinationRow, after: DestinationRow) -> None:
    if before.type == WEBHOOK != after.type:
        end_signing(tx, after.id)
    elif before.type != WEBHOOK == after.type:
        begin_signing(tx, vault, after)


def _require_free(tx: Tx, workspace_id: str, name: str) -> None:
    if tx.value(DESTINATION_NAMED, workspace_id=workspace_id, name=name) is not None:
        raise DestinationNameTakenError(f"a destination called {name} exists in this project")


def _journal(tx: Tx, actor: Actor, verb: str, row: DestinationRow, *, changed: tuple[str, ...] = ()) -> str:
    change = Change(
        type=f"destination.{verb}",
        subject_kind="destination",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=changed,
        data={"name": row.name, "type": row.type},
    )
    return record(tx, actor, change)
