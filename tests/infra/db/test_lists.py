from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Any

import msgspec
import pytest

from tests.infra.db.oracle import Oracle
from tests.infra.db.world import BOOK, LOAN, MINE, SHELF, SPECS, YOURS, BookRow, Library, LibraryScope
from trunkline.infra.db import lists
from trunkline.infra.db.database import Database
from trunkline.infra.db.keyset import behind, keys_of, order_by
from trunkline.infra.db.operands import ALLOWED
from trunkline.infra.db.predicates import Predicates
from trunkline.infra.db.spec import FieldKind, ListSpec, Mode
from trunkline.infra.db.statements import Engine
from trunkline.kit.actor import Tier
from trunkline.kit.errors import InvalidRequestError, Problem
from trunkline.kit.filters import All, AnyOf, Compare, Node, Not, Op, OrderKey, Quantifier, Related
from trunkline.kit.pages import Anchor, Deleted, Keyset, ListQuery

LIBRARY = Library()
SCOPE = LibraryScope()
NOBODY = LibraryScope(workspace="c" * 32)


def read(library: Database, spec: ListSpec[Any], query: ListQuery, scope: LibraryScope = SCOPE) -> Any:
    return library.read_now(lambda tx: lists.list_rows(tx, spec, query, scope))


def statements(library: Database, spec: ListSpec[Any], query: ListQuery) -> int:
    def work(tx: Any) -> int:
        lists.list_rows(tx, spec, query, SCOPE)
        return int(tx.statements)

    return library.read_now(work)


def names(library: Database, where: Node, scope: LibraryScope = SCOPE) -> list[str]:
    query = ListQuery(where=where, order=(OrderKey("name"),))
    return [row.name for row in read(library, SHELF, query, scope).rows]


def refusal(library: Database, spec: ListSpec[Any], query: ListQuery) -> Problem:
    with pytest.raises(InvalidRequestError) as caught:
        read(library, spec, query)
    [problem] = caught.value.details
    return problem


def refused(library: Database, where: Node, spec: ListSpec[Any] = SHELF) -> Problem:
    return refusal(library, spec, ListQuery(where=where))


def shelf(**wanted: Any) -> dict[str, Any]:
    held = LIBRARY.rows["shelf"]
    return next(row for row in held if all(row[name] == value for name, value in wanted.items()))


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


