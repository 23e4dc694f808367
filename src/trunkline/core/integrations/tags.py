"""Tags: an organization's own labels for integrations, its own and those it was let in to alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from msgspec import UNSET, UnsetType, structs

from trunkline.core.access import (
    DeletedError,
    Permission,
    require_author,
    require_organization,
    require_tier,
    scope,
)
from trunkline.core.integrations.errors import TagNameTakenError, TooManyTagsError
from trunkline.core.integrations.queries import (
    BY_ID,
    OF_TAG,
    TAG_COUNT,
    TAG_LINK,
    TAG_NAME_TAKEN,
    TAGGED,
    TAGS_OF,
)
from trunkline.core.integrations.reads import visible_integration
from trunkline.core.integrations.specs import (
    INTEGRATION_TAG,
    TAG,
    IntegrationRow,
    IntegrationTagRow,
    TagRow,
)
from trunkline.core.integrations.tables import integration_tags, tags
from trunkline.core.integrations.telling import tell
from trunkline.core.journal import Change, empty_payloads, record
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.filters import All, Compare, Op
from trunkline.kit.ids import format_id
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.text import check_name

MAX_TAGS = 50  # of one integration
MAX_COLOR = 50  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTag:
    """The request to make a tag; `color` is whatever the client draws it in."""

    organization_id: str
    name: str
    color: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTag:
    """The request to change a tag; what is UNSET stays as it is."""

    id: str
    name: str | UnsetType = UNSET
    color: str | UnsetType | None = UNSET


def list_tags(tx: Tx, actor: Actor, query: ListQuery) -> Page[TagRow]:
    """Tags of the caller's organizations.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.TAGS_READ)
    return lists.list_rows(tx, TAG, query, scope(actor, tx.specs))


def get_tag(tx: Tx, actor: Actor, tag_id: str) -> TagRow:
    """One tag.

    Raises:
        NotFoundError: absent, or of an organization that is not the caller's.
    """
    actor.require(Permission.TAGS_READ)
    return _visible(tx, actor, tag_id)


