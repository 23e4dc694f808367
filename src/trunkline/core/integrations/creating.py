"""How an integration comes to be: where, under which id and slug, and whose it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trunkline.core.access import (
    AuthoringPlace,
    Permission,
    default_workspace,
    grant_ownership,
    require_author,
    require_authoring,
    require_organization,
    tier_on,
)
from trunkline.core.integrations.checks import (
    DEFAULT_DRIVER,
    DEFAULT_TRUST,
    check_data,
    check_driver,
    check_homepage,
    check_integration_slug,
    check_texts,
    check_trust,
    looks_like_id,
    require_free_slug,
)
from trunkline.core.integrations.connecting import check_auth_config
from trunkline.core.integrations.errors import IdTakenError
from trunkline.core.integrations.manifest import read_manifest
from trunkline.core.integrations.queries import HANDLE_OF, ID_TAKEN, ORGANIZATION_WITH_HANDLE, TAKEN_SLUGS
from trunkline.core.integrations.reads import visible_integration
from trunkline.core.integrations.specs import IntegrationRow
from trunkline.core.integrations.tables import integrations
from trunkline.core.integrations.telling import Subject, tell
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.strictjson import encode
from trunkline.kit.text import check_name

SLUG_LENGTH = 100  # characters of a slug made from a name, its number left out
NUMBERED_SLUGS = 50  # tries, before something unlikely to be taken is appended
_UNFIT = re.compile(r"[^a-z0-9]+", re.ASCII)
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateIntegration:
    """The request to start a draft.

    Attributes:
        workspace_id: where; the caller must be an editor there, or an author where it is the default one.
        organization_id: instead of a workspace, the organization whose default workspace takes it. Owning it then
            makes the caller its admin, as it does for authors.
        id: 32 hex digits; made up where absent.
        slug: made from the name where absent.
        driver: what kind of system it connects to.
        embedded: made for something else and shown with it only.
        data: the driver's own configuration.
    """

    name: str
    workspace_id: str | None = None
    organization_id: str | None = None
    id: str | None = None
    slug: str | None = None
    description: str | None = None
    icon_url: str | None = None
    homepage_url: str | None = None
    publisher: str | None = None
    trust_tier: str | None = None
    driver: str = DEFAULT_DRIVER
    category: str | None = None
    embedded: bool = False
    manifest: Mapping[str, Any] | None = None
    variables_schema: Mapping[str, Any] | None = None
    auth_config: Mapping[str, Any] | None = None
    data: Mapping[str, Any] | None = None


def create_integration(tx: Tx, actor: Actor, request: CreateIntegration) -> IntegrationRow:
    """Start a private draft, owned by the caller.

    Raises:
        NotFoundError: the workspace or organization is absent or foreign.
        ForbiddenError: the caller is neither an editor there nor, where an organization is named, an author of
            it; or asks for a trust tier or publisher only an operator gives.
        InvalidRequestError: a malformed member, or a credential among them.
        ConflictError: the slug or id is taken.

    Source: seeds 001 and 003, POST /api/integrations.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    place = _place(tx, actor, request)
    _check(actor, request)
    publisher = _publisher(tx, actor, place.organization_id, request.publisher)
    made = Subject(_free_id(tx, request.id), place.organization_id, place.workspace_id)
    tx.insert(
        integrations,
        id=made.id,
        organization_id=made.organization_id,
        workspace_id=made.workspace_id,
        slug=_slug(tx, made, request),
        name=request.name,
        description=request.description,
        icon_url=request.icon_url,
        homepage_url=request.homepage_url,
        publisher=publisher,
        trust_tier=request.trust_tier or DEFAULT_TRUST,
        visibility="private",
        driver=request.driver,
        category=request.category,
        embedded=int(request.embedded),
        owner_kind="user",
        owner_id=actor.user_id,
        manifest=encode(request.manifest or {}),
        variables_schema=encode(request.variables_schema or {}),
        auth_config=encode(request.auth_config or {}),
        data=encode(request.data or {}),
        created_by=actor.user_id,
        created_at=tx.now,
        updated_at=tx.now,
    )
    if not place.by_role:
        grant_ownership(tx, actor, made, entity_kind="integration", owner_kind="user", owner_id=actor.user_id)
    row = visible_integration(tx, actor, made.id)
    tell(tx, actor, "created", row)
    return row


