"""Provider catalogs in Ampersand's shape, read as definitions and added to an organization's own.

    {"catalog": {"<name>": {"name", "displayName", "authType", "baseURL", "oauth2Opts"?, "apiKeyOpts"?, …}}}

What a definition cannot say (steps one after another, keys to sign with) is told as a problem of its entry and
skipped: an entry that is half understood would send credentials in ways its author did not mean.

Source: the provider catalog of amp-labs/connectors; GET /v1/providers of Ampersand's API.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from trunkline.core.access import Permission, require_organization
from trunkline.core.providers.checks import check_definition
from trunkline.core.providers.definition import (
    CustomAuth,
    CustomInput,
    CustomPart,
    HealthRequest,
    ProviderAuth,
    ProviderDefinition,
    Substitution,
)
from trunkline.core.providers.queries import OWN_IDS
from trunkline.core.providers.service import (
    CreateProvider,
    UpdateProvider,
    create_provider,
    find_provider,
    update_provider,
)
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, Problem

MAX_ENTRIES = 2_000
_VARIABLE = re.compile(r"\{\{\s*\.([A-Za-z][A-Za-z0-9_]{0,63})\s*\}\}", re.ASCII)
_ANY_PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_]+)\}", re.ASCII)
_GRANTS = {
    "authorizationCode": "authorization_code",
    "authorizationCodePKCE": "authorization_code",
    "clientCredentials": "client_credentials",
    "password": "password",
}
_USUAL = ("response_type", "code")  # what every authorization request says anyway

Step = Callable[[int, int], None]


class _Named(Struct, frozen=True, rename={"value_prefix": "valuePrefix"}):
    name: str
    value_prefix: str = ""


class _OAuth(Struct, frozen=True, rename={"grant": "grantType", "params": "authURLParams"}):
    grant: str
    auth_url: str | None = msgspec.field(name="authURL", default=None)
    token_url: str | None = msgspec.field(name="tokenURL", default=None)
    params: dict[str, str] = {}
    token_options: dict[str, Any] | None = msgspec.field(name="accessTokenOpts", default=None)


class _ApiKey(Struct, frozen=True, rename={"attachment": "attachmentType"}):
    attachment: str
    header: _Named | None = None
    query: _Named | None = None


class _Template(Struct, frozen=True, rename={"template": "valueTemplate"}):
    name: str
    template: str


class _Asked(
    Struct,
    frozen=True,
    rename={"display_name": "displayName", "field_type": "fieldType"},
):
    name: str
    display_name: str | None = None
    prompt: str | None = None
    field_type: str = ""


class _Custom(
    Struct,
    frozen=True,
    rename={"params": "queryParams", "provider_inputs": "providerInputs", "multi_step": "multiStep"},
):
    headers: list[_Template] = []
    params: list[_Template] = []
    inputs: list[_Asked] = []
    provider_inputs: list[_Asked] = []
    multi_step: bool = False


class _Input(Struct, frozen=True, rename={"default": "defaultValue"}):
    name: str
    default: str | None = None


class _Metadata(Struct, frozen=True):
    input: list[_Input] = []


class _Health(Struct, frozen=True):
    url: str
    method: str = "GET"


class _Entry(Struct, frozen=True, rename={"auth_type": "authType", "display_name": "displayName"}):
    name: str
    auth_type: str
    display_name: str = ""
    base_url: str = msgspec.field(name="baseURL", default="")
    oauth: _OAuth | None = msgspec.field(name="oauth2Opts", default=None)
    api_key: _ApiKey | None = msgspec.field(name="apiKeyOpts", default=None)
    custom: _Custom | None = msgspec.field(name="customOpts", default=None)
    health: _Health | None = msgspec.field(name="authHealthCheck", default=None)
    metadata: _Metadata | UnsetType = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What a document holds: definitions by name, and which entries are none, and why."""

    definitions: tuple[ProviderDefinition, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogImport:
    """What an import came to: names of definitions, and what was skipped, and why."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    skipped: tuple[Problem, ...]


def read_catalog(document: Any) -> Catalog:
    """The definitions of a catalog document; an entry that cannot be one is told, not raised.

    Raises:
        InvalidRequestError: no catalog at all, or one of too many entries.
    """
    entries = document.get("catalog") if isinstance(document, Mapping) else None
    if not isinstance(entries, Mapping):
        raise InvalidRequestError.at("catalog", "must be an object of providers by name")
    if len(entries) > MAX_ENTRIES:
        raise InvalidRequestError.at("catalog", f"more than {MAX_ENTRIES} providers")
    definitions, problems = [], []
    for name in sorted(entries):
        path = f"catalog.{name[:100]}"
        try:
            definitions.append(check_definition(_read_entry(name, entries[name])))
        except msgspec.ValidationError as error:
            problems.append(Problem(path, str(error)))
        except InvalidRequestError as error:
            problems.append(Problem(path, error.message))
    return Catalog(definitions=tuple(definitions), problems=tuple(problems))


def import_catalog(
    tx: Tx, actor: Actor, organization_id: str, document: Any, step: Step = lambda _done, _total: None
) -> CatalogImport:
    """Add a catalog to an organization's own providers, or bring those of the same names up to date.

    Names of built-in providers are skipped; those that the document no longer has stay.

    Raises:
        NotFoundError: the organization is absent or not the caller's.
        ForbiddenError: the caller does not administer it.
        InvalidRequestError: the document is no catalog.
    """
    actor.require(Permission.PROVIDERS_WRITE)
    require_organization(tx, actor, organization_id, Tier.ADMIN)
    catalog = read_catalog(document)
    own: dict[str, str] = dict(tx.fetch(OWN_IDS, {"organization_id": organization_id}))
    outcome: dict[str, list[str]] = {"created": [], "updated": [], "unchanged": []}
    skipped = list(catalog.problems)
    for done, wanted in enumerate(catalog.definitions, start=1):
        known = find_provider(tx, organization_id, wanted.name)
        if known is None:
            create_provider(tx, actor, creation_of(wanted, organization_id))
            outcome["created"].append(wanted.name)
        elif wanted.name not in own:
            skipped.append(built_in_problem(wanted.name))
        elif known == wanted:
            outcome["unchanged"].append(wanted.name)
        else:
            update_provider(tx, actor, update_to(wanted, own[wanted.name]))
            outcome["updated"].append(wanted.name)
        step(done, len(catalog.definitions))
    created, updated, unchanged = (tuple(names) for names in outcome.values())
    return CatalogImport(created=created, updated=updated, unchanged=unchanged, skipped=tuple(skipped))


def built_in_problem(name: str) -> Problem:
    """Why an entry was skipped whose name a built-in provider has."""
    return Problem(f"catalog.{name}", "a built-in provider has this name")


def creation_of(definition: ProviderDefinition, organization_id: str) -> CreateProvider:
    """The request that defines it for an organization."""
    return CreateProvider(organization_id=organization_id, **_members(definition))


def update_to(definition: ProviderDefinition, provider_id: str) -> UpdateProvider:
    """The request that makes a provider this."""
    members = {name: value for name, value in _members(definition).items() if name != "name"}
    return UpdateProvider(id=provider_id, **members)


def _members(definition: ProviderDefinition) -> dict[str, Any]:
    return {name: getattr(definition, name) for name in ProviderDefinition.__struct_fields__}


def _read_entry(name: str, raw: Any) -> ProviderDefinition:
    entry = msgspec.convert(raw, _Entry)
    auth = _auth(entry)
    base_url = _template(entry.base_url, "baseURL").rstrip("/") or None
    inputs = [] if entry.metadata is UNSET else entry.metadata.input
    defaults = {one.name: one.default for one in inputs}
    urls = (base_url, auth.authorization_url, auth.token_url)
    used = dict.fromkeys(found for url in urls if url for found in _ANY_PLACEHOLDER.findall(url))
    return ProviderDefinition(
        name=name,
        display_name=entry.display_name or name,
        base_url=base_url,
        auth=auth,
        substitutions=[Substitution(name=one, default=defaults.get(one) or None) for one in used],
        health=_health(entry.health, base_url),
    )


def _auth(entry: _Entry) -> ProviderAuth:
    match entry.auth_type:
        case "oauth2" if entry.oauth is not None:
            return _oauth(entry.oauth)
        case "apiKey" if entry.api_key is not None:
            return _api_key(entry.api_key)
        case "basic":
            return ProviderAuth(scheme="basic")
        case "none":
            return ProviderAuth(scheme="none")
        case "custom" if entry.custom is not None:
            return _custom(entry.custom)
    raise InvalidRequestError(f"the auth type {entry.auth_type[:100]} cannot be said by a definition")


def _oauth(options: _OAuth) -> ProviderAuth:
    if options.grant not in _GRANTS:
        raise InvalidRequestError(f"the grant {options.grant[:100]} is not supported")
    if options.token_options is not None:
        raise InvalidRequestError("its access token goes elsewhere than into the Authorization header")
    return ProviderAuth(
        scheme="oauth2",
        grant=_GRANTS[options.grant],  # type: ignore[arg-type]  # one of its words
        authorization_url=_template(options.auth_url, "authURL") or None,
        token_url=_template(options.token_url, "tokenURL") or None,
        authorize_params={name: value for name, value in options.params.items() if (name, value) != _USUAL},
    )


def _api_key(options: _ApiKey) -> ProviderAuth:
    named = options.header if options.attachment == "header" else options.query
    if options.attachment not in {"header", "query"} or named is None:
        raise InvalidRequestError(f"the API key's place {options.attachment[:100]} is not supported")
    return ProviderAuth(
        scheme="api_key",
        api_key_in=options.attachment,  # type: ignore[arg-type]  # one of its words
        api_key_name=named.name,
        api_key_prefix=named.value_prefix,
    )


def _custom(options: _Custom) -> ProviderAuth:
    if options.multi_step:
        raise InvalidRequestError("its accounts are connected in several steps, which cannot be said as data")
    if options.provider_inputs:
        raise InvalidRequestError(
            "it asks its publisher for more than a client, which cannot be said as data"
        )
    return ProviderAuth(
        scheme="custom",
        custom=CustomAuth(
            inputs=[
                CustomInput(
                    name=one.name,
                    display_name=one.display_name,
                    prompt=one.prompt,
                    secret=one.field_type in {"", "fieldTypePassword"},
                )
                for one in options.inputs
            ],
            headers=[_part(one, "header") for one in options.headers],
            params=[_part(one, "parameter") for one in options.params],
        ),
    )


def _part(one: _Template, what: str) -> CustomPart:
    return CustomPart(name=one.name, value=_template(one.template, f"the {what} {one.name[:100]}"))


def _health(check: _Health | None, base_url: str | None) -> HealthRequest | None:
    """The request, where it stays below the base URL: credentials go nowhere else."""
    if check is None or base_url is None:
        return None
    url = _template(check.url, "authHealthCheck.url")
    path = url.removeprefix(base_url)
    if path == url or not path.startswith("/") or "{" in path or check.method not in {"GET", "POST", "HEAD"}:
        return None
    return HealthRequest(method=check.method, path=path)  # type: ignore[arg-type]  # one of its words


def _template(url: str | None, what: str) -> str:
    """Our placeholders for theirs."""
    text = _VARIABLE.sub(r"{\1}", url or "")
    if "{{" in text:
        raise InvalidRequestError(f"{what} holds more of a template than variables")
    return text
