"""Importing a converted document into a running server, request by request.

Unlike an import into the database it is not one transaction: what an interrupted run has made is found and
used by the next. The draft that declares the members is written last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec

from trunkline.cli.failures import CommandError
from trunkline.cli.remote import RefusedError, Remote
from trunkline.cli.screen import Step
from trunkline.core.integrations import ImportOpenApi, ImportResult, entity_slug, merge_manifest
from trunkline.kit.ids import format_id, parse_id
from trunkline.kit.openapi import ConvertedMember, bound_definition
from trunkline.kit.text import MAX_NAME, MAX_TEXT

BATCH = 100  # ids of one request; a page holds as many
PATHS = {"schema": "/schemas", "function": "/functions"}


@dataclass(slots=True)
class _Run:
    """One import: what the server has by member slug, the ids of the schemas, and what was made."""

    remote: Remote
    request: ImportOpenApi
    step: Step
    entities: dict[str, dict[str, Any]] = field(default_factory=dict)
    schema_ids: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)

    @property
    def workspace(self) -> str:
        """The workspace's printed id."""
        return format_id("workspace", self.request.workspace_id)

    @property
    def members(self) -> tuple[ConvertedMember, ...]:
        """The members of the document."""
        return self.request.conversion.members

    def keep(self, member: ConvertedMember, entity: dict[str, Any]) -> None:
        """Remember what the server has for a member."""
        self.entities[member.slug] = entity
        if member.kind == "schema":
            self.schema_ids[member.slug] = entity["id"]


def import_remotely(remote: Remote, request: ImportOpenApi, step: Step) -> ImportResult:
    """Create or update the members' entities and the draft that declares them.

    Raises:
        CommandError: the server cannot be reached or refuses; what was made so far stays.
    """
    run = _Run(remote, request, step)
    draft = find_draft(remote, run.workspace, request.slug)
    manifest = {} if draft is None else draft["manifest"]
    _find_entities(run, manifest)
    steps = 2 * len(run.members)
    for done, member in enumerate(_referenced_first(run.members), start=1):
        if member.slug not in run.entities:
            _create(run, member)
        step(done, steps)
    outcome: dict[str, list[str]] = {"created": [], "updated": [], "unchanged": []}
    for done, member in enumerate(run.members, start=len(run.members) + 1):
        outcome[_settle(run, member)].append(member.slug)
        step(done, steps)
    ids = {member.slug: _hex(member.kind, run.entities[member.slug]["id"]) for member in run.members}
    merged, removed = merge_manifest(manifest, request.conversion, ids)
    integration_id = _put_draft(run, draft, merged)
    created, updated, unchanged = (tuple(slugs) for slugs in outcome.values())
    return ImportResult(integration_id, created, updated, unchanged, removed)


def find_remote_workspace(remote: Remote, wanted: str | None) -> str:
    """The id (32 hex digits) of the workspace with this handle or id; without either, the only one.

    Raises:
        CommandError: there is none such, or several to choose from.
    """
    if wanted is not None and (given := parse_id("workspace", wanted)) is not None:
        return given
    found = list(remote.pages("/workspaces"))
    names = ", ".join(one["handle"] for one in found)
    chosen = found if wanted is None else [one for one in found if one["handle"] == wanted]
    if len(chosen) == 1:
        return _hex("workspace", chosen[0]["id"])
    if wanted is None and found:
        raise CommandError(
            "workspace_needed", "which workspace? there are several", f"--workspace, one of {names}"
        )
    raise CommandError(
        "workspace_not_found", f"there is no workspace {wanted or ''}".rstrip(), f"there are {names}"
    )


def find_draft(remote: Remote, workspace: str, slug: str) -> dict[str, Any] | None:
    """The workspace's integration with this slug, if there is one."""
    where = {"workspaceId": {"eq": workspace}, "slug": {"eq": slug}}
    return next(remote.pages("/integrations", filter=where), None)


