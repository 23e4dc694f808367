from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from trunkline.dialects.platform.filters import DIRECTIONS, OPERATORS, camel, parse_filter, parse_order
from trunkline.infra.db.spec import Field, FieldKind, ListSpec, Relation
from trunkline.kit.errors import InvalidRequestError, Problem
from trunkline.kit.filters import All, AnyOf, Compare, Not, Op, OrderKey, Quantifier, Related

HEX = "0197" + "a" * 28
UUID = "0197aaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"


class Row(msgspec.Struct):
    id: str


INTEGRATION: ListSpec[Row] = ListSpec(
    entity="integration",
    table="integrations",
    row=Row,
    rule=None,
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("integration",)),
        "name": Field(kind=FieldKind.TEXT),
        "publisher": Field(kind=FieldKind.TEXT),
        "created_at": Field(kind=FieldKind.TIME),
        "owner_id": Field(kind=FieldKind.ID, id_kinds=("user", "team"), nullable=True),
        "subject_id": Field(kind=FieldKind.ID),
        "is_open": Field(kind=FieldKind.BOOLEAN),
        "variables": Field(kind=FieldKind.JSON, nullable=True),
    },
    relations={
        "installs": Relation(target="install", local="id", remote="integration_id", many=True),
        "current_version_row": Relation(target="install", local="current_version_id", remote="id"),
    },
)
INSTALL: ListSpec[Row] = ListSpec(
    entity="install",
    table="installs",
    row=Row,
    rule=None,
    fields={"id": Field(kind=FieldKind.ID, id_kinds=("install",)), "name": Field(kind=FieldKind.TEXT)},
    relations={"integration": Relation(target="integration", local="integration_id", remote="id")},
)
SPECS = {"integration": INTEGRATION, "install": INSTALL}


def parse(value: Any) -> Any:
    return parse_filter(value if isinstance(value, str) else json.dumps(value), INTEGRATION, SPECS)


def refused(value: Any) -> Problem:
    with pytest.raises(InvalidRequestError) as caught:
        parse(value)
    [problem] = caught.value.details
    return problem


def order(value: Any) -> Any:
    return parse_order(value if isinstance(value, str) else json.dumps(value), INTEGRATION)


def order_refused(value: Any) -> Problem:
    with pytest.raises(InvalidRequestError) as caught:
        order(value)
    [problem] = caught.value.details
    return problem


def name_is(value: str, path: str) -> Compare:
    return Compare("name", Op.EQ, value, path)


def test_members_of_one_object_are_anded_under_their_wire_names():
    assert parse({"name": "crm", "createdAt": {"gte": "2026-01-01", "lt": "2027-01-01"}}) == All(
        (
            Compare("name", Op.EQ, "crm", "filter.name"),
            Compare("created_at", Op.GTE, "2026-01-01", "filter.createdAt.gte"),
            Compare("created_at", Op.LT, "2027-01-01", "filter.createdAt.lt"),
        )
    )


ALIASES = {
    "eq": Op.EQ, "equals": Op.EQ, "neq": Op.NEQ, "ne": Op.NEQ, "not": Op.NEQ, "gt": Op.GT, "gte": Op.GTE,
    "lt": Op.LT, "lte": Op.LTE, "in": Op.IN, "notIn": Op.NOT_IN, "nin": Op.NOT_IN, "not_in": Op.NOT_IN,
    "contains": Op.CONTAINS, "startsWith": Op.STARTS_WITH, "starts_with": Op.STARTS_WITH,
    "endsWith": Op.ENDS_WITH, "ends_with": Op.ENDS_WITH, "icontains": Op.ICONTAINS,
    "istartsWith": Op.ISTARTS_WITH, "istarts_with": Op.ISTARTS_WITH, "iendsWith": Op.IENDS_WITH,
    "iends_with": Op.IENDS_WITH, "like": Op.LIKE, "ilike": Op.ILIKE, "isNull": Op.IS_NULL,
    "is_null": Op.IS_NULL, "hasKey": Op.HAS_KEY, "has_key": Op.HAS_KEY, "has": Op.HAS_KEY,
}  # fmt: skip


