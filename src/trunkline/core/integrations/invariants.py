"""What must hold for integrations and their versions after any crash."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.json import decode

from trunkline.core.integrations.queries import (
    CURRENT_VERSION_ASTRAY,
    INTEGRATION_WITHOUT_EVENT,
    MEMBER_HASHES,
    VERSION_ROWS,
    VERSION_WITHOUT_EVENT,
)
from trunkline.core.integrations.specs import VersionRow
from trunkline.infra.db import Tx
from trunkline.kit.findings import Finding
from trunkline.kit.ids import format_id
from trunkline.kit.strictjson import content_hash


def integration_findings(tx: Tx) -> Iterator[Finding]:
    """I4: versions still hash to what was published. I5: the current version exists. I10: events exist."""
    for row in tx.fetch(CURRENT_VERSION_ASTRAY, {}):
        yield Finding("I5", format_id("integration", row[0]), "its current version names no version of it")
    for row in tx.fetch(INTEGRATION_WITHOUT_EVENT, {}):
        yield Finding("I10", format_id("integration", row[0]), "it has no event of its creation")
    for row in tx.fetch(VERSION_WITHOUT_EVENT, {}):
        yield Finding("I10", format_id("version", row[0]), "it has no event of its publishing")
    for version in tx.all(VersionRow, VERSION_ROWS):
        if _hash(tx, version) != version.content_hash:
            yield Finding("I4", format_id("version", version.id), "it differs from what was published")


def _hash(tx: Tx, version: VersionRow) -> str:
    members = [list(row) for row in tx.fetch(MEMBER_HASHES, {"version_id": version.id})]
    snapshot = [decode(version.manifest), decode(version.variables_schema), decode(version.auth_config)]
    return content_hash([*snapshot, members])
