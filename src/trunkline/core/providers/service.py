"""Providers: found by name, listed beside the built-in ones, and defined by those who administer a tenant.

A built-in provider is the same for everybody and comes with the release; an organization adds others, under
names that no built-in one has. Should a later release bring one of that name, the organization's own counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from msgspec import UNSET, Raw, UnsetType, structs

from trunkline.core.access import Permission, require_organization, scope
from trunkline.core.journal import Change, record
from trunkline.core.providers.checks import check_definition, is_provider_name
from trunkline.core.providers.definition import (
    AccountRequest,
    HealthRequest,
    ProviderAuth,
    ProviderDefinition,
    Substitution,
    defined,
)
from trunkline.core.providers.errors import (
    ProviderBuiltInError,
    ProviderInUseError,
    ProviderNameTakenError,
)
from trunkline.core.providers.queries import APP_OF_PROVIDER, BY_ID, NAME_TAKEN, PROVIDER_NAMED
from trunkline.core.providers.specs import PROVIDER, ProviderRow
from trunkline.core.providers.tables import providers
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import parse_id
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.strictjson import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateProvider:
    """The request to define a provider for an organization; it is called by its name unless told otherwise."""

    organization_id: str
    name: str
    auth: ProviderAuth
    display_name: str | None = None
    base_url: str | None = None
    substitutions: list[Substitution] = field(default_factory=list)
    account: AccountRequest | None = None
    health: HealthRequest | None = None

    @property
    def definition(self) -> ProviderDefinition:
        """What is to be defined."""
        return ProviderDefinition(
            name=self.name,
            display_name=self.name if self.display_name is None else self.display_name,
            base_url=self.base_url,
            auth=self.auth,
            substitutions=self.substitutions,
            account=self.account,
            health=self.health,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProvider:
    """The request to change a definition; what is UNSET stays, what is given replaces the whole member."""

    id: str
    display_name: str | UnsetType = UNSET
    base_url: str | UnsetType | None = UNSET
    auth: ProviderAuth | UnsetType = UNSET
    substitutions: list[Substitution] | UnsetType = UNSET
    account: AccountRequest | UnsetType | None = UNSET
    health: HealthRequest | UnsetType | None = UNSET

    @property
    def changes(self) -> Mapping[str, Any]:
        """The members given, by name."""
        members = {
            name: getattr(self, name) for name in ProviderDefinition.__struct_fields__ if name != "name"
        }
        return {name: value for name, value in members.items() if value is not UNSET}


@dataclass(frozen=True, slots=True)
class StoredProvider:
    """A provider as its row has it: two that are equal are defined alike, whenever they were read."""

    name: str
    display_name: str
    base_url: str | None
    details: str

    @property
    def definition(self) -> ProviderDefinition:
        """What it says."""
        return _defined(self)


@lru_cache(maxsize=512)
def _defined(stored: StoredProvider) -> ProviderDefinition:
    return defined(stored.name, stored.display_name, stored.base_url, stored.details)


def stored_provider(tx: Tx, organization_id: str, name: str) -> StoredProvider | None:
    """The provider an organization means by a name: its own, else the built-in one; None where there is none.

    Asks nobody's permission: built-in providers are everybody's, and the others their organization's.
    """
    found = tx.fetch(PROVIDER_NAMED, {"organization_id": organization_id, "name": name})
    return StoredProvider(*found[0]) if found else None


def find_provider(tx: Tx, organization_id: str, name: str) -> ProviderDefinition | None:
    """What `stored_provider` finds, read. It is shared: who wants another makes a copy."""
    found = stored_provider(tx, organization_id, name)
    return None if found is None else found.definition


def list_providers(tx: Tx, actor: Actor, query: ListQuery) -> Page[ProviderRow]:
    """The built-in providers and those of the caller's organizations.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.PROVIDERS_READ)
    return lists.list_rows(tx, PROVIDER, query, scope(actor, tx.specs))


def get_provider(tx: Tx, actor: Actor, provider_id: str) -> ProviderRow:
    """One provider.

    Raises:
        NotFoundError: absent, or of an organization that is not the caller's.
    """
    actor.require(Permission.PROVIDERS_READ)
    return _visible(tx, actor, provider_id)


def resolve_provider(tx: Tx, actor: Actor, text: str) -> ProviderRow:
    """The provider with this id or name; an organization's own before a built-in one.

    Raises:
        NotFoundError: absent, or of an organization that is not the caller's.
        InvalidRequestError: organizations of the caller's have several providers of this name.
    """
    actor.require(Permission.PROVIDERS_READ)
    return visible_provider(tx, actor, text)


