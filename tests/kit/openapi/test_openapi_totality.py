"""Whatever a document holds, it is converted to what a validator compiles, or refused by name."""

import json
from collections.abc import Iterator
from typing import Any, NoReturn
from urllib.parse import quote, unquote

import jsonschema_rs
import msgspec
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.openapi import bound_definition, convert, read_document
from trunkline.kit.text import check_name, check_slug

REFERENCES = st.sampled_from(
    [
        *(f"#/components/schemas/{name}" for name in ("A", "B", "a~1b", "Nope", "", "a%20b")),
        *(f"#/components/schemas/A/{inside}" for inside in ("not", "allOf/0", "allOf/00", "properties/nullable", "enum/0")),
        "#/components/schemas/B/anyOf/1/items/not",
        "#/components/parameters/P",
        "#/components/parameters/P/schema",
        "#/components/responses/P",
        "#/paths/~1a/get/requestBody",
        "#/paths/~1a",
        "#",
        "#/",
        "#anchor",
        "#/%ff",
        "",
        "other.yaml",
        "https://a.example/#/x",
    ]
)  # fmt: skip
WORDS = st.sampled_from(
    [
        "string",
        "object",
        "null",
        "file",
        "default",
        "200",
        "204",
        "2XX",
        "query",
        "path",
        "body",
        "a",
        "-1",
        "",
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=True),
    WORDS,
    REFERENCES,
    st.text(max_size=3),
)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["A", "B", "a/b", "nullable", "example", "$ref", "x-a", "properties"])
PLAIN_KEYWORDS = st.sampled_from(
    [
        "type", "required", "enum", "const", "default", "example", "examples", "nullable", "format", "minimum",
        "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxItems", "multipleOf", "uniqueItems",
        "title", "description", "readOnly", "deprecated", "discriminator", "xml", "x-a", "externalDocs", "$id",
        "$anchor", "$schema", "$comment", "$vocabulary", "$recursiveRef", "dependentRequired", "contentEncoding",
        "dependencies", "unknown", "summary", "id",
    ]
)  # fmt: skip
ONE = ["items", "not", "additionalProperties", "if", "then", "contains", "propertyNames", "unevaluatedItems"]
MANY = ["allOf", "anyOf", "oneOf", "prefixItems"]
NAMED = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]


def _grown(inner: Any) -> Any:
    plain = st.dictionaries(PLAIN_KEYWORDS, DATA, max_size=2)
    well_typed = st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "object", "array", "integer", ["string", "null"]]),
            "nullable": st.booleans(),
            "enum": st.lists(DATA, max_size=2),
            "exclusiveMinimum": st.booleans(),
            "minimum": st.integers(-3, 3),
            "$ref": REFERENCES,
            "discriminator": st.fixed_dictionaries(
                {"propertyName": WORDS}, optional={"mapping": st.dictionaries(NAMES, NAMES | REFERENCES)}
            ),
        },
    )
    single = st.dictionaries(st.sampled_from(ONE), inner, max_size=2)
    listed = st.dictionaries(st.sampled_from(MANY), st.lists(inner, max_size=2), max_size=2)
    named = st.dictionaries(st.sampled_from(NAMED), st.dictionaries(NAMES, inner, max_size=2), max_size=1)
    return st.builds(lambda *parts: {k: v for part in parts for k, v in part.items()}, plain, well_typed, single, listed, named)  # fmt: skip