@pytest.mark.parametrize("where", [All(()), Not(AnyOf(())), Compare("name", Op.NOT_IN, [])])
def test_an_empty_conjunction_holds_and_an_empty_choice_does_not(library, where):
    everything = read(library, SHELF, ListQuery()).total
    assert read(library, SHELF, ListQuery(where=where)).total == everything
    assert read(library, SHELF, ListQuery(where=Not(where))).total == 0
    assert read(library, SHELF, ListQuery(where=Compare("name", Op.IN, []))).total == 0


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        (Op.EQ, "alpha", ["alpha"]),
        (Op.NEQ, "alpha", None),
        (Op.GT, "\U0010ffff", ["\U0010ffff!"]),
        (Op.GTE, "\U0010ffff", ["\U0010ffff", "\U0010ffff!"]),
        (Op.LT, " ", [""]),
        (Op.LTE, " ", ["", " "]),
        (Op.IN, ["é", "É", "nothing"], ["É", "é"]),
        (Op.CONTAINS, "%", ["%", "50% off", "beta%1"]),
        (Op.CONTAINS, "_", ["_", "a_b", "beta_1"]),
        (Op.CONTAINS, "\\", ["\\", "beta\\1"]),
        (Op.ICONTAINS, "PHA", ["ALPHA beta", "Alpha", "alpha"]),
        (Op.ICONTAINS, "É", ["É"]),
        (Op.ICONTAINS, "K", ["k"]),
        (Op.STARTS_WITH, "al", ["alpha"]),
        (Op.STARTS_WITH, "\ud7ff", ["\ud7ff"]),
        (Op.STARTS_WITH, "\U0010ffff", ["\U0010ffff", "\U0010ffff!"]),
        (Op.STARTS_WITH, "a\U0010ffff", ["a\U0010ffff"]),
        (Op.STARTS_WITH, "beta%", ["beta%1"]),
        (Op.ISTARTS_WITH, "AL", ["ALPHA beta", "Alpha", "alpha"]),
        (Op.ENDS_WITH, "b", ["a*b", "a?b", "a]b", "a^b", "a_b", "😀😀b"]),
        (Op.ENDS_WITH, "😀b", ["😀😀b"]),
        (Op.IENDS_WITH, "PHA", ["Alpha", "alpha"]),
        (Op.LIKE, "a_b", ["a*b", "a?b", "a]b", "a^b", "a_b"]),
        (Op.LIKE, "a\\_b", ["a_b"]),
        (Op.LIKE, "a*b", ["a*b"]),
        (Op.LIKE, "a?b", ["a?b"]),
        (Op.LIKE, "[ab]", ["[ab]"]),
        (Op.LIKE, "A%", ["ALPHA beta", "Alpha"]),
        (Op.LIKE, "%\\\\%", ["\\", "beta\\1"]),
        (Op.LIKE, "\\a%\\]b", ["a]b"]),
        (Op.LIKE, "_", ["%", "_", " ", "k", "\\", "É", "é", "\u212a", "\U0010ffff", "😀"]),
        (Op.LIKE, "", [""]),
        (Op.ILIKE, "alpha%", ["ALPHA beta", "Alpha", "alpha"]),
        (Op.ILIKE, "\\ALPHA", ["Alpha", "alpha"]),
        (Op.ILIKE, "É", ["É"]),
        (Op.IS_NULL, True, []),
    ],
)
def test_text_operators_are_literal_bytewise_and_fold_only_ascii(library, op, value, expected):
    compare = Compare("name", op, value)
    found = names(library, compare)
    everything = [
        row["name"]
        for row in LIBRARY.rows["shelf"]
        if Oracle(LIBRARY, SCOPE).belongs(SHELF, row, ListQuery())
    ]
    if expected is None:
        expected = sorted(set(everything) - {value})
    assert sorted(set(found)) == sorted(set(expected) & set(everything))
    assert len(found) == len([name for name in everything if name in expected])
    assert set(expected) <= {row["name"] for row in LIBRARY.rows["shelf"]}


def test_a_null_is_kept_by_differences_and_negations_only(library):
    def notes(where: Node) -> set[str | None]:
        return {row.note for row in read(library, SHELF, ListQuery(where=where)).rows}

    assert None in notes(Compare("note", Op.NEQ, "alpha"))
    assert None in notes(Compare("note", Op.NOT_IN, ["alpha"]))
    assert None in notes(Not(Compare("note", Op.CONTAINS, "a")))
    assert None not in notes(Compare("note", Op.LT, "~"))
    assert notes(Compare("note", Op.EQ, None)) == notes(Compare("note", Op.IS_NULL, value=True)) == {None}
    assert None not in notes(Compare("note", Op.NEQ, None))
    assert notes(Compare("note", Op.CONTAINS, "")) == notes(Compare("note", Op.IS_NULL, value=False))


def test_a_key_is_a_member_of_an_object_and_nothing_else(library):
    def held(key: str) -> set[str]:
        page = read(library, SHELF, ListQuery(where=Compare("settings", Op.HAS_KEY, key)))
        return {bytes(row.settings).decode() for row in page.rows}

    assert held("region") == {'{"region":"eu"}'}
    assert held("é") == held('a"b') == {'{"a\\"b":1,"é":null}'}
    assert held("0") == held("x'); DROP TABLE shelves; --") == set()


