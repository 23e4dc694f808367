"""What must hold of groups after any crash."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.core.workspaces.queries import NESTED_GROUPS, ORPHANED_GROUPS, STRAY_GROUPS
from trunkline.infra.db import Tx
from trunkline.kit.findings import Finding
from trunkline.kit.ids import format_id


def group_findings(tx: Tx) -> Iterator[Finding]:
    """I18: a group has a ref in a project of its own organization, and does not outlive the project."""
    sentences = {
        NESTED_GROUPS: "it is a group of a group",
        STRAY_GROUPS: "it is a group without a ref, or of another organization's project",
        ORPHANED_GROUPS: "it is a live group of a deleted project",
    }
    for sql, sentence in sentences.items():
        for workspace_id in tx.column(sql):
            yield Finding("I18", format_id("workspace", workspace_id), sentence)
