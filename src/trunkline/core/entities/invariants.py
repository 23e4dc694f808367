"""What must hold for entities after any crash."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.json import decode

from trunkline.core.entities.queries import (
    ENTITY_WITHOUT_EVENT,
    LIVE_VERSION_ASTRAY,
    LOAN_WITHOUT_HOLDER,
    VERSION_CONTENTS,
)
from trunkline.core.entities.service import hash_of
from trunkline.infra.db import Tx
from trunkline.kit.findings import Finding
from trunkline.kit.ids import format_id


def entity_findings(tx: Tx) -> Iterator[Finding]:
    """I4: versions hash to their content. I7: no loan outlives its holder. I10: events exist."""
    for entity_id, kind in tx.fetch(LIVE_VERSION_ASTRAY, {}):
        yield Finding("I4", format_id(kind, entity_id), "its live version is none of its versions")
    for entity_id, kind in tx.fetch(ENTITY_WITHOUT_EVENT, {}):
        yield Finding("I10", format_id(kind, entity_id), "it has no event of its creation")
    for entity_id, kind in tx.fetch(LOAN_WITHOUT_HOLDER, {}):
        yield Finding("I7", format_id(kind, entity_id), "it is lent to a member that is gone")
    for version_id, kind, name, description, definition, digest in tx.fetch(VERSION_CONTENTS, {}):
        if hash_of(name, description, decode(definition)) != digest:
            yield Finding(
                "I4", format_id(f"{kind}_version", version_id), "its content does not match its hash"
            )