def test_times_are_compared_in_whatever_offset_they_are_written(library):
    def total(op: Op, value: Any) -> int:
        return int(read(library, SHELF, ListQuery(where=Compare("opened_at", op, value))).total)

    assert total(Op.EQ, "2026-03-05T13:30:00+01:00") == total(Op.EQ, "2026-03-05T12:30:00.000000Z") > 0
    assert total(Op.LT, "2026-01-01") == total(Op.IN, ["2025-12-31T23:59:59.999999Z"]) > 0


@pytest.mark.parametrize(
    "op", sorted(ALLOWED[FieldKind.TEXT] - ALLOWED[FieldKind.TIME] - {Op.LIKE, Op.ILIKE})
)
def test_every_text_contains_starts_and_ends_with_nothing(library, op):
    everything = [row.note for row in read(library, SHELF, ListQuery(limit=1000)).rows]
    found = [
        row.note for row in read(library, SHELF, ListQuery(where=Compare("note", op, ""), limit=1000)).rows
    ]
    assert found == [note for note in everything if note is not None]


def test_every_fails_where_a_comparison_is_unknown(library):
    """`reader = x` is unknown for a loan without a reader, so not every loan of its shelf is x's."""
    unread = {row["subject_id"] for row in LIBRARY.rows["loan"] if row["reader"] is None}
    every = Related("loans", Quantifier.EVERY, Compare("reader", Op.GTE, ""))
    query = ListQuery(where=every, limit=1000, deleted=Deleted.INCLUDE)
    expected = Oracle(LIBRARY, SCOPE).page(SHELF, query).ids
    assert [row.id for row in read(library, SHELF, query).rows] == expected
    lent = [
        row for row in LIBRARY.rows["loan"] if row["subject_type"] == "shelf" and row["workspace_id"] == MINE
    ]
    doubtful = {row["subject_id"] for row in lent} & unread
    assert doubtful
    assert doubtful.isdisjoint(expected)


def test_an_outsider_filters_and_sorts_by_the_mask_only(library):
    def labelled(scope: LibraryScope, value: str | None) -> set[str]:
        page = read(library, SHELF, ListQuery(where=Compare("label", Op.EQ, value), limit=1000), scope)
        return {row.id for row in page.rows}

    listed = [row for row in LIBRARY.rows["shelf"] if row["visibility"] == "public" and not row["deleted_at"]]
    for value in ("alpha", None, "é", "beta_1"):
        assert labelled(NOBODY, value) == {row["id"] for row in listed if row["published"] == value}
    page = read(library, SHELF, ListQuery(order=(OrderKey("label"),), limit=1000), NOBODY)
    published = {row["id"]: row["published"] for row in listed}
    assert page.start.values[0] == published[page.rows[0].id]
    ranked = [(published[row.id] is None, published[row.id] or "", row.id) for row in page.rows]
    assert ranked == sorted(ranked)


def test_traversal_sees_only_what_the_caller_may_see(library):
    book = next(
        row
        for row in LIBRARY.rows["book"]
        if row["workspace_id"] == YOURS
        and row["visibility"] == "private"
        and not row["deleted_at"]
        and row["shelf_id"]
    )
    for quantifier, found in ((Quantifier.SOME, False), (Quantifier.NONE, True), (Quantifier.EVERY, True)):
        guess = Related("books", quantifier, Compare("id", Op.EQ if found is False else Op.NEQ, book["id"]))
        if quantifier is Quantifier.NONE:
            guess = Related("books", quantifier, Compare("id", Op.EQ, book["id"]))
        ids = read(
            library, SHELF, ListQuery(where=guess, ids=(book["shelf_id"],), deleted=Deleted.INCLUDE)
        ).rows
        own = Oracle(LIBRARY, SCOPE).may_anchor(SHELF, shelf(id=book["shelf_id"]))
        assert bool(ids) is (found and own)


