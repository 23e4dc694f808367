"""Nothing but `http.client`: method, path, headers, body."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 20


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    content_type: str | None
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


def send(
    url: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """One request on a connection of its own; a body is sent as JSON, and redirects are not followed."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_S)
    try:
        sent = dict(headers or {})
        if body is not None:
            sent["content-type"] = "application/json"
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers["content-type"], answer.read())
    finally:
        connection.close()
