"""An OpenAPI document becomes an integration draft: operations are functions, components are schemas.

Importing again updates the same entities by slug, so that publishing afterwards yields an upgrade in place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.json import decode

from trunkline.core.access import require_workspace
from trunkline.core.entities import find_entities
from trunkline.core.integrations.creating import CreateIntegration, create_integration
from trunkline.core.integrations.queries import ID_OF_SLUG
from trunkline.core.integrations.reads import visible_integration
from trunkline.core.integrations.service import UpdateIntegration, update_integration
from trunkline.core.integrations.upserting import Progress, Wanted, declare, merge_members, put_entity
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.ids import format_id
from trunkline.kit.openapi import Conversion, ConvertedMember, bound_definition
from trunkline.kit.text import MAX_NAME, MAX_TEXT

_UNFIT = re.compile(r"[^A-Za-z0-9._:~-]+", re.ASCII)
_SCHEMA = "schema:"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOpenApi:
    """The request to import a converted document into the draft with this slug, made if absent."""

    workspace_id: str
    slug: str
    conversion: Conversion
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did, by member slug.

    Attributes:
        removed: no longer in the document, hence taken out of the manifest; the entities stay.
    """

    integration_id: str
    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


def import_openapi(
    tx: Tx, actor: Actor, request: ImportOpenApi, progress: Progress | None = None
) -> ImportResult:
    """Create or update the entities of a document and the draft that declares them, all or nothing.

    Every member is cloned on install and enabled by default; flags edited since an earlier import are kept,
    and so are members added by hand.

    Raises:
        NotFoundError: the workspace is absent or foreign.
        ForbiddenError: the caller is no editor there.
        InvalidRequestError: two members whose slugs differ only in characters a slug cannot have.
    """
    require_workspace(tx, actor, request.workspace_id, Tier.EDITOR)
    members = request.conversion.members
    known = {kind: find_entities(tx, request.workspace_id, kind) for kind in ("schema", "function")}
    slugs = _entity_slugs(members)
    ids = {m.slug: known[m.kind].get(slugs[m.slug]) or tx.new_id() for m in members}
    schema_ids = {m.slug: format_id("schema", ids[m.slug]) for m in members if m.kind == "schema"}
    outcome: dict[str, list[str]] = {"created": [], "updated": [], "unchanged": []}
    for done, member in enumerate(members, start=1):
        wanted = Wanted(
            kind=member.kind,
            slug=slugs[member.slug],
            name=member.name,
            description=member.description,
            definition=bound_definition(member, schema_ids),
        )
        exists = wanted.slug in known[member.kind]
        verb = put_entity(tx, actor, request.workspace_id, wanted, ids[member.slug], exists=exists)
        outcome[verb].append(member.slug)
        if progress is not None:
            progress(done, len(members))
    integration_id, removed = _put_draft(tx, actor, request, ids)
    return ImportResult(
        integration_id,
        created=tuple(outcome["created"]),
        updated=tuple(outcome["updated"]),
        unchanged=tuple(outcome["unchanged"]),
        removed=removed,
    )


def entity_slug(member: ConvertedMember) -> str:
    """The slug of a member's entity: its name in the document, in characters a slug can have."""
    fitting = _UNFIT.sub("-", member.slug.removeprefix(_SCHEMA)).strip("._:~-")[:128]
    if not fitting:
        raise InvalidRequestError.at(member.slug, "has no letter or digit to make a slug of")
    return fitting


def _entity_slugs(members: tuple[ConvertedMember, ...]) -> dict[str, str]:
    slugs: dict[str, str] = {}
    taken: dict[tuple[str, str], str] = {}
    for member in members:
        slug = entity_slug(member)
        other = taken.setdefault((member.kind, slug), member.slug)
        if other != member.slug:
            raise InvalidRequestError.at(member.slug, f"makes the same slug as {other}: {slug}")
        slugs[member.slug] = slug
    return slugs


def _put_draft(
    tx: Tx, actor: Actor, request: ImportOpenApi, ids: Mapping[str, str]
) -> tuple[str, tuple[str, ...]]:
    conversion = request.conversion
    found = tx.value(ID_OF_SLUG, workspace_id=request.workspace_id, slug=request.slug)
    if found is None:
        manifest, removed = merge_manifest({}, conversion, ids)
        creation = CreateIntegration(
            workspace_id=request.workspace_id,
            slug=request.slug,
            name=(request.name or conversion.title)[:MAX_NAME],
            description=(conversion.description or "")[:MAX_TEXT] or None,
            manifest=manifest,
        )
        return create_integration(tx, actor, creation).id, removed
    row = visible_integration(tx, actor, found)
    manifest, removed = merge_manifest(decode(row.manifest), conversion, ids)
    update_integration(tx, actor, UpdateIntegration(id=row.id, manifest=manifest))
    return row.id, removed


def merge_manifest(
    old: Mapping[str, Any], conversion: Conversion, ids: Mapping[str, str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The manifest after an import, and the slugs it takes out.

    Args:
        old: the draft's manifest so far.
        conversion: the converted document.
        ids: entity ids (32 hex digits) by member slug.
    """
    declared = [declare(member.slug, member.kind, ids[member.slug]) for member in conversion.members]
    members, removed = merge_members(old, declared)
    source = {
        "type": "openapi",
        "title": conversion.title,
        "version": conversion.version,
        "baseUrl": conversion.base_url,
    }
    return {**old, "members": members, "source": source}, removed
