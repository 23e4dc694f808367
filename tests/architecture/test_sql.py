"""Every SQL constant is understood by every database it is meant for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.architecture.statements import (
    ENGINES,
    Constant,
    PostgresPreparer,
    Preparer,
    SqlitePreparer,
    constants,
    refusal,
    uses,
)
from tests.databases import Databases


@pytest.fixture(scope="module")
def preparers(databases: Databases) -> Iterator[dict[str, Preparer]]:
    sqlite = SqlitePreparer(databases.sqlite())
    postgres = PostgresPreparer(databases.postgresql())
    yield {"sqlite": sqlite, "postgresql": postgres}
    sqlite.close()
    postgres.close()


@pytest.mark.parametrize("constant", constants(), ids=str)
def test_constant_is_understood(constant: Constant, preparers: dict[str, Preparer]) -> None:
    refusals = []
    for sql in constant.candidates():
        why = refusal(preparers, sql, constant.engines())
        if why is None:
            return
        refusals.append(why)
    pytest.fail("\n".join(dict.fromkeys(refusals)))


def test_every_predicate_fits_the_table_it_is_used_on(preparers: dict[str, Preparer]) -> None:
    refused = [f"{place} {why}" for place, sql in uses() if (why := refusal(preparers, sql))]
    assert not refused, "\n".join(refused)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT no_such_column FROM installs",
        "SELECT id FROM no_such_table",
        "DELETE FROM installs WHERE id =",
        "no_such_column = :id",
    ],
)
def test_refuses_a_planted_mistake(text: str, preparers: dict[str, Preparer]) -> None:
    planted = Constant("trunkline.core.planted.queries", "PLANTED", text)
    for sql in planted.candidates():
        assert all(refusal(preparers, sql, (engine,)) for engine in ENGINES)


def test_only_infra_may_write_for_one_database() -> None:
    assert Constant("trunkline.core.planted.queries", "CLAIM_SQLITE", "").engines() == ENGINES
    assert Constant("trunkline.infra.jobs.queries", "CLAIM_SQLITE", "").engines() == ("sqlite",)
