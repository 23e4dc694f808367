"""How providers and their apps are read. No row holds a client's secret: the column is in no spec."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from msgspec import Raw, Struct

from trunkline.core.access import ActorScope, InWorkspace
from trunkline.core.providers.queries import BUILT_IN, BUILT_IN_OR
from trunkline.infra.db import Field, FieldKind, ListSpec, Mode, Relation, Specs
from trunkline.infra.db.schema import TIERS
from trunkline.kit.actor import Tier
from trunkline.kit.filters import OrderKey


class ProviderRow(Struct, frozen=True):
    """A provider; a built-in one belongs to no organization.

    Attributes:
        definition: JSON of `definition.Details`.
    """

    id: str
    organization_id: str | None
    name: str
    display_name: str
    base_url: str | None
    definition: Raw
    created_at: str
    updated_at: str


class ProviderAppRow(Struct, frozen=True):
    """An OAuth client that was registered with a provider, without its secret.

    Attributes:
        hint: the end of a long enough secret, so that its owner recognises it.
        generation: how often the secret was given; part of what it is sealed for.
        scopes: JSON list of what it asks for; empty for the provider's defaults.
        external_ref: what the provider calls it.
        metadata: JSON object of what its authorizations say besides; None for nothing.
    """

    id: str
    organization_id: str
    workspace_id: str
    provider: str
    name: str
    client_id: str
    hint: str
    generation: int
    scopes: Raw
    external_ref: str | None
    metadata: Raw | None
    created_by: str
    created_at: str
    updated_at: str
    deleted_at: str | None
    retention_tier: str | None
    deletion_id: str | None


@dataclass(frozen=True, slots=True)
class BuiltInOrOwn:
    """Built-in providers are seen by everybody and changed by nobody; the others as their organization is."""

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:  # noqa: ARG002  # same in both
        """Built in, or of an organization of the caller's."""
        return self.insider(scope, alias)

    def insider(self, scope: ActorScope, alias: str) -> str:
        """Everybody who sees it."""
        if scope.organizations() is None:
            return BUILT_IN.format(a=alias)
        return BUILT_IN_OR.format(a=alias, seen=scope.in_organization(alias))

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        """Seeing is all that anybody may do with a built-in one; own ones are their administrators'."""
        return self.insider(scope, alias) if tier <= Tier.VIEWER else scope.administered(alias)


PROVIDER = ListSpec(
    entity="provider",
    table="providers",
    row=ProviderRow,
    rule=BuiltInOrOwn(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("provider",)),
        "organization_id": Field(kind=FieldKind.ID, id_kinds=("organization",), nullable=True),
        "name": Field(kind=FieldKind.TEXT),
        "display_name": Field(kind=FieldKind.TEXT),
        "base_url": Field(kind=FieldKind.TEXT, nullable=True),
        "created_at": Field(kind=FieldKind.TIME),
        "updated_at": Field(kind=FieldKind.TIME),
    },
    relations={"organization": Relation(target="organization", local="organization_id", remote="id")},
    order=(OrderKey("name"),),
)

PROVIDER_APP = ListSpec(
    entity="provider_app",
    table="provider_apps",
    row=ProviderAppRow,
    rule=InWorkspace(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("provider_app",)),
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
        "provider": Field(kind=FieldKind.TEXT),
        "name": Field(kind=FieldKind.TEXT),
        "client_id": Field(kind=FieldKind.TEXT),
        "created_by": Field(kind=FieldKind.ID, id_kinds=("user",)),
        "created_at": Field(kind=FieldKind.TIME),
        "updated_at": Field(kind=FieldKind.TIME),
        "deleted_at": Field(kind=FieldKind.TIME, nullable=True),
        "retention_tier": Field(kind=FieldKind.CHOICE, choices=TIERS, nullable=True),
    },
    relations={"workspace": Relation(target="workspace", local="workspace_id", remote="id")},
    soft_delete=True,
    restore_tier=Tier.ADMIN,
)

SPECS: Specs = MappingProxyType({spec.entity: spec for spec in (PROVIDER, PROVIDER_APP)})
