"""What a publish pins: every declared member's present version, and the schemas those versions reach.

The schema closure holds every schema reachable through references from pinned definitions; one that is not
declared becomes an implicit member `schema:<slug>`. A reference to anything else that is not a member would
dangle in every install, so it is refused here.

Source: seed 001, POST /api/integrations/{id}/publish.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trunkline.core.entities import find_references
from trunkline.core.integrations.manifest import Manifest, MemberDecl
from trunkline.core.integrations.queries import PINS
from trunkline.infra.db import Tx
from trunkline.kit.errors import InvalidRequestError, Problem
from trunkline.kit.ids import format_id, parse_id

MAX_CLOSURE = 20_000  # members of one version, declared and implicit


@dataclass(frozen=True, slots=True)
class Source:
    """A live entity of the source workspace as it stands now."""

    entity_id: str
    kind: str
    slug: str
    version_id: str
    name: str
    definition: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class Pin:
    """One member of the version to be: its declaration, what it pins, and the slugs it needs."""

    slug: str
    source: Source
    required: bool
    default_enabled: bool
    fork_on_install: bool
    implicit: bool
    depends_on: tuple[str, ...]
    needs: tuple[str, ...]


def resolve_pins(tx: Tx, workspace_id: str, manifest: Manifest) -> list[Pin]:
    """Pin every declared member and its schema closure, in order of declaration.

    Raises:
        InvalidRequestError: an entity that is not a live one of the workspace, a kind that disagrees, an
            unknown or circular `dependsOn`, a reference that would dangle.
    """
    declared = _declared_sources(tx, workspace_id, manifest)
    problems = _dependency_problems(manifest)
    if problems:
        raise InvalidRequestError(f"{problems[0].path}: {problems[0].message}", *problems)
    slug_of: dict[str, str] = {}
    for i, (member, source) in enumerate(zip(manifest.members, declared, strict=True)):
        if source.entity_id in slug_of:
            other = slug_of[source.entity_id]
            raise InvalidRequestError.at(
                f"manifest.members[{i}].entityId", f"is the entity of {other} already"
            )
        slug_of[source.entity_id] = member.slug
    implicit = _closure(tx, workspace_id, manifest, declared, slug_of)
    pins = [
        _pin(member.slug, source, member, slug_of)
        for member, source in zip(manifest.members, declared, strict=True)
    ]
    forked = {pin.source.entity_id for pin in pins if pin.fork_on_install}
    reached_by_fork = _reached(forked, {source.entity_id: source for source in (*declared, *implicit)})
    pins.extend(
        _implicit_pin(source, slug_of, fork=source.entity_id in reached_by_fork) for source in implicit
    )
    return pins


def _declared_sources(tx: Tx, workspace_id: str, manifest: Manifest) -> list[Source]:
    wanted = [parse_id(member.kind, member.entity_id) for member in manifest.members]
    found = live_sources(tx, workspace_id, [entity_id for entity_id in wanted if entity_id])
    sources, problems = [], []
    for i, (member, entity_id) in enumerate(zip(manifest.members, wanted, strict=True)):
        source = found.get(entity_id or "")
        if source is None or source.kind != member.kind:
            path = f"manifest.members[{i}].entityId"
            problems.append(
                Problem(path, f"{member.entity_id[:100]} is no live {member.kind} of the workspace")
            )
        else:
            sources.append(source)
    if problems:
        raise InvalidRequestError(f"{problems[0].path}: {problems[0].message}", *problems)
    return sources


def live_sources(tx: Tx, workspace_id: str, ids: Iterable[str]) -> dict[str, Source]:
    """Those of some entities that are live ones of a workspace, by id, as they stand now."""
    rows = tx.fetch_for(PINS, ids, workspace_id=workspace_id)
    return {row[0]: Source(*row) for row in rows}


def _closure(
    tx: Tx, workspace_id: str, manifest: Manifest, declared: list[Source], slug_of: dict[str, str]
) -> list[Source]:
    """The schemas reached from the declared members that are not members themselves; names them in `slug_of`."""
    implicit: list[Source] = []
    taken = {member.slug for member in manifest.members}
    frontier = [(f"manifest.members[{i}]", source) for i, source in enumerate(declared)]
    while frontier:
        missing: dict[str, str] = {}
        for path, source in frontier:
            for kind, entity_id in find_references(source.definition):
                if entity_id in slug_of:
                    continue
                if kind != "schema":
                    _refuse_dangling(path, source, kind, entity_id)
                missing.setdefault(entity_id, path)
        found = live_sources(tx, workspace_id, missing)
        frontier = []
        for entity_id, path in missing.items():
            reached = found.get(entity_id)
            if reached is None:
                raise InvalidRequestError.at(
                    path, f"reaches {format_id('schema', entity_id)}, no live schema here"
                )
            slug = f"schema:{reached.slug}"
            if slug in taken:
                raise InvalidRequestError.at(
                    path, f"reaches schema {reached.slug}, but slug {slug} is another member"
                )
            taken.add(slug)
            slug_of[entity_id] = slug
            implicit.append(reached)
            frontier.append((path, reached))
        if len(implicit) > MAX_CLOSURE:
            raise InvalidRequestError.at("manifest.members", f"reach more than {MAX_CLOSURE} schemas")
    return implicit


def _refuse_dangling(path: str, source: Source, kind: str, entity_id: str) -> None:
    raise InvalidRequestError.at(
        path,
        f"{source.slug} refers to {format_id(kind, entity_id)}, which is no member: add it to the manifest",
    )


def _pin(slug: str, source: Source, member: MemberDecl, slug_of: dict[str, str]) -> Pin:
    return Pin(
        slug=slug,
        source=source,
        required=member.required,
        default_enabled=member.default_enabled,
        fork_on_install=member.fork_on_install,
        implicit=False,
        depends_on=tuple(member.depends_on),
        needs=_needs(slug, source, slug_of, member.depends_on),
    )


def _implicit_pin(source: Source, slug_of: dict[str, str], *, fork: bool) -> Pin:
    slug = slug_of[source.entity_id]
    return Pin(
        slug=slug,
        source=source,
        required=False,
        default_enabled=False,
        fork_on_install=fork,
        implicit=True,
        depends_on=(),
        needs=_needs(slug, source, slug_of, ()),
    )


def _needs(slug: str, source: Source, slug_of: dict[str, str], depends_on: Iterable[str]) -> tuple[str, ...]:
    needed = dict.fromkeys(depends_on)
    needed.update(dict.fromkeys(slug_of[entity_id] for _, entity_id in find_references(source.definition)))
    needed.pop(slug, None)
    return tuple(needed)


def _reached(roots: set[str], sources: dict[str, Source]) -> set[str]:
    """Entities reachable from the roots: closure schemas of clones are cloned, those of references are not."""
    seen: set[str] = set()
    pending = list(roots)
    while pending:
        for _, entity_id in find_references(sources[pending.pop()].definition):
            if entity_id not in seen:
                seen.add(entity_id)
                pending.append(entity_id)
    return seen


def _dependency_problems(manifest: Manifest) -> list[Problem]:
    edges = {member.slug: member.depends_on for member in manifest.members}
    problems = [
        Problem(f"manifest.members[{i}].dependsOn[{j}]", f"{slug[:100]} is no member")
        for i, member in enumerate(manifest.members)
        for j, slug in enumerate(member.depends_on)
        if slug not in edges
    ]
    return problems or _cycle_problems(edges)


def _cycle_problems(edges: dict[str, list[str]]) -> list[Problem]:
    # Members without open dependencies are taken away until none is left; what remains goes in circles.
    waiting = {slug: set(needs) for slug, needs in edges.items()}
    users: dict[str, list[str]] = {}
    for slug, needs in waiting.items():
        for need in needs:
            users.setdefault(need, []).append(slug)
    ready = [slug for slug, needs in waiting.items() if not needs]
    while ready:
        done = ready.pop()
        waiting.pop(done)
        for user in users.get(done, ()):
            waiting[user].discard(done)
            if not waiting[user]:
                ready.append(user)
    if not waiting:
        return []
    return [
        Problem("manifest.members", f"dependsOn goes in a circle through {', '.join(sorted(waiting)[:5])}")
    ]
