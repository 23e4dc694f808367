from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from schemathesis.core.result import Ok

from tests.asgi import call
from tests.web.conftest import READER, WRITER
from tests.web.notes import NOTES
from trunkline import __version__
from trunkline.web import Application, openapi_document
from trunkline.web.samples import Samples


@pytest.fixture
def document(app: Application) -> dict[str, Any]:
    return dict(call(app, "GET", "/openapi/notes.json").json)


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def at(document: dict[str, Any], reference: str) -> Any:
    place: Any = document
    for part in reference.removeprefix("#/").split("/"):
        place = place[part]
    return place


def test_the_document_is_served_as_it_is_made(document: dict[str, Any]) -> None:
    assert document == openapi_document(NOTES)
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == __version__
    assert document["servers"] == [{"url": "/notes"}]


def test_every_route_is_documented(document: dict[str, Any]) -> None:
    found = {
        (method.upper(), path): operation["operationId"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert found == {(route.method, route.path): route.operation_id for route in NOTES.routes}


def test_every_reference_leads_somewhere_and_every_component_is_used(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert all(at(document, reference) for reference in found)
    for section in ("schemas", "responses", "headers", "parameters"):
        for name in document["components"][section]:
            assert f"#/components/{section}/{name}" in found


def test_every_schema_is_a_json_schema(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        assert jsonschema_rs.meta.is_valid(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
        )


def test_every_path_parameter_is_declared(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        wanted = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        for operation in methods.values():
            declared = [one for one in operation["parameters"] if one.get("in") == "path"]
            assert [one["name"] for one in declared] == wanted
            assert all(one["required"] is True for one in declared)


def test_exactly_the_answers_that_can_happen_are_documented(document: dict[str, Any]) -> None:
    found = {operation["operationId"]: list(operation["responses"]) for operation in operations(document)}
    assert found == {
        "listNotes": ["200", "400", "401", "403", "503"],
        "createNote": ["201", "400", "401", "403", "409", "413", "415", "503"],
        "searchNotes": ["200", "400", "401", "403", "413", "415", "503"],
        "getNote": ["200", "304", "400", "401", "403", "404", "503"],
        "changeNote": ["200", "400", "401", "403", "404", "409", "412", "413", "415", "503"],
        "deleteNote": ["204", "400", "401", "403", "404", "409", "412", "503"],
        "archiveNote": ["200", "400", "401", "403", "404", "409", "412", "503"],
        "createKey": ["201", "400", "401", "403", "409", "503"],
        "crash": ["200", "400", "401", "403", "409", "503"],
        "whoami": ["200", "400", "401", "403", "409", "413", "415", "503"],
        "getIcon": ["200", "400", "401", "403", "404", "503"],
        "greet": ["200", "400", "503"],
    }


def test_parameters_come_from_the_query_struct(document: dict[str, Any]) -> None:
    parameters = {one["name"]: one for one in document["paths"]["/api/notes"]["get"]["parameters"]}
    assert list(parameters) == ["limit", "archived", "mood", "label", "title"]
    assert parameters["limit"] == {
        "name": "limit",
        "in": "query",
        "required": False,
        "description": "How many.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 10, "default": 10},
    }
    assert "NoteQuery" not in document["components"]["schemas"]


def test_headers_are_documented_where_they_are_honoured(document: dict[str, Any]) -> None:
    found = {
        operation["operationId"]: [
            at(document, one["$ref"])["name"] for one in operation["parameters"] if "$ref" in one
        ]
        for operation in operations(document)
    }
    assert found == {
        "listNotes": [],
        "createNote": ["Idempotency-Key"],
        "searchNotes": [],
        "getNote": ["If-None-Match"],
        "changeNote": ["If-Match"],
        "deleteNote": ["Idempotency-Key", "If-Match"],
        "archiveNote": ["Idempotency-Key", "If-Match"],
        "createKey": ["Idempotency-Key"],
        "crash": ["Idempotency-Key"],
        "whoami": ["Idempotency-Key"],
        "getIcon": [],
        "greet": [],
    }


def test_bodies_refuse_unknown_members_and_tell_what_is_required(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["NewNote"]
    assert (schema["additionalProperties"], schema["required"]) == (False, ["title"])
    assert schema["description"] == "What a note is made of."
    body = document["paths"]["/api/notes"]["post"]["requestBody"]
    assert body == {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewNote"}}},
    }
    assert document["paths"]["/api/whoami"]["post"]["requestBody"]["required"] is False


def test_only_public_operations_need_no_credential(document: dict[str, Any]) -> None:
    for operation in operations(document):
        public = operation["operationId"] == "greet"
        assert operation["security"] == ([] if public else [{"bearer": []}])
        assert ("x-permission" in operation) is not public


def test_examples_of_failures_are_what_the_dialect_answers(document: dict[str, Any]) -> None:
    responses = document["components"]["responses"]
    for response in responses.values():
        content = response["content"]["application/json"]
        root = {"$ref": "#/components/schemas/Failure", "components": document["components"]}
        assert jsonschema_rs.is_valid(root, content["example"])
    assert responses["Invalid"]["content"]["application/json"]["example"]["failure"]["paths"] == ["name"]
    assert responses["Unauthenticated"]["headers"]["www-authenticate"]["example"] == "Bearer"


def test_samples_fit_their_schemas(document: dict[str, Any]) -> None:
    def resolve(schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = at(document, schema["$ref"])
        return schema

    for name, schema in document["components"]["schemas"].items():
        root = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        assert jsonschema_rs.is_valid(root, Samples(resolve, {}).of(schema)), name
    named = Samples(resolve, {"title": "Shopping", "mood": "never"})
    assert named.of({"$ref": "#/components/schemas/NewNote"})["title"] == "Shopping"
    assert named.of({"$ref": "#/components/schemas/NewNote"})["mood"] == "bad"


def test_answers_fit_the_document(app: Application, document: dict[str, Any]) -> None:
    made = call(app, "POST", "/api/notes", WRITER, {"title": "a"})
    place = f"/api/notes/{made.json['id']}"
    answers = {
        ("/api/notes", "post"): made,
        ("/api/notes", "get"): call(app, "GET", "/api/notes", READER),
        ("/api/notes/{id}", "get"): call(app, "GET", place, READER),
        ("/api/notes/{id}", "patch"): call(app, "PATCH", place, WRITER, {}),
        ("/api/notes/{id}/archive", "post"): call(app, "POST", f"{place}/archive", WRITER),
    }
    for (path, method), answer in answers.items():
        response = document["paths"][path][method]["responses"][str(answer.status)]
        schema = response["content"][answer.headers["content-type"]]["schema"]
        assert jsonschema_rs.is_valid({**schema, "components": document["components"]}, answer.json)
        required = {
            name
            for name, header in response["headers"].items()
            if at(document, header["$ref"]).get("required")
        }
        assert required <= set(answer.headers)


def test_schemathesis_reads_every_operation(document: dict[str, Any]) -> None:
    schema = schemathesis.openapi.from_dict(document)
    results = list(schema.get_all_operations())
    found = [result.ok().definition.raw["operationId"] for result in results if isinstance(result, Ok)]
    assert sorted(found) == sorted(route.operation_id for route in NOTES.routes)
