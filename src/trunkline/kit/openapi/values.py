"""What a conversion hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from trunkline.kit.errors import Problem

MemberKind: TypeAlias = Literal["schema", "function"]
SCHEMA_SLUG_PREFIX = "schema:"
JSON_SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class AuthHint:
    """How the document says its API wants to be called, enough to prefill a connection's settings.

    Attributes:
        type: `none` only where the document says outright that nothing is needed. HTTP basic and bearer
            are `api_key` with a `prefix`.
        scheme: the name under `components.securitySchemes`.
        location: where an `api_key` goes.
        name: the header, query parameter or cookie it goes into.
        prefix: what stands before it in the header, `Bearer` or `Basic`.
        grant: the OAuth 2.0 flow described below, `authorization_code` where there is a choice.
        scopes: every scope that flow lists.
        discovery_url: OpenID Connect's configuration document.
    """

    type: Literal["oauth2", "api_key", "none"]
    scheme: str | None = None
    location: Literal["header", "query", "cookie"] | None = None
    name: str | None = None
    prefix: str | None = None
    grant: Literal["authorization_code", "client_credentials", "password", "implicit"] | None = None
    authorization_url: str | None = None
    token_url: str | None = None
    refresh_url: str | None = None
    scopes: tuple[str, ...] = ()
    discovery_url: str | None = None


@dataclass(frozen=True, slots=True)
class ConvertedMember:
    """One schema or function made of a document.

    Attributes:
        slug: `schema:<Name>`, or the operation's id; spelled with `_` and a count where that is no slug.
        kind: which of the two.
        name: the schema's name; the operation's summary, or its id.
        description: as in the document.
        definition: a JSON Schema 2020-12 document, or the function's `operation`, `inputSchema` and
            `outputSchema`. References to schemas read `<slug>[#/pointer]` until `bound_definition`.
        refs: slugs of the schema members the definition refers to, itself included where it is recursive.
    """

    slug: str
    kind: MemberKind
    name: str
    description: str | None
    definition: dict[str, object]
    refs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Conversion:
    """A whole document, ready to become an integration.

    Attributes:
        title: `info.title`.
        version: `info.version`.
        description: `info.description`.
        base_url: the first server with its variables at their defaults and no trailing slash; `None`
            where there is none or it is not absolute HTTP.
        members: schemas first, then functions, both in document order.
        auth: `None` where the document says nothing usable.
        warnings: what was left out or read otherwise than written, with JSON pointers.
    """

    title: str
    version: str
    description: str | None
    base_url: str | None
    members: tuple[ConvertedMember, ...]
    auth: AuthHint | None
    warnings: tuple[Problem, ...]
