from typing import Any

import jsonschema_rs
import pytest

from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.openapi import bound_definition, convert
from trunkline.kit.text import check_name, check_slug

JSON = "application/json"


def document(paths: Any, version: str = "3.0.3", **components: Any) -> dict[str, Any]:
    info = {"title": "Pets", "version": "1"}
    return {"openapi": version, "info": info, "paths": paths, "components": components}


def functions(paths: Any, version: str = "3.0.3", **components: Any) -> list[Any]:
    members = convert(document(paths, version, **components)).members
    return [member for member in members if member.kind == "function"]


def function(
    operation: Any, path: str = "/pets", version: str = "3.0.3", path_item: Any = None, **components: Any
) -> Any:
    """The one function made of a GET."""
    (member,) = functions({path: {**(path_item or {}), "get": operation}}, version, **components)
    jsonschema_rs.meta.validate(member.definition["inputSchema"])
    jsonschema_rs.meta.validate(member.definition["outputSchema"])
    return member


def refusal(paths: Any, version: str = "3.0.3", **components: Any) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        convert(document(paths, version, **components))
    return caught.value.message


def warnings(paths: Any, version: str = "3.0.3", **components: Any) -> list[tuple[str, str]]:
    return [(item.path, item.message) for item in convert(document(paths, version, **components)).warnings]


