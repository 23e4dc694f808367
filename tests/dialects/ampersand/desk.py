"""Speaks this dialect to a whole instance; every answer is held against the vendor's document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.asgi import Headers, Response, call
from tests.dialects.ampersand import contract
from tests.instance import Instance
from trunkline.kit.ids import format_uuid, parse_id


class Desk:
    """The first user's, with a project to begin with: the workspace `main`."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.project_id = uuid_of("workspace", instance.workspace_id)
        self.org_id = uuid_of("organization", instance.organization_id)
        self.checked = 0

    def bare(self, method: str, path: str, body: Any = b"", headers: Headers = ()) -> Response:
        """One request; whatever comes back must keep to the document."""
        answer = call(self.instance.app, method, path, headers, body)
        self.checked += contract.check(
            method, path, answer.status, answer.body, answer.headers.get("content-type")
        )
        return answer

    def send(
        self, method: str, path: str, body: Any = b"", *, key: str | None = None, headers: Headers = ()
    ) -> Response:
        """With a key; the first user's unless another is given."""
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        return self.bare(method, path, body, [*pairs, ("x-api-key", key or self.instance.token)])

    def ok(self, method: str, path: str, body: Any = b"", **more: Any) -> Any:
        """The decoded answer of a request that must succeed."""
        answer = self.send(method, path, body, **more)
        assert 200 <= answer.status < 300, (answer.status, answer.body)
        return answer.json if answer.body else None

    def refused(self, status: int, method: str, path: str, body: Any = b"", **more: Any) -> Any:
        """The problem of a request that must not succeed."""
        answer = self.send(method, path, body, **more)
        assert answer.status == status, (answer.status, answer.body)
        assert answer.headers["content-type"] == contract.PROBLEM
        return answer.json

    def path(self, rest: str = "") -> str:
        """Below the first project."""
        return f"/v1/projects/{self.project_id}{rest}"

    def project(self, name: str) -> str:
        """The id of a fresh project."""
        made = self.ok("POST", "/v1/projects", {"appName": name, "name": name, "orgId": self.org_id})
        return str(made["id"])


def uuid_of(kind: str, text: str) -> str:
    return format_uuid(hex_of(kind, text))


def hex_of(kind: str, text: str) -> str:
    found = parse_id(kind, text)
    assert found is not None
    return found


__all__ = ["Desk", "hex_of", "uuid_of"]
