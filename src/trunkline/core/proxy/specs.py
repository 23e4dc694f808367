"""How the log of proxied requests is read."""

from __future__ import annotations

from types import MappingProxyType

from msgspec import Struct

from trunkline.core.access import InWorkspace
from trunkline.infra.db import Field, FieldKind, ListSpec, Relation, Specs


class ProxiedRequestRow(Struct, frozen=True):
    """One request that went out with a connection's credential.

    Attributes:
        path: without the query.
        status: the upstream's; None where no answer came, and `error` says why.
        attempts: 2 where the credential was refreshed in between.
        response_bytes: of the body, as far as it was passed on.
    """

    id: str
    organization_id: str
    workspace_id: str
    integration_id: str | None
    connection_id: str | None
    user_id: str
    key_id: str | None
    request_id: str | None
    method: str
    host: str
    path: str
    status: int | None
    error: str | None
    attempts: int
    response_bytes: int
    duration_ms: int
    created_at: str


PROXIED_REQUEST = ListSpec(
    entity="proxied_request",
    table="proxied_requests",
    row=ProxiedRequestRow,
    rule=InWorkspace(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("proxied_request",)),
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
        "integration_id": Field(kind=FieldKind.ID, id_kinds=("integration",), nullable=True),
        "connection_id": Field(kind=FieldKind.ID, id_kinds=("connection",), nullable=True),
        "user_id": Field(kind=FieldKind.ID, id_kinds=("user",)),
        "request_id": Field(kind=FieldKind.TEXT, nullable=True),
        "method": Field(kind=FieldKind.TEXT),
        "host": Field(kind=FieldKind.TEXT),
        "path": Field(kind=FieldKind.TEXT),
        "status": Field(kind=FieldKind.INTEGER, nullable=True),
        "error": Field(kind=FieldKind.TEXT, nullable=True),
        "attempts": Field(kind=FieldKind.INTEGER),
        "duration_ms": Field(kind=FieldKind.INTEGER),
        "created_at": Field(kind=FieldKind.TIME),
    },
    relations={
        "workspace": Relation(target="workspace", local="workspace_id", remote="id"),
        "connection": Relation(target="connection", local="connection_id", remote="id"),
    },
)

SPECS: Specs = MappingProxyType({PROXIED_REQUEST.entity: PROXIED_REQUEST})
