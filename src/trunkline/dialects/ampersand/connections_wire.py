"""How connections are spelled, with the group they are in and the consumer they are for.

Source: ampersand reference sections 1.7 and 3 (`connection.status`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from trunkline.core import connections as core
from trunkline.core import workspaces
from trunkline.dialects.ampersand.wire_base import Body, Time, Wire, present, updated
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.ids import format_uuid
from trunkline.kit.secret import Secret

WORKSPACE: Final = "workspace"  # the placeholder that the provider's name for the customer's account fills
_CODE: Final = "oauth2/authorizationCode"
_GRANTS: Final = {"client_credentials": "oauth2/clientCredentials", "password": "oauth2/password"}
# The document has no word for a scheme of the provider's own: like a key, it is typed in once and sent every time.
_SCHEMES: Final = {
    "api_key": "apiKey",
    "bearer": "apiKey",
    "custom": "apiKey",
    "secret": "apiKey",
    "basic": "basic",
    "token_exchange": "oauth2/password",
    "none": "none",
}

AuthScheme = Annotated[
    str,
    Meta(extra_json_schema={"enum": ["none", "apiKey", "basic", _CODE, f"{_CODE}PKCE", *_GRANTS.values()]}),
]
Status = Literal["created", "working", "bad_credentials"]


class MetadataValue(Body, frozen=True, kw_only=True, omit_defaults=True):
    """Something about the customer's account at the provider."""

    value: str
    source: Annotated[
        Literal["input", "token", "provider"] | UnsetType,
        Meta(description="Who said so; the input if left out."),
    ] = UNSET
    display_name: str | UnsetType = UNSET


class Notes(Body, frozen=True, kw_only=True, omit_defaults=True):
    """What of a connection's notes this dialect wrote: the rest is left alone."""

    provider_workspace_ref: str | None = None
    provider_metadata: dict[str, MetadataValue] = msgspec.field(default_factory=dict)


class GroupRefWire(Wire, frozen=True, kw_only=True):
    """The customer: a workspace of the project's."""

    group_ref: str
    group_name: str
    project_id: str
    create_time: Time
    update_time: Time | UnsetType = UNSET


class ConsumerRefWire(Wire, frozen=True, kw_only=True):
    """The customer's person whose account is connected."""

    consumer_ref: str
    consumer_name: str
    project_id: str
    create_time: Time
    update_time: Time | UnsetType = UNSET


class TokenWire(Wire, frozen=True, kw_only=True):
    """A token that is shown."""

    token: str
    issued_at: Time | UnsetType = UNSET
    expires_at: Time | UnsetType = UNSET


class AuthorizationCodeWire(Wire, frozen=True, kw_only=True):
    """Tokens, to a project's own key that asks for them."""

    access_token: TokenWire | UnsetType = UNSET
    refresh_token: TokenWire | UnsetType = UNSET
    scopes: list[str]


class AccountConnectionWire(Wire, frozen=True, kw_only=True):
    """An account that is connected."""

    id: str
    project_id: str
    provider: str
    group: GroupRefWire
    consumer: ConsumerRefWire
    provider_workspace_ref: str | UnsetType = UNSET
    provider_consumer_ref: str | UnsetType = UNSET
    create_time: Time
    update_time: Time | UnsetType = UNSET
    auth_scheme: AuthScheme
    status: Annotated[
        Status, Meta(description="`working` once the present credential was used, `created` before.")
    ]
    oauth2_authorization_code: AuthorizationCodeWire | UnsetType = msgspec.field(
        name="oauth2AuthorizationCode", default=UNSET
    )
    api_key: str | UnsetType = UNSET
    provider_metadata: dict[str, MetadataValue] | UnsetType = UNSET


def connection_of(
    row: core.ConnectionRow,
    project_id: str,
    group: workspaces.WorkspaceRow,
    consumer: workspaces.ConsumerRow | None,
    *,
    provider: str = "",
    revealed: core.Revealed | None = None,
) -> AccountConnectionWire:
    """A connection in this dialect.

    Args:
        row: as the core has it.
        project_id: 32 hex digits.
        group: the workspace it is in.
        consumer: whom it is for; None is its maker.
        provider: what it is called where the connection names none.
        revealed: what of its credential is shown.
    """
    notes = notes_of(row)
    parameters = msgspec.json.decode(row.parameters, type=dict[str, str])
    account = core.Account() if row.account is None else msgspec.json.decode(row.account, type=core.Account)
    return AccountConnectionWire(
        id=format_uuid(row.id),
        project_id=format_uuid(project_id),
        provider=row.provider or provider,
        group=_group(group, project_id),
        consumer=_maker(row, project_id) if consumer is None else _consumer(consumer),
        provider_workspace_ref=present(notes.provider_workspace_ref or parameters.get(WORKSPACE)),
        provider_consumer_ref=present(account.id),
        create_time=row.created_at,
        update_time=updated(row.created_at, row.updated_at),
        auth_scheme=scheme_of(row),
        status=status_of(row),
        oauth2_authorization_code=_tokens(row, revealed),
        api_key=UNSET if revealed is None or revealed.api_key is None else revealed.api_key.reveal(),
        provider_metadata={name: _sourced(one) for name, one in notes.provider_metadata.items()} or UNSET,
    )


