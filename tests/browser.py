"""A browser in front of an instance: it keeps cookies, and asks without a credential."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.asgi import Response

Ask = Callable[[str, dict[str, str]], Response]
"""Sends a GET for a path and query with these headers."""


@dataclass
class Browser:
    """One person's browser; `ask` is the way to the instance."""

    ask: Ask
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, url: str) -> Response:
        """The answer to a URL, whatever its origin says."""
        parts = urlsplit(url)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"cookie": cookies} if cookies else {}
        answer = self.ask(f"{parts.path}?{parts.query}", headers)
        if "set-cookie" in answer.headers:
            name, _, value = answer.headers["set-cookie"].partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def sent_on(self, url: str) -> str:
        """Where a redirect leads."""
        answer = self.get(url)
        assert answer.status == 302, (answer.status, answer.body)
        return answer.headers["location"]