def test_the_operators_are_these_and_no_others():
    assert OPERATORS == ALIASES


@pytest.mark.parametrize(("word", "op"), sorted(ALIASES.items()))
def test_every_spelling_of_an_operator_means_the_same(word, op):
    assert parse({"name": {word: "x"}}) == Compare("name", op, "x", f"filter.name.{word}")


@pytest.mark.parametrize("word", ["IN", "Eq", "startswith", "is null", "mod", "$eq", "", "some"])
def test_an_unknown_operator_is_refused_where_it_stands(word):
    assert refused({"name": {word: "x"}}) == Problem(f"filter.name.{word}", "unknown operator")


def test_a_bare_null_asks_for_absence_whatever_the_kind():
    for name, field in (("ownerId", "owner_id"), ("variables", "variables")):
        assert parse({name: None}) == Compare(field, Op.IS_NULL, value=True, path=f"filter.{name}")
    assert parse({"name": {"neq": None}}) == Compare("name", Op.NEQ, None, "filter.name.neq")


@pytest.mark.parametrize(
    ("word", "op"),
    [
        ("contains", Op.ICONTAINS),
        ("starts_with", Op.ISTARTS_WITH),
        ("endsWith", Op.IENDS_WITH),
        ("like", Op.ILIKE),
        ("icontains", Op.ICONTAINS),
    ],
)
def test_insensitive_mode_turns_a_text_operator_caseless(word, op):
    expected = Compare("name", op, "X", f"filter.name.{word}")
    assert parse({"name": {word: "X", "mode": "insensitive"}}) == expected
    assert parse({"name": {"mode": "insensitive", word: "X"}}) == expected
    assert parse({"name": {"mode": "default", word: "X"}}) == Compare(
        "name", OPERATORS[word], "X", expected.path
    )


@pytest.mark.parametrize(
    ("operators", "problem"),
    [
        ({"gt": "a", "mode": "insensitive"}, Problem("filter.name.mode", "does not apply to gt")),
        ({"contains": "a", "mode": "loose"}, Problem("filter.name.mode", "expected default or insensitive")),
        ({"contains": "a", "mode": None}, Problem("filter.name.mode", "expected default or insensitive")),
        ({"contains": "a", "mode": []}, Problem("filter.name.mode", "expected default or insensitive")),
        ({"mode": "insensitive"}, Problem("filter.name", "expected an operator")),
        ({}, Problem("filter.name", "expected an operator")),
        (["a"], Problem("filter.name", "expected a value or an object of operators, such as in")),
    ],
)
def test_operators_that_say_nothing_or_contradict_are_refused(operators, problem):
    assert refused({"name": operators}) == problem


def test_and_takes_a_list_or_an_object_and_is_one_flat_conjunction():
    assert parse({"AND": {"name": "a", "publisher": "b"}}) == All(
        (name_is("a", "filter.AND.name"), Compare("publisher", Op.EQ, "b", "filter.AND.publisher"))
    )
    assert parse({"AND": [{"name": "a"}, {"AND": [{"name": "b"}]}], "name": "c"}) == All(
        (
            name_is("a", "filter.AND[0].name"),
            name_is("b", "filter.AND[1].AND[0].name"),
            name_is("c", "filter.name"),
        )
    )
    assert parse({"AND": []}) == parse({}) == All(())


def test_or_takes_a_list_only_and_an_empty_one_holds_nowhere():
    assert parse({"OR": [{"name": "a"}, {"name": "b"}]}) == AnyOf(
        (name_is("a", "filter.OR[0].name"), name_is("b", "filter.OR[1].name"))
    )
    assert parse({"OR": []}) == AnyOf(())
    assert refused({"OR": {"name": "a"}}) == Problem("filter.OR", "expected a list")


def test_not_takes_an_object_or_a_list_and_negates_their_conjunction():
    one = name_is("a", "filter.NOT.name")
    assert parse({"NOT": {"name": "a"}}) == Not(one)
    assert parse({"NOT": [{"name": "a"}, {"name": "b"}]}) == Not(
        All((name_is("a", "filter.NOT[0].name"), name_is("b", "filter.NOT[1].name")))
    )