def test_makes_a_function_of_an_operation():
    paths = {
        "/pets/{petId}": {
            "summary": "not an operation",
            "parameters": [{"name": "petId", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "put": {
                "operationId": "updatePet",
                "summary": " Update a pet ",
                "description": "Changes it.",
                "tags": ["pets", "write"],
                "deprecated": True,
                "security": [{"key": []}],
                "parameters": [
                    {
                        "name": "fields",
                        "in": "query",
                        "description": "Which to answer.",
                        "style": "form",
                        "explode": False,
                        "schema": {"type": "array", "items": {"type": "string"}},
                    }
                ],
                "requestBody": {
                    "required": True,
                    "description": "The pet.",
                    "content": {JSON: {"schema": {"$ref": "#/components/schemas/Pet"}}},
                },
                "responses": {
                    "404": {"description": "no", "content": {JSON: {"schema": {"type": "string"}}}},
                    "200": {"description": "ok", "content": {JSON: {"schema": {"$ref": "#/components/schemas/Pet"}}}},
                },
            },
        }
    }  # fmt: skip
    (member,) = functions(paths, schemas={"Pet": {"type": "object"}})
    assert (member.slug, member.name, member.description) == ("updatePet", "Update a pet", "Changes it.")
    assert member.refs == {"schema:Pet"}
    assert member.definition == {
        "operation": {
            "method": "PUT",
            "path": "/pets/{petId}",
            "operationId": "updatePet",
            "tags": ["pets", "write"],
            "deprecated": True,
            "security": [{"key": []}],
            "parameters": [
                {"name": "petId", "in": "path", "required": True},
                {"name": "fields", "in": "query", "required": False, "style": "form", "explode": False},
            ],
            "requestMediaType": "application/json",
            "responseMediaType": "application/json",
        },
        "inputSchema": {
            "type": "object",
            "properties": {
                "petId": {"type": "integer"},
                "fields": {
                    "description": "Which to answer.",
                    "type": "array",
                    "items": {"type": "string"},
                },
                "body": {"description": "The pet.", "$ref": "schema:Pet"},
            },
            "required": ["petId", "body"],
            "additionalProperties": False,
        },
        "outputSchema": {"$ref": "schema:Pet"},
    }
    bound: dict[str, Any] = bound_definition(member, {"schema:Pet": "sch_1"})
    assert bound["operation"] == member.definition["operation"]
    assert bound["inputSchema"]["properties"]["body"]["$ref"] == "sch_1"
    assert bound["outputSchema"] == {"$ref": "sch_1"}


def test_keeps_document_order_and_reads_every_method():
    methods = ["trace", "get", "put", "post", "delete", "options", "head", "patch"]
    paths = {"/b": {method: {} for method in methods}, "/a": {"get": {}, "x-get": {}, "query": {}}, "x-c": 1}
    assert [member.slug for member in functions(paths)] == [*(f"{m}_b" for m in methods), "get_a"]


def test_derives_an_id_from_method_and_path_and_keeps_ids_apart():
    paths = {
        "/pets/{id}": {"get": {}},
        "/pets/id": {"get": {}},
        "/pets-id": {"get": {}},
        "/": {"get": {}},
        "/x": {"get": {"operationId": "get_pets_id_2"}, "put": {"operationId": ""}},
    }
    members = functions(paths)
    assert [member.slug for member in members] == [
        "get_pets_id",
        "get_pets_id_3",
        "get_pets_id_4",
        "get",
        "get_pets_id_2",
        "put_x",
    ]
    assert [member.definition["operation"]["operationId"] for member in members] == [m.slug for m in members]
    assert [member.name for member in members] == [member.slug for member in members]


@pytest.mark.parametrize(
    ("operation_id", "slug"),
    [
        ("repos/get", "repos_get"),
        ("List all pets", "List_all_pets"),
        ("_private", "private"),
        ("Über", "ber"),
        ("動物", "get_pets"),
        ("schema:Pet", "schema:Pet_2"),
        ("x" * 300, "x" * 120),
    ],
)
def test_spells_an_id_that_cannot_be_a_slug(operation_id, slug):
    member = function({"operationId": operation_id}, schemas={"Pet": {}})
    assert member.slug == check_slug("slug", slug)
    assert member.name == check_name("name", operation_id[:200])
    assert member.definition["operation"]["operationId"] == operation_id


def test_refuses_two_operations_of_one_id_naming_both():
    paths = {"/a": {"get": {"operationId": "x"}}, "/b": {"get": {"operationId": "x"}}}
    assert refusal(paths) == (
        "#/paths/~1b/get/operationId: 'x' is also the id of #/paths/~1a/get; ids must differ"
    )


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([], "#/paths: must be an object of paths"),
        ({"a": {}}, "#/paths/a: a path starts with a slash"),
        ({"/a": []}, "#/paths/~1a: must be an object"),
        ({"/a": {"get": None}}, "#/paths/~1a/get: an operation must be an object"),
        ({"/a": {"get": {"operationId": 7}}}, "#/paths/~1a/get/operationId: must be a text; quote it"),
        (
            {"/a": {"$ref": "other.yaml#/a"}},
            "#/paths/~1a/$ref: 'other.yaml#/a' leaves this document; bundle it into one file first",
        ),
        ({"/a": {"get": {"parameters": {}}}}, "#/paths/~1a/get/parameters: must be a list of parameters"),
        ({"/a": {"get": {"parameters": [1]}}}, "#/paths/~1a/get/parameters/0: must be an object"),
        (
            {"/a": {"get": {"parameters": [{"in": "query"}]}}},
            "#/paths/~1a/get/parameters/0: a parameter needs a name",
        ),
        (
            {"/a": {"get": {"parameters": [{"name": "b", "in": "body"}]}}},
            "#/paths/~1a/get/parameters/0/in: must be path, query, header or cookie; a body is a requestBody",
        ),
        (
            {"/a": {"get": {"requestBody": {"content": []}}}},
            "#/paths/~1a/get/requestBody/content: must be an object of media types",
        ),
        (
            {"/a": {"get": {"requestBody": {"content": {JSON: []}}}}},
            "#/paths/~1a/get/requestBody/content/application~1json: must be an object",
        ),
        ({"/a": {"get": {"responses": []}}}, "#/paths/~1a/get/responses: must be an object of responses"),
        ({"/a": {"get": {"responses": {"200": 1}}}}, "#/paths/~1a/get/responses/200: must be an object"),
    ],
)
def test_refuses_what_is_not_the_object_it_should_be(paths, message):
    assert refusal(paths) == message