INJECTIONS = (
    "x' OR '1'='1",
    "'; DROP TABLE shelves; --",
    ":p0",
    "%(p0)s",
    "{a}",
    '"; SELECT 1',
    "t0.workspace_id",
    "name) OR (1=1",
)


@pytest.mark.parametrize("text", INJECTIONS)
def test_hostile_text_is_a_value_or_an_unknown_name_and_nothing_else(library, text):
    everything = read(library, SHELF, ListQuery()).total
    for op in ALLOWED[FieldKind.TEXT] - {Op.IS_NULL}:
        value: Any = [text] if op in (Op.IN, Op.NOT_IN) else text
        compare = Compare("name", op, value)
        expected = len(Oracle(LIBRARY, SCOPE).matching(SHELF, ListQuery(where=compare)))
        assert read(library, SHELF, ListQuery(where=compare)).total == expected
    assert read(library, SHELF, ListQuery(where=Compare("settings", Op.HAS_KEY, text))).total == 0
    assert read(library, SHELF, ListQuery(ids=(text,))).total == 0
    assert refused(library, Compare(text, Op.EQ, "x")) == Problem(text, "unknown field")
    assert refused(library, Related(text, Quantifier.SOME, All(()))) == Problem(text, "unknown relation")
    assert refusal(library, SHELF, ListQuery(order=(OrderKey(text),))) == Problem(text, "unknown field")
    assert read(library, SHELF, ListQuery()).total == everything


