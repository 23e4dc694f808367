from __future__ import annotations

import re
from typing import Any

import pytest

from tests.core.access.world import World
from trunkline.core.access import queries as access_queries
from trunkline.core.workspaces import queries as workspaces_queries

STATEMENTS = {
    f"{module.__name__.split('.')[2]}.{name}": value
    for module in (access_queries, workspaces_queries)
    for name, value in vars(module).items()
    if isinstance(value, str) and value.lstrip().startswith("SELECT") and "{" not in value
}


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_every_statement_runs_on_both_databases(still_world: World, name: str) -> None:
    sql = STATEMENTS[name].rstrip()
    if sql.endswith(" IN"):
        sql += " ('0')"
    params: dict[str, Any] = dict.fromkeys(re.findall(r"(?<!:):([a-z_]+)", sql), "0")
    if "limit" in params:
        params["limit"] = 1
    still_world.read(lambda tx: tx.fetch(sql, params))


def test_there_are_statements_to_look_at() -> None:
    assert len(STATEMENTS) > 30
