from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.infra.db.oracle import Oracle
from tests.infra.db.world import MINE, NAMES, SPECS, TIMES, YOURS, Library, LibraryScope
from trunkline.infra.db import lists
from trunkline.infra.db.database import Database
from trunkline.infra.db.operands import ALLOWED
from trunkline.infra.db.spec import Field, FieldKind, ListSpec
from trunkline.kit.actor import Tier
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.filters import (
    All,
    AnyOf,
    Compare,
    Direction,
    Node,
    Not,
    Nulls,
    Op,
    OrderKey,
    Quantifier,
    Related,
)
from trunkline.kit.pages import Anchor, Deleted, Keyset, ListQuery

LIBRARY = Library()
PROFILE = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
FRAGMENTS = (
    "a",
    "A",
    "b",
    "e",
    "%",
    "_",
    "\\",
    "*",
    "?",
    "[",
    "]",
    "^",
    "é",
    "É",
    "😀",
    "日",
    "k",
    "\u212a",
    "'",
    "1",
)
PLAIN = st.one_of(st.sampled_from(NAMES), st.lists(st.sampled_from(FRAGMENTS), max_size=3).map("".join))
PATTERNS = st.lists(
    st.sampled_from(["%", "_", "\\%", "\\_", "\\\\", "\\a", *(part for part in FRAGMENTS if part != "\\")]),
    max_size=5,
).map("".join)
SCOPES = st.builds(LibraryScope, st.sampled_from([MINE, YOURS, "c" * 32]), st.sampled_from(list(Tier)))
PATTERN_OPS = {Op.LIKE, Op.ILIKE}
TEXT_OPS = {op for op in ALLOWED[FieldKind.TEXT] if op not in ALLOWED[FieldKind.TIME]} - PATTERN_OPS
IDS = [row["id"] for held in LIBRARY.rows.values() for row in held]


def scalars(field: Field) -> st.SearchStrategy[Any]:
    match field.kind:
        case FieldKind.CHOICE:
            return st.sampled_from(field.choices)
        case FieldKind.TIME:
            spelled = [*(time for time in TIMES if time), "2026-02-03", "2026-02-05T01:00:00+01:00"]
            return st.sampled_from(spelled)
        case FieldKind.INTEGER:
            return st.sampled_from([0, 7, -3, 12, 100, 2**31 - 1, 2**31, 2**63 - 1, -(2**63)])
        case FieldKind.BOOLEAN:
            return st.booleans()
        case FieldKind.ID:
            return st.sampled_from([*IDS, MINE, YOURS])
        case _:
            return PLAIN


@st.composite
def comparisons(draw: st.DrawFn, spec: ListSpec[Any]) -> Compare:
    name = draw(st.sampled_from(sorted(spec.fields)))
    field = spec.fields[name]
    op = draw(st.sampled_from(sorted(ALLOWED[field.kind])))
    value: Any
    if op is Op.IS_NULL:
        value = draw(st.booleans())
    elif op is Op.HAS_KEY:
        value = draw(st.sampled_from(["region", 'a"b', "é", "", "0", "nested", "x"]))
    elif op in (Op.IN, Op.NOT_IN):
        value = draw(st.lists(scalars(field), max_size=4))
    elif op in PATTERN_OPS:
        value = draw(PATTERNS)
    elif op in (Op.EQ, Op.NEQ):
        value = draw(st.one_of(st.none(), scalars(field)))
    else:
        value = draw(PLAIN if op in TEXT_OPS else scalars(field))
    return Compare(name, op, value)


@st.composite
def trees(draw: st.DrawFn, spec: ListSpec[Any], depth: int = 3, hops: int = 3) -> Node:
    kinds = ["compare"] if depth == 0 else ["compare", "all", "any", "not", "related", "related"]
    kind = draw(st.sampled_from(kinds))
    if kind == "not":
        return Not(draw(trees(spec, depth - 1, hops)))
    if kind in ("all", "any"):
        items = tuple(draw(st.lists(trees(spec, depth - 1, hops), max_size=3)))
        return All(items) if kind == "all" else AnyOf(items)
    if kind == "related" and hops:
        name = draw(st.sampled_from(sorted(spec.relations)))
        relation = spec.relations[name]
        many = [Quantifier.SOME, Quantifier.EVERY, Quantifier.NONE]
        quantifier = draw(st.sampled_from(many)) if relation.many else Quantifier.ONE
        return Related(name, quantifier, draw(trees(SPECS[relation.target], depth - 1, hops - 1)))
    return draw(comparisons(spec))


@st.composite
def orders(draw: st.DrawFn, spec: ListSpec[Any]) -> tuple[OrderKey, ...]:
    sortable = sorted(name for name, f in spec.fields.items() if f.sortable and f.kind is not FieldKind.JSON)
    names = draw(st.lists(st.sampled_from(sortable), unique=True, max_size=4))
    directions: list[Direction] = ["asc", "desc"]
    nulls: list[Nulls | None] = [None, "first", "last"]
    return tuple(
        OrderKey(name, draw(st.sampled_from(directions)), draw(st.sampled_from(nulls))) for name in names
    )


