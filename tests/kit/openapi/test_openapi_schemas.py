from typing import Any

import jsonschema_rs
import pytest

from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.openapi import JSON_SCHEMA_DIALECT, bound_definition, convert


def document(schemas: Any, version: str = "3.0.3", **more: Any) -> dict[str, Any]:
    info = {"title": "Pets", "version": "1"}
    return {"openapi": version, "info": info, "paths": {}, "components": {"schemas": schemas, **more}}


def converted(schema: Any, version: str = "3.0.3", **others: Any) -> dict[str, Any]:
    """The definition made of one schema, without its dialect."""
    definition = convert(document({"X": schema, **others}, version)).members[0].definition
    jsonschema_rs.meta.validate(definition)
    return {key: value for key, value in definition.items() if key != "$schema"}


def refusal(schemas: Any, version: str = "3.0.3", **more: Any) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        convert(document(schemas, version, **more))
    return caught.value.message


def warnings(schema: Any, version: str = "3.0.3") -> list[tuple[str, str]]:
    return [(item.path, item.message) for item in convert(document({"X": schema}, version)).warnings]


def test_makes_a_member_of_each_schema_in_document_order():
    result = convert(
        document({"Pet": {"type": "object", "description": "A pet."}, "Age": {"type": "integer"}})
    )
    assert [(m.slug, m.kind, m.name, m.description, m.definition, m.refs) for m in result.members] == [
        ("schema:Pet", "schema", "Pet", "A pet.",
         {"$schema": JSON_SCHEMA_DIALECT, "type": "object", "description": "A pet."}, frozenset()),
        ("schema:Age", "schema", "Age", None,
         {"$schema": JSON_SCHEMA_DIALECT, "type": "integer"}, frozenset()),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": False}, {"type": "string"}),
        ({"nullable": True}, {}),
        (
            {"type": "string", "enum": ["a"], "nullable": True},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        ({"enum": ["a", None], "nullable": True}, {"enum": ["a", None]}),
        (
            {"nullable": True, "allOf": [{"type": "string"}], "description": "d"},
            {"description": "d", "anyOf": [{"allOf": [{"type": "string"}]}, {"type": "null"}]},
        ),
        (
            {"nullable": True, "type": "object", "oneOf": [{"required": ["a"]}], "example": 1},
            {
                "examples": [1],
                "anyOf": [{"type": "object", "oneOf": [{"required": ["a"]}]}, {"type": "null"}],
            },
        ),
        (
            {"$ref": "#/components/schemas/X", "nullable": True, "description": "d", "example": 1},
            {"description": "d", "anyOf": [{"$ref": "schema:X"}, {"type": "null"}]},
        ),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}),
        ({"exclusiveMaximum": True}, {}),
        ({"exclusiveMaximum": 7}, {"exclusiveMaximum": 7}),
        ({"example": {"nullable": True}}, {"examples": [{"nullable": True}]}),
        ({"example": None, "examples": [1]}, {"examples": [None, 1]}),
        (
            {"$ref": "#/components/schemas/X", "description": "d", "type": "string", "title": "t"},
            {"$ref": "schema:X", "description": "d"},
        ),
        ({"type": "string", "format": "byte"}, {"type": "string", "contentEncoding": "base64"}),
        (
            {"type": "string", "format": "binary"},
            {"type": "string", "contentMediaType": "application/octet-stream"},
        ),
        ({"type": "string", "format": "uuid"}, {"type": "string", "format": "uuid"}),
        (
            {"readOnly": True, "writeOnly": False, "deprecated": True, "xml": {"name": "x"}, "x-a": 1},
            {"readOnly": True, "writeOnly": False, "deprecated": True},
        ),
        ({"externalDocs": {"url": "https://e.example"}}, {"externalDocs": {"url": "https://e.example"}}),
        ({"required": ["a", "b", "a"]}, {"required": ["a", "b"]}),
        ({"maximum": 2**64}, {"maximum": 1.8446744073709552e19}),
    ],
)
def test_says_in_2020_12_what_3_0_says_its_own_way(old, new):
    assert converted(old) == new


