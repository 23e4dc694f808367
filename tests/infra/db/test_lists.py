from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.infra.db.listing import LIBRARY, NOBODY, SCOPE, read, refusal, shelf, statements
from tests.infra.db.oracle import Oracle
from tests.infra.db.world import BOOK, LOAN, MINE, SHELF, SPECS, YOURS, BookRow, LibraryScope
from trunkline.infra.db import lists
from trunkline.infra.db.database import Database
from trunkline.infra.db.keyset import behind, keys_of, order_by
from trunkline.infra.db.predicates import Predicates
from trunkline.infra.db.spec import Mode
from trunkline.infra.db.statements import Engine
from trunkline.kit.actor import Tier
from trunkline.kit.errors import InvalidRequestError, Problem
from trunkline.kit.filters import Compare, Op, OrderKey
from trunkline.kit.pages import Anchor, Deleted, Keyset, ListQuery


@pytest.mark.parametrize("limit", [4, 8])
def test_a_first_page_costs_two_statements_whatever_its_size(library, limit):
    assert statements(library, SHELF, ListQuery(limit=limit)) == 2
    assert statements(library, SHELF, ListQuery(limit=limit, offset=5)) == 2
    assert statements(library, SHELF, ListQuery(limit=limit, count=False)) == 1


@pytest.mark.parametrize("limit", [4, 8])
def test_a_page_at_a_place_costs_three_statements_and_one_more_for_an_anchor(library, limit):
    end = read(library, SHELF, ListQuery(limit=3)).end
    anchor = Anchor(read(library, SHELF, ListQuery(limit=3)).rows[-1].id)
    for query in (ListQuery(limit=limit, after=end), ListQuery(limit=limit, before=end)):
        assert statements(library, SHELF, query) == 3
        assert statements(library, SHELF, replace(query, count=False)) == 2
    assert statements(library, SHELF, ListQuery(limit=limit, after=anchor)) == 4
    assert statements(library, SHELF, ListQuery(limit=limit, before=anchor)) == 4


def test_a_page_that_holds_everything_is_its_own_count(library):
    page = read(library, SHELF, ListQuery(limit=1000))
    assert page.total == len(page.rows) > 0
    assert statements(library, SHELF, ListQuery(limit=1000)) == 1
    assert statements(library, SHELF, ListQuery(limit=1000, offset=2)) == 1
    assert statements(library, SHELF, ListQuery(limit=1000, offset=1000)) == 2


def test_a_row_carries_its_conversions_and_whether_the_caller_is_an_insider(library):
    [mine] = read(
        library, SHELF, ListQuery(ids=(shelf(settings='{"region":"eu"}', workspace_id=MINE)["id"],))
    ).rows
    assert (mine.insider, mine.settings, mine.loud) == (
        True,
        msgspec.Raw(b'{"region":"eu"}'),
        mine.name + "!",
    )
    page = read(library, SHELF, ListQuery(limit=1000), NOBODY)
    assert {row.insider for row in page.rows} == {False}
    assert {type(row.is_open) for row in page.rows} == {bool}


def test_an_empty_page_has_no_ends(library):
    page = read(library, SHELF, ListQuery(ids=()))
    assert (page.rows, page.total, page.start, page.end) == ([], 0, None, None)
    assert (page.has_next, page.has_previous) == (False, False)


def test_a_place_behind_the_last_row_still_knows_what_lies_before(library):
    last = read(library, SHELF, ListQuery(limit=1000)).end
    page = read(library, SHELF, ListQuery(after=last))
    assert (page.rows, page.has_next, page.has_previous) == ([], False, True)
    assert page.total == read(library, SHELF, ListQuery(limit=1)).total


def test_the_order_a_page_states_spells_nulls_only_where_there_are_any(library):
    asked = (OrderKey("size", "desc"), OrderKey("name", "asc", "first"))
    assert read(library, SHELF, ListQuery(order=asked)).order == (
        OrderKey("size", "desc", "first"),
        OrderKey("name", "asc"),
        OrderKey("id", "asc"),
    )
    assert lists.resolve_order(SHELF, ()) == (OrderKey("created_at", "desc"), OrderKey("id", "desc"))
    assert lists.resolve_order(SHELF, lists.resolve_order(SHELF, asked)) == lists.resolve_order(SHELF, asked)


