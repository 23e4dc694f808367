"""An OpenAPI document becomes an integration draft: operations are functions, components are schemas.

Importing again updates the same entities by slug, so that publishing afterwards yields an upgrade in place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.json import decode

from trunkline.core.access import require_workspace
from trunkline.core.entities import (
    CreateEntity,
    UpdateEntity,
    create_entity,
    find_entities,
    get_entity,
    update_entity,
)
from trunkline.core.integrations.creating import CreateIntegration, create_integration
from trunkline.core.integrations.queries import ID_OF_SLUG
from trunkline.core.integrations.reads import visible_integration
from trunkline.core.integrations.service import UpdateIntegration, update_integration
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.ids import format_id
from trunkline.kit.openapi import Conversion, ConvertedMember, bound_definition
from trunkline.kit.text import MAX_NAME, MAX_TEXT

Progress = Callable[[int, int], None]

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
        exists = slugs[member.slug] in known[member.kind]
        definition = bound_definition(member, schema_ids)
        verb = _put(
            tx, actor, request, member, slugs[member.slug], ids[member.slug], definition, exists=exists
        )
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


def _put(
    tx: Tx,
    actor: Actor,
    request: ImportOpenApi,
    member: ConvertedMember,
    slug: str,
    entity_id: str,
    definition: dict[str, Any],
    *,
    exists: bool,
) -> str:
    if not exists:
        creation = CreateEntity(
            id=entity_id,
            kind=member.kind,
            workspace_id=request.workspace_id,
            slug=slug,
            name=member.name[:MAX_NAME],
            description=(member.description or "")[:MAX_TEXT] or None,
            definition=definition,
        )
        create_entity(tx, actor, creation)
        return "created"
    before = get_entity(tx, actor, member.kind, entity_id)
    edit = UpdateEntity(
        kind=member.kind,
        id=entity_id,
        name=member.name[:MAX_NAME],
        description=(member.description or "")[:MAX_TEXT] or None,
        definition=definition,
    )
    after = update_entity(tx, actor, edit)
    return "unchanged" if after.version_id == before.version_id else "updated"


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
    before = {member["slug"]: member for member in old.get("members", [])}
    members = []
    for member in conversion.members:
        flags = {"required": False, "defaultEnabled": True, "forkOnInstall": True, "imported": True}
        kept = before.get(member.slug, {})
        fixed = {
            "slug": member.slug,
            "kind": member.kind,
            "entityId": format_id(member.kind, ids[member.slug]),
        }
        members.append({**flags, **kept, **fixed})
    added_by_hand = [m for slug, m in before.items() if slug not in ids and not m.get("imported")]
    removed = tuple(slug for slug, m in before.items() if slug not in ids and m.get("imported"))
    source = {
        "type": "openapi",
        "title": conversion.title,
        "version": conversion.version,
        "baseUrl": conversion.base_url,
    }
    return {**old, "members": [*members, *added_by_hand], "source": source}, removed
