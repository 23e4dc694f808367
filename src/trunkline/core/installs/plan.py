"""What an upgrade would do: a pure comparison of what an install holds with what a version asks for.

Nothing here touches the database, so the plan can be shown, tested and applied as one value.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from msgspec import Struct

from trunkline.core.entities import find_references
from trunkline.core.installs.content import clone_content
from trunkline.core.installs.selection import Members, is_configured, taken_when_new, with_needs
from trunkline.core.integrations import VersionMember

NewId = Callable[[], str]


class Held(Struct, frozen=True):
    """A live member of an install with what its entity holds now."""

    id: str
    slug: str
    kind: str
    entity_id: str
    base_version_id: str
    applied_version_id: str
    source_version_id: str
    is_clone: bool
    detached: bool
    base_hash: str
    live_version_id: str
    live_number: int
    live_hash: str
    live_name: str
    live_definition: str


@dataclass(frozen=True, slots=True)
class Step:
    """One member that stays, brought to the target version.

    Attributes:
        held: the member as it is.
        wanted: the member as the target declares it.
        rewrite: the clone's content differs from what it should be.
        replace: its entity must be another one (clone instead of reference, or another kind).
        updated: it is reported as updated.
    """

    held: Held
    wanted: VersionMember
    rewrite: bool
    replace: bool
    updated: bool

    @property
    def moves(self) -> bool:
        """Whether anything of the member changes, if only the version it is pinned to."""
        return (
            self.rewrite
            or self.replace
            or self.held.base_version_id != self.wanted.entity_version_id
            or (not self.held.is_clone and self.held.entity_id != self.wanted.entity_id)
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What an upgrade does, and the four lists it answers.

    Attributes:
        steps: attached members that stay.
        added: members the install takes anew.
        removed: attached members the target no longer has.
        skipped: slugs left alone: detached, not taken, or still used.
        clone_of: clone ids by source entity id once applied.
    """

    steps: tuple[Step, ...]
    added: tuple[VersionMember, ...]
    removed: tuple[Held, ...]
    skipped: tuple[str, ...]
    clone_of: Mapping[str, str]

    @property
    def updated(self) -> tuple[str, ...]:
        """Slugs of the members whose content changes."""
        return tuple(step.held.slug for step in self.steps if step.updated)

    @property
    def changes(self) -> bool:
        """Whether applying it would change any member."""
        return bool(self.added or self.removed or any(step.moves for step in self.steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything a plan is made from.

    Attributes:
        held: the install's live members by slug.
        target: the members of the version to go to.
        previous: slugs the version it is at offered; only later ones are new.
        trashed: slugs of members that were removed from the install.
        policy: what to do with new members.
        in_use: entity ids that definitions people own in the workspace refer to.
        chosen: slugs its configuration takes; None where it has none. Of the members a configuration is about,
            it alone decides, beside the required ones.
    """

    held: Mapping[str, Held]
    target: Members
    previous: Collection[str]
    trashed: Collection[str]
    policy: str
    in_use: Collection[str]
    chosen: Collection[str] | None = None

    def decides(self, slug: str, kind: str) -> bool:
        """Whether the install's configuration says if it has this member."""
        return self.chosen is not None and is_configured(slug, kind)

    def takes(self, slug: str) -> bool:
        """Whether it says so."""
        return self.target[slug].required or slug in (self.chosen or ())


def plan_upgrade(situation: Situation, new_id: NewId) -> Plan:
    """Compare and decide. Source: reference of seed 001, upgrade; docs/decisions/0002."""
    dropped = _dropped(situation)
    added, declined = _new_slugs(situation, dropped)
    target = situation.target
    kept = [
        slug
        for slug in situation.held
        if slug in target and slug not in dropped and not _is_orphan(situation, slug, added, dropped)
    ]
    gone = [slug for slug in situation.held if slug not in kept]
    # What an upgrade no longer has stays where it was edited; what people take out goes even then.
    candidates = [slug for slug in gone if slug in dropped or not situation.held[slug].detached]
    staying = _still_used(situation, candidates)
    removed = [situation.held[slug] for slug in candidates if slug not in staying]
    kept += [slug for slug in staying if slug in dropped]
    clone_of = _clone_ids(situation, [*kept, *added], new_id)
    attached = [slug for slug in kept if not situation.held[slug].detached]
    steps = tuple(_step(situation.held[slug], target[slug], clone_of) for slug in attached)
    gone_for_good = {member.slug for member in removed}
    detached = [s for s, member in situation.held.items() if member.detached and s not in gone_for_good]
    order = {slug: i for i, slug in enumerate(target)}
    return Plan(
        steps=tuple(sorted(steps, key=lambda step: order[step.held.slug])),
        added=tuple(target[slug] for slug in target if slug in added),
        removed=tuple(sorted(removed, key=lambda member: member.slug)),
        skipped=tuple(sorted({*declined, *detached, *staying})),
        clone_of=clone_of,
    )


def _dropped(situation: Situation) -> set[str]:
    """Slugs the install has and its configuration no longer takes, unless something that it keeps needs them."""
    target, held = situation.target, situation.held
    dropped = {
        slug
        for slug, member in held.items()
        if slug in target and situation.decides(slug, member.kind) and not situation.takes(slug)
    }
    if not dropped:
        return dropped
    kept = [slug for slug in held if slug in target and slug not in dropped and not target[slug].implicit]
    return dropped - with_needs(target, kept)


def _new_slugs(situation: Situation, dropped: Collection[str]) -> tuple[set[str], set[str]]:
    """Slugs to add, and new or removed ones to leave out.

    A slug the install could have had and does not was left out or removed by people, which stands unless it
    became required or something taken needs it.
    """
    target, held = situation.target, situation.held
    wanted, declined = set(), set()
    for slug, member in target.items():
        if slug in held:
            continue
        is_new = slug not in situation.previous
        if situation.decides(slug, member.kind):
            if situation.takes(slug):
                wanted.add(slug)
            elif is_new:
                declined.add(slug)
        elif member.required or (is_new and taken_when_new(member, situation.policy)):
            wanted.add(slug)
        elif (is_new and not member.implicit) or (slug in situation.trashed and not is_new):
            declined.add(slug)
    attached = [
        slug
        for slug, member in held.items()
        if slug in target and not member.detached and slug not in dropped
    ]
    explicit = [slug for slug in attached if not target[slug].implicit]
    needed = with_needs(target, [*explicit, *wanted])
    added = {slug for slug in needed if slug not in held}
    return added, declined - added


def _is_orphan(situation: Situation, slug: str, added: Iterable[str], dropped: Collection[str]) -> bool:
    """Whether a closure schema the install has is no longer reached from any member it keeps."""
    if not situation.target[slug].implicit or situation.held[slug].detached:
        return False
    explicit = [
        other
        for other in (*situation.held, *added)
        if other in situation.target and other not in dropped and not situation.target[other].implicit
    ]
    return slug not in with_needs(situation.target, explicit)


def _still_used(situation: Situation, candidates: list[str]) -> set[str]:
    """Removal candidates that definitions people own still refer to, directly or through one another."""
    by_entity = {situation.held[slug].entity_id: slug for slug in candidates}
    pending = [slug for entity_id, slug in by_entity.items() if entity_id in situation.in_use]
    staying: set[str] = set()
    while pending:
        slug = pending.pop()
        if slug in staying:
            continue
        staying.add(slug)
        references = find_references(situation.held[slug].live_definition)
        pending.extend(by_entity[entity_id] for _, entity_id in references if entity_id in by_entity)
    return staying


def _clone_ids(situation: Situation, slugs: Iterable[str], new_id: NewId) -> dict[str, str]:
    clone_of = {}
    for slug in slugs:
        wanted, held = situation.target[slug], situation.held.get(slug)
        if held is not None and held.is_clone and held.kind == wanted.kind:
            if wanted.fork_on_install or held.detached:
                clone_of[wanted.entity_id] = held.entity_id
        elif wanted.fork_on_install and (held is None or not held.detached):
            clone_of[wanted.entity_id] = new_id()
    return clone_of


def _step(held: Held, wanted: VersionMember, clone_of: Mapping[str, str]) -> Step:
    replace = held.is_clone != wanted.fork_on_install or held.kind != wanted.kind
    if replace:
        return Step(held, wanted, rewrite=False, replace=True, updated=True)
    if held.is_clone:
        rewrite = clone_content(wanted, clone_of).content_hash != held.live_hash
        return Step(held, wanted, rewrite=rewrite, replace=False, updated=rewrite)
    changed = held.entity_id != wanted.entity_id or held.base_hash != wanted.content_hash
    return Step(held, wanted, rewrite=False, replace=False, updated=changed)