def create_tag(tx: Tx, actor: Actor, request: CreateTag) -> TagRow:
    """Make a tag; owners, admins and authors of the organization may.

    Raises:
        NotFoundError: the organization is absent or not the caller's.
        ForbiddenError: the caller is no author there.
        InvalidRequestError: a malformed name or color.
        TagNameTakenError: the organization has a tag of this name.

    Source: the documentation around seed 003, POST /api/tags.
    """
    actor.require(Permission.TAGS_WRITE)
    require_author(tx, actor, request.organization_id)
    row = TagRow(
        id=tx.new_id(),
        organization_id=request.organization_id,
        name=_free_name(tx, request.organization_id, request.name),
        color=_checked_color(request.color),
        created_by=actor.user_id,
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.insert(tags, **structs.asdict(row))
    _journal(tx, actor, "created", row)
    return row


def update_tag(tx: Tx, actor: Actor, request: UpdateTag) -> TagRow:
    """Rename or recolor a tag, wherever it is assigned; whoever made it and admins may.

    Raises:
        NotFoundError: absent, or of an organization that is not the caller's.
        ForbiddenError: the caller neither made it nor administers the organization.
        InvalidRequestError: a malformed name or color.
        TagNameTakenError: another tag of the organization has this name.
    """
    actor.require(Permission.TAGS_WRITE)
    before = _changeable(tx, actor, request.id)
    after = before
    if request.name is not UNSET and request.name != before.name:
        after = structs.replace(after, name=_free_name(tx, before.organization_id, request.name, before.id))
    if request.color is not UNSET:
        after = structs.replace(after, color=_checked_color(request.color))
    if after == before:
        return before
    after = structs.replace(after, updated_at=tx.now)
    tx.update(tags, BY_ID, {"id": before.id}, name=after.name, color=after.color, updated_at=tx.now)
    changed = tuple(name for name in ("name", "color") if getattr(after, name) != getattr(before, name))
    _journal(tx, actor, "updated", after, changed)
    return after


def delete_tag(tx: Tx, actor: Actor, tag_id: str) -> None:
    """Remove a tag from everything it is assigned to, and for good; whoever made it and admins may.

    Raises:
        NotFoundError: absent, or of an organization that is not the caller's.
        ForbiddenError: the caller neither made it nor administers the organization.
    """
    actor.require(Permission.TAGS_WRITE)
    row = _changeable(tx, actor, tag_id)
    tx.delete(integration_tags, OF_TAG, tag_id=row.id)
    tx.delete(tags, BY_ID, id=row.id)
    empty_payloads(tx, [row.id])
    _journal(tx, actor, "deleted", row)


def assign_tag(tx: Tx, actor: Actor, integration_id: str, tag_id: str) -> IntegrationTagRow:
    """Put a tag on an integration of the same organization; a no-op when it is on it.

    Raises:
        NotFoundError: the integration or the tag is absent or outside the caller's scope, or they are of two
            organizations.
        ForbiddenError: the caller is no editor of the integration.
        DeletedError: the integration is deleted.
        TooManyTagsError: it has fifty tags.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    row = _editable(tx, actor, integration_id)
    tag = _visible(tx, actor, tag_id)
    if tag.organization_id != row.organization_id:
        raise NotFoundError("tag")
    if tx.value(TAG_LINK, integration_id=row.id, tag_id=tag.id) is None:
        if tx.value(TAG_COUNT, integration_id=row.id) >= MAX_TAGS:
            raise TooManyTagsError(f"the integration has {MAX_TAGS} tags, which is as many as one may have")
        tx.insert(
            integration_tags,
            id=tx.new_id(),
            organization_id=row.organization_id,
            workspace_id=row.workspace_id,
            integration_id=row.id,
            tag_id=tag.id,
            created_by=actor.user_id,
            created_at=tx.now,
        )
        tell(tx, actor, "tagged", row, changed=("tags",), data={"tagId": format_id("tag", tag.id)})
    return _assigned(tx, actor, row.id, tag.id)


def unassign_tag(tx: Tx, actor: Actor, integration_id: str, tag_id: str) -> None:
    """Take a tag off an integration; a no-op when it is not on it.

    Raises:
        NotFoundError: the integration or the tag is absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the integration.
        DeletedError: the integration is deleted.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    row = _editable(tx, actor, integration_id)
    tag = _visible(tx, actor, tag_id)
    if tx.delete(integration_tags, TAGGED, integration_id=row.id, tag_id=tag.id):
        tell(tx, actor, "untagged", row, changed=("tags",), data={"tagId": format_id("tag", tag.id)})


def list_integration_tags(tx: Tx, actor: Actor, integration_id: str) -> list[IntegrationTagRow]:
    """The tags of an integration, by name; fifty at most.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope.
    """
    actor.require(Permission.INTEGRATIONS_READ)
    row = visible_integration(tx, actor, integration_id)
    query = ListQuery(where=Compare("integration_id", Op.EQ, row.id), limit=MAX_TAGS, count=False)
    found = lists.list_rows(tx, INTEGRATION_TAG, query, scope(actor, tx.specs)).rows
    return sorted(found, key=lambda assigned: assigned.tag_name)


def get_integration_tag(tx: Tx, actor: Actor, integration_id: str, tag_id: str) -> IntegrationTagRow:
    """One tag of an integration.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope, or does not have the tag.
    """
    actor.require(Permission.INTEGRATIONS_READ)
    return _assigned(tx, actor, visible_integration(tx, actor, integration_id).id, tag_id)


def tags_of(tx: Tx, actor: Actor, integration_ids: Iterable[str]) -> dict[str, list[str]]:
    """Ids of the tags of integrations the caller was shown, by integration; those without are left out.

    Labels of other organizations are not among them.
    """
    actor.require(Permission.INTEGRATIONS_READ)
    found: dict[str, list[str]] = {}
    for integration_id, tag_id, organization_id in tx.fetch_for(TAGS_OF, integration_ids):
        if actor.is_system or organization_id in actor.organizations:
            found.setdefault(integration_id, []).append(tag_id)
    return {integration_id: sorted(tag_ids) for integration_id, tag_ids in found.items()}


def _visible(tx: Tx, actor: Actor, tag_id: str) -> TagRow:
    row = lists.get_row(tx, TAG, tag_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("tag")
    return row


def _changeable(tx: Tx, actor: Actor, tag_id: str) -> TagRow:
    row = _visible(tx, actor, tag_id)
    if row.created_by == actor.user_id and not actor.is_system:
        require_author(tx, actor, row.organization_id)
    else:
        require_organization(tx, actor, row.organization_id, Tier.ADMIN)
    return row


def _editable(tx: Tx, actor: Actor, integration_id: str) -> IntegrationRow:
    row = visible_integration(tx, actor, integration_id)
    require_tier(tx, actor, row, Tier.EDITOR, "integration")
    if row.deleted_at is not None:
        raise DeletedError("restore the integration before tagging it")
    return row


def _assigned(tx: Tx, actor: Actor, integration_id: str, tag_id: str) -> IntegrationTagRow:
    where = All((Compare("integration_id", Op.EQ, integration_id), Compare("tag_id", Op.EQ, tag_id)))
    query = ListQuery(where=where, limit=1, count=False)
    found = lists.list_rows(tx, INTEGRATION_TAG, query, scope(actor, tx.specs)).rows
    if not found:
        raise NotFoundError("tag")
    return found[0]


def _free_name(tx: Tx, organization_id: str, name: str, own_id: str = "") -> str:
    check_name("name", name)
    if tx.value(TAG_NAME_TAKEN, organization_id=organization_id, name=name, id=own_id):
        raise TagNameTakenError("the organization has a tag of this name")
    return name


def _checked_color(color: str | None) -> str | None:
    if color is not None and not (1 <= len(color) <= MAX_COLOR and color.isprintable()):
        raise InvalidRequestError.at("color", f"must be 1-{MAX_COLOR} printable characters")
    return color


def _journal(tx: Tx, actor: Actor, verb: str, row: TagRow, changed: tuple[str, ...] = ()) -> None:
    change = Change(
        type=f"tag.{verb}",
        subject_kind="tag",
        subject_id=row.id,
        organization_id=row.organization_id,
        changed=changed,
    )
    record(tx, actor, change)