# Patterns are left to whoever compiles, so none but sound ones are drawn.
SCHEMAS = st.recursive(st.one_of(st.just({}), st.booleans(), st.none(), DATA), _grown, max_leaves=6)
REFERENCE = st.fixed_dictionaries({"$ref": REFERENCES}, optional={"description": SCALARS})
MEDIA = st.dictionaries(
    st.sampled_from(["application/json", "a/b+json", "*/*", "text/plain", "multipart/form-data", "", ";"]),
    st.fixed_dictionaries({}, optional={"schema": SCHEMAS}) | DATA,
    max_size=2,
)
PARAMETER = st.fixed_dictionaries(
    {"name": st.sampled_from(["id", "body", "query.id", "X"]), "in": st.sampled_from(["path", "query", "header", "cookie"])},
    optional={"schema": SCHEMAS, "content": MEDIA, "required": SCALARS, "style": SCALARS, "description": SCALARS},
)  # fmt: skip
BODY = st.fixed_dictionaries({}, optional={"content": MEDIA, "required": SCALARS, "description": SCALARS})
OPERATION = st.fixed_dictionaries(
    {},
    optional={
        "operationId": WORDS | st.text(max_size=4),
        "summary": SCALARS,
        "parameters": st.lists(PARAMETER | REFERENCE, max_size=3),
        "requestBody": BODY | REFERENCE,
        "responses": st.dictionaries(st.sampled_from(["200", "204", "2XX", "default", "404", "x"]), BODY | REFERENCE, max_size=3),
        "tags": DATA,
        "security": DATA,
        "servers": DATA,
        "callbacks": DATA,
    },
)  # fmt: skip
PATH_ITEM = st.fixed_dictionaries(
    {}, optional={"get": OPERATION, "put": OPERATION, "parameters": st.lists(PARAMETER, max_size=2)}
)
DOCUMENTS = st.fixed_dictionaries(
    {
        "openapi": st.sampled_from(["3.0.3", "3.1.0"]),
        "info": st.just({"title": "t", "version": "1"}),
        "paths": st.dictionaries(st.sampled_from(["/a", "/{id}", "/a/{id}/{x}"]), PATH_ITEM, max_size=2),
        "components": st.fixed_dictionaries(
            {"schemas": st.fixed_dictionaries({}, optional={"A": SCHEMAS, "B": SCHEMAS, "a/b": SCHEMAS})},
            optional={
                "parameters": st.fixed_dictionaries({"P": PARAMETER | REFERENCE}),
                "responses": st.fixed_dictionaries({"P": BODY | REFERENCE}),
                "securitySchemes": st.dictionaries(NAMES, DATA, max_size=1),
            },
        ),
    },
    optional={"servers": DATA, "security": DATA, "webhooks": DATA},
)
ODD = st.dictionaries(
    st.sampled_from(["openapi", "swagger", "info", "paths", "components", "servers", "security", "x"]),
    DATA | st.just("3.0.0") | st.dictionaries(st.sampled_from(["title", "version", "schemas", "/a"]), DATA),
)


def deny(uri: str) -> NoReturn:
    raise ValueError(f"tried to fetch {uri}")


def check(document: Any) -> None:
    """Converts, and holds whatever comes back against every promise."""
    try:
        result = convert(document)
    except InvalidRequestError as error:
        error.message.encode()
        return
    ids = {member.slug: f"urn:test:{n}" for n, member in enumerate(result.members)}
    assert len(ids) == len(result.members)
    bound: dict[str, Any] = {member.slug: bound_definition(member, ids) for member in result.members}
    resources = [(ids[m.slug], bound[m.slug]) for m in result.members if m.kind == "schema"]
    registry = jsonschema_rs.Registry(resources, retriever=deny) if resources else None
    for member in result.members:
        check_slug("slug", member.slug)
        check_name("name", member.name)
        assert all(slug.startswith("schema:") for slug in member.refs & ids.keys())
        assert member.refs <= ids.keys()
        msgspec.json.encode(member.definition)
        definition = bound[member.slug]
        schemas = (
            [definition]
            if member.kind == "schema"
            else [definition["inputSchema"], definition["outputSchema"]]
        )
        for schema in schemas:
            jsonschema_rs.meta.validate(schema)
            jsonschema_rs.Draft202012Validator(schema, registry=registry, retriever=deny)
    assert convert(document) == result


quick = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@quick
@given(DOCUMENTS)
def test_converts_or_refuses_nearly_right_documents(document):
    check(document)


@quick
@given(st.sampled_from(["3.0.3", "3.1.0"]), SCHEMAS, SCHEMAS)
def test_converts_or_refuses_any_pair_of_schemas(version, first, second):
    schemas = {"A": first, "B": second, "a/b": {}, "a b": {}}
    check({"openapi": version, "info": {"title": "t", "version": "1"}, "components": {"schemas": schemas}})


@quick
@given(ODD | DATA.filter(lambda value: isinstance(value, dict)))
def test_converts_or_refuses_odd_documents(document):
    check(document)