@pytest.mark.parametrize("around", ["items", "not", "additionalProperties", "contains", "if", "then", "else"])
def test_converts_inside_a_keyword_that_holds_a_schema(around):
    assert converted({around: {"type": "string", "nullable": True}}) == {around: {"type": ["string", "null"]}}


@pytest.mark.parametrize("around", ["allOf", "anyOf", "oneOf", "prefixItems"])
def test_converts_inside_a_keyword_that_lists_schemas(around):
    assert converted({around: [{"example": 1}, {}]}) == {around: [{"examples": [1]}, {}]}


@pytest.mark.parametrize("around", ["properties", "patternProperties", "dependentSchemas", "$defs"])
def test_takes_the_members_of_a_map_as_names_and_not_as_keywords(around):
    inner = {"type": "string", "nullable": True}
    names = ["nullable", "example", "$ref", "x-a", "enum", "properties", "discriminator", "xml"]
    assert converted({around: dict.fromkeys(names, inner)}) == {
        around: {name: {"type": ["string", "null"]} for name in names}
    }


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_never_rewrites_data(version):
    data = {"$ref": "#/components/schemas/Nowhere", "nullable": True, "example": 1, "x-a": {"type": 7}}
    schema = {"enum": [data], "default": data, "const": data, "examples": [data]}
    assert converted(schema, version) == schema


def test_passes_3_1_through_apart_from_references():
    schema = {
        "type": ["string", "null"],
        "exclusiveMinimum": 3,
        "format": "binary",
        "example": 1,
        "x-a": {"$ref": "nowhere"},
        "unknown": [1],
        "xml": {"name": "x"},
        "$comment": "c",
        "properties": {"a": {"$ref": "#/components/schemas/X", "title": "kept", "minimum": 1}, "b": True},
        "unevaluatedProperties": False,
    }
    expected = {**schema, "properties": {"a": {"$ref": "schema:X", "title": "kept", "minimum": 1}, "b": True}}
    assert converted(schema, "3.1.0") == expected


def test_drops_what_would_identify_a_schema_and_warns_of_another_dialect():
    schema = {
        "$id": "https://a.example/x",
        "$anchor": "a",
        "$schema": "http://json-schema.org/draft-07/schema#",
    }
    assert converted(schema, "3.1.0") == {}
    message = "names another dialect; the schema is read as JSON Schema 2020-12"
    assert warnings(schema, "3.1.0") == [("#/components/schemas/X/$schema", message)]
    assert warnings({"$schema": JSON_SCHEMA_DIALECT}, "3.1.0") == []


def test_warns_that_3_1_knows_no_nullable():
    assert warnings({"items": {"type": "string", "nullable": True}}, "3.1.0") == [
        ("#/components/schemas/X/items/nullable", 'means nothing in OpenAPI 3.1; write "null" into type')
    ]


@pytest.mark.parametrize(
    ("keyword", "value", "message"),
    [
        ("type", "file", "must be one or more of the seven JSON types"),
        ("type", ["string", 5], "must be one or more of the seven JSON types"),
        ("type", [], "must be one or more of the seven JSON types"),
        ("required", True, "must be a list of distinct property names"),
        ("minimum", "5", "must be a number"),
        ("minLength", -1, "must be a whole number, zero or more"),
        ("minLength", True, "must be a whole number, zero or more"),
        ("maxItems", 1.5, "must be a whole number, zero or more"),
        ("multipleOf", 0, "must be a number above zero"),
        ("uniqueItems", "yes", "must be true or false"),
        ("nullable", "yes", "must be true or false"),
        ("enum", "a", "must be a list"),
        ("pattern", None, "must be a text"),
        ("dependentRequired", {"a": "b"}, "must be lists of distinct property names"),
        ("allOf", [], "must be a list of at least one schema"),
        ("properties", [], "must be an object whose members are schemas"),
        ("discriminator", {"mapping": {}}, "must be an object with a propertyName"),
        (
            "dependencies",
            {"a": ["b"]},
            "is not a 2020-12 keyword; write dependentRequired or dependentSchemas",
        ),
    ],
)
def test_leaves_out_a_keyword_that_2020_12_would_refuse_and_warns(keyword, value, message):
    assert converted({"title": "t", keyword: value}) == {"title": "t"}
    place = f"#/components/schemas/X/{keyword}"
    assert warnings({keyword: value}) == [(place, f"{message}; it was left out")]


