"""Which members an install takes: pure functions over a version's members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from trunkline.core.integrations import VersionMember
from trunkline.core.manifests import object_of_slug
from trunkline.kit.errors import InvalidRequestError, Problem

Members = Mapping[str, VersionMember]

CONFIGURED_KINDS = ("sync", "action", "subscription")


def is_configured(slug: str, kind: str) -> bool:
    """Whether it is an object of a manifest: an install's configuration says if it has such a member."""
    return kind in CONFIGURED_KINDS and object_of_slug(slug) is not None


def initial_slugs(members: Members, policy: str, selected: Sequence[str] | None) -> set[str]:
    """The slugs a new install takes, with everything they need.

    Named slugs plus the required ones; without names all of them under `auto_all`, else the required and the
    default-enabled ones.

    Raises:
        InvalidRequestError: a selected slug that the version does not have.

    Source: reference of seed 001, install.
    """
    if selected is not None:
        problems = [
            Problem(f"selectedMemberSlugs[{i}]", f"{slug[:100]} is no member of this version")
            for i, slug in enumerate(selected)
            if slug not in members
        ]
        if problems:
            raise InvalidRequestError(f"{problems[0].path}: {problems[0].message}", *problems)
        wanted = {*selected, *(slug for slug, member in members.items() if member.required)}
    else:
        wanted = {slug for slug, member in members.items() if taken_by_policy(member, policy)}
    return with_needs(members, wanted)


def taken_by_policy(member: VersionMember, policy: str) -> bool:
    """Whether a member nobody named is taken; closure schemas come only with what needs them."""
    if member.required:
        return True
    if member.implicit:
        return False
    return policy == "auto_all" or member.default_enabled


def taken_when_new(member: VersionMember, policy: str) -> bool:
    """Whether an upgrade takes a member the previous version did not have; `manual` leaves the choice open."""
    return member.required or (policy != "manual" and taken_by_policy(member, policy))


def with_needs(members: Members, slugs: Iterable[str]) -> set[str]:
    """The slugs and everything they transitively depend on or refer to."""
    found: set[str] = set()
    pending = list(slugs)
    while pending:
        slug = pending.pop()
        if slug not in found and slug in members:
            found.add(slug)
            pending.extend(members[slug].needed_slugs)
    return found


def lent_beside(members: Members, chosen: Iterable[str]) -> set[str]:
    """Clones whose source must be readable as well, because a referenced member's definition names it."""
    taken = set(chosen)
    references = [slug for slug in taken if not members[slug].fork_on_install]
    return {
        slug for slug in with_needs(members, references) if members[slug].fork_on_install and slug in taken
    }