def slug_from(name: str) -> str:
    """A name in kebab case; accents fall off, and what has no letter or digit of ASCII left is `integration`."""
    ascii_text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = _UNFIT.sub("-", ascii_text).strip("-")[:SLUG_LENGTH].rstrip("-")
    return f"integration-{slug}".rstrip("-") if not slug or looks_like_id(slug) else slug


def free_slug(tx: Tx, actor: Actor, request: CreateIntegration) -> str:
    """The slug that this request would be given now.

    Raises:
        NotFoundError: the workspace or organization is absent or foreign.
        ForbiddenError: the caller makes no integrations there.
        InvalidRequestError: the name is malformed.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    place = _place(tx, actor, request)
    check_name("name", request.name)
    return _slug(tx, Subject(tx.new_id(), place.organization_id, place.workspace_id), request)


def _place(tx: Tx, actor: Actor, request: CreateIntegration) -> AuthoringPlace:
    if request.workspace_id is not None:
        return require_authoring(tx, actor, request.workspace_id)
    organization_id = request.organization_id
    if organization_id is None:
        raise InvalidRequestError.at("workspaceId", "is required")
    require_organization(tx, actor, organization_id, Tier.VIEWER)
    workspace_id = default_workspace(tx, organization_id)
    if workspace_id is None:
        raise NotFoundError("workspace")
    if tier_on(tx, actor, organization_id=organization_id, workspace_id=workspace_id) < Tier.EDITOR:
        require_author(tx, actor, organization_id)
    # Where no workspace was named, no role there is what the caller relies on.
    return AuthoringPlace(organization_id=organization_id, workspace_id=workspace_id, by_role=actor.is_system)


def _check(actor: Actor, request: CreateIntegration) -> None:
    check_texts(request.name, request.description, request.icon_url)
    check_homepage(request.homepage_url)
    check_trust(actor, request.trust_tier)
    check_driver(request.driver, request.category)
    read_manifest(request.manifest or {})
    check_auth_config(request.auth_config or {})
    check_data(request.data or {})


def _publisher(tx: Tx, actor: Actor, organization_id: str, asked: str | None) -> str:
    if asked is None:
        return str(tx.value(HANDLE_OF, id=organization_id))
    check_name("publisher", asked)
    holder = tx.value(ORGANIZATION_WITH_HANDLE, handle=asked)
    if holder not in (None, organization_id):
        actor.require_operator("another organization's handle as publisher")
    return asked


def _free_id(tx: Tx, asked: str | None) -> str:
    """The id asked for, or a fresh one.

    An id says nothing of its kind where grants and events are looked up, so one that was ever given to anything
    is taken for good: whoever could reuse it would be let in to what it named.
    """
    if asked is None:
        return tx.new_id()
    if not _ID.fullmatch(asked):
        raise InvalidRequestError.at("id", "must be a UUID")
    if tx.value(ID_TAKEN, id=asked):
        raise IdTakenError("an object with this id exists or existed")
    return asked


def _slug(tx: Tx, made: Subject, request: CreateIntegration) -> str:
    if request.slug is not None:
        check_integration_slug(request.slug)
        require_free_slug(tx, made.workspace_id, request.slug)
        return request.slug
    base = slug_from(request.name)
    candidates = [base, *(f"{base}-{number}" for number in range(2, NUMBERED_SLUGS + 1))]
    # Free in the whole organization: where slugs stand for ids, two workspaces may not share one.
    taken = {slug for (slug,) in tx.fetch_for(TAKEN_SLUGS, candidates, organization_id=made.organization_id)}
    return next((slug for slug in candidates if slug not in taken), f"{base}-{made.id[-12:]}")