def test_allows_5_000_operations_and_refuses_one_more():
    paths: dict[str, Any] = {f"/{n}": {"get": {}} for n in range(5_000)}
    assert len(functions(paths)) == 5_000
    assert (
        refusal({**paths, "/more": {"get": {}}}) == "#/paths: more than 5,000 operations; split the document"
    )


def test_an_operations_parameter_replaces_the_path_items():
    item = {"parameters": [{"name": "a", "in": "query", "schema": {"type": "string"}, "required": True}]}
    operation = {"parameters": [{"name": "a", "in": "query", "schema": {"type": "integer"}}]}
    definition = function(operation, path_item=item).definition
    assert definition["inputSchema"]["properties"] == {"a": {"type": "integer"}}
    assert "required" not in definition["inputSchema"]


def test_spells_a_name_that_stands_in_two_places_with_its_place():
    names = [
        ("id", "path"), ("id", "query"), ("query.id", "query"), ("body", "query"), ("X", "header"), ("x", "header")
    ]  # fmt: skip
    operation = {"parameters": [{"name": n, "in": i, "schema": {"const": i}} for n, i in names]}
    definition = function(operation, path="/{id}").definition
    assert definition["inputSchema"]["properties"] == {
        "path.id": {"const": "path"},
        "query.query.id": {"const": "query"},
        "query.id": {"const": "query"},
        "query.body": {"const": "query"},
        "x": {"const": "header"},
    }
    assert [(p["name"], p["in"], p.get("property")) for p in definition["operation"]["parameters"]] == [
        ("id", "path", "path.id"),
        ("id", "query", "query.query.id"),
        ("query.id", "query", None),
        ("body", "query", "query.body"),
        ("x", "header", None),
    ]


def test_warns_of_a_parameter_repeated_in_one_list():
    parameters = [{"name": "a", "in": "query", "schema": {}}] * 2
    assert warnings({"/a": {"get": {"parameters": parameters}}}) == [
        ("#/paths/~1a/get/parameters/1", "repeats an earlier parameter and replaces it")
    ]


def test_leaves_out_the_headers_that_openapi_says_to_ignore():
    names = ["Accept", "content-type", "AUTHORIZATION", "X-Trace"]
    operation = {"parameters": [{"name": name, "in": "header", "schema": {}} for name in names]}
    assert list(function(operation).definition["inputSchema"]["properties"]) == ["X-Trace"]


def test_a_path_parameter_is_always_required_and_an_undeclared_one_is_a_text():
    paths: Any = {
        "/{a}/{b}": {"get": {"parameters": [{"name": "a", "in": "path", "schema": {"type": "integer"}}]}}
    }
    (member,) = functions(paths)
    assert member.definition["inputSchema"] == {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    }
    assert warnings(paths) == [
        ("#/paths/~1{a}~1{b}/get", "the path variable 'b' is not declared; taken as a text")
    ]


def test_takes_a_parameters_schema_from_its_content():
    parameter = {
        "name": "filter",
        "in": "query",
        "deprecated": True,
        "allowReserved": True,
        "content": {JSON: {"schema": {"type": "object", "nullable": True}}},
    }
    definition = function({"parameters": [parameter]}).definition
    assert definition["inputSchema"]["properties"] == {
        "filter": {"type": ["object", "null"], "deprecated": True}
    }
    assert definition["operation"]["parameters"] == [
        {
            "name": "filter",
            "in": "query",
            "required": False,
            "allowReserved": True,
            "mediaType": "application/json",
        }
    ]


def test_accepts_any_value_for_a_parameter_without_schema_and_warns():
    paths = {"/a": {"get": {"parameters": [{"name": "a", "in": "query"}]}}}
    assert functions(paths)[0].definition["inputSchema"]["properties"] == {"a": {}}
    assert warnings(paths) == [
        ("#/paths/~1a/get/parameters/0", "the parameter has no schema; any value is accepted")
    ]