@pytest.mark.parametrize(
    ("field", "op", "value", "message"),
    [
        ("name", Op.EQ, 1, "expected a string"),
        ("name", Op.GT, None, "expected a string"),
        ("name", Op.CONTAINS, ["a"], "expected a string"),
        ("name", Op.EQ, "a\x00", "holds U+0000 or a lone surrogate"),
        ("name", Op.EQ, "\udc00", "holds U+0000 or a lone surrogate"),
        ("name", Op.EQ, "é" * 1001, "longer than 1000 characters"),
        ("name", Op.LIKE, "%" * 21, "more than 20 wildcards"),
        ("name", Op.ILIKE, "%a" * 10 + "_" * 11, "more than 20 wildcards"),
        ("name", Op.LIKE, "a\\", "ends with a backslash that escapes nothing"),
        ("name", Op.ILIKE, "\\\\\\", "ends with a backslash that escapes nothing"),
        ("name", Op.IS_NULL, "yes", "expected true or false"),
        ("name", Op.IN, "alpha", "expected a list"),
        ("kind", Op.EQ, "opne", "expected one of open, closed, lost"),
        ("kind", Op.EQ, [], "expected one of open, closed, lost"),
        ("size", Op.EQ, "7", "expected an integer"),
        ("size", Op.EQ, True, "expected an integer"),
        ("size", Op.EQ, 7.0, "expected an integer"),
        ("size", Op.LT, 2**63, "beyond 64 bits"),
        ("size", Op.LT, -(2**63) - 1, "beyond 64 bits"),
        ("is_open", Op.EQ, 1, "expected true or false"),
        ("opened_at", Op.GT, "yesterday", "expected an RFC 3339 time with its offset"),
        ("opened_at", Op.GT, "2026-01-01T00:00:00", "expected an RFC 3339 time with its offset"),
        ("opened_at", Op.GT, 1_700_000_000, "expected an RFC 3339 time with its offset"),
        ("workspace_id", Op.EQ, "wsp_x", "expected an id"),
        ("workspace_id", Op.EQ, 5, "expected an id"),
        ("settings", Op.HAS_KEY, 5, "expected a string"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_where_it_stands(library, field, op, value, message):
    where = Compare(field, op, value, f"filter.{field}")
    assert refused(library, where) == Problem(f"filter.{field}", message)


def test_an_item_of_the_wrong_type_is_refused_at_its_index(library):
    assert refused(library, Compare("size", Op.IN, [1, "2"], "f")) == Problem("f[1]", "expected an integer")
    assert refused(library, Compare("note", Op.NOT_IN, [None], "f")) == Problem("f[0]", "expected a string")
    assert refused(library, Compare("size", Op.IN, [1] * 101, "f")) == Problem("f", "more than 100 items")
    assert read(library, SHELF, ListQuery(where=Compare("size", Op.IN, [7] * 100))).total > 0


EQUALITY = {"eq", "neq", "in", "notIn", "isNull"}
RANGES = {"gt", "gte", "lt", "lte"}
EXPECTED_OPERATORS = {
    "name": {op.value for op in Op} - {"hasKey"},
    "kind": EQUALITY,
    "opened_at": EQUALITY | RANGES,
    "size": EQUALITY | RANGES,
    "is_open": EQUALITY,
    "workspace_id": EQUALITY,
    "settings": {"hasKey", "isNull"},
}


@pytest.mark.parametrize("field", sorted(EXPECTED_OPERATORS))
def test_an_operator_that_does_not_fit_the_kind_is_refused_naming_those_that_do(library, field):
    fitting = EXPECTED_OPERATORS[field]
    kind = SHELF.fields[field].kind
    for op in set(Op) - fitting:
        problem = refused(library, Compare(field, op, "x", "filter.f"))
        assert problem.path == "filter.f"
        assert problem.message == f"{op} does not apply to a {kind} field; use {', '.join(sorted(fitting))}"


def nested(node: Node, levels: int, wrap: Any) -> Node:
    return reduce(lambda inner, _: wrap(inner), range(levels), node)


LEAF = Compare("name", Op.EQ, "alpha")


@pytest.mark.parametrize("wrap", [Not, lambda node: AnyOf((node,)), lambda node: Not(All((node, LEAF)))])
def test_six_levels_of_nesting_are_read_and_seven_refused(library, wrap):
    assert read(library, SHELF, ListQuery(where=nested(LEAF, 6, wrap))).total >= 0
    # A shorthand ANDed to the filter does not cost the filter a level.
    assert read(library, SHELF, ListQuery(where=All((LEAF, nested(LEAF, 6, wrap))))).total >= 0
    assert refused(library, nested(LEAF, 7, wrap)) == Problem("filter", "nested deeper than 6 levels")


def test_conjunctions_directly_in_conjunctions_are_nesting_too(library):
    assert read(library, SHELF, ListQuery(where=nested(LEAF, 7, lambda node: All((node,))))).total > 0
    problem = refused(library, nested(LEAF, 8, lambda node: All((node,))))
    assert problem == Problem("filter", "nested deeper than 6 levels")


def test_a_hundred_nodes_are_read_and_one_more_refused(library):
    assert read(library, SHELF, ListQuery(where=AnyOf((LEAF,) * 99))).total > 0
    problem = refused(library, AnyOf((LEAF,) * 100))
    assert problem == Problem("filter", "more than 100 comparisons and combinations")


def test_three_relations_are_crossed_and_a_fourth_refused(library):
    def hop(levels: int) -> Node:
        node: Node = All(())
        for level in range(levels):
            back = level % 2 == (levels - 1) % 2
            node = (
                Related("books", Quantifier.SOME, node)
                if back
                else Related("shelf", Quantifier.ONE, node, "here")
            )
        return node

    assert read(library, SHELF, ListQuery(where=hop(3))).total > 0
    assert refused(library, hop(4)) == Problem("here", "crosses more than 3 relations")


def test_a_relation_takes_the_quantifiers_of_its_kind(library):
    problem = refused(library, Related("books", Quantifier.ONE, All(()), "f"))
    assert problem == Problem("f", "the relation takes some, every or none")
    for quantifier in (Quantifier.SOME, Quantifier.EVERY, Quantifier.NONE):
        problem = refused(library, Related("shelf", quantifier, All(()), "f"), BOOK)
        assert problem == Problem("f", "the relation is a single object and takes no quantifier")


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
