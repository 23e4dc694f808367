"""Many requests on one event loop: starting a loop for each would take longer than answering it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from tests.asgi import Response, acall
from tests.conformance.operations import Operation


class Client:
    """Speaks to an application in this process as one caller; `headers` carry the credential."""

    def __init__(self, app: Any, runner: asyncio.Runner, headers: Mapping[str, str]) -> None:
        self._app = app
        self._runner = runner
        self.headers = dict(headers)

    def send(
        self, method: str, url: str, body: Any = b"", *, headers: Mapping[str, str] | None = None
    ) -> Response:
        """One request; a body that is no bytes is sent as JSON."""
        given = self.headers if headers is None else headers
        # Not `run`: for each call that puts up a handler for Ctrl-C, which takes longer than the answer.
        return self._runner.get_loop().run_until_complete(acall(self._app, method, url, given, body))

    def ask(
        self,
        operation: Operation,
        path: Mapping[str, str] = {},
        query: Mapping[str, str] | None = None,
        body: Any = b"",
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        return self.send(operation.route.method, operation.url(path, query), body, headers=headers)


__all__ = ["Client"]
