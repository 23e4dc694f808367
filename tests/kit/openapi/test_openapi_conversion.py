import dataclasses
import json
from typing import Any

import pytest
import yaml

from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.openapi import JSON_SCHEMA_DIALECT, AuthHint, convert, read_document

MINIMAL = {"openapi": "3.0.3", "info": {"title": "Pets", "version": "1.2.0"}, "paths": {}}


def refusal(document: Any) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        convert(document)
    assert caught.value.details
    return caught.value.message


def test_reads_the_head_of_a_document():
    info = {"title": " Pets ", "version": "1.2.0", "description": "All of them."}
    result = convert({**MINIMAL, "info": info, "servers": [{"url": "https://api.example/v1/"}]})
    assert result.title == "Pets"
    assert result.version == "1.2.0"
    assert result.description == "All of them."
    assert result.base_url == "https://api.example/v1"
    assert result.members == ()
    assert result.auth is None
    assert result.warnings == ()


@pytest.mark.parametrize("version", ["3.0.0", "3.0.4", "3.1.0", "3.1.1", "3.0", "3.1", "3.0.0-rc1", 3.0, 3.1])
def test_accepts_3_0_and_3_1(version):
    assert convert({**MINIMAL, "openapi": version}).title == "Pets"


@pytest.mark.parametrize(
    "version", ["3.2.0", "4.0.0", "2.0", "3.10.0", "3.0.0.0", "", 3, 3.2, True, ["3.0.0"], "3" * 9_999]
)
def test_refuses_other_versions(version):  # fmt: skip
    message = refusal({**MINIMAL, "openapi": version})
    assert message.startswith("#/openapi: ")
    assert message.endswith(" is not read; OpenAPI 3.0 and 3.1 are")
    assert len(message) < 200


def test_tells_what_to_do_with_swagger_2():
    assert refusal({"swagger": "2.0", "info": {}}) == (
        "#/swagger: this is a Swagger 2.0 document; convert it to OpenAPI 3 first, most editors can"
    )


def test_refuses_what_is_no_openapi_document():
    assert refusal({"a": 1}) == "#: this is not an OpenAPI document: it has no `openapi` member"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"info": None}, "#/info: must be an object with a title and a version"),
        ({"info": {"version": "1"}}, "#/info/title: must be a text"),
        ({"info": {"title": " ", "version": "1"}}, "#/info/title: must be a text"),
        ({"info": {"title": "t", "version": True}}, "#/info/version: must be a text"),
        ({"components": []}, "#/components: must be an object"),
        ({"components": {"schemas": []}}, "#/components/schemas: must be an object of schemas"),
        ({"x": {1: 2}}, "#/x: has a member whose name is not a text"),
        ({"x": [{1}]}, "#/x/0: is not a value that JSON can spell"),
        ({"x": float("nan")}, "#/x: must be a finite number"),
        ({"x": 10**300}, "#/x: must have at most 300 digits"),
        ({"x": "\udc00"}, "#/x: holds half of a surrogate pair"),
    ],
)
def test_refuses_a_head_that_cannot_be_read(members, message):
    assert refusal({**MINIMAL, **members}) == message


def test_takes_an_unquoted_version_number():
    assert convert({**MINIMAL, "info": {"title": "t", "version": 2.5}}).version == "2.5"


@pytest.mark.parametrize(
    ("servers", "base_url"),
    [
        (None, None),
        ([], None),
        ([{"url": "http://a.example:8080/x"}, {"url": "https://b.example"}], "http://a.example:8080/x"),
        (
            [
                {
                    "url": "https://{sub}.example/{v}",
                    "variables": {"sub": {"default": "eu"}, "v": {"default": "2"}},
                }
            ],
            "https://eu.example/2",
        ),
    ],
)
def test_takes_the_first_server_with_variables_at_their_defaults(servers, base_url):
    result = convert({**MINIMAL, "servers": servers})
    assert result.base_url == base_url
    assert result.warnings == ()