def test_nulls_are_spelled_in_sql_only_where_there_are_any():
    predicates = Predicates(Engine.SQLITE, SPECS, SCOPE)
    order = lists.resolve_order(SHELF, (OrderKey("size", "desc"), OrderKey("name", "asc", "first")))
    keys = keys_of(SHELF, order, lambda name: predicates.expression(SHELF, "t0", name))
    assert order_by(keys) == "t0.size DESC NULLS FIRST, t0.name ASC, t0.id ASC"


def test_nothing_behind_the_id_is_sorted_by(library):
    asked = (OrderKey("id", "desc"), OrderKey("name"))
    assert lists.resolve_order(SHELF, asked) == (OrderKey("id", "desc"),)
    assert read(library, SHELF, ListQuery(order=asked, limit=1)).end == Keyset(
        (
            max(
                row["id"]
                for row in LIBRARY.rows["shelf"]
                if Oracle(LIBRARY, SCOPE).belongs(SHELF, row, ListQuery())
            ),
        )
    )


def test_one_row_is_found_unlisted_but_never_listed(library):
    hidden = shelf(visibility="unlisted", workspace_id=YOURS, deleted_at=None)
    found = library.read_now(lambda tx: lists.get_row(tx, SHELF, hidden["id"], SCOPE))
    assert found.id == hidden["id"]
    assert read(library, SHELF, ListQuery(ids=(hidden["id"],))).rows == []


def test_an_invisible_row_is_absent(library):
    hidden = shelf(visibility="private", workspace_id=YOURS)
    assert library.read_now(lambda tx: lists.get_row(tx, SHELF, hidden["id"], SCOPE)) is None
    assert library.read_now(lambda tx: lists.get_row(tx, SHELF, "f" * 32, SCOPE)) is None


def test_a_tombstoned_row_is_given_to_those_who_may_restore_it(library):
    gone = next(row for row in LIBRARY.rows["shelf"] if row["deleted_at"] and row["workspace_id"] == MINE)

    def get(scope: LibraryScope, *, deleted: bool = True) -> Any:
        return library.read_now(lambda tx: lists.get_row(tx, SHELF, gone["id"], scope, deleted=deleted))

    assert get(SCOPE).deleted_at == gone["deleted_at"]
    assert get(SCOPE, deleted=False) is None
    assert get(LibraryScope(tier=Tier.VIEWER)) is None


def test_some_rows_come_in_id_order_in_one_statement(library):
    wanted = [
        row["id"] for row in LIBRARY.rows["book"] if row["workspace_id"] == MINE and not row["deleted_at"]
    ]

    def work(tx: Any) -> tuple[list[str], int]:
        found = lists.get_rows(tx, BOOK, [*reversed(wanted), wanted[0], "f" * 32], SCOPE)
        return [row.id for row in found], tx.statements

    assert library.read_now(work) == (sorted(wanted), 1)
    assert library.read_now(lambda tx: (lists.get_rows(tx, BOOK, [], SCOPE), tx.statements)) == ([], 0)


def test_a_joined_column_is_selected_filtered_and_sorted(library):
    query = ListQuery(where=Compare("shelf_name", Op.EQ, "beta_1"), order=(OrderKey("shelf_name"),), limit=1)
    [row] = read(library, BOOK, query).rows
    assert row == BookRow(id=row.id, title=row.title, shelf_name="beta_1")


@pytest.mark.parametrize("deleted", list(Deleted))
def test_a_table_without_tombstones_has_no_trash(library, deleted):
    total = read(library, LOAN, ListQuery(deleted=deleted)).total
    everything = read(library, LOAN, ListQuery()).total
    assert total == (0 if deleted is Deleted.ONLY else everything)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (ListQuery(order=(OrderKey("settings", path="o[0]"),)), Problem("o[0]", "cannot be sorted by")),
        (ListQuery(order=(OrderKey("deleted_at"),)), Problem("deleted_at", "cannot be sorted by")),
        (ListQuery(order=(OrderKey("name"), OrderKey("name", "desc"))), Problem("name", "sorted by twice")),
        (
            ListQuery(order=tuple(OrderKey(name) for name in ("name", "note", "size", "kind", "is_open"))),
            Problem("is_open", "more than 4 sort keys"),
        ),
        (ListQuery(limit=0), Problem("limit", "must be at least 1")),
        (ListQuery(offset=-1), Problem("offset", "must be between 0 and 2147483647")),
        (ListQuery(offset=2**63), Problem("offset", "must be between 0 and 2147483647")),
        (ListQuery(offset=1, after=Anchor("a")), Problem("offset", "not together with a cursor")),
        (ListQuery(after=Anchor("a"), before=Anchor("a")), Problem("before", "not together with after")),
        (ListQuery(ids=("a",) * 101), Problem("ids", "more than 100 items")),
    ],
)
def test_a_query_outside_its_limits_is_refused(library, query, problem):
    assert refusal(library, SHELF, query) == problem


