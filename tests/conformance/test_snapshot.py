"""What is read anew between two looks is everything that was written: what rests on it would pass otherwise."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.conformance.snapshot import changes, contents
from tests.instance import Instance
from trunkline.infra.db import Tx

RENAMED = "UPDATE organizations SET name = name || '!'"
ADDED = """
INSERT INTO tags (id, organization_id, name, created_by, created_at, updated_at)
SELECT 'one more' || count(*), (SELECT max(id) FROM organizations), 'a tag' || count(*), 'ada', 'now', 'now' FROM tags
"""


@pytest.mark.parametrize(
    ("statements", "gone", "new"),
    [
        ([RENAMED], {"organizations": 1}, {"organizations": 1}),
        ([ADDED], {}, {"tags": 1}),
        ([ADDED, ADDED, RENAMED], {"organizations": 1}, {"tags": 2, "organizations": 1}),
        (["DELETE FROM organization_members"], {"organization_members": 1}, {}),
        (["DELETE FROM access_keys WHERE id IS NOT NULL", ADDED], {"access_keys": 1}, {"tags": 1}),
    ],
)
def test_every_written_row_is_told(
    instance: Instance, statements: list[str], gone: dict[str, int], new: dict[str, int]
) -> None:
    for _again in range(2):
        before = contents(instance.database)
        assert contents(instance.database) == before
        for statement in statements:
            instance.database.write_now(partial(Tx.run, sql=statement))
        found = changes(before, contents(instance.database))
        assert (sizes(found.gone), sizes(found.new)) == (gone, new)
        if any(statement.startswith("DELETE") for statement in statements):
            return


def sizes(rows: Any) -> dict[str, int]:
    return {name: len(found) for name, found in rows.items()}
