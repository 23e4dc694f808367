"""What a document declares becomes entities and declared members: found again by slug, changed only where it differs.

Shared by everything that makes integrations of documents people keep elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from trunkline.core.entities import CreateEntity, UpdateEntity, create_entity, get_entity, update_entity
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.ids import format_id
from trunkline.kit.text import MAX_NAME, MAX_TEXT

Progress = Callable[[int, int], None]
Verb: TypeAlias = Literal["created", "updated", "unchanged"]

# What a member has unless it was edited since; `imported` tells it from those that people added.
IMPORTED: Mapping[str, Any] = {
    "required": False,
    "defaultEnabled": True,
    "forkOnInstall": True,
    "imported": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An entity as a document declares it; `slug` is its own, not its member's."""

    kind: str
    slug: str
    name: str
    description: str | None
    definition: dict[str, Any]


def put_entity(
    tx: Tx, actor: Actor, workspace_id: str, wanted: Wanted, entity_id: str, *, exists: bool
) -> Verb:
    """Make an entity under this id, or bring the one that exists to what is wanted; what that came to.

    Raises:
        NotFoundError: the workspace is absent or foreign.
        ForbiddenError: the caller is no editor there.
        InvalidRequestError: the definition does not fit its kind.
    """
    members: dict[str, Any] = {
        "kind": wanted.kind,
        "id": entity_id,
        "name": wanted.name[:MAX_NAME],
        "description": (wanted.description or "")[:MAX_TEXT] or None,
        "definition": wanted.definition,
    }
    if not exists:
        create_entity(tx, actor, CreateEntity(**members, workspace_id=workspace_id, slug=wanted.slug))
        return "created"
    before = get_entity(tx, actor, wanted.kind, entity_id)
    after = update_entity(tx, actor, UpdateEntity(**members))
    return "unchanged" if after.version_id == before.version_id else "updated"


def declare(slug: str, kind: str, entity_id: str, **flags: Any) -> dict[str, Any]:
    """A declared member, of the entity with these 32 hex digits; flags given here are not for people to edit."""
    return {**flags, "slug": slug, "kind": kind, "entityId": format_id(kind, entity_id)}


def merge_members(
    old: Mapping[str, Any], declared: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """The members of a manifest after a document was taken in, and the slugs that are no longer among them.

    Flags edited since are kept, and so are members added by hand.

    Args:
        old: the manifest so far.
        declared: what the document declares now, as `declare` makes it.
    """
    before = {member["slug"]: member for member in old.get("members", [])}
    members = [{**IMPORTED, **before.get(member["slug"], {}), **member} for member in declared]
    slugs = {member["slug"] for member in declared}
    others = {slug: member for slug, member in before.items() if slug not in slugs}
    members += [member for member in others.values() if not member.get("imported")]
    return members, tuple(slug for slug, member in others.items() if member.get("imported"))
