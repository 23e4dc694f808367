"""What a clone should hold: the pinned definition with every reference pointing at the clones beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.json import decode

from trunkline.core.entities import hash_of, rewrite_references
from trunkline.core.integrations import VersionMember


@dataclass(frozen=True, slots=True)
class Content:
    """A clone's definition text and its content hash."""

    definition: str
    content_hash: str


def clone_content(member: VersionMember, clone_of: Mapping[str, str]) -> Content:
    """The content of a member's clone, `clone_of` mapping source entity ids to clone ids."""
    definition = rewrite_references(member.definition, clone_of)
    if definition == member.definition:
        return Content(definition, member.content_hash)
    return Content(definition, hash_of(member.name, member.description, decode(definition)))
