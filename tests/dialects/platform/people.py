"""People of the first organization with one tier each, and short words for what answers and refusals hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.asgi import Response
from tests.instance import Instance
from trunkline.infra.db.schema import metadata

NOW = "2026-03-01T12:00:00.000Z"


@dataclass(frozen=True)
class Person:
    """A user's view of the instance."""

    instance: Instance
    id: str
    token: str

    def api(self, method: str, path: str, body: Any = b"", **more: Any) -> Response:
        return self.instance.api(method, path, body, token=self.token, **more)

    def ok(self, method: str, path: str, body: Any = b"") -> Any:
        return self.instance.ok(method, path, body, token=self.token)


def person(instance: Instance, name: str, tier: str | None = None) -> Person:
    """A plain member of the organization, with a role in the main workspace if one is named."""
    body = {"organizationId": instance.organization_id, "email": f"{name}@acme.example", "name": name}
    user_id = instance.ok("POST", "/api/users", body)["id"]
    if tier is not None:
        role = {"workspaceId": instance.workspace_id, "userId": user_id, "role": tier}
        instance.ok("POST", "/api/workspace-members", role)
    return Person(instance, user_id, instance.key_of(user_id.removeprefix("usr_")))


def refusal(answer: Response) -> tuple[int, str]:
    """Status and code."""
    error = answer.json["error"]
    assert set(error) == {"code", "message", "details", "requestId"}
    assert error["requestId"] == answer.headers["x-request-id"]
    return answer.status, error["code"]


def refused_at(answer: Response) -> tuple[int, list[str]]:
    """Status and the places that are named."""
    return answer.status, [detail["path"] for detail in answer.json["error"]["details"]]


def page(*rows: dict[str, Any], **info: Any) -> dict[str, Any]:
    """A list that holds exactly these rows, as the decoded answer, cursors aside."""
    whole = {"total": len(rows), "hasNextPage": False, "hasPreviousPage": False}
    return {"data": list(rows), "pageInfo": {**whole, **info}}


def listed(answer: dict[str, Any]) -> dict[str, Any]:
    """A list without its cursors, which are there unless it is empty."""
    info = dict(answer["pageInfo"])
    ends = info.pop("startCursor"), info.pop("endCursor")
    assert all(isinstance(end, str) for end in ends) if answer["data"] else ends == (None, None)
    return {"data": answer["data"], "pageInfo": info}


def filtered(path: str, **members: Any) -> str:
    """A path with a `filter`."""
    return f"{path}?filter={quote(json.dumps(members))}"


def events(instance: Instance) -> list[str]:
    """The types of everything that happened, in order."""
    return instance.database.read_now(lambda tx: tx.column("SELECT type FROM events ORDER BY id"))


@contextmanager
def nothing_happens(instance: Instance) -> Iterator[None]:
    """Not a row of any table is different afterwards."""
    before = _rows(instance)
    yield
    assert _rows(instance) == before


def _rows(instance: Instance) -> dict[str, list[Any]]:
    return instance.database.read_now(
        lambda tx: {
            name: sorted(tx.fetch(f"SELECT * FROM {name}", {}), key=str) for name in sorted(metadata.tables)
        }
    )
