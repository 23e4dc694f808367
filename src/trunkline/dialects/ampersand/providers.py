"""Providers, in the shape of the vendor's catalog. Nobody need say who they are.

Whoever says so sees the organization's own providers, too, which stand before built-in ones of the same name.

Source: ampersand reference sections 1.0 and 5 (ProviderInfo).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from trunkline.core import providers as core
from trunkline.dialects.ampersand.auth import authenticate, carries_credential
from trunkline.dialects.ampersand.wire_base import Wire, present
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ErrorKind, NotFoundError
from trunkline.kit.pages import ListQuery
from trunkline.web import Call, Credentials, Route

CATALOG_MAX: Final = 10_000  # providers
_AUTH_TYPES: Final = {
    "oauth2": "oauth2",
    "api_key": "apiKey",
    "bearer": "apiKey",
    "basic": "basic",
    "custom": "custom",
    "none": "none",
}
_GRANTS: Final = {"client_credentials": "clientCredentials", "password": "password"}
_PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_]+)\}", re.ASCII)

_Base = Annotated[
    str, Meta(description="May hold variables, `{{.workspace}}`; empty where a connection says.")
]
_AuthType = Annotated[
    str, Meta(extra_json_schema={"enum": ["oauth2", "apiKey", "basic", "jwt", "custom", "none"]})
]


class BulkWrite(Wire, frozen=True, kw_only=True):
    """What can be written in bulk: nothing yet."""

    insert: bool = False
    update: bool = False
    upsert: bool = False
    delete: bool = False


class SearchOperators(Wire, frozen=True, kw_only=True):
    """How objects can be searched for: not yet."""

    equals: bool = False


class Search(Wire, frozen=True, kw_only=True):
    """Whether objects can be searched for."""

    operators: SearchOperators = SearchOperators()


class Support(Wire, frozen=True, kw_only=True):
    """What can be done with the provider: requests are passed on."""

    read: bool = False
    write: bool = False
    delete: bool = False
    subscribe: bool = False
    proxy: bool = True
    bulk_write: BulkWrite = BulkWrite()
    search: Search = Search()


class TokenMetadata(Wire, frozen=True, kw_only=True):
    """What of a token's answer is kept: nothing."""


class OAuth2(Wire, frozen=True, kw_only=True):
    """Where and how tokens are got."""

    grant_type: str
    auth_url: str | UnsetType = msgspec.field(name="authURL", default=UNSET)
    token_url: str = msgspec.field(name="tokenURL")
    explicit_scopes_required: bool
    explicit_workspace_required: bool
    token_metadata_fields: TokenMetadata = TokenMetadata()
    auth_url_params: dict[str, str] | UnsetType = msgspec.field(name="authURLParams", default=UNSET)


class Named(Wire, frozen=True, kw_only=True):
    """A header or parameter, and what stands before the key in it."""

    name: str
    value_prefix: str | UnsetType = UNSET


class ApiKey(Wire, frozen=True, kw_only=True):
    """Where the key goes."""

    attachment_type: str
    header: Named | UnsetType = UNSET
    query: Named | UnsetType = UNSET


class Template(Wire, frozen=True, kw_only=True):
    """A header or parameter of every request; variables in its value stand for what was typed in."""

    name: str
    value_template: str


class TypedIn(Wire, frozen=True, kw_only=True):
    """One thing whoever connects is asked for."""

    name: str
    display_name: str
    prompt: str | UnsetType = UNSET
    field_type: str


class Custom(Wire, frozen=True, kw_only=True):
    """A scheme of the provider's own."""

    inputs: list[TypedIn]
    headers: list[Template] | UnsetType = UNSET
    query_params: list[Template] | UnsetType = UNSET


class HealthCheck(Wire, frozen=True, kw_only=True):
    """A request that succeeds while a credential is good."""

    url: str
    method: str


class Input(Wire, frozen=True, kw_only=True):
    """What whoever connects must say, or may."""

    name: str
    display_name: str
    default_value: str | UnsetType = UNSET


class Metadata(Wire, frozen=True, kw_only=True):
    """Variables of the provider's URLs."""

    input: list[Input]


class ProviderWire(Wire, frozen=True, kw_only=True):
    """A provider."""

    name: str
    display_name: str
    auth_type: _AuthType
    base_url: _Base = msgspec.field(name="baseURL")
    default_module: str = ""
    oauth2_opts: OAuth2 | UnsetType = msgspec.field(name="oauth2Opts", default=UNSET)
    api_key_opts: ApiKey | UnsetType = UNSET
    custom_opts: Custom | UnsetType = UNSET
    support: Support = Support()
    auth_health_check: HealthCheck | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET


