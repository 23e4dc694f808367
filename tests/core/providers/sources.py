"""What others know about providers: an independent opinion on every URL of the built-in catalog.

A source is asked, under the name it knows a provider by, what it would say of one member. The answers are
compared without templates' names, slashes at the end and queries. `confirmations.json` tells who confirms what.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests.architecture.source import ROOT
from trunkline.core.providers import ProviderDefinition, built_in_providers

AMPERSAND = ROOT.parent / "shared" / "ampersand" / "catalog.json"
CONFIRMATIONS: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("confirmations.json").read_text("utf-8")
)
PROVIDERS = {one.name: one for one in built_in_providers()}
# In the catalog's own spelling. Names of members in an answer are no URLs; social-auth-core knows them.
URLS = ("authorizationUrl", "tokenUrl", "revocationUrl", "baseUrl", "account", "health")
FACTS = (*URLS, "scopeSeparator", "tokenAuth")
NAMES = ("ampersand", "grant", "social-auth-core")

_TEMPLATE = re.compile(r"\{\{\s*\.?\w+\s*\}\}|\{\w*\}|\[\w+\]")


class Source(Protocol):
    """Somebody who knows providers."""

    name: str

    def facts(self, known_as: str) -> dict[str, Any]:
        """Members it has an opinion on; `api` are URLs of requests it makes, `requests` (method, URL) of those
        that tell whose account it is or whether a credential is good.
        """
        ...


def plain(url: str) -> str:
    """A URL as it is compared."""
    return _TEMPLATE.sub("{}", url).partition("?")[0].rstrip("/")


def stated(definition: ProviderDefinition) -> dict[str, Any]:
    """What the catalog says of a provider; URLs whole."""
    auth, base = definition.auth, definition.base_url or ""
    said: dict[str, Any] = {
        "authorizationUrl": auth.authorization_url,
        "tokenUrl": auth.token_url,
        "revocationUrl": auth.revocation_url,
        "baseUrl": definition.base_url,
        "scopeSeparator": None if auth.scope_separator == " " else auth.scope_separator,
        "tokenAuth": None if auth.token_auth == "body" else auth.token_auth,
    }
    for member in ("account", "health"):
        request = getattr(definition, member)
        said[member] = None if request is None else (request.method, base + request.path)
    return {member: value for member, value in said.items() if value is not None}


def agrees(facts: dict[str, Any], member: str, said: Any) -> bool:
    """Whether a source says the same of one member."""
    if member in {"account", "health"}:
        method, url = said
        return (method, plain(url)) in {(verb, plain(one)) for verb, one in facts["requests"]}
    if member == "baseUrl":
        return any(f"{plain(url)}/".startswith(f"{plain(said)}/") for url in facts["api"])
    if member in URLS:
        return facts.get(member) is not None and plain(facts[member]) == plain(said)
    return bool(facts.get(member) == said)


def confirmed_by(source: Source) -> Iterator[tuple[str, str]]:
    """(provider, member) of everything that counts on this source."""
    for name, entry in CONFIRMATIONS.items():
        for member, names in entry["confirmed"].items():
            if source.name in names:
                yield name, member


def disagreements(source: Source) -> list[str]:
    """What the source was counted on for and does not say."""
    found = []
    for name, member in confirmed_by(source):
        said = stated(PROVIDERS[name])[member]
        if not agrees(source.facts(CONFIRMATIONS[name]["sources"][source.name]), member, said):
            found.append(f"{name}: {member} is not {said} to {source.name}")
    return found


class Ampersand:
    """The catalog of amp-labs/connectors."""

    name = "ampersand"

    def __init__(self, path: Path = AMPERSAND) -> None:
        self._entries: dict[str, Any] = json.loads(path.read_text("utf-8"))["catalog"]

    def facts(self, known_as: str) -> dict[str, Any]:
        entry = self._entries[known_as]
        options, health = entry["oauth2Opts"], entry.get("authHealthCheck")
        requests = [(health["method"], health["url"])] if health else []
        return {
            "authorizationUrl": options.get("authURL"),
            "tokenUrl": options["tokenURL"],
            "api": [entry["baseURL"], *_urls(requests)],
            "requests": requests,
        }


class Grant:
    """The npm package `grant`, unpacked in a folder."""

    name = "grant"

    def __init__(self, folder: Path) -> None:
        self._oauth: dict[str, Any] = json.loads((folder / "config" / "oauth.json").read_text("utf-8"))
        self._profiles: dict[str, Any] = json.loads((folder / "config" / "profile.json").read_text("utf-8"))
        # What makes a provider's requests other than the usual is said in code.
        flow = (folder / "lib" / "flow" / "oauth2.js").read_text("utf-8")
        profile = (folder / "lib" / "profile.js").read_text("utf-8")
        self._basic = set(
            re.findall(r"\w+", "".join(re.findall(r"if \((/[\w|]+/)\.test\(provider\.name\)", flow)))
        )
        self._posted = set(re.findall(r"^  (\w+): .*method: 'POST'", profile, re.MULTILINE))

    def facts(self, known_as: str) -> dict[str, Any]:
        entry = self._oauth[known_as]
        url = self._profiles.get(known_as, {}).get("profile_url")
        requests = [("POST" if known_as in self._posted else "GET", url)] if url else []
        return {
            "authorizationUrl": entry["authorize_url"],
            "tokenUrl": entry["access_url"],
            "scopeSeparator": entry.get("scope_delimiter", ","),
            "tokenAuth": "basic" if any(known_as.startswith(name) for name in self._basic) else "body",
            "api": _urls(requests),
            "requests": requests,
        }


class SocialAuth:
    """The package social-auth-core: its classes are asked, and watched at work."""

    name = "social-auth-core"

    def facts(self, known_as: str) -> dict[str, Any]:
        backend = Backend(known_as)
        requests = [(verb, url) for verb, url in backend.requests() if urlsplit(url).scheme]
        basic = backend.it.USE_BASIC_AUTH or "Authorization" in (backend.it.auth_headers() or {})
        return {
            "authorizationUrl": backend.it.AUTHORIZATION_URL,
            "tokenUrl": backend.it.ACCESS_TOKEN_URL,
            "revocationUrl": backend.it.REVOKE_TOKEN_URL,
            "scopeSeparator": backend.it.SCOPE_SEPARATOR,
            "tokenAuth": "basic" if basic else "body",
            "api": _urls(requests),
            "requests": requests,
        }


class _AskedError(Exception):
    """The request was seen; nothing answers it."""


class Backend:
    """One of its classes, cut off from the network."""

    def __init__(self, known_as: str) -> None:
        module, _, name = known_as.partition(".")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind = getattr(import_module(f"social_core.backends.{module}"), name)
            strategy = import_module("social_core.strategy").BaseStrategy
        nowhere = {
            "get_setting": _no_setting,
            "request_data": lambda _self, merge=True: {},
            "build_absolute_uri": lambda _self, path=None: path or "",
            "session_get": lambda _self, name, default=None: default,
            "session_set": lambda _self, name, value: None,
        }
        self.it: Any = kind(type("Strategy", (strategy,), nowhere)(storage=None))
        self.it.get_key_and_secret = lambda: ("client", "secret")

    def requests(self) -> list[tuple[str, str]]:
        """The first request made to learn whose account it is."""
        seen: list[tuple[str, str]] = []

        def request(url: str, method: str = "GET", **_rest: Any) -> None:
            seen.append((method, url))
            raise _AskedError

        self.it.request = request
        refusal = import_module("social_core.exceptions").AuthException
        # Seen, or it takes what it needs from an earlier answer and asks nothing.
        with suppress(_AskedError, KeyError, refusal):
            self.it.user_data("token", response={"access_token": "token"})
        return seen

    def account(self, answer: Any) -> tuple[str, dict[str, Any]]:
        """The account's id and details as it reads them out of the provider's answer."""
        self.it.request = lambda *_args, **_rest: _Answer(answer)
        data = self.it.user_data("token", response={"access_token": "token"})
        details = self.it.get_user_details(data)
        return str(self.it.get_user_id(details, data)), details


class _Answer:
    def __init__(self, body: Any) -> None:
        self._body = body

    def json(self) -> Any:
        return self._body


def _no_setting(_strategy: Any, name: str) -> Any:
    raise KeyError(name)


def _urls(requests: Iterable[tuple[str, str]]) -> list[str]:
    return [url for _, url in requests]


__all__ = [
    "AMPERSAND",
    "CONFIRMATIONS",
    "FACTS",
    "NAMES",
    "PROVIDERS",
    "URLS",
    "Ampersand",
    "Backend",
    "Grant",
    "SocialAuth",
    "confirmed_by",
    "disagreements",
    "stated",
]
