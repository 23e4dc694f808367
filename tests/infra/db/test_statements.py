"""How statements are spelled, and what is remembered of those that callers shape."""

from __future__ import annotations

import tracemalloc

import apsw
import pytest

from trunkline.infra.db import Catalog, open_database
from trunkline.infra.db.statements import for_psycopg

MEGABYTE = 1_000_000


def long_statement(number: int) -> str:
    """About as long as a filter that a caller may write makes it."""
    compared = " OR ".join(f"id = :p{item}" for item in range(900))
    return f"SELECT id FROM periodic WHERE next_run_at = 's{number}' OR {compared}"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a = :a AND b = :b_2", "a = %(a)s AND b = %(b_2)s"),
        ("a::text = ':a' AND \":a\" = :a", "a::text = ':a' AND \":a\" = %(a)s"),
        ("a LIKE '%x''y:z' AND b = :b % 2", "a LIKE '%%x''y:z' AND b = %(b)s %% 2"),
    ],
)
@pytest.mark.parametrize("padding", [0, 5_000])
def test_parameters_are_named_as_the_driver_wants_it(sql, expected, padding):
    assert for_psycopg(sql + " " * padding) == expected + " " * padding


def test_statements_that_callers_shape_do_not_fill_the_memory():
    tracemalloc.start()
    try:
        for number in range(200):
            for_psycopg(long_statement(number))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < MEGABYTE


@pytest.mark.parametrize("counted", [False, True])
def test_statements_that_callers_shape_do_not_fill_the_memory_of_a_reader(databases, counted):
    database = open_database(databases.sqlite(), Catalog())
    params = {f"p{item}": "x" for item in range(900)}

    def look(number: int) -> None:
        sql = long_statement(number)
        if counted:
            sql = sql.replace("SELECT id", "SELECT count(*)")
            assert database.read_now(lambda tx: tx.total(sql, params)) == 0
        else:
            assert database.read_now(lambda tx: tx.fetch(sql, params)) == []

    look(0)
    before = apsw.memory_used()
    for number in range(1, 100):
        look(number)
    assert apsw.memory_used() - before < MEGABYTE
    database.close()