def spell(found: core.ProviderDefinition) -> ProviderWire:
    """A provider in this dialect."""
    base = _template(found.base_url or "")
    return ProviderWire(
        name=found.name,
        display_name=found.display_name,
        auth_type=_AUTH_TYPES[found.auth.scheme],
        base_url=base,
        oauth2_opts=_oauth2(found) if found.auth.scheme == "oauth2" else UNSET,
        api_key_opts=_api_key(found.auth),
        custom_opts=_custom(found.auth),
        auth_health_check=UNSET
        if found.health is None
        else HealthCheck(url=f"{base}{found.health.path}", method=found.health.method),
        metadata=_metadata(found),
    )


def list_providers(call: Call) -> dict[str, ProviderWire]:
    """GET /providers."""
    found = {one.name: one for one in core.built_in_providers()}
    actor = _caller(call)
    if actor is not None:
        query = ListQuery(limit=CATALOG_MAX, count=False)
        rows = core.list_providers(call.tx, actor, query).rows
        found |= {row.name: _defined(row) for row in rows if row.organization_id is not None}
    return {name: spell(found[name]) for name in sorted(found)}


def get_provider(call: Call) -> ProviderWire:
    """GET /providers/{provider}."""
    name = call.path["provider"]
    actor = _caller(call)
    if actor is not None:
        return spell(_defined(core.resolve_provider(call.tx, actor, name)))
    for one in core.built_in_providers():
        if one.name == name:
            return spell(one)
    raise NotFoundError("provider")


def _caller(call: Call) -> Actor | None:
    """Whoever may see more than what everybody sees."""
    if not carries_credential(call.headers):
        return None
    actor = authenticate(call.tx, Credentials(call.headers), call.services)
    return actor if actor.allows("providers:read") else None


def _defined(row: core.ProviderRow) -> core.ProviderDefinition:
    return core.defined(row.name, row.display_name, row.base_url, row.definition)


def _oauth2(found: core.ProviderDefinition) -> OAuth2:
    auth = found.auth
    code = "authorizationCodePKCE" if auth.pkce else "authorizationCode"
    return OAuth2(
        grant_type=_GRANTS.get(auth.grant, code),
        auth_url=present(auth.authorization_url and _template(auth.authorization_url)),
        token_url=_template(auth.token_url or ""),
        explicit_scopes_required=not auth.default_scopes,
        explicit_workspace_required=any(one.name == "workspace" for one in found.substitutions),
        auth_url_params=auth.authorize_params or UNSET,
    )


def _api_key(auth: core.ProviderAuth) -> ApiKey | UnsetType:
    if auth.scheme == "bearer":
        return ApiKey(attachment_type="header", header=Named(name="Authorization", value_prefix="Bearer "))
    if auth.scheme != "api_key":
        return UNSET
    if auth.api_key_in == "query":
        return ApiKey(attachment_type="query", query=Named(name=auth.api_key_name))
    header = Named(name=auth.api_key_name, value_prefix=auth.api_key_prefix or UNSET)
    return ApiKey(attachment_type="header", header=header)


def _custom(auth: core.ProviderAuth) -> Custom | UnsetType:
    if auth.custom is UNSET:
        return UNSET
    return Custom(
        headers=_parts(auth.custom.headers),
        query_params=_parts(auth.custom.params),
        inputs=[
            TypedIn(
                name=one.name,
                display_name=one.display_name or one.name,
                prompt=present(one.prompt),
                field_type="fieldTypePassword" if one.secret else "fieldTypeText",
            )
            for one in auth.custom.inputs
        ],
    )


def _parts(parts: Sequence[core.CustomPart]) -> list[Template] | UnsetType:
    return [Template(name=one.name, value_template=_template(one.value)) for one in parts] or UNSET


def _metadata(found: core.ProviderDefinition) -> Metadata | UnsetType:
    inputs = [
        Input(name=one.name, display_name=one.name, default_value=present(one.default))
        for one in found.substitutions
    ]
    return Metadata(input=inputs) if inputs else UNSET


def _template(text: str) -> str:
    """The vendor's variables for our placeholders."""
    return _PLACEHOLDER.sub(r"{{.\1}}", text)


_TAGS = ("Providers",)
_PUBLIC: Final[dict[str, Any]] = {"public": True, "errors": (ErrorKind.UNAUTHENTICATED,), "tags": _TAGS}

ROUTES = [
    Route(
        method="GET",
        path="/v1/providers",
        handler=list_providers,
        operation_id="listProviders",
        summary="Every provider, by name.",
        returns=dict[str, ProviderWire],
        etag=True,
        **_PUBLIC,
    ),
    Route(
        method="GET",
        path="/v1/providers/{provider}",
        handler=get_provider,
        operation_id="getProvider",
        summary="One provider.",
        returns=ProviderWire,
        inline=True,
        path_parameters={"provider": "The provider's name."},
        **_PUBLIC,
    ),
]