def test_a_to_one_relation_nests_directly():
    inner = Compare("name", Op.EQ, "a", "filter.currentVersionRow.name")
    assert parse({"currentVersionRow": {"name": "a"}}) == Related(
        "current_version_row", Quantifier.ONE, inner, "filter.currentVersionRow"
    )


def test_a_to_many_relation_takes_quantifiers_and_a_bare_object_means_some():
    assert parse({"installs": {"name": "a"}}) == Related(
        "installs", Quantifier.SOME, name_is("a", "filter.installs.name"), "filter.installs"
    )
    assert parse({"installs": {}}) == Related("installs", Quantifier.SOME, All(()), "filter.installs")
    assert parse({"installs": {"every": {"name": "a"}, "none": {}}}) == All(
        (
            Related(
                "installs",
                Quantifier.EVERY,
                name_is("a", "filter.installs.every.name"),
                "filter.installs.every",
            ),
            Related("installs", Quantifier.NONE, All(()), "filter.installs.none"),
        )
    )


def test_relations_nest_and_the_path_follows():
    problem = refused({"AND": [{"installs": {"some": {"integration": {"nam": 1}}}}]})
    assert problem == Problem("filter.AND[0].installs.some.integration.nam", "unknown field")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"AND": [{"nam": 1}]}, Problem("filter.AND[0].nam", "unknown field")),
        ({"created_at": "2026-01-01"}, Problem("filter.created_at", "unknown field")),
        ({"and": []}, Problem("filter.and", "unknown field")),
        ({"": 1}, Problem("filter.", "unknown field")),
        ({"x" * 200: 1}, Problem(f"filter.{'x' * 100}", "unknown field")),
        ({"name; DROP TABLE installs": 1}, Problem("filter.name; DROP TABLE installs", "unknown field")),
        ({"AND": "x"}, Problem("filter.AND", "expected an object")),
        ({"NOT": None}, Problem("filter.NOT", "expected an object")),
        ({"AND": [1]}, Problem("filter.AND[0]", "expected an object")),
        ({"installs": None}, Problem("filter.installs", "expected an object")),
        ({"currentVersionRow": None}, Problem("filter.currentVersionRow", "expected an object")),
        ({"currentVersionRow": {"some": {}}}, Problem("filter.currentVersionRow.some", "unknown field")),
        (
            {"installs": {"some": {}, "name": "a"}},
            Problem("filter.installs.name", "expected only some, every and none here"),
        ),
        ({"installs": {"some": []}}, Problem("filter.installs.some", "expected an object")),
        ([], Problem("filter", "expected an object")),
        ("null", Problem("filter", "expected an object")),
        ('{"name":"a","name":"b"}', Problem("filter", "not valid JSON: duplicate member 'name'")),
        ('{"createdAt":NaN}', Problem("filter", "not valid JSON: NaN is not JSON")),
        ('{"name":"\\u0000"}', Problem("filter", "holds U+0000, which cannot be stored")),
        ('{"name":"' + "a" * 8192 + '"}', Problem("filter", "longer than 8192 bytes")),
        ('{"name":"' + "é" * 4100 + '"}', Problem("filter", "longer than 8192 bytes")),
    ],
)
def test_what_is_wrong_is_named_where_it_stands(value, problem):
    assert refused(value) == problem


@pytest.mark.parametrize("text", ["", "{", "name", "{'name': 'a'}", "[" * 8000])
def test_what_is_not_json_is_refused(text):
    assert refused(text).path == "filter"


@pytest.mark.parametrize("spelling", [f"int_{HEX}", UUID, UUID.upper()])
def test_an_id_is_read_in_either_spelling(spelling):
    assert parse({"id": spelling}) == Compare("id", Op.EQ, HEX, "filter.id")
    assert parse({"id": {"in": [spelling]}}) == Compare("id", Op.IN, [HEX], "filter.id.in")
    assert parse({"id": {"neq": None}}) == Compare("id", Op.NEQ, None, "filter.id.neq")