def _find_entities(run: _Run, manifest: dict[str, Any]) -> None:
    """Find what an earlier import made, through the manifest it wrote."""
    declared = {one["slug"]: one["entityId"] for one in manifest.get("members", [])}
    for kind, path in PATHS.items():
        wanted = {
            declared[member.slug]: member
            for member in run.members
            if member.kind == kind and parse_id(kind, declared.get(member.slug, "")) is not None
        }
        for batch in _batches(sorted(wanted)):
            for entity in run.remote.pages(path, ids=",".join(batch)):
                if entity["workspaceId"] == run.workspace:
                    run.keep(wanted[entity["id"]], entity)


def _referenced_first(members: Iterable[ConvertedMember]) -> list[ConvertedMember]:
    """The members such that, cycles aside, each stands behind those it refers to."""
    by_slug = {member.slug: member for member in members}
    ordered: dict[str, ConvertedMember] = {}
    entered: set[str] = set()
    for first in by_slug:
        stack = [first]
        while stack:
            slug = stack[-1]
            waiting = [] if slug in entered else sorted(by_slug[slug].refs - entered - {slug})
            entered.add(slug)
            if waiting:
                stack += waiting
            else:
                ordered.setdefault(slug, by_slug[stack.pop()])
    return list(ordered.values())


def _create(run: _Run, member: ConvertedMember) -> None:
    # In a cycle the id of one is needed before the other can be written; the second pass fills it in.
    is_whole = member.refs <= run.schema_ids.keys()
    body = {
        "workspaceId": run.workspace,
        "slug": entity_slug(member),
        "name": _name(member),
        "description": _description(member),
        "definition": bound_definition(member, run.schema_ids) if is_whole else {},
    }
    try:
        run.keep(member, run.remote.post(PATHS[member.kind], body))
    except RefusedError as error:
        if error.status != HTTPStatus.CONFLICT:
            raise
        run.keep(member, _of_this_slug(run, member, error))
    else:
        run.made.add(member.slug)


def _settle(run: _Run, member: ConvertedMember) -> str:
    """Bring the member's entity to what the document says; what that came to."""
    entity = run.entities[member.slug]
    wanted = {
        "name": _name(member),
        "description": _description(member),
        "definition": bound_definition(member, run.schema_ids),
    }
    after = entity
    if any(_bytes(entity[name]) != _bytes(value) for name, value in wanted.items()):
        after = run.remote.patch(f"{PATHS[member.kind]}/{entity['id']}", wanted)
    if member.slug in run.made:
        return "created"
    return "unchanged" if after["versionId"] == entity["versionId"] else "updated"


def _of_this_slug(run: _Run, member: ConvertedMember, refused: RefusedError) -> dict[str, Any]:
    """The entity that has the slug already, where it is certain which one it is."""
    where = {"workspaceId": {"eq": run.workspace}, "slug": {"eq": entity_slug(member)}}
    found = list(run.remote.pages(PATHS[member.kind], filter=where))
    if len(found) != 1:
        # Clones of installs may have the slug too, and look the same from here.
        raise CommandError(
            refused.code,
            f"several {member.kind}s of the workspace have the slug {entity_slug(member)}",
            "import where the database is, without --url, or into another workspace",
        ) from refused
    return found[0]


def _put_draft(run: _Run, draft: dict[str, Any] | None, manifest: dict[str, Any]) -> str:
    conversion = run.request.conversion
    if draft is None:
        body = {
            "workspaceId": run.workspace,
            "slug": run.request.slug,
            "name": (run.request.name or conversion.title)[:MAX_NAME],
            "description": (conversion.description or "")[:MAX_TEXT] or None,
            "manifest": manifest,
        }
        draft = run.remote.post("/integrations", body)
    elif draft["manifest"] != manifest:
        draft = run.remote.patch(f"/integrations/{draft['id']}", {"manifest": manifest})
    return _hex("integration", draft["id"])


def _name(member: ConvertedMember) -> str:
    return member.name[:MAX_NAME]


def _description(member: ConvertedMember) -> str | None:
    return (member.description or "")[:MAX_TEXT] or None


def _bytes(value: Any) -> bytes:
    # As JSON, because to Python 1 and true are equal.
    return msgspec.json.encode(value, order="deterministic")


def _hex(kind: str, printed: str) -> str:
    found = parse_id(kind, printed)
    if found is None:
        raise CommandError("not_trunkline", f"the server gave a {kind} an id that is none: {printed}")
    return found


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