@pytest.mark.parametrize(
    "values", [(), ("a",), ("a", "b", "c"), (1, "b"), ("a", 1), (None, "b"), ("a", None), ("2026", True)]
)
def test_a_place_of_another_shape_is_an_unknown_cursor(library, values):
    with pytest.raises(InvalidRequestError, match="unknown cursor"):
        read(library, SHELF, ListQuery(after=Keyset(values)))


def plan(library: Database, where: str, order: str, predicates: Predicates) -> str:
    select = f"SELECT * FROM shelves t0 WHERE {where} ORDER BY {order} LIMIT 10"
    if library.engine is Engine.SQLITE:
        sql = f"EXPLAIN QUERY PLAN {select}"
        return " / ".join(row[3] for row in library.read_now(lambda tx: tx.fetch(sql, predicates.params)))

    def explain(tx: Any) -> list[Any]:
        for way in ("seqscan", "bitmapscan", "sort"):  # so small a table would be scanned otherwise
            tx.run(f"SET LOCAL enable_{way} = off")
        return list(tx.fetch(f"EXPLAIN {select}", predicates.params))

    return " / ".join(row[0].strip() for row in library.read_now(explain))


@pytest.mark.parametrize(
    ("asked", "sqlite", "postgresql"),
    [
        ((OrderKey("created_at", "desc"),), "((created_at,id)<(?,?))", "(ROW(created_at, id) < ROW("),
        ((OrderKey("created_at"), OrderKey("id", "desc")), "(created_at>?)", "(created_at >= "),
    ],
)
def test_a_place_is_sought_in_the_index_of_the_order(library, asked, sqlite, postgresql):
    predicates = Predicates(library.engine, SPECS, SCOPE)
    order = lists.resolve_order(SHELF, asked)
    keys = keys_of(SHELF, order, lambda name: predicates.expression(SHELF, "t0", name))
    where = behind(keys, Keyset(("2026-02-03T00:00:00.000000Z", "a")), predicates.bind)
    found = plan(library, where, order_by(keys), predicates)
    assert "shelves_created" in found
    assert (sqlite if library.engine is Engine.SQLITE else f"Index Cond: {postgresql}") in found


@pytest.mark.parametrize(("op", "value"), [(Op.STARTS_WITH, "al"), (Op.LIKE, "al%"), (Op.EQ, "alpha")])
def test_a_prefix_is_sought_in_the_index_of_the_field(library, op, value):
    predicates = Predicates(library.engine, SPECS, SCOPE)
    where = predicates.matching(SHELF, "t0", Compare("name", op, value))
    found = plan(library, where, "t0.name, t0.id", predicates)
    assert "shelves_name" in found
    assert ("SEARCH t0" if library.engine is Engine.SQLITE else "Index Cond: (") in found


def test_a_default_order_must_name_declared_fields(library):
    broken = replace(SHELF, order=(OrderKey("nothing"),))
    with pytest.raises(InvalidRequestError, match="nothing: unknown field"):
        read(library, broken, ListQuery())


def test_a_scope_is_asked_in_the_mode_of_the_read(library):
    assert SCOPE.visible(SHELF, "t0", Mode.GET) != SCOPE.visible(SHELF, "t0", Mode.LIST)
    unlisted = [
        row for row in LIBRARY.rows["shelf"] if row["visibility"] == "unlisted" and not row["deleted_at"]
    ]
    ids = tuple(row["id"] for row in unlisted)
    assert {row.id for row in read(library, SHELF, ListQuery(ids=ids)).rows} == {
        row["id"] for row in unlisted if row["workspace_id"] == MINE
    }
    found = library.read_now(lambda tx: lists.get_rows(tx, SHELF, ids, SCOPE))
    assert [row.id for row in found] == sorted(ids)