def connections_of(
    tx: Tx, actor: Actor, project_id: str, rows: Sequence[core.ConnectionRow]
) -> list[AccountConnectionWire]:
    """Those of these connections that are in a project's groups, in this dialect; two statements for all of them."""
    # A key that is narrowed to connections sees whose they are.
    reader = replace(actor, entity_ids=None)
    groups = workspaces.groups_by_id(tx, reader, [row.workspace_id for row in rows])
    consumers = workspaces.consumers_by_id(
        tx, [row.consumer_id for row in rows if row.consumer_id is not None]
    )
    return [
        connection_of(row, project_id, groups[row.workspace_id], consumers.get(row.consumer_id or ""))
        for row in rows
        if row.workspace_id in groups and groups[row.workspace_id].owner_workspace_id == project_id
    ]


def notes_of(row: core.ConnectionRow) -> Notes:
    """What this dialect noted beside a connection; nothing where the notes are somebody else's."""
    try:
        return msgspec.json.decode(row.metadata, type=Notes)
    except msgspec.ValidationError:
        return Notes()


def written(notes: Notes, row: core.ConnectionRow | None = None) -> Mapping[str, Raw]:
    """The notes as the core keeps them, beside those that others wrote."""
    others: dict[str, Raw] = {} if row is None else msgspec.json.decode(row.metadata, type=dict[str, Raw])
    own = msgspec.json.decode(msgspec.json.encode(notes), type=dict[str, Raw])
    names = set(Notes.__struct_encode_fields__)
    return {**{name: value for name, value in others.items() if name not in names}, **own}


def scheme_of(row: core.ConnectionRow) -> str:
    """How it authenticates, in the document's words."""
    return _SCHEMES.get(row.scheme) or _GRANTS.get(row.grant_type or "", _CODE)


def status_of(row: core.ConnectionRow) -> Status:
    """Whether it works, as far as is known: what a provider has refused is bad, what it cannot answer is not."""
    if row.status == "pending":
        return "created"
    if row.status != "ok" or row.reason == core.Reason.CLIENT_REJECTED:
        return "bad_credentials"
    got = row.refreshed_at or row.created_at
    return "working" if row.last_used_at is not None and row.last_used_at >= got else "created"


def _group(row: workspaces.WorkspaceRow, project_id: str) -> GroupRefWire:
    return GroupRefWire(
        group_ref=row.external_ref or row.handle,
        group_name=row.name,
        project_id=format_uuid(project_id),
        create_time=row.created_at,
        update_time=updated(row.created_at, row.updated_at),
    )


def _consumer(row: workspaces.ConsumerRow) -> ConsumerRefWire:
    return ConsumerRefWire(
        consumer_ref=row.ref,
        consumer_name=row.name,
        project_id=format_uuid(row.workspace_id),
        create_time=row.created_at,
        update_time=updated(row.created_at, row.updated_at),
    )


def _maker(row: core.ConnectionRow, project_id: str) -> ConsumerRefWire:
    """Who connected it, where no consumer was named: the document does not do without one."""
    who = format_uuid(row.user_id or row.created_by)
    return ConsumerRefWire(
        consumer_ref=who,
        consumer_name=who,
        project_id=format_uuid(project_id),
        create_time=row.created_at,
    )


def _tokens(row: core.ConnectionRow, revealed: core.Revealed | None) -> AuthorizationCodeWire | UnsetType:
    if revealed is None or scheme_of(row) != _CODE:
        return UNSET
    if revealed.access is None and revealed.refresh is None:
        return UNSET
    return AuthorizationCodeWire(
        access_token=_token(revealed.access, row.refreshed_at, row.access_expires_at),
        refresh_token=_token(revealed.refresh, row.refreshed_at, row.refresh_expires_at),
        scopes=msgspec.json.decode(row.scopes, type=list[str]),
    )


def _token(token: Secret | None, issued_at: str | None, expires_at: str | None) -> TokenWire | UnsetType:
    if token is None:
        return UNSET
    return TokenWire(token=token.reveal(), issued_at=present(issued_at), expires_at=present(expires_at))


def _sourced(value: MetadataValue) -> MetadataValue:
    return value if value.source is not UNSET else msgspec.structs.replace(value, source="input")
