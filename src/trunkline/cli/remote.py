"""A client of a running server, on the standard library: JSON in, JSON out, errors in the server's words.

Writes carry an Idempotency-Key, so that a request whose answer got lost is safe to send again.
"""

from __future__ import annotations

import http.client
import random
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode
from uuid import uuid4

import msgspec

from trunkline import __version__
from trunkline.cli.failures import CommandError, Exit
from trunkline.kit.secret import Secret
from trunkline.settings import is_loopback, read_http_url, redacted_url

TIMEOUT_S = 60.0  # for one answer; publishing a large integration is the slowest
TRIES = 4
PAUSE_S = 0.5  # before the second try; doubles, with jitter
PAUSE_MAX_S = 30.0  # however long the server asks to be left alone
ANSWER_MAX = 64 * 1024 * 1024  # bytes
API = "/platform/api"

_AGAIN = frozenset({429, 502, 503, 504})
_TOKEN = re.compile(r"[!-~]+")  # what a header can carry and every key is made of


class Remote:
    """One server, spoken to over one connection.

    Attributes:
        is_exposed: whether the key travels readable to another machine.
    """

    def __init__(self, url: str, token: Secret) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            CommandError: the URL is none of a server, or the token is none.
        """
        parts = read_http_url(url)
        if parts is None or not parts.hostname or parts.query or parts.fragment or not parts.path.isascii():
            hint = "it looks like https://hub.example.com or http://127.0.0.1:8080"
            message = f"{redacted_url(url)} is no URL of a server"
            raise CommandError("invalid_url", message, hint, exit_code=Exit.USAGE)
        self._where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self._prefix = parts.path.rstrip("/") + API
        self._token = _checked(token)
        self.is_exposed = parts.scheme == "http" and not is_loopback(parts.hostname)
        if parts.scheme == "https":
            context = ssl.create_default_context()
            self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=TIMEOUT_S, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """Read one object, or one page of a list.

        Raises:
            CommandError: the server cannot be reached or refuses.
        """
        query = {name: _text(value) for name, value in parameters.items() if value is not None}
        return self._send("GET", path + (f"?{urlencode(query, quote_via=quote)}" if query else ""), None)

    def pages(self, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every object of a list, page by page.

        Raises:
            CommandError: the server cannot be reached or refuses.
        """
        after = None
        while True:
            page = self.get(path, **parameters, after=after)
            yield from page["data"]
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make something.

        Raises:
            CommandError: the server cannot be reached or refuses.
        """
        return self._send("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change something.

        Raises:
            CommandError: the server cannot be reached or refuses.
        """
        return self._send("PATCH", path, body)

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        headers = {
            "authorization": f"Bearer {self._token.reveal()}",
            "accept": "application/json",
            "user-agent": f"trunkline/{__version__}",
        }
        if method == "POST":
            headers["idempotency-key"] = uuid4().hex
        content = None if body is None else msgspec.json.encode(body)
        if content is not None:
            headers["content-type"] = "application/json"
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            try:
                self._connection.request(method, self._prefix + path, content, headers)
                response = self._connection.getresponse()
                answer = response.read(ANSWER_MAX + 1)
            except (
                OSError,
                http.client.HTTPException,
                UnicodeError,
            ) as error:  # the last for a name of no host
                self._connection.close()
                if last:
                    reason = str(error) or type(error).__name__
                    hint = "check that the server runs and that --url is right"
                    raise CommandError(
                        "unreachable", f"cannot reach {self._where}: {reason}", hint
                    ) from error
                _pause(attempt, None)
                continue
            if response.status in _AGAIN and not last:
                _pause(attempt, response.getheader("retry-after"))
                continue
            return self._read(response.status, answer)
        raise AssertionError("the last try answers or raises")

    def _read(self, status: int, answer: bytes) -> dict[str, Any]:
        value: dict[str, Any] | None = None
        if len(answer) <= ANSWER_MAX:
            with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                value = msgspec.json.decode(answer, type=dict[str, Any])
        if value is None:
            message = f"{self._where} answered {status} with something that is not Trunkline's"
            raise CommandError("not_trunkline", message, "check --url, and any proxy in between")
        if status < http.HTTPStatus.BAD_REQUEST:
            return value
        raise refusal(status, value)


class RefusedError(CommandError):
    """The server refused.

    Attributes:
        status: the HTTP status of its answer.
    """

    def __init__(self, status: int, code: str, message: str, hint: str = "") -> None:
        super().__init__(code, message, hint)
        self.status = status


def refusal(status: int, answer: Mapping[str, Any]) -> RefusedError:
    """A refused request in the server's words."""
    error = answer.get("error")
    if not isinstance(error, dict):
        return RefusedError(status, "refused", f"the server answered {status}")
    message = str(error.get("message"))
    details = [(str(one.get("path")), str(one.get("message"))) for one in error.get("details") or []]
    # Where one thing is wrong, its sentence is the message already.
    hint = "; ".join(f"{path}: {text}" for path, text in details[:3] if text not in message)
    if status == http.HTTPStatus.UNAUTHORIZED:
        hint = "check --token or TRUNKLINE_TOKEN; make a key with: trunkline key create"
    return RefusedError(status, str(error.get("code")), message, hint)


def _checked(token: Secret) -> Secret:
    text = token.reveal().strip()  # a line end comes along easily from a file
    if not _TOKEN.fullmatch(text):
        hint = "copy it again as it was printed; make another with: trunkline key create"
        raise CommandError("invalid_token", "the token is no access key", hint, exit_code=Exit.USAGE)
    return Secret(text)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _pause(attempt: int, asked: str | None) -> None:
    seconds = PAUSE_S * 2**attempt * random.uniform(0.5, 1)  # noqa: S311  # jitter, not a secret
    if asked is not None and asked.isdecimal():
        seconds = max(seconds, float(asked))
    time.sleep(min(seconds, PAUSE_MAX_S))
