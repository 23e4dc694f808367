from __future__ import annotations

from functools import reduce
from typing import Any

import pytest

from tests.infra.db.listing import LIBRARY, NOBODY, SCOPE, names, read, refusal, refused, shelf
from tests.infra.db.oracle import Oracle
from tests.infra.db.world import BOOK, MINE, SHELF, YOURS, LibraryScope
from trunkline.infra.db.operands import ALLOWED
from trunkline.infra.db.spec import FieldKind
from trunkline.kit.errors import Problem
from trunkline.kit.filters import All, AnyOf, Compare, Node, Not, Op, OrderKey, Quantifier, Related
from trunkline.kit.pages import Deleted, ListQuery


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