def visible_provider(tx: Tx, actor: Actor, text: str) -> ProviderRow:
    """The provider with this id or name for use by another verb, whatever the key's scope.

    Raises:
        NotFoundError: absent, or of an organization that is not the caller's.
        InvalidRequestError: organizations of the caller's have several providers of this name.
    """
    provider_id = parse_id("provider", text)
    if provider_id is not None:
        return _visible(tx, actor, provider_id)
    if not is_provider_name(text):
        raise NotFoundError("provider")
    query = ListQuery(where=Compare("name", Op.EQ, text), count=False)
    found = lists.list_rows(tx, PROVIDER, query, scope(actor, tx.specs)).rows
    own = [row for row in found if row.organization_id is not None]
    if len(own) > 1:
        raise InvalidRequestError(f"several of your organizations have a provider called {text}: use its id")
    if not found:
        raise NotFoundError("provider")
    return (own or found)[0]


def create_provider(tx: Tx, actor: Actor, request: CreateProvider) -> ProviderRow:
    """Define a provider for an organization the caller administers.

    Raises:
        NotFoundError: the organization is absent or not the caller's.
        ForbiddenError: the caller does not administer it.
        InvalidRequestError: the definition is malformed.
        ProviderNameTakenError: a built-in provider or another of the organization has the name.
    """
    actor.require(Permission.PROVIDERS_WRITE)
    require_organization(tx, actor, request.organization_id, Tier.ADMIN)
    definition = check_definition(request.definition)
    if tx.value(NAME_TAKEN, organization_id=request.organization_id, name=definition.name):
        raise ProviderNameTakenError(f"a provider called {definition.name} exists already")
    details = encode(definition.details)
    row = ProviderRow(
        id=tx.new_id(),
        organization_id=request.organization_id,
        name=definition.name,
        display_name=definition.display_name,
        base_url=definition.base_url,
        definition=Raw(details.encode()),
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.insert(providers, **structs.asdict(row) | {"definition": details})
    _journal(tx, actor, "created", row, request.organization_id)
    return row


def update_provider(tx: Tx, actor: Actor, request: UpdateProvider) -> ProviderRow:
    """Change a definition of an organization the caller administers; it counts from the next request on.

    Connections stay bound to the origins their owners consented to, wherever the definition points now.

    Raises:
        NotFoundError: absent, or of an organization that is not the caller's.
        ForbiddenError: the caller does not administer the organization, or the provider is built in.
        InvalidRequestError: what it would be is malformed.
    """
    actor.require(Permission.PROVIDERS_WRITE)
    row, organization_id = _administered(tx, actor, request.id)
    before = defined(row.name, row.display_name, row.base_url, row.definition)
    after = structs.replace(before, **request.changes)
    changed = tuple(name for name in request.changes if getattr(before, name) != getattr(after, name))
    if not changed:
        return row
    check_definition(after)
    details = encode(after.details)
    stored = {"display_name": after.display_name, "base_url": after.base_url, "updated_at": tx.now}
    tx.update(providers, BY_ID, {"id": row.id}, **stored, definition=details)
    row = structs.replace(row, **stored, definition=Raw(details.encode()))
    _journal(tx, actor, "updated", row, organization_id, changed)
    return row


def delete_provider(tx: Tx, actor: Actor, provider_id: str) -> None:
    """Remove a definition of an organization the caller administers, for good.

    Raises:
        NotFoundError: absent, or of an organization that is not the caller's.
        ForbiddenError: the caller does not administer the organization, or the provider is built in.
        ProviderInUseError: live provider apps are registered with it.
        ConflictError: something else uses it (the capability that does refuses then).
    """
    actor.require(Permission.PROVIDERS_WRITE)
    row, organization_id = _administered(tx, actor, provider_id)
    if tx.value(APP_OF_PROVIDER, organization_id=organization_id, provider=row.name):
        raise ProviderInUseError("provider apps are registered with this provider: delete those first")
    # Recorded first: capabilities above may refuse.
    _journal(tx, actor, "deleted", row, organization_id)
    tx.delete(providers, BY_ID, id=row.id)


def require_provider(tx: Tx, organization_id: str, name: str, path: str) -> ProviderDefinition:
    """The provider an organization means by a name, written at `path`.

    Raises:
        InvalidRequestError: there is none.
    """
    found = find_provider(tx, organization_id, name)
    if found is None:
        raise InvalidRequestError.at(path, "no provider is called so")
    return found


def _visible(tx: Tx, actor: Actor, provider_id: str) -> ProviderRow:
    row = lists.get_row(tx, PROVIDER, provider_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("provider")
    return row


def _administered(tx: Tx, actor: Actor, provider_id: str) -> tuple[ProviderRow, str]:
    """The provider and the organization whose it is."""
    row = _visible(tx, actor, provider_id)
    if row.organization_id is None:
        raise ProviderBuiltInError(f"{row.name} is built in: define one of your own under another name")
    require_organization(tx, actor, row.organization_id, Tier.ADMIN)
    return row, row.organization_id


def _journal(
    tx: Tx, actor: Actor, verb: str, row: ProviderRow, organization_id: str, changed: tuple[str, ...] = ()
) -> None:
    change = Change(
        type=f"provider.{verb}",
        subject_kind="provider",
        subject_id=row.id,
        organization_id=organization_id,
        changed=changed,
        data={"name": row.name},
    )
    record(tx, actor, change)
