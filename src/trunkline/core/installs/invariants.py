"""What must hold for installs after any crash."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec.json import decode

from trunkline.core.entities import find_references
from trunkline.core.installs.config_content import chosen_slugs
from trunkline.core.installs.content import clone_content
from trunkline.core.installs.plan import Held
from trunkline.core.installs.queries import (
    ALL_CONFIGURED,
    ALL_INSTALLS,
    ATTACHED_SINCE,
    CONFIG_ASTRAY,
    ENTITY_OF_NO_INSTALL,
    HEALTH_ASTRAY,
    INSTALL_WITHOUT_EVENT,
    LIVE_MEMBERS,
    MISMATCHED_DELETION,
    READABLE_IN_WORKSPACE,
    SOLUTION_MISSING,
    UPGRADED_WITHOUT_EVENT,
)
from trunkline.core.installs.selection import is_configured, with_needs
from trunkline.core.integrations import members_of
from trunkline.infra.db import Tx
from trunkline.kit.findings import Finding
from trunkline.kit.ids import format_id


def install_findings(tx: Tx) -> Iterator[Finding]:
    """I1, I2, I6, I7, I10, I13: installs are whole, true to their version, and die and return as one."""
    for sql, invariant, message in (
        (SOLUTION_MISSING, "I1", "its grouping solution is missing"),
        (INSTALL_WITHOUT_EVENT, "I1", "it has no event of its creation"),
        (UPGRADED_WITHOUT_EVENT, "I13", "it has no event of its last upgrade"),
        (MISMATCHED_DELETION, "I6", "it and what it brought were not deleted together"),
        (ENTITY_OF_NO_INSTALL, "I7", "clones of it are left although it is purged"),
        (CONFIG_ASTRAY, "I1", "its configuration is not the newest of its own"),
        (HEALTH_ASTRAY, "I10", "its health is not what its connection's status says"),
    ):
        for row in tx.fetch(sql, {}):
            yield Finding(invariant, format_id("install", row[0]), message)
    chosen = {
        install_id: chosen_slugs(decode(content)) for install_id, content in tx.fetch(ALL_CONFIGURED, {})
    }
    for install_id, version_id, workspace_id in tx.fetch(ALL_INSTALLS, {}):
        yield from _member_findings(tx, install_id, version_id, workspace_id)
        yield from _config_findings(tx, install_id, version_id, chosen.get(install_id))


def _config_findings(
    tx: Tx, install_id: str, version_id: str, chosen: Collection[str] | None
) -> Iterator[Finding]:
    """I1: of what a configuration is about, an install holds what that takes, and what is required."""
    if chosen is None:
        return
    held = {member.slug for member in tx.all(Held, LIVE_MEMBERS, install_id=install_id)}
    declared = members_of(tx, version_id)
    by_slug = {member.slug: member for member in declared}
    rightful = [
        slug
        for slug in held
        if slug in by_slug
        and (by_slug[slug].required or slug in chosen or not is_configured(slug, by_slug[slug].kind))
    ]
    needed = with_needs(by_slug, rightful)
    for member in declared:
        wanted = member.required or member.slug in chosen
        if not is_configured(member.slug, member.kind) or wanted == (member.slug in held):
            continue
        if wanted or member.slug not in needed:
            what = "is missing" if wanted else "is held"
            message = f"its configuration says otherwise: {member.slug} {what}"
            yield Finding("I1", format_id("install", install_id), message)


def _member_findings(tx: Tx, install_id: str, version_id: str, workspace_id: str) -> Iterator[Finding]:
    """I2: every attached member holds exactly what its version asks for, and nothing dangles."""
    declared = {member.slug: member for member in members_of(tx, version_id)}
    held = tx.all(Held, LIVE_MEMBERS, install_id=install_id)
    clone_of = {
        declared[member.slug].entity_id: member.entity_id
        for member in held
        if member.is_clone and member.slug in declared
    }
    readable = set(tx.column(READABLE_IN_WORKSPACE, workspace_id=workspace_id))
    present = {member.slug for member in held}
    for slug, wanted in declared.items():
        if wanted.required and slug not in present:
            yield Finding("I1", format_id("install", install_id), f"its required member {slug} is missing")
    for member in held:
        subject = format_id("member", member.id)
        if member.detached:
            continue
        if member.slug not in declared:
            # Kept by an upgrade because definitions people own still refer to it.
            continue
        wanted = declared[member.slug]
        if member.source_version_id != version_id or member.base_version_id != wanted.entity_version_id:
            if tx.value(ATTACHED_SINCE, install_id=install_id, member_id=member.id):
                continue
            yield Finding("I2", subject, "it is not at its install's version")
        elif member.is_clone and not _is_true(member, clone_content(wanted, clone_of).content_hash):
            yield Finding("I2", subject, "the clone differs from its version although nobody detached it")
        elif member.is_clone:
            yield from _dangling(member, subject, readable)


def _is_true(member: Held, wanted_hash: str) -> bool:
    # An edited clone that was attached again waits for the next upgrade; until then it is not as applied.
    return member.live_hash == wanted_hash or member.live_version_id != member.applied_version_id


def _dangling(member: Held, subject: str, readable: set[str]) -> Iterator[Finding]:
    for kind, entity_id in find_references(member.live_definition):
        if entity_id not in readable:
            yield Finding("I2", subject, f"it refers to {format_id(kind, entity_id)}, which is not here")