def test_reads_an_empty_schema_as_any_and_warns():
    assert converted({"properties": {"a": None}}) == {"properties": {"a": {}}}
    assert warnings({"properties": {"a": None}}) == [
        ("#/components/schemas/X/properties/a", "an empty schema; read as one that accepts anything")
    ]


@pytest.mark.parametrize(("schema", "expected"), [(True, {}), (False, {"not": {}})])
def test_spells_a_boolean_component_as_an_object(schema, expected):
    assert converted(schema, "3.1.0") == expected


@pytest.mark.parametrize("schema", ["x", 1, []])
def test_refuses_a_schema_that_is_none(schema):
    assert refusal({"X": {"items": schema}}) == "#/components/schemas/X/items: a schema must be an object"


def test_refers_to_members_by_slug_and_lists_them():
    schemas = {
        "A": {
            "properties": {
                "plain": {"$ref": "#/components/schemas/B"},
                "deep": {"$ref": "#/components/schemas/C/properties/x~1y%20z/items"},
                "self": {"$ref": "#/components/schemas/A"},
            }
        },
        "B": {},
        "C": {"properties": {"x/y z": {"items": {"type": "string"}}}},
    }
    member = convert(document(schemas)).members[0]
    assert member.refs == {"schema:A", "schema:B", "schema:C"}
    assert member.definition["properties"] == {
        "plain": {"$ref": "schema:B"},
        "deep": {"$ref": "schema:C#/properties/x~1y%20z/items"},
        "self": {"$ref": "schema:A"},
    }


@pytest.mark.parametrize(
    ("reference", "name", "slug"),
    [
        ("#/components/schemas/a~1b~0c", "a/b~c", "schema:a_b~c"),
        ("#/components/schemas/Page%C2%ABPet%C2%BB", "Page«Pet»", "schema:Page_Pet"),
        ("#/components/schemas/a%23b", "a#b", "schema:a_b"),
        ("#/components/schemas/List<Pet>", "List<Pet>", "schema:List_Pet"),
        ("#/components/schemas/a.b-c_D", "a.b-c_D", "schema:a.b-c_D"),
        ("#/components/schemas/" + "n" * 300, "n" * 300, "schema:" + "n" * 113),
    ],
)
def test_decodes_the_name_in_a_reference_and_spells_its_slug(reference, name, slug):
    members = convert(document({"A": {"$ref": reference}, name: {}})).members
    assert members[0].definition["$ref"] == slug
    assert (members[1].slug, members[1].name) == (slug, name[:200])


def test_keeps_slugs_apart_and_never_gives_one_names_own_slug_to_another():
    members = convert(document({"a b": {}, "a/b": {}, "a_b": {}, "a_b_2": {}})).members
    assert [member.slug for member in members] == [
        "schema:a_b_3",
        "schema:a_b_4",
        "schema:a_b",
        "schema:a_b_2",
    ]


