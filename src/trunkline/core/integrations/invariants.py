"""What must hold for integrations and their versions after any crash."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from msgspec.json import decode

from trunkline.core.integrations.icons import Icon
from trunkline.core.integrations.queries import (
    CURRENT_VERSION_ASTRAY,
    ICON,
    INTEGRATION_WITHOUT_EVENT,
    MEMBER_HASHES,
    TAG_OF_ANOTHER,
    TEAM_OWNER_ASTRAY,
    USER_OWNER_ASTRAY,
    VERSION_ROWS,
    VERSION_WITHOUT_EVENT,
    WITH_ICON,
)
from trunkline.core.integrations.specs import VersionRow
from trunkline.infra.db import Tx
from trunkline.kit.findings import Finding
from trunkline.kit.ids import format_id
from trunkline.kit.strictjson import content_hash

# Each query yields the integrations (or versions) of which the sentence is true.
_CHECKS = (
    ("I5", "integration", CURRENT_VERSION_ASTRAY, "its current version names no version of it"),
    ("I10", "integration", INTEGRATION_WITHOUT_EVENT, "it has no event of its creation"),
    ("I10", "version", VERSION_WITHOUT_EVENT, "it has no event of its publishing"),
    ("I16", "integration", USER_OWNER_ASTRAY, "its owner is not there"),
    ("I16", "integration", TEAM_OWNER_ASTRAY, "the team that owns it is not there"),
    ("I16", "integration", TAG_OF_ANOTHER, "it has another organization's tag"),
)


def integration_findings(tx: Tx) -> Iterator[Finding]:
    """I4: versions still hash to what was published. I5: the current version exists. I10: events exist.

    I16: owners exist, tags are of the integration's organization, icons are what was sent.
    """
    for invariant, kind, sql, sentence in _CHECKS:
        for row in tx.fetch(sql, {}):
            yield Finding(invariant, format_id(kind, row[0]), sentence)
    for version in tx.all(VersionRow, VERSION_ROWS):
        if _hash(tx, version) != version.content_hash:
            yield Finding("I4", format_id("version", version.id), "it differs from what was published")
    for integration_id in tx.column(WITH_ICON):  # one by one: together they may be larger than the memory
        icon = tx.one(Icon, ICON, integration_id=integration_id)
        if icon is not None and sha256(icon.content).hexdigest() != icon.digest:
            yield Finding("I16", format_id("integration", integration_id), "its icon is not what was sent")


def _hash(tx: Tx, version: VersionRow) -> str:
    members = [list(row) for row in tx.fetch(MEMBER_HASHES, {"version_id": version.id})]
    snapshot = [decode(version.manifest), decode(version.variables_schema), decode(version.auth_config)]
    return content_hash([*snapshot, members])
