"""Access keys: shown once, when they are made."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, UnsetType, structs
from msgspec.json import decode

from trunkline.core import access as core
from trunkline.dialects.platform.lists import ListPage, ListParameters, list_page, list_query
from trunkline.dialects.platform.wire_base import (
    DONE,
    Body,
    Success,
    Wire,
    member_id,
    path_id,
    spell_id,
    spell_optional_time,
    spell_time,
)
from trunkline.kit.clock import parse_time
from trunkline.kit.errors import ErrorKind, InvalidRequestError
from trunkline.kit.ids import format_id, format_uuid, parse_any, parse_id
from trunkline.web import Call, Route

KeyKind = Literal["secret", "publishable", "session", "login", "api"]
KeyDialect = Annotated[
    Literal["platform", "informer"] | None,
    Meta(description="Whose API it is for where two of them share a path; null leaves that to the request."),
]
ShownDialect = Annotated[
    Literal["platform", "informer", "ampersand"] | None,
    Meta(
        description="Whose API it is for; `ampersand` for a project's own keys, which are made in that one."
    ),
]

_Operations = Annotated[
    list[str], Meta(max_length=100, description="Permissions such as `integrations:read` or `*:read`.")
]
_EntityIds = Annotated[list[str], Meta(max_length=100, description="The only objects it reaches.")]


class ScopesBody(Body, frozen=True, kw_only=True):
    """What a key is to allow; what is left out is not narrowed."""

    operations: _Operations | None = None
    entity_ids: _EntityIds | None = None

    def operation_names(self) -> tuple[str, ...] | None:
        """The operations as the core takes them."""
        return None if self.operations is None else tuple(self.operations)

    def objects(self) -> dict[str, str] | None:
        """The objects as they were spelled, by their 32 hex digits.

        Raises:
            InvalidRequestError: something is no id.
        """
        if self.entity_ids is None:
            return None
        return {
            _object_id(text, f"scopes.entityIds[{index}]"): text for index, text in enumerate(self.entity_ids)
        }


def _object_id(text: str, path: str) -> str:
    found = parse_any(text)
    # A canonical UUID reads the same as an id of any kind.
    hex_id = parse_id("integration", text) if found is None else found[1]
    if hex_id is None:
        raise InvalidRequestError.at(path, "not an id")
    return hex_id


class ScopesWire(Wire, frozen=True, kw_only=True):
    """What a key allows; null where it is not narrowed."""

    operations: list[str] | None
    entity_ids: list[str] | None


class KeyWire(Wire, frozen=True, kw_only=True):
    """An access key, without the key itself."""

    id: str
    name: str
    kind: KeyKind
    dialect: ShownDialect
    key_hint: str
    user_id: str
    workspace_id: str | None
    scopes: ScopesWire
    created_by: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None


class IssuedKeyWire(KeyWire, frozen=True, kw_only=True):
    """A new access key. `key` is shown this once and kept nowhere."""

    key: str


def spell(row: core.KeyRow) -> KeyWire:
    """A key in this dialect."""
    return KeyWire(
        id=format_id("key", row.id),
        name=row.name,
        kind=row.kind,  # type: ignore[arg-type]  # the database allows nothing else
        dialect=row.dialect,  # type: ignore[arg-type]  # nor here
        key_hint=row.hint,
        user_id=format_id("user", row.user_id),
        workspace_id=spell_id("workspace", row.workspace_id),
        scopes=spell_scopes(row),
        created_by=format_id("user", row.created_by),
        created_at=spell_time(row.created_at),
        expires_at=spell_optional_time(row.expires_at),
        revoked_at=spell_optional_time(row.revoked_at),
    )


def spell_scopes(row: core.KeyRow, named: dict[str, str] | None = None) -> ScopesWire:
    """What a key allows; objects as `named` spells them, else as UUIDs: a key does not know their kinds."""
    entity_ids = _listed(row.entity_ids)
    spelled = named or {}
    return ScopesWire(
        operations=_listed(row.operations),
        entity_ids=None
        if entity_ids is None
        else [spelled.get(one) or format_uuid(one) for one in entity_ids],
    )


def _listed(stored: Raw | None) -> list[str] | None:
    return None if stored is None else decode(stored, type=list[str])


class KeyParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    name: Annotated[str, Meta(description="Part of the name, in any case.")] | UnsetType = UNSET
    kind: KeyKind | UnsetType = UNSET
    user_id: str | UnsetType = UNSET
    workspace_id: Annotated[str, Meta(description="Bound to this workspace.")] | UnsetType = UNSET


class CreateKeyBody(Body, frozen=True, kw_only=True):
    """A new key that acts as the caller, within what the caller's own key allows."""

    name: str
    kind: Literal["secret", "publishable"] = "secret"
    dialect: KeyDialect = "platform"
    workspace_id: Annotated[str, Meta(description="Binds the key to one workspace.")] | None = None
    scopes: ScopesBody | None = None
    expires_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})] | None = None


def list_keys(call: Call) -> ListPage[KeyWire]:
    """GET /api/keys."""
    page = core.list_keys(call.tx, call.actor, list_query(call, core.KEY))
    return list_page(call, core.KEY, page, spell)


def get_key(call: Call) -> KeyWire:
    """GET /api/keys/{id}."""
    return spell(core.get_key(call.tx, call.actor, path_id(call, "key")))


def create_key(call: Call) -> IssuedKeyWire:
    """POST /api/keys."""
    body: CreateKeyBody = call.body
    scopes = body.scopes or ScopesBody()
    named = scopes.objects()
    request = core.CreateKey(
        name=body.name,
        kind=body.kind,
        dialect=body.dialect,
        workspace_id=None
        if body.workspace_id is None
        else member_id("workspace", body.workspace_id, "workspaceId"),
        operations=scopes.operation_names(),
        entity_ids=None if named is None else tuple(named),
        expires_at=_moment(body.expires_at, "expiresAt"),
    )
    issued = core.create_key(call.tx, call.actor, request, pepper=call.services.pepper)
    shown = structs.replace(spell(issued.row), scopes=spell_scopes(issued.row, named))
    return IssuedKeyWire(**structs.asdict(shown), key=issued.secret.reveal())


def _moment(text: str | None, path: str) -> str | None:
    if text is None:
        return None
    stored = parse_time(text)
    if stored is None:
        raise InvalidRequestError.at(path, "not a time with its offset (RFC 3339)")
    return stored


def revoke_key(call: Call) -> Success:
    """DELETE /api/keys/{id}."""
    core.revoke_key(call.tx, call.actor, path_id(call, "key"))
    return DONE


_ID = {"id": "The key's id, e.g. `key_0197…`."}
_TAGS = ("Keys",)

ROUTES = [
    Route(
        method="GET",
        path="/api/keys",
        handler=list_keys,
        operation_id="listKeys",
        summary="List the caller's keys, and all of the organizations the caller administers.",
        permission="keys:read",
        query=KeyParameters,
        returns=ListPage[KeyWire],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/keys",
        handler=create_key,
        operation_id="createKey",
        summary="Make a secret or publishable key; the answer is the only place it is shown.",
        permission="keys:write",
        body=CreateKeyBody,
        returns=IssuedKeyWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND,),
        one_time_secret=True,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/keys/{id}",
        handler=get_key,
        operation_id="getKey",
        summary="Get a key, without the key itself.",
        permission="keys:read",
        returns=KeyWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/keys/{id}",
        handler=revoke_key,
        operation_id="revokeKey",
        summary="Revoke a key for good, from the next request on.",
        permission="keys:write",
        returns=Success,
        resource=get_key,
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