@pytest.mark.parametrize(
    "url",
    [
        "/v1",
        "api.example/v1",
        "ftp://a.example",
        "https://",
        "https://user:secret@a.example",
        "https://a.example?x=1",
        "https://a.example#x",
        "https://a.example/a b",
        "https://a.example:99999",
        "https://[a.example",
        "https://{sub}.example",
        "https://a.example/" + "x" * 3_000,
    ],
)
def test_leaves_out_a_server_that_cannot_be_called_and_warns(url):
    result = convert({**MINIMAL, "servers": [{"url": url}]})
    assert result.base_url is None
    assert [item.path for item in result.warnings] == ["#/servers/0"]
    assert "set the base URL by hand" in result.warnings[0].message


def test_does_not_let_variables_blow_a_server_up():
    servers = [{"url": "https://a.example/" + "{x}" * 500, "variables": {"x": {"default": "y" * 2_000}}}]
    assert convert({**MINIMAL, "servers": servers}).base_url is None


@pytest.mark.parametrize(
    ("schemes", "security", "hint"),
    [
        ({}, None, None),
        ({}, [], AuthHint(type="none")),
        ({}, [{}], AuthHint(type="none")),
        ({"k": {"type": "apiKey", "in": "header", "name": "X-Key"}}, None,
         AuthHint(type="api_key", scheme="k", location="header", name="X-Key")),
        ({"k": {"type": "apiKey", "in": "query", "name": "key"}}, [],
         AuthHint(type="api_key", scheme="k", location="query", name="key")),
        ({"b": {"type": "http", "scheme": "Bearer"}}, None,
         AuthHint(type="api_key", scheme="b", location="header", name="Authorization", prefix="Bearer")),
        ({"b": {"type": "http", "scheme": "basic"}}, None,
         AuthHint(type="api_key", scheme="b", location="header", name="Authorization", prefix="Basic")),
        ({"o": {"type": "oauth2", "flows": {
            "implicit": {"authorizationUrl": "https://a.example/i", "scopes": {}},
            "authorizationCode": {"authorizationUrl": "https://a.example/a", "tokenUrl": "https://a.example/t",
                                  "refreshUrl": "https://a.example/r", "scopes": {"read": "", "write": ""}}}}},
         None,
         AuthHint(type="oauth2", scheme="o", grant="authorization_code", authorization_url="https://a.example/a",
                  token_url="https://a.example/t", refresh_url="https://a.example/r", scopes=("read", "write"))),
        ({"d": {"type": "openIdConnect", "openIdConnectUrl": "https://a.example/.well-known"}}, None,
         AuthHint(type="oauth2", scheme="d", discovery_url="https://a.example/.well-known")),
        ({"a": {"type": "http", "scheme": "basic"}, "b": {"type": "http", "scheme": "bearer"}},
         [{}, {"nope": []}, {"b": []}, {"a": []}],
         AuthHint(type="api_key", scheme="b", location="header", name="Authorization", prefix="Bearer")),
        ({"a": {"$ref": "#/components/securitySchemes/b"}, "b": {"type": "http", "scheme": "bearer"}}, None,
         AuthHint(type="api_key", scheme="a", location="header", name="Authorization", prefix="Bearer")),
    ],
)  # fmt: skip
def test_hints_at_how_to_authenticate(schemes, security, hint):
    document = {**MINIMAL, "components": {"securitySchemes": schemes}}
    if security is not None:
        document["security"] = security
    result = convert(document)
    assert result.auth == hint
    assert result.warnings == ()


@pytest.mark.parametrize(
    "scheme",
    [
        {"type": "mutualTLS"},
        {"type": "http", "scheme": "digest"},
        {"type": "apiKey", "in": "body", "name": "k"},
        {"type": "apiKey", "in": "header"},
        {"type": "oauth2", "flows": {}},
        {"type": "oauth2"},
        {"type": "openIdConnect"},
        {},
    ],
)
def test_skips_a_scheme_it_cannot_use_and_warns(scheme):
    schemes = {"a": scheme, "b": {"type": "http", "scheme": "bearer"}}
    result = convert({**MINIMAL, "components": {"securitySchemes": schemes}})
    assert result.auth is not None
    assert result.auth.scheme == "b"
    message = "this security scheme cannot be used; set up the connection by hand"
    assert [(item.path, item.message) for item in result.warnings] == [
        ("#/components/securitySchemes/a", message)
    ]


