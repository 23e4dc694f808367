"""What people do with entities: create, edit, delete, restore, purge. Each write keeps a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from msgspec import UNSET, Raw, UnsetType, structs
from msgspec.json import decode

from trunkline.core.access import (
    NO_TOMBSTONE,
    DeletedError,
    NotDeletedError,
    Permission,
    require_tier,
    require_workspace,
    scope,
    tombstone,
)
from trunkline.core.entities.kinds import KINDS
from trunkline.core.entities.queries import (
    BY_ID,
    EXPIRED,
    IDS_BY_SLUG,
    LENT,
    LIVE_WORKSPACE,
    NEXT_NUMBER,
    OF_ENTITY,
    SLUG_TAKEN,
)
from trunkline.core.entities.specs import ENTITY, ENTITY_VERSION, EntityRow, EntityVersionRow
from trunkline.core.entities.tables import entities, entity_loans, entity_versions
from trunkline.core.journal import Change, empty_payloads, record
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import ConflictError, InvalidRequestError, NotFoundError
from trunkline.kit.filters import Compare, Op, both
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.strictjson import content_hash, encode
from trunkline.kit.text import check_name, check_slug, check_text


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateEntity:
    """The request to create an entity of `kind` (a key of `KINDS`); `id` is a fresh one unless given."""

    kind: str
    workspace_id: str
    slug: str
    name: str
    definition: Mapping[str, Any]
    description: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateEntity:
    """The request to edit an entity; what is UNSET stays as it is."""

    kind: str
    id: str
    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    definition: Mapping[str, Any] | UnsetType = UNSET


def hash_of(name: str, description: str | None, definition: Any) -> str:
    """The content hash of a version: equal meaning gives an equal hash, whatever the member order."""
    return content_hash([name, description, definition])


def list_entities(tx: Tx, actor: Actor, kind: str, query: ListQuery) -> Page[EntityRow]:
    """Entities of `kind` in the caller's workspaces and those lent to them.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.ENTITIES_READ)
    of_kind = Compare("kind", Op.EQ, kind)
    where = both(of_kind, query.where)
    page = lists.list_rows(tx, ENTITY, replace(query, where=where), scope(actor, tx.specs))
    return replace(page, rows=[_as_seen(tx, actor, row) for row in page.rows])


def find_entities(tx: Tx, workspace_id: str, kind: str) -> dict[str, str]:
    """Ids of a workspace's live authored entities of a kind, by slug; for verbs that checked the workspace."""
    return dict(tx.fetch(IDS_BY_SLUG, {"workspace_id": workspace_id, "kind": kind}))


def get_entity(tx: Tx, actor: Actor, kind: str, entity_id: str) -> EntityRow:
    """One entity; a borrower reads the version that was lent.

    Raises:
        NotFoundError: absent, of another kind, or outside the caller's scope.
    """
    actor.require(Permission.ENTITIES_READ)
    return _as_seen(tx, actor, _visible(tx, actor, kind, entity_id))


