"""How connections and workspace secrets are read. No row holds a credential: the column is in no spec."""

from __future__ import annotations

from types import MappingProxyType

from msgspec import Raw, Struct

from trunkline.core.connections.tables import MODES, REVOCATIONS, SCHEMES, STATUSES
from trunkline.core.connections.visibility import ConnectionRule
from trunkline.infra.db import Field, FieldKind, ListSpec, Relation, Specs
from trunkline.infra.db.schema import TIERS


class ConnectionRow(Struct, frozen=True):
    """An account connected to an integration or to a provider itself, without its credential.

    Attributes:
        integration_id: None where it is one of the provider itself, or its integration is gone.
        provider: name in the catalog, where the integration names one; None once the integration is gone.
        user_id: whose it is; None where the workspace shares it.
        grant_type: of oauth2.
        reason: why it is not `ok`, or what of it is not; see `Reason`.
        hint: the end of a long enough credential, so that its owner recognises it.
        account: JSON of id, email and displayName at the provider, as far as known.
        scopes: JSON list of what was granted.
        origins: JSON list of where the credential may go, as its owner consented to.
        parameters: JSON object of what the owner filled into the provider's URLs.
        generation: how often the credential was given or refreshed.
        refreshed_at: when the present credential was got.
        refreshable: whether a fresh token can be got without the owner.
        revocation: what became of the token at the provider once disconnected.
        consumer_id: for whom its publisher had it connected; None for nobody in particular.
    """

    id: str
    organization_id: str
    workspace_id: str
    integration_id: str | None
    provider: str | None
    user_id: str | None
    scheme: str
    grant_type: str | None
    mode: str
    status: str
    reason: str | None
    name: str
    hint: str
    metadata: Raw
    account: Raw | None
    scopes: Raw
    origins: Raw
    parameters: Raw
    generation: int
    refreshed_at: str | None
    access_expires_at: str | None
    refresh_expires_at: str | None
    refreshable: bool
    last_authorized_at: str | None
    last_used_at: str | None
    revocation: str | None
    created_by: str
    created_at: str
    updated_at: str
    deleted_at: str | None
    retention_tier: str | None
    deletion_id: str | None
    consumer_id: str | None


class SecretRow(Struct, frozen=True):
    """A workspace secret, without its value.

    Attributes:
        hint: the end of a long enough value, so that its owner recognises it.
        generation: how often the value was given; part of what it is sealed for.
    """

    id: str
    organization_id: str
    workspace_id: str
    scheme: str
    name: str
    hint: str
    metadata: Raw
    generation: int
    created_by: str
    created_at: str
    updated_at: str
    deleted_at: str | None
    retention_tier: str | None
    deletion_id: str | None


class AuthStateRow(Struct, frozen=True):
    """What an install authenticates with, be it a connection or a secret."""

    id: str
    workspace_id: str
    integration_id: str | None
    provider: str | None
    scheme: str
    status: str


_COMMON = {
    "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
    "scheme": Field(kind=FieldKind.CHOICE, choices=SCHEMES),
    "name": Field(kind=FieldKind.TEXT),
    "metadata": Field(kind=FieldKind.JSON, sortable=False),
    "created_by": Field(kind=FieldKind.ID, id_kinds=("user",)),
    "created_at": Field(kind=FieldKind.TIME),
    "updated_at": Field(kind=FieldKind.TIME),
    "deleted_at": Field(kind=FieldKind.TIME, nullable=True),
    "retention_tier": Field(kind=FieldKind.CHOICE, choices=TIERS, nullable=True),
}
_STATE = {
    "integration_id": Field(kind=FieldKind.ID, id_kinds=("integration",), nullable=True),
    "provider": Field(kind=FieldKind.TEXT, nullable=True),
    "mode": Field(kind=FieldKind.CHOICE, choices=MODES),
    "status": Field(kind=FieldKind.CHOICE, choices=STATUSES),
    "reason": Field(kind=FieldKind.TEXT, nullable=True),
}
_WORKSPACE = Relation(target="workspace", local="workspace_id", remote="id")
_INTEGRATION = Relation(target="integration", local="integration_id", remote="id")
_INSTALLS = Relation(target="install", local="id", remote="auth_state_id", many=True)

CONNECTION = ListSpec(
    entity="connection",
    table="connections",
    row=ConnectionRow,
    rule=ConnectionRule(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("connection",)),
        **_COMMON,
        **_STATE,
        "user_id": Field(kind=FieldKind.ID, id_kinds=("user",), nullable=True),
        "consumer_id": Field(kind=FieldKind.ID, id_kinds=("consumer",), nullable=True),
        "revocation": Field(kind=FieldKind.CHOICE, choices=REVOCATIONS, nullable=True),
        "refreshable": Field(kind=FieldKind.BOOLEAN),
        "access_expires_at": Field(kind=FieldKind.TIME, nullable=True),
        "refresh_expires_at": Field(kind=FieldKind.TIME, nullable=True),
        "refreshed_at": Field(kind=FieldKind.TIME, nullable=True),
        "last_authorized_at": Field(kind=FieldKind.TIME, nullable=True),
        "last_used_at": Field(kind=FieldKind.TIME, nullable=True),
        "account": Field(kind=FieldKind.JSON, nullable=True, sortable=False),
        "scopes": Field(kind=FieldKind.JSON, sortable=False),
    },
    relations={"workspace": _WORKSPACE, "integration": _INTEGRATION, "installs": _INSTALLS},
    soft_delete=True,
)

SECRET = ListSpec(
    entity="secret",
    table="connections",
    row=SecretRow,
    rule=ConnectionRule(secrets=True, connections=False),
    fields={"id": Field(kind=FieldKind.ID, id_kinds=("secret",)), **_COMMON},
    relations={"workspace": _WORKSPACE, "installs": _INSTALLS},
    soft_delete=True,
)

AUTH_STATE = ListSpec(
    entity="auth_state",
    table="connections",
    row=AuthStateRow,
    rule=ConnectionRule(secrets=True),
    fields={"id": Field(kind=FieldKind.ID, id_kinds=("connection", "secret")), **_COMMON, **_STATE},
    relations={"workspace": _WORKSPACE, "integration": _INTEGRATION, "installs": _INSTALLS},
    soft_delete=True,
)

SPECS: Specs = MappingProxyType({spec.entity: spec for spec in (CONNECTION, SECRET, AUTH_STATE)})
