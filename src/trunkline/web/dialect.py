"""What a published API adds to the shared HTTP: its routes, its credentials, its spelling of errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ErrorKind, TrunklineError
from trunkline.web.route import Headers, Route
from trunkline.web.services import Services

Authenticate = Callable[[Tx, Headers, Services], Actor]
RenderError = Callable[[TrunklineError, str], tuple[int, Mapping[str, str], bytes]]


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """How the documentation names the credential.

    Attributes:
        definition: an OpenAPI security scheme object.
        curl: the option of an example command that carries it.
    """

    name: str
    definition: Mapping[str, Any]
    curl: str


BEARER = SecurityScheme("bearer", {"type": "http", "scheme": "bearer"}, '-H "Authorization: Bearer $KEY"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One published API over the core.

    Attributes:
        name: of its package and its mount.
        authenticate: from headers to the caller, in a transaction; raises UnauthenticatedError.
        render_error: from an error and the request id to status, headers and body.
        error_type: the Struct that `render_error` spells, for the documentation.
        encode: from a handler's value to bytes.
        forbid_unknown: unknown parameters and members, and bodies where none is read, are refused.
        errors: kinds that any of its operations may answer, e.g. RATE_LIMITED where a limit is set.
        request_media_types: types of bodies it reads.
        media_type, error_media_type: types of its answers.
        examples: sample values by member name, for the documentation.
    """

    name: str
    title: str
    description: str
    routes: tuple[Route, ...]
    authenticate: Authenticate
    render_error: RenderError
    error_type: type[msgspec.Struct]
    encode: Callable[[Any], bytes] = field(default=msgspec.json.Encoder().encode)
    forbid_unknown: bool = True
    errors: tuple[ErrorKind, ...] = ()
    security: SecurityScheme = BEARER
    request_media_types: tuple[str, ...] = ("application/json",)
    media_type: str = "application/json"
    error_media_type: str = "application/json"
    examples: Mapping[str, Any] = field(default_factory=dict)
