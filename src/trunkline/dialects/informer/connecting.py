"""The connecting half of an integration as this dialect spells it: flat, beside the other members.

The platform keeps it as one object (`authConfig`, see `core.integrations.connecting`), most of whose members have
the same names. What this dialect has no name for stays as it is.

Source: seed 003, POST and PUT /api/integrations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trunkline.core.integrations import ConnectConfig

MASK: Final = "********"
"""Stands for the value of a header that is named like a credential; given back, it changes nothing."""

_SAME: Final = (
    "authUri",
    "tokenUri",
    "revocationUri",
    "apiBaseUri",
    "clientId",
    "basicTokenAuth",
    "apiKeyLocation",
    "apiKeyName",
    "headers",
)
MEMBERS: Final = frozenset({*_SAME, "scope", "authType", "mode"})
"""What of a request is about connecting."""

_DEFAULT_TYPE: Final = "oauth2"
_DEFAULT_MODE: Final = "per_user"
_TYPES: Final = {"apikey": "api_key", "tokenexchange": "token_exchange"}
_MODES: Final = {"peruser": "per_user"}
_SENSITIVE: Final = ("key", "token", "secret", "password", "authorization", "cookie")


def spell_type(config: ConnectConfig) -> str:
    """`oauth2`, `apikey`, `basic`, `bearer` or `none`; `token_exchange` where the platform's API made it so."""
    return "apikey" if config.type == "api_key" else config.type


def spell_mode(config: ConnectConfig) -> str:
    """`per-user` or `shared`."""
    return config.mode.replace("_", "-")


def spell_scope(config: ConnectConfig) -> str:
    """What is asked for, with spaces between, however the provider wants it."""
    return " ".join(part for part in config.scope.split(config.scope_separator) if part)


def spell_headers(config: ConnectConfig) -> dict[str, str]:
    """The headers that go out with every request, without what might be a credential."""
    return {name: _masked(name, text) for name, text in config.headers.items()}


def merged(stored: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The stored connecting half with a request's members in it.

    Args:
        stored: `authConfig`.
        given: members of a request in this dialect's names; null and the empty text clear what they name. Those
            that are not about connecting are passed over.
    """
    after = dict(stored)
    for name in _SAME:
        if name not in given:
            continue
        if given[name] in (None, ""):
            after.pop(name, None)
        elif name == "headers":
            after[name] = _unmasked(given[name], stored.get(name) or {})
        elif name == "apiKeyLocation":
            after[name] = given[name].lower()
        else:
            after[name] = given[name]
    if "scope" in given:
        after["scope"] = (after.get("scopeSeparator") or " ").join((given["scope"] or "").split())
    if "authType" in given:
        after["type"] = _folded(given["authType"] or _DEFAULT_TYPE, _TYPES)
    if "mode" in given:
        after["mode"] = _folded(given["mode"] or _DEFAULT_MODE, _MODES)
    return after


def fresh(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The connecting half of a new integration, with its driver's defaults for what the request leaves out."""
    base = {"type": _DEFAULT_TYPE, "mode": _DEFAULT_MODE}
    wanted = merged(base, given)
    if wanted["type"] != defaults.get("type", wanted["type"]):
        return wanted
    return merged(
        {**base, **defaults}, {name: value for name, value in given.items() if value not in (None, "")}
    )


def _folded(text: str, names: Mapping[str, str]) -> str:
    """One spelling for `apiKey`, `apikey` and `api_key`; what is no name at all is refused further in."""
    found = text.lower()
    return names.get(found.replace("-", "").replace("_", ""), found)


def _masked(name: str, text: str) -> str:
    hidden = name.lower().replace("_", "-").endswith(_SENSITIVE) and "${" not in text
    return MASK if hidden else text


def _unmasked(given: Mapping[str, str], stored: Mapping[str, str]) -> dict[str, str]:
    known = {name.lower(): text for name, text in stored.items()}
    return {name: known.get(name.lower(), text) if text == MASK else text for name, text in given.items()}