def create_entity(tx: Tx, actor: Actor, request: CreateEntity) -> EntityRow:
    """Add an entity with its first version to a workspace.

    Raises:
        NotFoundError: the workspace is absent or foreign.
        ForbiddenError: the caller is no editor there.
        InvalidRequestError: the definition does not fit its kind.
        ConflictError: the slug is taken.
    """
    actor.require(Permission.ENTITIES_WRITE)
    organization_id = require_workspace(tx, actor, request.workspace_id, Tier.EDITOR)
    check_slug("slug", request.slug)
    _check(request.kind, request.name, request.description, request.definition)
    _require_free_slug(tx, request.kind, request.workspace_id, "", request.slug)
    entity_id, version_id = request.id or tx.new_id(), tx.new_id()
    place = {"organization_id": organization_id, "workspace_id": request.workspace_id}
    tx.insert(
        entities,
        **place,
        id=entity_id,
        kind=request.kind,
        slug=request.slug,
        name=request.name,
        description=request.description,
        version_id=version_id,
        created_by=actor.user_id,
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.insert(
        entity_versions,
        **place,
        id=version_id,
        entity_id=entity_id,
        number=1,
        name=request.name,
        description=request.description,
        definition=encode(request.definition),
        content_hash=hash_of(request.name, request.description, request.definition),
        created_by=actor.user_id,
        created_at=tx.now,
    )
    _journal(tx, actor, "created", request.kind, entity_id, place)
    return _visible(tx, actor, request.kind, entity_id)


def update_entity(tx: Tx, actor: Actor, request: UpdateEntity) -> EntityRow:
    """Edit an entity: a new version when its meaning changed, nothing at all when it did not.

    Editing a clone detaches it from upgrades (the installs capability reacts to `<kind>.updated`).

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of it.
        ConflictError: it is deleted.
        InvalidRequestError: the result does not fit its kind.
    """
    actor.require(Permission.ENTITIES_WRITE)
    row = _own(tx, actor, request.kind, request.id, Tier.EDITOR)
    if row.deleted_at is not None:
        raise DeletedError("restore it before editing it")
    name = row.name if request.name is UNSET else request.name
    description = row.description if request.description is UNSET else request.description
    definition = decode(row.definition) if request.definition is UNSET else request.definition
    _check(request.kind, name, description, definition)
    digest = hash_of(name, description, definition)
    if digest == row.content_hash:
        return row
    version_id = tx.new_id()
    tx.insert(
        entity_versions,
        id=version_id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        entity_id=row.id,
        number=tx.value(NEXT_NUMBER, entity_id=row.id),
        name=name,
        description=description,
        definition=encode(definition),
        content_hash=digest,
        created_by=actor.user_id,
        created_at=tx.now,
    )
    tx.update(
        entities,
        BY_ID,
        {"id": row.id},
        version_id=version_id,
        name=name,
        description=description,
        updated_at=tx.now,
    )
    changed = {"name": request.name, "description": request.description, "definition": request.definition}
    names = tuple(member for member, value in changed.items() if value is not UNSET)
    _journal(tx, actor, "updated", row.kind, row.id, _place(row), changed=names)
    return _visible(tx, actor, row.kind, row.id)


def delete_entity(tx: Tx, actor: Actor, kind: str, entity_id: str) -> None:
    """Tombstone an entity; a no-op when it is deleted already. What was lent of it stays readable.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of it.
    """
    actor.require(Permission.ENTITIES_WRITE)
    row = _own(tx, actor, kind, entity_id, Tier.EDITOR)
    if row.deleted_at is not None:
        return
    stamp = tombstone(tx, row.organization_id)
    tx.update(entities, BY_ID, {"id": row.id}, **stamp.columns())
    _journal(tx, actor, "deleted", kind, row.id, _place(row), data={"deletionId": stamp.deletion_id})


def restore_entity(tx: Tx, actor: Actor, kind: str, entity_id: str) -> EntityRow:
    """Bring a deleted entity back; a no-op when it is live.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of it.
        ConflictError: its slug was taken meanwhile, or what it belongs to is deleted.
    """
    actor.require(Permission.ENTITIES_WRITE)
    row = _own(tx, actor, kind, entity_id, Tier.EDITOR)
    if row.deleted_at is None:
        return row
    if tx.value(LIVE_WORKSPACE, id=row.workspace_id) is None:
        raise ConflictError(
            f"the {kind}'s workspace is deleted: restore that first", code="workspace_deleted"
        )
    _require_free_slug(tx, kind, row.workspace_id, row.namespace, row.slug)
    tx.update(entities, BY_ID, {"id": row.id}, **NO_TOMBSTONE)
    _journal(tx, actor, "restored", kind, row.id, _place(row), data={"deletionId": row.deletion_id})
    return _visible(tx, actor, kind, row.id)


def purge_entity(tx: Tx, actor: Actor, kind: str, entity_id: str) -> None:
    """Remove a deleted entity and its versions for good.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of it.
        ConflictError: it is live, or a published version pins it.
    """
    actor.require(Permission.ENTITIES_WRITE)
    row = _own(tx, actor, kind, entity_id, Tier.ADMIN)
    if row.deleted_at is None:
        raise NotDeletedError("delete it before purging it")
    # Recorded first: capabilities above remove what points here, or refuse.
    _journal(tx, actor, "purged", kind, row.id, _place(row))
    tx.delete(entity_loans, OF_ENTITY, entity_id=row.id)
    tx.delete(entity_versions, OF_ENTITY, entity_id=row.id)
    tx.delete(entities, BY_ID, id=row.id)
    empty_payloads(tx, [row.id])


def expired_entities(tx: Tx, kind: str, limit: int) -> list[str]:
    """Ids of deleted entities whose retention is over, the longest overdue first; for the retention job."""
    return tx.column(EXPIRED, kind=kind, now=tx.now, limit=limit)


def list_entity_versions(
    tx: Tx, actor: Actor, kind: str, entity_id: str, query: ListQuery
) -> Page[EntityVersionRow]:
    """Versions of one entity; those who only borrow it see none.

    Raises:
        NotFoundError: the entity is absent or outside the caller's scope.
    """
    actor.require(Permission.ENTITIES_READ)
    _visible(tx, actor, kind, entity_id)
    of_entity = Compare("entity_id", Op.EQ, entity_id)
    where = both(of_entity, query.where)
    return lists.list_rows(tx, ENTITY_VERSION, replace(query, where=where), scope(actor, tx.specs))


def get_entity_version(tx: Tx, actor: Actor, kind: str, entity_id: str, version_id: str) -> EntityVersionRow:
    """One version of one entity.

    Raises:
        NotFoundError: the entity or version is absent or outside the caller's scope.
    """
    actor.require(Permission.ENTITIES_READ)
    _visible(tx, actor, kind, entity_id)
    row = lists.get_row(tx, ENTITY_VERSION, version_id, scope(actor, tx.specs))
    if row is None or row.entity_id != entity_id:
        raise NotFoundError("version")
    return row


def _visible(tx: Tx, actor: Actor, kind: str, entity_id: str) -> EntityRow:
    row = lists.get_row(tx, ENTITY, entity_id, scope(actor, tx.specs))
    if row is None or row.kind != kind:
        raise NotFoundError(kind)
    return row


def _own(tx: Tx, actor: Actor, kind: str, entity_id: str, tier: Tier) -> EntityRow:
    row = _visible(tx, actor, kind, entity_id)
    require_tier(tx, actor, row, tier, kind)
    return row


def _as_seen(tx: Tx, actor: Actor, row: EntityRow) -> EntityRow:
    """The row itself for those it belongs to, the version that was lent for everybody else."""
    if row.insider:
        return row
    seen_from = scope(actor, tx.specs)
    lent = LENT.format(borrower=seen_from.in_workspace("l", Tier.VIEWER))
    version_id, name, description, definition, digest = tx.fetch(
        lent, {**seen_from.params, "entity_id": row.id}
    )[0]
    return structs.replace(
        row,
        version_id=version_id,
        name=name,
        description=description,
        definition=Raw(definition.encode()),
        content_hash=digest,
    )


def _check(kind: str, name: str, description: str | None, definition: Any) -> None:
    check_name("name", name)
    check_text("description", description)
    problems = KINDS[kind].problems(definition)
    if problems:
        raise InvalidRequestError(f"the definition is no {kind}: {problems[0].message}", *problems)


def _require_free_slug(tx: Tx, kind: str, workspace_id: str, namespace: str, slug: str) -> None:
    if tx.value(SLUG_TAKEN, workspace_id=workspace_id, kind=kind, namespace=namespace, slug=slug):
        raise ConflictError(f"a {kind} with slug {slug} exists in this workspace", code="slug_taken")


def _place(row: EntityRow) -> dict[str, str]:
    return {"organization_id": row.organization_id, "workspace_id": row.workspace_id}


def _journal(
    tx: Tx,
    actor: Actor,
    verb: str,
    kind: str,
    entity_id: str,
    place: Mapping[str, str],
    *,
    changed: tuple[str, ...] = (),
    data: Mapping[str, Any] | None = None,
) -> str:
    change = Change(
        type=f"{kind}.{verb}",
        subject_kind=kind,
        subject_id=entity_id,
        changed=changed,
        data=data or {},
        **place,
    )
    return record(tx, actor, change)