def test_follows_references_to_parameters_bodies_responses_and_path_items():
    components: dict[str, Any] = {
        "parameters": {
            "Id": {"$ref": "#/components/parameters/Real~1Id"},
            "Real/Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
        },
        "requestBodies": {"Body": {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Pet"}}}}},
        "responses": {"Ok": {"content": {JSON: {"schema": {"type": "array"}}}}},
        "pathItems": {
            "Item": {
                "post": {
                    "parameters": [{"$ref": "#/components/parameters/Id"}],
                    "requestBody": {"$ref": "#/components/requestBodies/Body"},
                    "responses": {"201": {"$ref": "#/components/responses/Ok"}},
                }
            }
        },
        "schemas": {"Pet": {}},
    }
    (member,) = functions({"/{id}": {"$ref": "#/components/pathItems/Item"}}, **components)
    assert member.definition["inputSchema"]["properties"] == {
        "id": {"type": "string"},
        "body": {"$ref": "schema:Pet"},
    }
    assert member.definition["outputSchema"] == {"type": "array"}
    assert member.refs == {"schema:Pet"}


def test_a_reference_describes_its_target_in_3_1_only():
    parameters = {"A": {"name": "a", "in": "query", "description": "old", "schema": {}}}
    reference = {"parameters": [{"$ref": "#/components/parameters/A", "description": "new"}]}
    for version, text in (("3.1.0", "new"), ("3.0.3", "old")):
        definition = function(reference, version=version, parameters=parameters).definition
        assert definition["inputSchema"]["properties"] == {"a": {"description": text}}


def test_refuses_references_that_lead_nowhere_or_back_to_themselves():
    paths = {"/a": {"get": {"parameters": [{"$ref": "#/components/parameters/A"}]}}}
    assert refusal(paths) == (
        "#/paths/~1a/get/parameters/0/$ref: '#/components/parameters/A' points at nothing in this document; "
        "add it or mend the reference"
    )
    loop = {"A": {"$ref": "#/components/parameters/B"}, "B": {"$ref": "#/components/parameters/A"}}
    assert "lead back to themselves" in refusal(paths, parameters=loop)


@pytest.mark.parametrize(
    ("content", "media_type", "schema"),
    [
        ({"text/csv": {}, JSON: {"schema": {"type": "object"}}}, JSON, {"type": "object"}),
        ({"application/merge-patch+json": {"schema": {"type": "object"}}, "multipart/form-data": {}},
         "application/merge-patch+json", {"type": "object"}),
        ({"application/json; charset=utf-8": {"schema": {"type": "array"}}, "text/json": {}},
         "application/json; charset=utf-8", {"type": "array"}),
        ({"*/*": {"schema": {"type": "string"}}}, JSON, {"type": "string"}),
        ({"multipart/form-data": {}, "application/x-www-form-urlencoded": {"schema": {"type": "object"}}},
         "application/x-www-form-urlencoded", {"type": "object"}),
        ({"multipart/form-data": {"schema": {"properties": {"f": {"type": "string", "format": "binary"}}}}},
         "multipart/form-data",
         {"properties": {"f": {"type": "string", "contentMediaType": "application/octet-stream"}}}),
        ({"multipart/mixed": None}, "multipart/mixed", {"type": "object"}),
        ({"image/PNG": {"schema": {"type": "string"}}}, "image/PNG",
         {"type": "string", "contentMediaType": "image/png"}),
        ({JSON: {}}, JSON, {}),
    ],
)  # fmt: skip
def test_prefers_json_then_forms_and_takes_the_rest_as_text(content, media_type, schema):
    definition = function({"requestBody": {"content": content}}).definition
    assert definition["operation"]["requestMediaType"] == media_type
    assert definition["inputSchema"]["properties"] == {"body": schema}
    assert "required" not in definition["inputSchema"]


def test_leaves_out_a_body_without_content_and_warns():
    paths: Any = {"/a": {"post": {"requestBody": {"content": {}}}}}
    assert functions(paths)[0].definition["inputSchema"]["properties"] == {}
    assert warnings(paths) == [
        ("#/paths/~1a/post/requestBody", "the request body has no content; it was left out")
    ]


def answer(schema: Any, media_type: str = JSON) -> dict[str, Any]:
    return {"description": "d", "content": {media_type: {"schema": schema}}}


@pytest.mark.parametrize(
    ("responses", "schema", "media_type"),
    [
        ({"201": answer({"title": "b"}), "200": answer({"title": "a"})}, {"title": "a"}, JSON),
        ({"200": answer({}, "text/plain"), "202": answer({"title": "b"})}, {"title": "b"}, JSON),
        ({"204": {"description": "d"}, "200": answer({"title": "a"})}, {"title": "a"}, JSON),
        ({"2XX": answer({"title": "a"}, "a/b+json")}, {"title": "a"}, "a/b+json"),
        ({"default": answer({"title": "a"})}, {"title": "a"}, JSON),
        ({"200": answer({"title": "a"}, "*/*")}, {"title": "a"}, "*/*"),
        (
            {"200": answer({}, "text/csv; header=present")},
            {"type": "string", "contentMediaType": "text/csv"},
            "text/csv; header=present",
        ),
        (
            {"204": {"description": "d"}, "default": answer({}, "application/problem+json")},
            {"type": "null"},
            None,
        ),
        ({"204": {"description": "d", "content": {}}}, {"type": "null"}, None),
        ({"204": None}, {"type": "null"}, None),
        ({"default": answer({}, "application/problem+json")}, {}, None),
        ({"default": {"description": "d"}}, {}, None),
        ({"404": answer({"title": "a"})}, {}, None),
        ({}, {}, None),
    ],
)
def test_answers_what_the_first_success_that_has_json_answers(responses, schema, media_type):
    definition = function({"responses": responses}).definition
    assert definition["outputSchema"] == schema
    assert definition["operation"].get("responseMediaType") == media_type


def test_reads_boolean_schemas_of_parameters_and_bodies():
    operation = {
        "parameters": [{"name": "a", "in": "query", "schema": False}],
        "responses": {"200": answer(True)},
    }
    definition = function(operation, version="3.1.0").definition
    assert definition["inputSchema"]["properties"] == {"a": {"not": {}}}
    assert definition["outputSchema"] == {}


def test_an_operations_server_stands_before_its_path_items():
    item = {"servers": [{"url": "https://files.example/v1/"}]}
    own = {"servers": [{"url": "https://own.example"}]}
    assert function({}, path_item=item).definition["operation"]["server"] == "https://files.example/v1"
    assert function(own, path_item=item).definition["operation"]["server"] == "https://own.example"
    assert "server" not in function({}).definition["operation"]


def test_warns_of_callbacks_and_webhooks():
    source = document({"/a": {"get": {"callbacks": {}}}}, "3.1.0")
    found = convert({**source, "webhooks": {"w": {}}}).warnings
    assert [(item.path, item.message) for item in found] == [
        ("#/webhooks", "webhooks are not converted"),
        ("#/paths/~1a/get/callbacks", "callbacks are not converted"),
    ]


def test_counts_a_shared_path_item_for_each_path_that_uses_it():
    paths = {f"/{n}": {"$ref": "#/components/pathItems/Item"} for n in range(5_000)}
    item = {"get": {"description": "x" * 1_000_000}}
    assert "characters of text" in refusal(paths, pathItems={"Item": item})
    wide: Any = {"get": {"responses": {"200": {"content": {f"a/{n}": {} for n in range(100_000)}}}}}
    assert "nodes once references are followed" in refusal(paths, pathItems={"Item": wide})
