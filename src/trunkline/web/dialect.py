"""What a published API adds to the shared HTTP: its routes, its credentials, its spelling of errors."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from trunkline.infra.db import Database, Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ErrorKind, TrunklineError
from trunkline.web.cors import Cors
from trunkline.web.incoming import Incoming
from trunkline.web.route import Headers, Route
from trunkline.web.services import Services


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings along to say who asks.

    Attributes:
        verified_user: id of the user whose password the dialect's `verify` found right.
        method: of the request: what a browser sends along by itself opens no more than reading.
    """

    headers: Headers
    verified_user: str | None = None
    method: str = "GET"


Authenticate = Callable[[Tx, Credentials, Services], Actor]
Verify = Callable[[Database, Services, Incoming], Awaitable[str | None]]
Pins = Callable[[Tx, Headers, Services], bool]
RenderError = Callable[[TrunklineError, str], tuple[int, Mapping[str, str], bytes]]
Negotiate = Callable[[Headers], str]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """By what a dialect recognises its own among requests that another dialect has an operation for.

    Attributes:
        media_types: of requests or answers, that only this dialect speaks.
        own_id: spelling of ids that only this dialect uses; nothing else can be meant.
        any_id: takes every id that no other dialect's `own_id` fits, where the credential says nothing.
        member: of a POST's body, that only this dialect reads.
        pins: whether the credential was issued for this dialect alone.
    """

    media_types: tuple[str, ...] = ()
    own_id: re.Pattern[str] | None = None
    any_id: bool = False
    member: str | None = None
    pins: Pins | None = None


BEARER = SecurityScheme("bearer", {"type": "http", "scheme": "bearer"}, '-H "Authorization: Bearer $KEY"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One published API over the core.

    Attributes:
        name: of its package and its mount.
        authenticate: from credentials to the caller, in a transaction; raises UnauthenticatedError.
        verify: what must be found out before, because it takes long: whose password this is, if there is one.
        claims: what decides for this dialect where another one has the same operation.
        render_error: from an error and the request id to status, headers and body.
        error_type: the Struct that `render_error` spells, for the documentation.
        encode: from a handler's value to bytes.
        negotiate: the type an answer is labelled with, where the request has a say in it.
        negotiate_error: the same of an error; it refuses nothing.
        forbid_unknown: unknown parameters and members, and bodies where none is read, are refused.
        errors: kinds that any of its operations may answer, e.g. RATE_LIMITED where a limit is set.
        cors: what pages of other origins may ask; None for nothing.
        request_media_types: types of bodies it reads.
        media_type, error_media_type: types of its answers.
        examples: sample values by member name, for the documentation.
    """

    name: str
    title: str
    description: str
    routes: tuple[Route, ...]
    authenticate: Authenticate
    verify: Verify | None = None
    claims: Claims = field(default_factory=Claims)
    render_error: RenderError
    error_type: type[msgspec.Struct]
    encode: Callable[[Any], bytes] = field(default=msgspec.json.Encoder().encode)
    negotiate: Negotiate | None = None
    negotiate_error: Negotiate | None = None
    forbid_unknown: bool = True
    errors: tuple[ErrorKind, ...] = ()
    cors: Cors | None = None
    security: SecurityScheme = BEARER
    request_media_types: tuple[str, ...] = ("application/json",)
    media_type: str = "application/json"
    error_media_type: str = "application/json"
    examples: Mapping[str, Any] = field(default_factory=dict)
