"""Integrations and providers as connections read them, before there is a connection."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import json

from trunkline.core.access import TierTooLowError, require_workspace, tier_on
from trunkline.core.connections.configuration import Source, provided
from trunkline.core.connections.errors import NotConnectableError
from trunkline.core.connections.queries import CONNECTABLE, CONSUMER_OF, PROVIDED_IN
from trunkline.core.integrations import visible_integration
from trunkline.core.providers import stored_provider
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError

PER_USER, SHARED = "per_user", "shared"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an integration is made, or a provider is at home."""

    integration_id: str | None
    organization_id: str
    workspace_id: str


def asked_source(
    tx: Tx, actor: Actor, *, integration_id: str | None, provider: str | None, workspace_id: str
) -> Source:
    """What is to be connected in a workspace the caller reaches: an integration or a provider, never both.

    Raises:
        InvalidRequestError: neither is named or both are, or no provider is called so.
        NotFoundError, NotConnectableError: as `connectable` does.
    """
    if integration_id is not None and provider is None:
        return connectable(tx, actor, integration_id, workspace_id)
    if provider is None or integration_id is not None:
        raise InvalidRequestError.at("provider", "name an integration or a provider, and not both")
    organization_id = require_workspace(tx, actor, workspace_id, Tier.VIEWER)
    if stored_provider(tx, organization_id, provider) is None:
        raise InvalidRequestError.at("provider", "no provider is called so")
    return source_of_provider(tx, provider, workspace_id)


def source_of_provider(tx: Tx, provider: str, workspace_id: str) -> Source:
    """A provider as connections in a workspace see it, whoever asks and whether there is such a provider or not.

    Raises:
        NotFoundError: there is no such workspace.
    """
    found = tx.fetch(PROVIDED_IN, {"id": workspace_id})
    if not found:
        raise NotFoundError("workspace")
    organization_id, owner_id = found[0]
    return provided(provider, organization_id=organization_id, workspace_id=workspace_id, owner_id=owner_id)


def require_consumer(tx: Tx, source: Source, consumer_id: str | None) -> None:
    """Refuse a consumer of another publisher than the one whose apps the connection uses.

    Raises:
        NotFoundError: there is no such consumer there.
    """
    if consumer_id is None:
        return
    if tx.value(CONSUMER_OF, id=consumer_id, home_id=source.home_id) is None:
        raise NotFoundError("consumer")


def connectable(tx: Tx, actor: Actor, integration_id: str, workspace_id: str) -> Source:
    """A live integration the caller sees, as connections in a workspace they reach see it.

    Raises:
        NotFoundError: the integration or the workspace is absent, deleted, or outside the caller's scope.
        NotConnectableError: nothing of it is published, and this is not its own workspace.
    """
    row = visible_integration(tx, actor, integration_id)
    if row.deleted_at is not None:
        raise NotFoundError("integration")
    _require_tier(tx, actor, Place(row.id, row.organization_id, row.workspace_id), workspace_id, Tier.VIEWER)
    return source_for(tx, integration_id, workspace_id)


def home_of(tx: Tx, actor: Actor, integration_id: str) -> str:
    """The workspace of a live integration the caller sees.

    Raises:
        NotFoundError: it is absent, deleted, or outside the caller's scope.
    """
    row = visible_integration(tx, actor, integration_id)
    if row.deleted_at is not None:
        raise NotFoundError("integration")
    return row.workspace_id


def source_for(tx: Tx, integration_id: str, workspace_id: str) -> Source:
    """An integration as connections in a workspace see it, whoever asks.

    Raises:
        NotFoundError: there is no such integration.
        NotConnectableError: nothing of it is published, and this is not its own workspace.
    """
    found = tx.fetch(CONNECTABLE, {"id": integration_id})
    if not found:
        raise NotFoundError("integration")
    own_id, name, organization_id, home_id, draft, published = found[0]
    config = draft if home_id == workspace_id else published
    if config is None:
        raise NotConnectableError(f"the integration {name} has no published version")
    return Source(
        integration_id=own_id,
        name=name,
        organization_id=organization_id,
        home_id=home_id,
        auth_config=config,
    )


def provider_of(tx: Tx, integration_id: str, workspace_id: str) -> str | None:
    """The provider an integration names; None where it names none or cannot be read."""
    try:
        source = source_for(tx, integration_id, workspace_id)
    except (NotFoundError, NotConnectableError):
        return None
    found = json.decode(source.auth_config).get("provider")
    return found if isinstance(found, str) else None


def require_place(tx: Tx, actor: Actor, source: Source, workspace_id: str, mode: str) -> str:
    """Refuse a connection the caller may not make in a workspace; the workspace's organization otherwise.

    A shared one takes an editor of the workspace, one's own a viewer. In the integration's own workspace a
    grant on the integration does as well, for members of its organization.

    Raises:
        NotFoundError: the workspace is absent, deleted, or the caller holds no tier there.
        TierTooLowError: the caller's tier there is lower.
    """
    home = Place(source.integration_id, source.organization_id, source.home_id)
    return _require_tier(tx, actor, home, workspace_id, Tier.EDITOR if mode == SHARED else Tier.VIEWER)


def _require_tier(tx: Tx, actor: Actor, home: Place, workspace_id: str, needed: Tier) -> str:
    at_home = home.workspace_id == workspace_id and home.organization_id in actor.organizations
    if at_home and not actor.is_system:
        held = tier_on(
            tx,
            actor,
            organization_id=home.organization_id,
            workspace_id=workspace_id,
            entity_id=home.integration_id,
        )
        if held >= needed:
            return home.organization_id
        if held > Tier.NONE:  # who was let in to the integration is told what is missing
            raise TierTooLowError(needed, "integration")
    return require_workspace(tx, actor, workspace_id, needed)
