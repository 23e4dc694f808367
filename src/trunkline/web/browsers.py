"""By what a browser is known again in which nobody needs to have logged in: a cookie with a random value.

An authorization at a provider ends in the browser it was started in, whatever API it was started through.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

from trunkline.kit.errors import InvalidRequestError
from trunkline.web.route import Headers

KEPT_S: Final = 3_600  # seconds; longer than any authorization takes
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def read_cookie(headers: Headers, name: str) -> str | None:
    """A cookie's value; None where there is none.

    Raises:
        InvalidRequestError: there are several, so it is open which one is ours.
    """
    pairs = [part.partition("=") for header in headers.getlist("cookie") for part in header.split(";")]
    values = {value.strip().strip('"') for found, _, value in pairs if found.strip() == name}
    if len(values) > 1:
        raise InvalidRequestError.at("Cookie", f"{name} is given more than once")
    return values.pop() if values else None


def known_browser(headers: Headers, public_url: str) -> str:
    """What the browser that sends this is known by; empty where it is not.

    Raises:
        InvalidRequestError: it says two things.
    """
    found = read_cookie(headers, _name(public_url)) or ""
    return found if _VALUE.fullmatch(found) else ""


def remembered_browser(headers: Headers, public_url: str) -> tuple[str, str]:
    """What the browser is known by from now on, as before where it was, and the `Set-Cookie` that has it so.

    Raises:
        InvalidRequestError: it says two things.
    """
    value = known_browser(headers, public_url) or secrets.token_urlsafe(32)
    secure = "; Secure" if _is_secure(public_url) else ""
    cookie = f"{_name(public_url)}={value}; Path=/; Max-Age={KEPT_S}; HttpOnly; SameSite=Lax{secure}"
    return value, cookie


def _is_secure(public_url: str) -> bool:
    return public_url.startswith("https:")


def _name(public_url: str) -> str:
    # The prefix keeps a neighbouring host of the same domain from setting it.
    return "__Host-trunkline-oauth" if _is_secure(public_url) else "trunkline-oauth"
