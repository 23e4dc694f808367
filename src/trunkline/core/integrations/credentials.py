"""Credentials that somebody wrote into the connecting half of an integration, where every customer reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trunkline.kit.leaks import find_secrets

_LITERAL_CREDENTIAL = 12  # characters; what is shorter is a flag, as in `X-Atlassian-Token: no-check`
_CREDENTIAL_HEADERS = (
    "accesskey",
    "apikey",
    "authkey",
    "authorization",
    "password",
    "secret",
    "secretkey",
    "subscriptionkey",
    "token",
)


def credentials_in(auth_config: Mapping[str, Any], path: str) -> Iterator[str]:
    """Paths of what looks like a credential, literal values of credential headers included.

    Args:
        auth_config: the connecting half of an integration.
        path: where it stands, as the first part of every answer.
    """
    yield from find_secrets(_without_places(auth_config), path, slots=True)
    headers = auth_config.get("headers")
    for name, text in headers.items() if isinstance(headers, Mapping) else ():
        literal = isinstance(text, str) and "${" not in text and len(text) >= _LITERAL_CREDENTIAL
        if literal and _folded(name).endswith(_CREDENTIAL_HEADERS):
            yield f"{path}.headers.{name}"


def _without_places(value: Any) -> Any:
    """The value with texts that are one variable and nothing else emptied: those name a credential, no more."""
    if isinstance(value, str):
        return "" if value.startswith("${") and value.find("}") == len(value) - 1 else value
    if isinstance(value, Mapping):
        return {name: _without_places(member) for name, member in value.items()}
    return [_without_places(item) for item in value] if isinstance(value, list) else value


def _folded(text: Any) -> str:
    return str(text).replace("_", "").replace("-", "").lower()