@st.composite
def requests(draw: st.DrawFn, *, placed: bool) -> tuple[ListSpec[Any], LibraryScope, ListQuery]:
    spec = SPECS[draw(st.sampled_from(sorted(SPECS)))]
    scope = draw(SCOPES)
    order = draw(orders(spec))
    held = LIBRARY.rows[spec.entity]
    position: Keyset | Anchor | None = None
    if placed:
        oracle = Oracle(LIBRARY, scope)
        rows = draw(st.lists(st.sampled_from(held), min_size=1, max_size=2))
        if draw(st.booleans()) and oracle.may_anchor(spec, rows[0]):
            position = Anchor(rows[0]["id"])
        else:  # the values of a row, or of two rows mixed: a place nothing stands at
            keys = [oracle.keys(spec, lists.resolve_order(spec, order), row) for row in (rows[0], rows[-1])]
            position = Keyset(tuple(draw(st.sampled_from(pair)) for pair in zip(*keys, strict=True)))
    ahead = draw(st.booleans())
    query = ListQuery(
        where=draw(st.one_of(st.none(), trees(spec))),
        order=order,
        limit=draw(st.integers(1, 12)),
        after=position if ahead else None,
        before=None if ahead else position,
        offset=0 if placed else draw(st.sampled_from([0, 0, 1, 5, 100])),
        ids=draw(st.one_of(st.none(), st.lists(st.sampled_from([row["id"] for row in held])).map(tuple))),
        deleted=draw(st.sampled_from(list(Deleted))),
        count=draw(st.booleans()),
    )
    return spec, scope, query


def check(library: Database, spec: ListSpec[Any], scope: LibraryScope, query: ListQuery) -> None:
    page = library.read_now(lambda tx: lists.list_rows(tx, spec, query, scope))
    expected = Oracle(LIBRARY, scope).page(spec, query)
    assert [row.id for row in page.rows] == expected.ids
    assert (page.total, page.has_next, page.has_previous) == (
        expected.total,
        expected.has_next,
        expected.has_previous,
    )
    assert page.order == lists.resolve_order(spec, query.order)
    rows = {row["id"]: row for row in LIBRARY.rows[spec.entity]}
    ends: list[Keyset | None] = [
        Keyset(Oracle(LIBRARY, scope).keys(spec, page.order, rows[row_id]))
        for row_id in (*expected.ids[:1], *expected.ids[-1:])
    ]
    assert [page.start, page.end] == (ends or [None, None])


@PROFILE
@given(request=requests(placed=False))
def test_first_pages_and_offsets_are_what_plain_python_says(library, request):
    check(library, *request)


@PROFILE
@given(request=requests(placed=True))
def test_pages_from_any_place_are_what_plain_python_says(library, request):
    check(library, *request)


@pytest.mark.soak
@settings(PROFILE, max_examples=5_000, derandomize=False)
@given(request=requests(placed=True))
def test_thousands_of_pages_are_what_plain_python_says(library, request):
    check(library, *request)


@settings(PROFILE, max_examples=50)
@given(request=requests(placed=False))
def test_walking_by_cursors_visits_every_row_once_in_both_directions(library, request):
    spec, scope, query = request
    everything = ListQuery(where=query.where, order=query.order, limit=10_000, deleted=query.deleted)
    expected = Oracle(LIBRARY, scope).page(spec, everything).ids
    limit = max(query.limit, 3)

    def page(**place: Any) -> Any:
        asked = ListQuery(
            where=query.where, order=query.order, limit=limit, deleted=query.deleted, count=False, **place
        )
        return library.read_now(lambda tx: lists.list_rows(tx, spec, asked, scope))

    seen = [page()]
    while seen[-1].has_next:
        seen.append(page(after=seen[-1].end))
    assert [row.id for one in seen for row in one.rows] == expected
    back = seen[-1:]
    while back[0].has_previous:
        back.insert(0, page(before=back[0].start))
    assert [row.id for one in back for row in one.rows] == expected


@settings(PROFILE, max_examples=40)
@given(request=requests(placed=False))
def test_the_count_alone_equals_the_total(library, request):
    spec, scope, query = request
    counted = library.read_now(lambda tx: lists.count_rows(tx, spec, query, scope))
    assert counted == len(Oracle(LIBRARY, scope).matching(spec, query))


@settings(PROFILE, max_examples=40)
@given(scope=SCOPES, entity=st.sampled_from(sorted(SPECS)), data=st.data())
def test_an_anchor_the_caller_cannot_see_is_an_unknown_cursor(library, scope, entity, data):
    spec, oracle = SPECS[entity], Oracle(LIBRARY, scope)
    hidden = [row for row in LIBRARY.rows[entity] if not oracle.may_anchor(spec, row)]
    place = Anchor(data.draw(st.sampled_from([*(row["id"] for row in hidden), "f" * 32])))
    with pytest.raises(InvalidRequestError, match="unknown cursor"):
        library.read_now(lambda tx: lists.list_rows(tx, spec, ListQuery(after=place), scope))
