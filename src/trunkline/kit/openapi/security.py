"""Security schemes: the one hint a connection's settings are prefilled from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from trunkline.kit.openapi.places import ROOT, Place
from trunkline.kit.openapi.references import Source
from trunkline.kit.openapi.values import AuthHint

# In order of preference: a server keeps code and secret flows alive without a person's password.
_FLOWS: Final[
    tuple[tuple[str, Literal["authorization_code", "client_credentials", "password", "implicit"]], ...]
] = (
    ("authorizationCode", "authorization_code"),
    ("clientCredentials", "client_credentials"),
    ("password", "password"),
    ("implicit", "implicit"),
)
_PREFIXES = {"basic": "Basic", "bearer": "Bearer"}


def auth_hint(source: Source) -> AuthHint | None:
    """How to authenticate: the first usable scheme the document's `security` asks for, else the first declared.

    Raises:
        InvalidRequestError: a scheme's reference does not lead to one.
    """
    schemes, place = _declared_schemes(source)
    required = source.document.get("security")
    for name in _preferred(required, schemes):
        if name in schemes:
            hint = _read(source, name, schemes[name], place.child(name))
            if hint is not None:
                return hint
    says_none = isinstance(required, list) and not any(required)
    return AuthHint(type="none") if says_none and not schemes else None


def _declared_schemes(source: Source) -> tuple[Mapping[str, object], Place]:
    place = ROOT.child("components", "securitySchemes")
    components = source.document.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else None
    if schemes is not None and not isinstance(schemes, dict):
        source.warnings.add(place, "must be an object of schemes; it was left out")
    return (schemes, place) if isinstance(schemes, dict) else ({}, place)


def _preferred(required: object, schemes: Mapping[str, object]) -> Iterator[str]:
    for requirement in required if isinstance(required, list) else []:
        if isinstance(requirement, dict):
            yield from requirement
    yield from schemes


def _read(source: Source, name: str, raw: object, place: Place) -> AuthHint | None:
    scheme, at = source.resolve(raw, place)
    match scheme.get("type"):
        case "apiKey":
            hint = _api_key(name, scheme)
        case "http":
            hint = _http(name, scheme)
        case "oauth2":
            hint = _oauth2(name, scheme.get("flows"))
        case "openIdConnect":
            url = _text(scheme, "openIdConnectUrl")
            hint = AuthHint(type="oauth2", scheme=name, discovery_url=url) if url else None
        case _:
            hint = None
    if hint is None:
        source.warnings.add(at, "this security scheme cannot be used; set up the connection by hand")
    return hint


def _api_key(name: str, scheme: Mapping[str, object]) -> AuthHint | None:
    key = _text(scheme, "name")
    match scheme.get("in"):
        case ("header" | "query" | "cookie") as location if key:
            return AuthHint(type="api_key", scheme=name, location=location, name=key)
        case _:
            return None


def _http(name: str, scheme: Mapping[str, object]) -> AuthHint | None:
    prefix = _PREFIXES.get((_text(scheme, "scheme") or "").lower())
    if prefix is None:
        return None
    return AuthHint(type="api_key", scheme=name, location="header", name="Authorization", prefix=prefix)


def _oauth2(name: str, flows: object) -> AuthHint | None:
    for key, grant in _FLOWS:
        flow = flows.get(key) if isinstance(flows, dict) else None
        if not isinstance(flow, dict):
            continue
        scopes = flow.get("scopes")
        return AuthHint(
            type="oauth2",
            scheme=name,
            grant=grant,
            authorization_url=_text(flow, "authorizationUrl"),
            token_url=_text(flow, "tokenUrl"),
            refresh_url=_text(flow, "refreshUrl"),
            scopes=tuple(scopes) if isinstance(scopes, dict) else (),
        )
    return None


def _text(raw: Mapping[str, object], key: str) -> str | None:
    value = raw.get(key)
    return value if isinstance(value, str) and value else None
