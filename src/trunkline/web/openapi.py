"""The OpenAPI document of a dialect, made from its routes: what is documented is what is enforced.

Source: OpenAPI Specification 3.1.0.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import msgspec

from trunkline import __version__
from trunkline.core.journal import IdempotencyKeyReusedError
from trunkline.kit.errors import (
    BadGatewayError,
    ErrorKind,
    ForbiddenError,
    GatewayTimeoutError,
    InvalidRequestError,
    NotAcceptableError,
    NotFoundError,
    PayloadTooLargeError,
    PreconditionFailedError,
    RateLimitedError,
    TrunklineError,
    UnauthenticatedError,
    UnavailableError,
    UnsupportedMediaError,
)
from trunkline.web.answer import BODILESS
from trunkline.web.dialect import Dialect
from trunkline.web.idempotency import KEY_HEADER, KEY_PATTERN
from trunkline.web.route import Route
from trunkline.web.schemas import Schema, Schemas
from trunkline.web.uploads import FORM

_SAMPLE_REQUEST_ID: Final = "019748c9a1b27f3e8d4c5b6a79881234"
_SENTENCES: Final = {
    ErrorKind.INVALID: "The input is malformed or breaks a rule; `details` name the places.",
    ErrorKind.UNAUTHENTICATED: "No credential, or one that is unknown, expired or revoked.",
    ErrorKind.FORBIDDEN: "The caller may not do this, or the key is not scoped for it.",
    ErrorKind.NOT_FOUND: "Absent, or outside the caller's reach: the two look alike.",
    ErrorKind.NOT_ACCEPTABLE: "The answer is of no type that the client accepts.",
    ErrorKind.CONFLICT: "The present state does not allow it, or the Idempotency-Key was used before.",
    ErrorKind.PRECONDITION_FAILED: "The object is no longer the one that If-Match names.",
    ErrorKind.PAYLOAD_TOO_LARGE: "The body is too long.",
    ErrorKind.UNSUPPORTED_MEDIA: "The body is of a type that is not read here.",
    ErrorKind.RATE_LIMITED: "Too many requests.",
    ErrorKind.BAD_GATEWAY: "The other side could not be reached, or answered what cannot be used.",
    ErrorKind.UNAVAILABLE: "Busy or down; nothing was changed and trying again is safe.",
    ErrorKind.GATEWAY_TIMEOUT: "The other side took too long to answer.",
}
_SAMPLES: Final[dict[ErrorKind, TrunklineError]] = {
    ErrorKind.INVALID: InvalidRequestError.at("name", "is required"),
    ErrorKind.UNAUTHENTICATED: UnauthenticatedError("a valid access key is required"),
    ErrorKind.FORBIDDEN: ForbiddenError(
        "this key is not scoped for integrations:write", code="scope_missing"
    ),
    ErrorKind.NOT_FOUND: NotFoundError("integration"),
    ErrorKind.NOT_ACCEPTABLE: NotAcceptableError("there is no such version of this API"),
    ErrorKind.CONFLICT: IdempotencyKeyReusedError("this Idempotency-Key was used for another request"),
    ErrorKind.PRECONDITION_FAILED: PreconditionFailedError("the object has changed since; read it again"),
    ErrorKind.PAYLOAD_TOO_LARGE: PayloadTooLargeError("the body is longer than 1048576 bytes"),
    ErrorKind.UNSUPPORTED_MEDIA: UnsupportedMediaError("send the body as application/json"),
    ErrorKind.RATE_LIMITED: RateLimitedError("too many requests", retry_after_s=1),
    ErrorKind.BAD_GATEWAY: BadGatewayError("the upstream could not be reached"),
    ErrorKind.UNAVAILABLE: UnavailableError("1000 writes are waiting; try again"),
    ErrorKind.GATEWAY_TIMEOUT: GatewayTimeoutError("the upstream took too long to answer"),
}
_RESPONSE_NAMES: Final = {kind: kind.name.title().replace("_", "") for kind in _SENTENCES}


def openapi_document(dialect: Dialect) -> Schema:
    """The document as plain values; valid for every OpenAPI 3.1 tool."""
    schemas = Schemas(dialect)
    paths: dict[str, Schema] = {}
    for route in dialect.routes:
        paths.setdefault(route.path.replace("...}", "}"), {})[route.method.lower()] = _operation(
            dialect, route, schemas
        )
    used = {kind for route in dialect.routes for kind in possible_errors(dialect, route)}
    tags = dict.fromkeys(tag for route in dialect.routes for tag in route.tags)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": dialect.title,
            "version": __version__,
            "description": dialect.description,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": f"/{dialect.name}"}],
        "tags": [{"name": tag} for tag in tags],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {
                _RESPONSE_NAMES[kind]: _error(dialect, kind, schemas)
                for kind in sorted(used, key=lambda kind: kind.status)
            },
            "headers": _HEADERS,
            "parameters": _PARAMETERS,
            "securitySchemes": {dialect.security.name: dict(dialect.security.definition)},
        },
    }


def possible_errors(dialect: Dialect, route: Route) -> list[ErrorKind]:
    """Every kind of error that an operation can answer by what it and its dialect declare."""
    kinds = {ErrorKind.UNAVAILABLE, *dialect.errors, *route.errors}
    if dialect.forbid_unknown or route.query or route.body or route.honours_idempotency_key:
        kinds.add(ErrorKind.INVALID)
    if not route.public:
        kinds |= {ErrorKind.UNAUTHENTICATED, ErrorKind.FORBIDDEN}
    if route.parameters:
        kinds.add(ErrorKind.NOT_FOUND)
    if route.honours_idempotency_key:
        kinds.add(ErrorKind.CONFLICT)
    if route.resource is not None:
        kinds.add(ErrorKind.PRECONDITION_FAILED)
    if route.body is not None or route.upload:
        kinds |= {ErrorKind.INVALID, ErrorKind.PAYLOAD_TOO_LARGE, ErrorKind.UNSUPPORTED_MEDIA}
    if route.raw:
        kinds.add(ErrorKind.PAYLOAD_TOO_LARGE)
    return sorted(kinds, key=lambda kind: kind.status)


def _operation(dialect: Dialect, route: Route, schemas: Schemas) -> Schema:
    operation: Schema = {
        "operationId": route.operation_id,
        "summary": route.summary,
        "tags": list(route.tags),
        "security": [] if route.public else [{dialect.security.name: []}],
        "parameters": [
            *(_path_parameter(route, name) for name in route.parameters),
            *schemas.parameters(route.query),
            *({"$ref": f"#/components/parameters/{name}"} for name in _header_parameters(route)),
        ],
        "responses": {
            **_successes(dialect, route, schemas),
            **{
                str(_status(dialect, kind)): {"$ref": f"#/components/responses/{_RESPONSE_NAMES[kind]}"}
                for kind in possible_errors(dialect, route)
            },
        },
    }
    for status, sentence in route.also.items():
        if str(status) in operation["responses"] and status >= HTTPStatus.BAD_REQUEST:
            operation["responses"][str(status)] = _either_way(dialect, route, sentence, schemas)
    if route.description:
        operation["description"] = route.description
    if route.permission is not None:
        operation["x-permission"] = route.permission
    if route.body is not None:
        operation["requestBody"] = _request_body(dialect, route, schemas)
    elif route.upload:
        operation["requestBody"] = _UPLOAD
    elif route.raw and route.method != "GET":
        operation["requestBody"] = {"content": {"*/*": {}}}
    return operation


def _path_parameter(route: Route, name: str) -> Schema:
    parameter: Schema = {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
    }
    if name in route.path_parameters:
        parameter["description"] = route.path_parameters[name]
    return parameter


def _header_parameters(route: Route) -> list[str]:
    names = []
    if route.honours_idempotency_key:
        names.append("IdempotencyKey")
    if route.resource is not None:
        names.append("IfMatch")
    if route.method == "GET" and route.answers_representation:
        names.append("IfNoneMatch")
    return names


def _request_body(dialect: Dialect, route: Route, schemas: Schemas) -> Schema:
    schema = schemas.of(route.body)
    return {
        "required": bool(schemas.resolve(schema).get("required")),
        "content": {media_type: {"schema": schema} for media_type in dialect.request_media_types},
    }


def _successes(dialect: Dialect, route: Route, schemas: Schemas) -> Schema:
    headers: Schema = {"x-request-id": {"$ref": "#/components/headers/RequestId"}}
    if route.answers_representation:
        headers["etag"] = {"$ref": "#/components/headers/ETag"}
    tagged = dict(headers)
    if route.honours_idempotency_key:
        headers["idempotency-replayed"] = {"$ref": "#/components/headers/IdempotencyReplayed"}
    answer: Schema = {"description": HTTPStatus(route.status).phrase, "headers": headers}
    if route.returns is not None and route.status not in BODILESS:
        content = {} if route.returns is bytes else {"schema": schemas.of(route.returns)}
        answer["content"] = {route.media_type or dialect.media_type: content}
    successes: Schema = {str(route.status): answer}
    for status, sentence in route.also.items():
        successes[str(status)] = {"description": sentence, "headers": headers}
    if route.method == "GET" and route.answers_representation:
        successes["304"] = {
            "description": "The representation is the one If-None-Match names.",
            "headers": tagged,
        }
    return successes


def _either_way(dialect: Dialect, route: Route, sentence: str, schemas: Schemas) -> Schema:
    """A refusal that is a page for people where the operation is one, else an error like others."""
    return {
        "description": sentence,
        "headers": {"x-request-id": {"$ref": "#/components/headers/RequestId"}},
        "content": {
            route.media_type or dialect.media_type: {},
            dialect.error_media_type: {"schema": schemas.of(dialect.error_type)},
        },
    }


def _status(dialect: Dialect, kind: ErrorKind) -> int:
    """What the dialect answers this kind of error with."""
    return dialect.render_error(_SAMPLES[kind], _SAMPLE_REQUEST_ID)[0]


def _error(dialect: Dialect, kind: ErrorKind, schemas: Schemas) -> Schema:
    _status, headers, body = dialect.render_error(_SAMPLES[kind], _SAMPLE_REQUEST_ID)
    documented: Schema = {"x-request-id": {"$ref": "#/components/headers/RequestId"}}
    for name, value in headers.items():
        if name.lower() != "content-type":
            documented[name.lower()] = {"required": True, "schema": {"type": "string"}, "example": value}
    content = {"schema": schemas.of(dialect.error_type), "example": msgspec.json.decode(body)}
    return {
        "description": _SENTENCES[kind],
        "headers": documented,
        "content": {dialect.error_media_type: content},
    }


_UPLOAD: Final[Schema] = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
                "required": ["file"],
            }
        },
        "image/*": {},
    },
}
_HEADERS: Final[dict[str, Any]] = {
    "RequestId": {
        "description": "Identifies this request in the server's log and audit; yours, if you sent one.",
        "required": True,
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "Strong tag of the representation, for If-None-Match and If-Match.",
        "required": True,
        "schema": {"type": "string"},
    },
    "IdempotencyReplayed": {
        "description": "Present when the answer is the one a first request with this key was given.",
        "schema": {"const": "true"},
    },
}
_PARAMETERS: Final[dict[str, Any]] = {
    "IdempotencyKey": {
        "name": KEY_HEADER,
        "in": "header",
        "required": False,
        "description": "Makes repeating safe: for 24 hours the same key and request get the first answer again"
        " and no second effect; another request under the same key is refused with 409.",
        "schema": {"type": "string", "pattern": f"^{KEY_PATTERN}$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": False,
        "description": "Do this only if the object's ETag is one of these, otherwise answer 412.",
        "schema": {"type": "string"},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "description": "Answer 304 without a body if the object's ETag is one of these.",
        "schema": {"type": "string"},
    },
}
