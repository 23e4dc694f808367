"""Session tokens: short-lived keys for a browser or device, made with a secret key."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from trunkline.core import access as core
from trunkline.dialects.platform.keys import ScopesBody, ScopesWire, spell_scopes
from trunkline.dialects.platform.wire_base import Body, Wire, member_id, spell_optional_time
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_id
from trunkline.web import Call, Route


class CreateTokenBody(Body, frozen=True, kw_only=True):
    """A new session token that acts as the caller in one workspace."""

    workspace_id: str
    scopes: ScopesBody | None = None
    expires_in: Annotated[int, Meta(ge=1, le=core.TOKEN_LIFETIME_MAX_S, description="Seconds.")] = (
        core.TOKEN_LIFETIME_S
    )
    metadata: dict[str, Any] | None = None


class TokenWire(Wire, frozen=True, kw_only=True):
    """A new session token. `key` is shown this once and kept nowhere."""

    id: str
    key: str
    key_hint: str
    type: Literal["session"]
    workspace_id: str
    scopes: ScopesWire
    expires_at: str | None


def create_token(call: Call) -> TokenWire:
    """POST /api/tokens."""
    body: CreateTokenBody = call.body
    scopes = body.scopes or ScopesBody()
    named = scopes.objects()
    workspace_id = member_id("workspace", body.workspace_id, "workspaceId")
    request = core.CreateToken(
        workspace_id=workspace_id,
        operations=scopes.operation_names(),
        entity_ids=None if named is None else tuple(named),
        expires_in_s=body.expires_in,
        metadata=body.metadata or {},
    )
    issued = core.create_token(call.tx, call.actor, request, pepper=call.services.pepper)
    return TokenWire(
        id=format_id("key", issued.row.id),
        key=issued.secret.reveal(),
        key_hint=issued.row.hint,
        type="session",
        workspace_id=format_id("workspace", workspace_id),
        scopes=spell_scopes(issued.row, named),
        expires_at=spell_optional_time(issued.row.expires_at),
    )


ROUTES = [
    Route(
        method="POST",
        path="/api/tokens",
        handler=create_token,
        operation_id="createToken",
        summary="Make a session token that lives a day at most; the answer is the only place it is shown.",
        permission="tokens:write",
        body=CreateTokenBody,
        returns=TokenWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND,),
        one_time_secret=True,
        tags=("Keys",),
    ),
]