def test_warns_of_a_default_dialect_it_does_not_read():
    document = {
        **MINIMAL,
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
    }
    assert convert(document).warnings == ()
    document["jsonSchemaDialect"] = "http://json-schema.org/draft-07/schema#"
    assert [item.path for item in convert(document).warnings] == ["#/jsonSchemaDialect"]


def test_lists_200_warnings_and_counts_the_rest():
    schemas = {f"S{n}": {"type": "file"} for n in range(250)}
    found = convert({**MINIMAL, "components": {"schemas": schemas}}).warnings
    assert len(found) == 201
    assert (found[-1].path, found[-1].message) == ("#", "50 more warnings are not listed")


def test_allows_20_000_schemas_and_refuses_one_more():
    schemas: dict[str, Any] = {f"S{n}": {} for n in range(20_000)}
    assert len(convert({**MINIMAL, "components": {"schemas": schemas}}).members) == 20_000
    document = {**MINIMAL, "components": {"schemas": {**schemas, "more": {}}}}
    assert refusal(document) == "#/components/schemas: more than 20,000 schemas; split the document"


def test_allows_64_levels_and_refuses_65():
    def nested(levels: int) -> Any:
        schema: dict[str, Any] = {}
        for _ in range(levels - 1):
            schema = {"not": schema}
        return {**MINIMAL, "components": {"schemas": {"X": schema}}}

    assert json.dumps(convert(nested(61)).members[0].definition).count('"not"') == 60
    assert "nests deeper than 64 levels" in refusal(nested(62))


def test_refuses_two_million_nodes():
    assert "more than 2,000,000 nodes" in refusal({**MINIMAL, "x-a": [0] * 2_000_001})


SPELLED = """\
openapi: 3.0.3
info: {title: Pets, version: '1'}
paths:
  /pets/{id}:
    get:
      operationId: getPet
      parameters:
      - {name: id, in: path, required: true, schema: {type: string, nullable: true, example: no}}
      responses:
        200: {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}
components:
  schemas:
    Pet: {type: object, properties: {born: {type: string, format: date, example: 2024-01-01}}}
"""


def test_converts_the_same_from_either_spelling_and_every_time():
    from_yaml = read_document(SPELLED.encode(), filename="a.yaml")
    from_json = read_document(json.dumps(from_yaml).encode(), filename="a.json")
    first = convert(from_yaml)
    assert first == convert(from_yaml) == convert(from_json)
    schema, function = (member.definition for member in first.members)
    assert schema == {
        "$schema": JSON_SCHEMA_DIALECT,
        "type": "object",
        "properties": {"born": {"type": "string", "format": "date", "examples": ["2024-01-01"]}},
    }
    assert function["inputSchema"] == {
        "type": "object",
        "properties": {"id": {"type": ["string", "null"], "examples": ["no"]}},
        "required": ["id"],
        "additionalProperties": False,
    }


def test_converts_the_same_with_the_pure_python_parser(monkeypatch):
    monkeypatch.setattr("trunkline.kit.openapi.yaml_text._LOADER", yaml.SafeLoader)
    assert convert(read_document(SPELLED.encode(), filename="a.yaml")).members[1].slug == "getPet"
    for broken in ("a: [1,\nb: }", 'a: "\\UFFFFFFFF"', "a: &a [*a]", "[" * 10_000):
        with pytest.raises(InvalidRequestError):
            read_document(broken.encode(), filename="a.yaml")


def test_hands_back_values_that_cannot_be_reassigned():
    result = convert(MINIMAL)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.title = "x"  # type: ignore[misc]