def test_follows_a_deep_reference_into_what_nullable_moved():
    schemas = {
        "A": {"$ref": "#/components/schemas/B/allOf/0/properties/c/oneOf/1"},
        "B": {
            "nullable": True,
            "allOf": [{"properties": {"c": {"nullable": True, "oneOf": [{}, {"type": "string"}]}}}],
        },
    }
    first, second = convert(document(schemas)).members
    pointer = "/anyOf/0/allOf/0/properties/c/anyOf/0/oneOf/1"
    assert first.definition["$ref"] == f"schema:B#{pointer}"
    target: Any = second.definition
    for token in pointer[1:].split("/"):
        target = target[int(token) if token.isdigit() else token]
    assert target == {"type": "string"}


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("#/components/schemas/Nope", "'#/components/schemas/Nope' points at nothing in this document; add it or mend the reference"),
        ("#/components/schemas", "a reference must name one schema: #/components/schemas/<Name>"),
        ("#/components/schemas/X/properties", "'properties' inside the schema 'X' is not a schema"),
        ("#/components/schemas/X/enum/0", "'enum/0' inside the schema 'X' is not a schema"),
        ("#/components/schemas/X/properties/a/type", "'properties/a/type' inside the schema 'X' is not a schema"),
        ("#/components/nowhere/A", "'#/components/nowhere/A' points at nothing in this document; add it or mend the reference"),
        ("#/%ff", "'#/%ff' is not a JSON pointer: its escapes are not UTF-8"),
        ("#", "'#' names no component; write #/components/schemas/<Name>"),
        ("#Pet", "'#Pet' names no component; write #/components/schemas/<Name>"),
        ("pet.yaml#/Pet", "'pet.yaml#/Pet' leaves this document; bundle it into one file first"),
        ("https://a.example/pet.json", "'https://a.example/pet.json' leaves this document; bundle it into one file first"),
        (7, "a reference must be a text"),
    ],
)  # fmt: skip
def test_refuses_a_reference_that_leads_to_no_schema_here(reference, message):
    schemas = {"X": {"properties": {"a": {"$ref": reference}}, "enum": [{}]}}
    assert refusal(schemas) == f"#/components/schemas/X/properties/a/$ref: {message}"


def test_refuses_dynamic_references():
    assert refusal({"X": {"$dynamicRef": "#node"}}, "3.1.0") == (
        "#/components/schemas/X/$dynamicRef: dynamic references are not read; "
        "write $ref to #/components/schemas/<Name>"
    )


def test_repeats_a_schema_that_is_no_component_where_it_is_referred_to():
    parameters = {"Id": {"name": "id", "in": "query", "schema": {"type": "string", "nullable": True}}}
    schemas = {"X": {"items": {"$ref": "#/components/parameters/Id/schema"}}}
    definition = convert(document(schemas, parameters=parameters)).members[0].definition
    assert definition["items"] == {"type": ["string", "null"]}


def test_keeps_the_siblings_of_a_repeated_schema_in_3_1():
    parameters = {"Id": {"name": "id", "in": "query", "schema": {"type": "string"}}}
    schema = {"$ref": "#/components/parameters/Id/schema", "maxLength": 3, "allOf": [{"minLength": 1}]}
    definition = convert(document({"X": schema}, "3.1.0", parameters=parameters)).members[0].definition
    assert definition == {
        "$schema": JSON_SCHEMA_DIALECT,
        "maxLength": 3,
        "allOf": [{"minLength": 1}, {"type": "string"}],
    }


def test_refuses_repeated_schemas_that_contain_themselves():
    loop = {"name": "id", "in": "query", "schema": {"items": {"$ref": "#/components/parameters/Id/schema"}}}
    message = refusal({"X": {"$ref": "#/components/parameters/Id/schema"}}, parameters={"Id": loop})
    assert message == (
        "#/components/parameters/Id/schema/items/$ref: "
        "the schemas refer to each other in a circle; move one to components/schemas"
    )


def test_refuses_repeated_schemas_that_double_without_end():
    doubling: dict[str, Any] = {
        f"P{n}": {"schema": {"allOf": [{"$ref": f"#/components/parameters/P{n + 1}/schema"}] * 2}}
        for n in range(25)
    }
    doubling["P25"] = {"schema": {"type": "string"}}
    message = refusal({"X": {"$ref": "#/components/parameters/P0/schema"}}, parameters=doubling)
    assert "more than 2,000,000 nodes once references are followed" in message


