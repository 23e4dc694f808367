"""A real document of 82 operations, where a copy of it lies beside the project."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

import jsonschema_rs
import pytest
import yaml

from trunkline.kit.openapi import AuthHint, bound_definition, convert, read_document
from trunkline.kit.text import check_name, check_slug

PATH = Path(__file__).resolve().parents[3].parent / "shared" / "ampersand" / "api.bundled.json"

pytestmark = pytest.mark.skipif(not PATH.exists(), reason="the document is not beside the project")


@pytest.fixture(scope="module")
def conversion():
    return convert(read_document(PATH.read_bytes(), filename=PATH.name))


def deny(uri: str) -> NoReturn:
    raise ValueError(f"tried to fetch {uri}")


@pytest.fixture(scope="module")
def registry(conversion):
    ids = {member.slug: f"urn:test:{n}" for n, member in enumerate(conversion.members)}
    resources = [
        (ids[member.slug], bound_definition(member, ids))
        for member in conversion.members
        if member.kind == "schema"
    ]
    return ids, jsonschema_rs.Registry(resources, retriever=deny)


def compiled(schema: Any, registry: Any) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema, registry=registry, retriever=deny)


def test_makes_82_functions_and_175_schemas(conversion):
    assert Counter(member.kind for member in conversion.members) == {"schema": 175, "function": 82}
    assert len({member.slug for member in conversion.members}) == 257
    assert [member.kind for member in conversion.members] == ["schema"] * 175 + ["function"] * 82


def test_reads_its_head_without_a_warning(conversion):
    assert (conversion.title, conversion.version) == ("Ampersand public API", "1.0.0")
    assert conversion.base_url == "https://api.withampersand.com/v1"
    assert conversion.auth == AuthHint(
        type="api_key", scheme="APIKeyHeader", location="header", name="X-Api-Key"
    )
    assert conversion.warnings == ()


def test_keeps_its_names_as_slugs(conversion):
    raw = json.loads(PATH.read_bytes())
    operations = [
        item[method]["operationId"]
        for item in raw["paths"].values()
        for method in item
        if method in {"get", "put", "post", "delete", "patch"}
    ]
    schemas = [f"schema:{name}" for name in raw["components"]["schemas"]]
    assert [member.slug for member in conversion.members] == [*schemas, *operations]
    for member in conversion.members:
        check_slug("slug", member.slug)
        check_name("name", member.name)


def test_every_schema_is_valid_2020_12(conversion):
    for member in conversion.members:
        if member.kind == "schema":
            jsonschema_rs.meta.validate(member.definition)
        else:
            jsonschema_rs.meta.validate(member.definition["inputSchema"])
            jsonschema_rs.meta.validate(member.definition["outputSchema"])


def test_every_reference_resolves_to_a_member(conversion, registry):
    ids, resources = registry
    for member in conversion.members:
        assert member.refs <= ids.keys()
        bound = bound_definition(member, ids)
        schemas = [bound] if member.kind == "schema" else [bound["inputSchema"], bound["outputSchema"]]
        for schema in schemas:
            compiled(schema, resources)


def test_lists_exactly_the_references_of_each_schema(conversion):
    raw = json.loads(PATH.read_bytes())["components"]["schemas"]
    for member in conversion.members[:175]:
        written = re.findall(r'"\$ref": "#/components/schemas/([^"/]+)"', json.dumps(raw[member.name]))
        assert member.refs == {f"schema:{name}" for name in written}


DOMAIN = {"id": "1", "parentType": "org", "parentId": "2", "domain": "a.example"}


@pytest.mark.parametrize(
    ("slug", "good", "bad"),
    [
        (
            "schema:ProviderMetadata",
            {"a": {"value": "x", "source": "input"}},
            {"a": {"value": "x", "source": "guess"}},
        ),
        ("schema:ClaimedDomainResponse", DOMAIN, {**DOMAIN, "id": 7}),
        ("schema:Problem", {"status": 599}, {"status": 600}),
        ("schema:WebhookHeaders", None, {"a": 1}),
    ],
)
def test_tells_a_valid_value_from_an_invalid_one(registry, slug, good, bad):
    ids, resources = registry
    validator = compiled({"$ref": ids[slug]}, resources)
    assert validator.is_valid(good)
    assert not validator.is_valid(bad)


def test_a_function_tells_a_valid_call_from_an_invalid_one(conversion, registry):
    ids, resources = registry
    member = next(member for member in conversion.members if member.slug == "claimDomain")
    validator = compiled(bound_definition(member, ids)["inputSchema"], resources)
    body = {"domain": "a.example", "parentId": "1", "parentType": "org"}
    assert validator.is_valid({"body": body})
    assert not validator.is_valid({"body": {**body, "domain": 1}})
    assert not validator.is_valid({"body": body, "unknown": 1})
    assert not validator.is_valid({})


def test_is_the_same_twice_and_from_yaml(conversion):
    document = json.loads(PATH.read_bytes())
    text = yaml.dump(document, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)
    assert convert(read_document(text.encode(), filename="api.yaml")) == conversion
    assert convert(document) == conversion