def test_an_id_of_several_kinds_is_read_with_each_prefix():
    for prefix in ("usr", "tem"):
        assert parse({"ownerId": f"{prefix}_{HEX}"}) == Compare("owner_id", Op.EQ, HEX, "filter.ownerId")
    assert parse({"subjectId": f"wsp_{HEX}"}) == Compare("subject_id", Op.EQ, HEX, "filter.subjectId")


@pytest.mark.parametrize(
    "text", ["", "int_", f"inst_{HEX}", HEX, f"int_{HEX.upper()}", f"int_{HEX}0", "x" * 36]
)
def test_a_wrong_id_is_refused_where_it_stands(text):
    assert refused({"id": {"in": [UUID, text]}}) == Problem(
        "filter.id.in[1]", "expected an id with int_ or a UUID"
    )
    assert refused({"id": text}).path == "filter.id"


def test_an_id_of_no_text_is_left_to_the_compiler_to_refuse():
    assert parse({"id": {"eq": 5}}) == Compare("id", Op.EQ, 5, "filter.id.eq")
    assert parse({"id": {"isNull": True}}) == Compare("id", Op.IS_NULL, value=True, path="filter.id.isNull")


@pytest.mark.parametrize("word", ["AND", "NOT"])
def test_six_levels_are_read_and_a_seventh_refused(word):
    def nest(levels: int) -> Any:
        value: Any = {"name": "a"}
        for _ in range(levels):
            value = {word: [value]}
        return value

    parse(nest(6))
    assert refused(nest(7)).message == "nested deeper than 6 levels"


def test_sort_keys_are_read_in_order():
    assert order([{"createdAt": "desc"}, {"name": "asc_nulls_first"}]) == (
        OrderKey("created_at", "desc", None, "orderBy[0].createdAt"),
        OrderKey("name", "asc", "first", "orderBy[1].name"),
    )
    assert order([]) == ()


@pytest.mark.parametrize(
    ("spelling", "way"),
    [
        *((name, way) for name, way in DIRECTIONS.items()),
        *((name.upper(), way) for name, way in DIRECTIONS.items()),
        ("ascNullsFirst", ("asc", "first")),
        ("ascNullsLast", ("asc", "last")),
        ("descNullsFirst", ("desc", "first")),
        ("descNullsLast", ("desc", "last")),
    ],
)
def test_a_direction_has_three_spellings(spelling, way):
    assert order([{"name": spelling}]) == (OrderKey("name", way[0], way[1], "orderBy[0].name"),)


DIRECTION = "expected one of asc, desc, asc_nulls_first, asc_nulls_last, desc_nulls_first, desc_nulls_last"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"name": "asc"}, Problem("orderBy", "expected a list of objects")),
        ("null", Problem("orderBy", "expected a list of objects")),
        ([{"name": "asc", "id": "asc"}], Problem("orderBy[0]", "expected an object with exactly one member")),
        ([{"name": "asc"}, {}], Problem("orderBy[1]", "expected an object with exactly one member")),
        (["name"], Problem("orderBy[0]", "expected an object with exactly one member")),
        ([{"nam": "asc"}], Problem("orderBy[0].nam", "unknown field")),
        ([{"created_at": "asc"}], Problem("orderBy[0].created_at", "unknown field")),
        ([{"name": "up"}], Problem("orderBy[0].name", DIRECTION)),
        ([{"name": "Asc"}], Problem("orderBy[0].name", DIRECTION)),
        ([{"name": 1}], Problem("orderBy[0].name", DIRECTION)),
        ([{"name": ["asc"]}], Problem("orderBy[0].name", DIRECTION)),
        ("[" + " " * 8192 + "]", Problem("orderBy", "longer than 8192 bytes")),
    ],
)
def test_what_is_no_sort_key_is_refused_where_it_stands(value, problem):
    assert order_refused(value) == problem


def test_a_core_name_is_spelled_the_wire_way():
    assert [camel(name) for name in ("id", "created_at", "current_version_row")] == [
        "id",
        "createdAt",
        "currentVersionRow",
    ]