def test_refuses_repeated_schemas_that_nest_too_deep():
    chain: dict[str, Any] = {
        f"P{n}": {"schema": {"items": {"items": {"$ref": f"#/components/parameters/P{n + 1}/schema"}}}}
        for n in range(60)
    }
    chain["P60"] = {"schema": {}}
    message = refusal({"X": {"$ref": "#/components/parameters/P0/schema"}}, parameters=chain)
    assert "nests deeper than 100 levels once references are followed" in message


def test_refuses_a_long_chain_of_repeated_schemas():
    chain: dict[str, Any] = {
        f"P{n}": {"schema": {"$ref": f"#/components/parameters/P{n + 1}/schema"}} for n in range(3_000)
    }
    message = refusal({"X": {"$ref": "#/components/parameters/P0/schema"}}, parameters=chain)
    assert "nests deeper than 100 levels once references are followed" in message


def test_rewrites_discriminator_mappings_by_reference_and_by_bare_name():
    schema = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"cat": "#/components/schemas/Cat", "dog": "Dog", "fox": "Fox.v1"},
        },
    }
    member = convert(document({"X": schema, "Cat": {}, "Dog": {}, "Fox.v1": {}})).members[0]
    assert member.definition["discriminator"] == {
        "propertyName": "kind",
        "mapping": {"cat": "schema:Cat", "dog": "schema:Dog", "fox": "schema:Fox.v1"},
    }
    assert member.refs == {"schema:Cat", "schema:Dog", "schema:Fox.v1"}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("Nope", "'Nope' points at nothing in this document; add it or mend the reference"),
        ("nope.json", "'nope.json' leaves this document; bundle it into one file first"),
        ("#/components/parameters/P/schema", "must name a schema under #/components/schemas"),
        (5, "a reference must be a text"),
    ],
)
def test_refuses_a_mapping_that_leads_to_no_schema(target, message):
    schema = {"discriminator": {"propertyName": "k", "mapping": {"a": target}}}
    found = refusal({"X": schema}, parameters={"P": {"schema": {}}})
    assert found == f"#/components/schemas/X/discriminator/mapping/a: {message}"


def test_binds_references_and_mappings_but_no_data():
    lookalike = {"$ref": "schema:Nowhere", "discriminator": {"mapping": {"a": "schema:X"}}}
    schema = {
        "properties": {"$ref": {"$ref": "#/components/schemas/X/items"}, "e": {"enum": [lookalike]}},
        "items": {"allOf": [{"$ref": "#/components/schemas/X"}], "not": {}},
        "default": lookalike,
        "additionalProperties": False,
        "discriminator": {"propertyName": "k", "mapping": {"a": "X"}},
    }
    member = convert(document({"X": schema})).members[0]
    bound = bound_definition(member, {"schema:X": "sch_1"})
    assert bound == {
        "$schema": JSON_SCHEMA_DIALECT,
        "properties": {"$ref": {"$ref": "sch_1#/items"}, "e": {"enum": [lookalike]}},
        "items": {"allOf": [{"$ref": "sch_1"}], "not": {}},
        "default": lookalike,
        "additionalProperties": False,
        "discriminator": {"propertyName": "k", "mapping": {"a": "sch_1"}},
    }
    with pytest.raises(KeyError, match="schema:X"):
        bound_definition(member, {})


def test_does_not_change_the_document_and_shares_nothing_with_it():
    source = document(
        {"X": {"default": {"a": [1]}, "properties": {"a": {"nullable": True, "type": "string"}}}}
    )
    before = repr(source)
    definition: Any = convert(source).members[0].definition
    definition["default"]["a"].append(2)
    assert repr(source) == before
