"""The database's own checks of itself."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.infra.db.statements import Engine
from trunkline.infra.db.tx import Tx
from trunkline.kit.findings import Finding


def integrity_findings(tx: Tx) -> Iterator[Finding]:
    """I16: the file is intact and no foreign key dangles. PostgreSQL checks both as it goes."""
    if tx.engine is not Engine.SQLITE:
        return
    for (message,) in tx.fetch("PRAGMA integrity_check", {}):
        if message != "ok":
            yield Finding("I16", "database", str(message))
    for table, row_id, parent, _ in tx.fetch("PRAGMA foreign_key_check", {}):
        yield Finding("I16", f"{table} row {row_id}", f"points at a {parent} that is not there")
