"""What a definition must hold to before it is stored: whoever writes one decides where credentials are sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import UNSET, structs

from trunkline.core.providers.definition import (
    PLACEHOLDER,
    CustomAuth,
    CustomPart,
    ProviderAuth,
    ProviderDefinition,
)
from trunkline.infra.http import InvalidUrlError, is_framing, parse_target
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.ids import parse_id
from trunkline.kit.leaks import find_secrets
from trunkline.kit.strictjson import encode
from trunkline.kit.text import check_name, check_slug

MAX_URL: Final = 2_000  # characters
MAX_SHORT: Final = 1_000  # characters of a scope, a parameter, a name on the wire
MAX_ITEMS: Final = 100  # scopes, parameters
MAX_SUBSTITUTIONS: Final = 20
MAX_INPUTS: Final = 20  # of a custom scheme, and headers or parameters they go into
MAX_VALUE: Final = 200  # characters put in for a placeholder
MAX_DEFINITION: Final = 64 * 1024  # bytes of JSON

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)
# Nothing that could end a host or climb up a path, wherever the placeholder stands.
_VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)  # Source: RFC 9110, 5.6.2
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")  # Source: RFC 6901, 3
_PATH = re.compile(r"/[!-~]*", re.ASCII)
_SAMPLE = "x"  # stands for every placeholder without a default

# What an authorization request says by itself; no parameter beside it may say otherwise, a request object included.
# Source: RFC 6749 section 4.1.1, RFC 7636, RFC 9101 section 5, OpenID Connect Core 3.1.2.1.
FLOW_PARAMETERS = frozenset(
    {
        "client_id",
        "client_secret",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "request",
        "request_uri",
        "response_mode",
        "response_type",
        "scope",
        "state",
    }
)


def check_provider_name(value: str) -> str:
    """The value itself when a provider can be called so.

    Raises:
        InvalidRequestError: no slug, or it reads like an id, by which providers are found too.
    """
    check_slug("name", value)
    if parse_id("provider", value) is not None:
        raise InvalidRequestError.at("name", "must not look like an id")
    return value


def is_provider_name(value: str) -> bool:
    """Whether a provider can be called so."""
    try:
        check_provider_name(value)
    except InvalidRequestError:
        return False
    return True


def check_definition(definition: ProviderDefinition) -> ProviderDefinition:
    """The definition itself when it can be used as it stands.

    Raises:
        InvalidRequestError: a member is malformed, contradicts another or is missing where the scheme needs it.
    """
    check_provider_name(definition.name)
    check_name("displayName", definition.display_name)
    values = _check_substitutions(definition)
    if definition.base_url is not None:
        _check_url(definition.base_url, values, "baseUrl")
        if "?" in definition.base_url or definition.base_url.endswith("/"):
            raise InvalidRequestError.at("baseUrl", "must have neither a query nor a slash at its end")
    _check_auth(definition.auth, values)
    _check_requests(definition)
    if len(encode(definition.details).encode()) > MAX_DEFINITION:
        raise InvalidRequestError.at("auth", f"the definition has more than {MAX_DEFINITION} bytes of JSON")
    return definition


def filled(definition: ProviderDefinition, values: Mapping[str, str]) -> ProviderDefinition:
    """The definition with every placeholder of its URLs replaced; names it does not declare are passed over.

    A value can be part of a host or a path and nothing more, so it never leads to another host than the
    definition's author had in mind.

    Raises:
        InvalidRequestError: a value is missing or malformed, or what comes out is no URL.
    """
    chosen = {one.name: values.get(one.name, one.default) for one in definition.substitutions}
    known: dict[str, str] = {}
    for name, value in chosen.items():
        if value is None:
            raise InvalidRequestError.at(f"substitutions.{name}", "is required by the provider")
        known[name] = _check_value(value, f"substitutions.{name}")
    auth = definition.auth
    return structs.replace(
        definition,
        base_url=_put(definition.base_url, known, "baseUrl"),
        auth=structs.replace(
            auth,
            authorization_url=_put(auth.authorization_url, known, "auth.authorizationUrl"),
            token_url=_put(auth.token_url, known, "auth.tokenUrl"),
            revocation_url=_put(auth.revocation_url, known, "auth.revocationUrl"),
        ),
        substitutions=[],
    )


def _put(url: str | None, values: Mapping[str, str], path: str) -> str | None:
    return None if url is None else _check_url(url, values, path)


def _check_substitutions(definition: ProviderDefinition) -> dict[str, str]:
    """A value for every placeholder that may stand in a URL."""
    if len(definition.substitutions) > MAX_SUBSTITUTIONS:
        raise InvalidRequestError.at("substitutions", f"more than {MAX_SUBSTITUTIONS} items")
    values: dict[str, str] = {}
    for index, one in enumerate(definition.substitutions):
        path = f"substitutions[{index}]"
        if not _NAME.fullmatch(one.name) or one.name in values:
            raise InvalidRequestError.at(
                f"{path}.name", "must be 1-64 letters, digits or _, start with a letter and stand once"
            )
        if one.default is not None:
            _check_value(one.default, f"{path}.default")
        values[one.name] = one.default or _SAMPLE
    return values


def _check_value(value: str, path: str) -> str:
    if len(value) > MAX_VALUE or not _VALUE.fullmatch(value) or ".." in value:
        raise InvalidRequestError.at(
            path, f"must be 1-{MAX_VALUE} letters, digits or ._- and begin and end with a letter or digit"
        )
    return value


def _check_url(url: str, values: Mapping[str, str], path: str) -> str:
    """The URL with its placeholders filled in."""
    if len(url) > MAX_URL:
        raise InvalidRequestError.at(path, f"must be at most {MAX_URL} characters")
    for name in PLACEHOLDER.findall(url):
        if name not in values:
            raise InvalidRequestError.at(path, f"has the placeholder {{{name[:64]}}}, which is not declared")
    whole = PLACEHOLDER.sub(lambda found: values[found[1]], url)
    if "{" in whole or "}" in whole:
        raise InvalidRequestError.at(path, "has a brace that belongs to no placeholder")
    try:
        parse_target(whole)
    except InvalidUrlError as error:
        raise InvalidRequestError.at(path, error.message) from error
    return whole


def _check_auth(auth: ProviderAuth, values: Mapping[str, str]) -> None:
    for member in ("authorization_url", "token_url", "revocation_url"):
        url = getattr(auth, member)
        if url is not None:
            _check_url(url, values, _wire(member))
    if auth.scheme == "oauth2":
        if auth.token_url is None:
            raise InvalidRequestError.at("auth.tokenUrl", "is required by this scheme")
        if auth.authorization_url is None and auth.grant == "authorization_code":
            raise InvalidRequestError.at("auth.authorizationUrl", "is required by this grant")
    if len(auth.scope_separator) != 1 or not auth.scope_separator.isprintable():
        raise InvalidRequestError.at("auth.scopeSeparator", "must be one printable character")
    check_scopes(auth.default_scopes, "auth.defaultScopes")
    _check_parameters(auth.authorize_params)
    _check_key(auth)
    if (auth.scheme == "custom") != (auth.custom is not UNSET):
        raise InvalidRequestError.at("auth.custom", "goes with the custom scheme, and the scheme with it")
    if auth.custom is not UNSET:
        _check_custom(auth.custom)


def check_scopes(scopes: Iterable[str], path: str) -> list[str]:
    """The scopes as a list when they could be asked for.

    Raises:
        InvalidRequestError: too many, or one that is empty, too long or has a space in it.
    """
    found = list(scopes)
    if len(found) > MAX_ITEMS:
        raise InvalidRequestError.at(path, f"more than {MAX_ITEMS} items")
    for index, scope in enumerate(found):
        # Source: RFC 6749, 3.3: a scope is visible ASCII.
        if (
            not scope
            or len(scope) > MAX_SHORT
            or not scope.isascii()
            or not scope.isprintable()
            or " " in scope
        ):
            raise InvalidRequestError.at(f"{path}[{index}]", "must be visible ASCII without a space")
    return found


def _check_parameters(parameters: Mapping[str, str]) -> None:
    path = "auth.authorizeParams"
    if len(parameters) > MAX_ITEMS:
        raise InvalidRequestError.at(path, f"more than {MAX_ITEMS} members")
    for name, value in parameters.items():
        here = f"{path}.{name[:100]}"
        if name.lower() in FLOW_PARAMETERS:
            raise InvalidRequestError.at(here, "is said by the authorization request itself")
        if not 1 <= len(name) <= MAX_SHORT or len(value) > MAX_SHORT or not f"{name}{value}".isprintable():
            raise InvalidRequestError.at(here, f"must be at most {MAX_SHORT} printable characters")
    leak = next(find_secrets(dict(parameters), path, slots=True), None)
    if leak is not None:
        raise InvalidRequestError.at(
            leak, "looks like a credential, which everybody in the organization would see"
        )


def _check_key(auth: ProviderAuth) -> None:
    name, prefix = auth.api_key_name, auth.api_key_prefix
    if not 1 <= len(name) <= MAX_VALUE or not (name.isascii() and name.isprintable()):
        raise InvalidRequestError.at("auth.apiKeyName", f"must be 1-{MAX_VALUE} printable ASCII characters")
    if auth.api_key_in == "header" and not _TOKEN.fullmatch(name):
        raise InvalidRequestError.at("auth.apiKeyName", "is no name of a header")
    if len(prefix) > MAX_VALUE or not (prefix.isascii() and prefix.isprintable()):
        raise InvalidRequestError.at(
            "auth.apiKeyPrefix", f"must be at most {MAX_VALUE} printable ASCII characters"
        )


def _check_custom(custom: CustomAuth) -> None:
    path = "auth.custom"
    if not custom.inputs or len(custom.inputs) > MAX_INPUTS:
        raise InvalidRequestError.at(f"{path}.inputs", f"must be 1-{MAX_INPUTS} items")
    names: set[str] = set()
    for index, one in enumerate(custom.inputs):
        here = f"{path}.inputs[{index}]"
        if not _NAME.fullmatch(one.name) or one.name in names:
            raise InvalidRequestError.at(
                f"{here}.name", "must be 1-64 letters, digits or _, start with a letter and stand once"
            )
        names.add(one.name)
        for member, text in (("displayName", one.display_name), ("prompt", one.prompt)):
            if text is not None and (len(text) > MAX_SHORT or not text.isprintable()):
                raise InvalidRequestError.at(
                    f"{here}.{member}", f"must be at most {MAX_SHORT} printable characters"
                )
    if not custom.headers and not custom.params:
        raise InvalidRequestError.at(path, "sends nothing of what it asks for")
    for member, parts in (("headers", custom.headers), ("params", custom.params)):
        _check_parts(parts, f"{path}.{member}", names, in_header=member == "headers")


def _check_parts(parts: list[CustomPart], path: str, inputs: set[str], *, in_header: bool) -> None:
    if len({part.name.lower() for part in parts}) < len(parts) or len(parts) > MAX_INPUTS:
        raise InvalidRequestError.at(path, f"must be at most {MAX_INPUTS} items of different names")
    for index, part in enumerate(parts):
        here = f"{path}[{index}]"
        if not 1 <= len(part.name) <= MAX_VALUE or not (part.name.isascii() and part.name.isprintable()):
            raise InvalidRequestError.at(f"{here}.name", f"must be 1-{MAX_VALUE} printable ASCII characters")
        if in_header and (not _TOKEN.fullmatch(part.name) or is_framing(part.name)):
            raise InvalidRequestError.at(f"{here}.name", "is no name of a header that could be sent")
        if len(part.value) > MAX_SHORT or not (part.value.isascii() and part.value.isprintable()):
            raise InvalidRequestError.at(
                f"{here}.value", f"must be at most {MAX_SHORT} printable ASCII characters"
            )
        if not inputs.issuperset(PLACEHOLDER.findall(part.value)):
            raise InvalidRequestError.at(f"{here}.value", "holds a placeholder that is no input")


def _check_requests(definition: ProviderDefinition) -> None:
    for member in ("account", "health"):
        request = getattr(definition, member)
        if request is None:
            continue
        if definition.base_url is None:
            raise InvalidRequestError.at(member, "needs a baseUrl")
        if (
            len(request.path) > MAX_URL
            or not _PATH.fullmatch(request.path)
            or set(request.path) & set("#\\{}")
        ):
            raise InvalidRequestError.at(
                f"{member}.path", "must start with a slash and be visible ASCII without # \\ { }"
            )
    account = definition.account
    for member in ("id", "email", "name"):
        pointer = None if account is None else getattr(account, member)
        if pointer is not None and (len(pointer) > MAX_SHORT or not _POINTER.fullmatch(pointer)):
            raise InvalidRequestError.at(f"account.{member}", "is no JSON pointer")


def _wire(member: str) -> str:
    head, *rest = member.split("_")
    return f"auth.{head}{''.join(part.capitalize() for part in rest)}"
