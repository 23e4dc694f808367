"""Asking a provider whether a credential is good, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from msgspec import DecodeError, json

from trunkline.core.connections.configuration import Configuration
from trunkline.core.connections.identity import Account, read_account
from trunkline.core.connections.placement import Placed
from trunkline.core.integrations import expand
from trunkline.infra.http import Egress, EgressError, Fetched, Limits, Origin, Outbound
from trunkline.kit.errors import InvalidRequestError

PROBE_LIMITS = Limits(connect_s=5, first_byte_s=10, total_s=10, response_bytes=256 * 1024)


class Verdict(StrEnum):
    """What was found out about a credential."""

    GOOD = "good"
    REFUSED = "refused"
    UNKNOWN = "unknown"  # the provider could not be asked, or answered neither yes nor no
    UNTESTED = "untested"  # the integration knows no request to ask with


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict, the status it comes from, and whose credential it is as far as that was told."""

    verdict: Verdict
    status: int | None = None
    account: Account = field(default_factory=Account)


async def examine(egress: Egress, configuration: Configuration, placed: Placed) -> Finding:
    """Make the integration's health and account requests with a credential. Raises nothing."""
    health, account = configuration.health, configuration.account
    if configuration.base_url is None or (health is None and account is None):
        return Finding(verdict=Verdict.UNTESTED)
    verdict, status = Verdict.UNTESTED, None
    if health is not None:
        answer = await _ask(egress, configuration, placed, health.method, health.path)
        verdict, status = _verdict(answer, health.status), None if answer is None else answer.status
        if verdict is not Verdict.GOOD or account is None:
            return Finding(verdict=verdict, status=status)
    if account is None:
        return Finding(verdict=verdict, status=status)
    answer = await _ask(egress, configuration, placed, account.method, account.path)
    found = Account()
    if answer is not None and _verdict(answer, None) is Verdict.GOOD:
        found = read_account(account, _document(answer))
    if verdict is Verdict.UNTESTED:
        verdict, status = _verdict(answer, None), None if answer is None else answer.status
    return Finding(verdict=verdict, status=status, account=found)


async def identify(egress: Egress, configuration: Configuration, placed: Placed) -> Account:
    """Whose credential it is, as far as the provider tells. Raises nothing: a grant is not lost for a name."""
    account = configuration.account
    if configuration.base_url is None or account is None:
        return Account()
    answer = await _ask(egress, configuration, placed, account.method, account.path)
    if answer is None or _verdict(answer, None) is not Verdict.GOOD:
        return Account()
    return read_account(account, _document(answer))


async def _ask(
    egress: Egress, configuration: Configuration, placed: Placed, method: str, path: str
) -> Fetched | None:
    url = f"{configuration.base_url}{path}"
    if placed.params:
        query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in placed.params)
        url += f"{'&' if '?' in url else '?'}{query}"
    try:
        if Origin.of(url) not in configuration.api_origins:
            return None
        headers = [*expand(configuration.headers, {}, {}), *placed.headers]
        if not any(name.lower() == "accept" for name, _ in headers):
            headers.append(("Accept", "application/json"))
        return await egress.fetch(Outbound(method, url, headers), PROBE_LIMITS)
    except (EgressError, InvalidRequestError):
        return None


def _verdict(answer: Fetched | None, expected: int | None) -> Verdict:
    if answer is None:
        return Verdict.UNKNOWN
    if answer.status == expected or (
        expected is None and 200 <= answer.status < 300 and not _says_no(answer)
    ):
        return Verdict.GOOD
    return Verdict.REFUSED if answer.status in {401, 403} or 200 <= answer.status < 300 else Verdict.UNKNOWN


def _says_no(answer: Fetched) -> bool:
    """Some providers answer 200 and say in the body that it failed."""
    found = _document(answer)
    return isinstance(found, dict) and (found.get("ok") is False or found.get("success") is False)


def _document(answer: Fetched) -> Any:
    try:
        return json.decode(answer.body)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _quoted(text: str) -> str:
    return quote(text, safe="")