@quick
@given(
    st.binary(max_size=60) | st.text(max_size=60).map(str.encode), st.sampled_from(["a.json", "a.yaml", "a"])
)
def test_reads_or_refuses_any_bytes(data, filename):
    try:
        document = read_document(data, filename=filename)
    except InvalidRequestError as error:
        error.message.encode()
        return
    assert read_document(json.dumps(document).encode(), filename="a.json") == document


YAML_PIECES = st.sampled_from(
    ["a", ": ", "- ", "\n", "  ", "{", "}", "[", "]", ",", "&a ", "*a", "<<", "!!int ", "!!str ", "? ", "|", "'", '"',
     "1", ".5", "0x1", "~", "---", "...", "#", "%", "\t", "null", "&b ", "*b"]
)  # fmt: skip


@quick
@given(st.lists(YAML_PIECES, max_size=25).map("".join))
def test_reads_or_refuses_anything_that_looks_like_yaml(text):
    try:
        document = read_document(text.encode(), filename="a.yaml")
    except InvalidRequestError:
        return
    assert isinstance(document, dict)


@quick
@given(st.dictionaries(st.text(max_size=4), DATA, max_size=4))
def test_yaml_written_from_json_reads_as_the_same(value):
    try:
        expected = read_document(json.dumps(value).encode(), filename="a.json")
    except InvalidRequestError:
        return
    text = yaml.safe_dump(expected, allow_unicode=False, default_style='"', default_flow_style=True)
    tagged = read_document(text.encode(), filename="a.yaml")
    assert tagged == expected


def _sound(inner: Any) -> Any:
    """Schemas without a mistake, all of whose places can be referred to."""
    plain = st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "object"]),
            "nullable": st.booleans(),
            "enum": st.just([{"not": {}}, "a"]),
            "example": st.just({"items": {}}),
            "description": st.just("d"),
        },
    )
    names = st.sampled_from(["a/b", "~", "nullable", "%41", "é", ""])
    return st.builds(
        lambda *parts: {key: value for part in parts for key, value in part.items()},
        plain,
        st.dictionaries(st.sampled_from(ONE), inner, max_size=1),
        st.dictionaries(st.sampled_from(MANY), st.lists(inner, min_size=1, max_size=2), max_size=1),
        st.dictionaries(st.sampled_from(NAMED), st.dictionaries(names, inner, max_size=2), max_size=1),
    )


SOUND: st.SearchStrategy[Any] = st.recursive(st.just({}), _sound, max_leaves=8)


def places(schema: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every schema inside `schema` with the pointer a person would write."""
    yield pointer, schema
    for keyword, value in schema.items():
        if keyword in ONE:
            yield from places(value, f"{pointer}/{keyword}")
        elif keyword in MANY:
            for index, item in enumerate(value):
                yield from places(item, f"{pointer}/{keyword}/{index}")
        elif keyword in NAMED:
            for name, item in value.items():
                token = quote(name.replace("~", "~0").replace("/", "~1"), safe="")
                yield from places(item, f"{pointer}/{keyword}/{token}")


def at(schema: Any, fragment: str) -> Any:
    for token in unquote(fragment).split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        schema = schema[int(name)] if isinstance(schema, list) else schema[name]
    return schema


@quick
@given(st.sampled_from(["3.0.3", "3.1.0"]), SOUND)
def test_a_reference_to_any_place_still_points_at_the_same_schema(version, schema):
    found = list(places(schema))
    pointing = {"allOf": [{"$ref": f"#/components/schemas/A{pointer}"} for pointer, _ in found]}
    alone = {f"S{n}": inner for n, (_, inner) in enumerate(found)}
    document = {
        "openapi": version,
        "info": {"title": "t", "version": "1"},
        "components": {"schemas": {"A": schema, "P": pointing, **alone}},
    }
    check(document)
    members: dict[str, Any] = {member.slug: member.definition for member in convert(document).members}
    for n, reference in enumerate(members["schema:P"]["allOf"]):
        fragment = reference["$ref"].removeprefix("schema:A").removeprefix("#")
        target = {key: value for key, value in at(members["schema:A"], fragment).items() if key != "$schema"}
        assert target == {key: value for key, value in members[f"schema:S{n}"].items() if key != "$schema"}
