"""How connections are spelled, and what goes in: shared by the operations that make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, json

from trunkline.core import connections as core
from trunkline.dialects.platform.vocabulary import RetentionTier
from trunkline.dialects.platform.wire_base import (
    Json,
    Wire,
    member_id,
    spell_id,
    spell_optional_time,
    spell_time,
)
from trunkline.kit.clock import parse_time
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.ids import format_id
from trunkline.kit.secret import Secret
from trunkline.web import FlowCall

Credentials = Annotated[
    dict[str, Annotated[str, Meta(max_length=16_384)]],
    Meta(description="What the provider wants to see, by name.", examples=[{"apiKey": "…"}], max_length=50),
]


Provider = Annotated[
    str,
    Meta(description="Name of a provider in the catalog, to be connected itself, instead of an integration."),
]


class ConnectionWire(Wire, frozen=True, kw_only=True):
    """An account connected to an integration or to a provider itself, without its credential."""

    id: str
    workspace_id: str
    integration_id: Annotated[
        str | None, Meta(description="Null where a provider itself is connected, or the integration is gone.")
    ]
    provider: Annotated[
        str | None, Meta(description="What the integration names, or what is connected itself.")
    ]
    user_id: Annotated[str | None, Meta(description="Whose it is; null where the workspace shares it.")]
    mode: Literal["per_user", "shared"]
    scheme: str
    grant_type: Annotated[str | None, Meta(description="Of OAuth: how its tokens are got.")]
    status: Literal["pending", "ok", "needs_reauth", "suspended", "disconnected"]
    reason: Annotated[str | None, Meta(description="Why it is not `ok`, or what of it needs attention.")]
    name: str
    hint: str
    metadata: Json
    account: Annotated[Json | None, Meta(description="`id`, `email` and `displayName` as far as known.")]
    scopes: list[str]
    origins: Annotated[list[str], Meta(description="The servers its owner agreed to show the credential to.")]
    parameters: Annotated[Json, Meta(description="What its owner filled into the provider's URLs.")]
    refreshable: Annotated[bool, Meta(description="Whether fresh tokens are got without its owner.")]
    access_expires_at: str | None
    refresh_expires_at: str | None
    last_authorized_at: str | None
    last_used_at: str | None
    revocation: Annotated[
        str | None, Meta(description="What became of it at the provider, once disconnected.")
    ]
    created_by: str
    created_at: str
    updated_at: str
    deleted_at: str | None
    retention_tier: RetentionTier | None


def spell(row: core.ConnectionRow) -> ConnectionWire:
    """A connection in this dialect."""
    return ConnectionWire(
        id=format_id("connection", row.id),
        workspace_id=format_id("workspace", row.workspace_id),
        integration_id=spell_id("integration", row.integration_id),
        provider=row.provider,
        user_id=spell_id("user", row.user_id),
        mode=row.mode,  # type: ignore[arg-type]  # the database allows nothing else
        scheme=row.scheme,
        grant_type=row.grant_type,
        status=row.status,  # type: ignore[arg-type]
        reason=row.reason,
        name=row.name,
        hint=row.hint,
        metadata=row.metadata,
        account=row.account,
        scopes=json.decode(row.scopes, type=list[str]),
        origins=json.decode(row.origins, type=list[str]),
        parameters=row.parameters,
        refreshable=row.refreshable,
        access_expires_at=spell_optional_time(row.access_expires_at),
        refresh_expires_at=spell_optional_time(row.refresh_expires_at),
        last_authorized_at=spell_optional_time(row.last_authorized_at),
        last_used_at=spell_optional_time(row.last_used_at),
        revocation=row.revocation,
        created_by=format_id("user", row.created_by),
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
        deleted_at=spell_optional_time(row.deleted_at),
        retention_tier=row.retention_tier,  # type: ignore[arg-type]
    )


def credentials(given: Mapping[str, Any] | None) -> dict[str, Secret]:
    """What was sent, out of reach of logs and errors."""
    return {name: Secret(value) for name, value in (given or {}).items()}


def integration_id(text: str | None) -> str | None:
    """The 32 hex digits of the integration a body names; None where it names none.

    Raises:
        InvalidRequestError: no id of an integration.
    """
    return None if text is None else member_id("integration", text, "integrationId")


def moment(text: str | None, path: str) -> str | None:
    """A time as it is kept.

    Raises:
        InvalidRequestError: no RFC 3339 time.
    """
    found = None if text is None else parse_time(text)
    if text is not None and found is None:
        raise InvalidRequestError.at(path, "not a time with its offset (RFC 3339)")
    return found


def flow_services(call: FlowCall) -> core.FlowServices:
    """What the flows of connections work with."""
    return core.FlowServices(
        database=call.database,
        vault=call.services.vault,
        egress=call.services.egress,
        public_url=call.services.public_url,
        clock=call.database.catalog.clock,
    )
