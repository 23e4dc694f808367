"""A whole OpenAPI document to members: the version gate, the limits, then schemas and operations."""

from __future__ import annotations

import re
from collections.abc import Mapping

from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.openapi.budgets import check_tree
from trunkline.kit.openapi.names import Slugs, slug_stem
from trunkline.kit.openapi.operations import operation_members
from trunkline.kit.openapi.places import ROOT, refused, shown
from trunkline.kit.openapi.references import Source
from trunkline.kit.openapi.schemas import component_members
from trunkline.kit.openapi.security import auth_hint
from trunkline.kit.openapi.servers import first_base_url
from trunkline.kit.openapi.values import JSON_SCHEMA_DIALECT, SCHEMA_SLUG_PREFIX, Conversion

SCHEMAS_MAX = 20_000

_VERSION = re.compile(r"(3\.[01])(?:\.[0-9]{1,4})?(?:-[A-Za-z0-9.]{1,32})?")
_DIALECTS = (JSON_SCHEMA_DIALECT, "https://spec.openapis.org/oas/3.1/")


def convert(document: Mapping[str, object]) -> Conversion:
    """Every schema and operation of an OpenAPI 3.0 or 3.1 document as members; the document is not changed.

    Callbacks, webhooks, links and responses other than the successful one are not converted, and references
    in them not followed.

    Raises:
        InvalidRequestError: not such a document, over a limit, or with a reference that dangles or leaves it.
    """
    tree = dict(document)
    check_tree(tree)
    is_legacy, slugs = _version(tree) == "3.0", Slugs()
    raw_schemas = _schemas(tree)
    schema_slugs = slugs.assign(_wished(name) for name in raw_schemas)
    source = Source(tree, is_legacy, raw_schemas, dict(zip(raw_schemas, schema_slugs, strict=True)))
    info = tree.get("info")
    if not isinstance(info, dict):
        raise refused(ROOT.child("info"), "must be an object with a title and a version")
    title, version = (_info_text(info, key) for key in ("title", "version"))
    description = info.get("description")
    _warn_of_unread(source)
    return Conversion(
        title=title,
        version=version,
        description=description if isinstance(description, str) else None,
        base_url=first_base_url(tree.get("servers"), ROOT.child("servers"), source.warnings),
        members=(*component_members(source), *operation_members(source, slugs)),
        auth=auth_hint(source),
        warnings=source.warnings.listed(),  # last, since reading all of the above may warn
    )


def _version(document: Mapping[str, object]) -> str:
    if "swagger" in document and "openapi" not in document:
        message = "this is a Swagger 2.0 document; convert it to OpenAPI 3 first, most editors can"
        raise InvalidRequestError.at("#/swagger", message)
    given = document.get("openapi")
    if given is None:
        raise refused(ROOT, "this is not an OpenAPI document: it has no `openapi` member")
    # YAML reads an unquoted 3.1 as a number, and its author meant the version all the same.
    spelled = str(given) if isinstance(given, (str, float)) else ""
    match = _VERSION.fullmatch(spelled)
    if match is None:
        raise refused(ROOT.child("openapi"), f"{shown(str(spelled))!r} is not read; OpenAPI 3.0 and 3.1 are")
    return match[1]


def _schemas(document: Mapping[str, object]) -> dict[str, object]:
    components = document.get("components")
    if components is None:
        return {}
    if not isinstance(components, dict):
        raise refused(ROOT.child("components"), "must be an object")
    schemas = components.get("schemas")
    if schemas is None:
        return {}
    place = ROOT.child("components", "schemas")
    if not isinstance(schemas, dict):
        raise refused(place, "must be an object of schemas")
    if len(schemas) > SCHEMAS_MAX:
        raise refused(place, f"more than {SCHEMAS_MAX:,} schemas; split the document")
    return schemas


def _wished(name: str) -> tuple[str, str]:
    slug = SCHEMA_SLUG_PREFIX + name
    return slug, slug_stem(slug)


def _info_text(info: Mapping[str, object], key: str) -> str:
    value = info.get(key)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise refused(ROOT.child("info", key), "must be a text")
    return value.strip()


def _warn_of_unread(source: Source) -> None:
    if source.document.get("webhooks"):
        source.warnings.add(ROOT.child("webhooks"), "webhooks are not converted")
    dialect = source.document.get("jsonSchemaDialect")
    if dialect is not None and not (isinstance(dialect, str) and dialect.startswith(_DIALECTS)):
        message = "names another dialect; schemas are read as JSON Schema 2020-12"
        source.warnings.add(ROOT.child("jsonSchemaDialect"), message)
