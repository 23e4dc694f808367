"""Every operation of every dialect, found at run time, and what its document says about its answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from tests.asgi import Response
from trunkline.dialects import discover
from trunkline.kit.errors import ErrorKind, InvalidRequestError
from trunkline.web import Dialect, Route, openapi_document


@dataclass(frozen=True, eq=False, repr=False)
class Operation:
    dialect: Dialect
    route: Route

    def __repr__(self) -> str:
        return f"{self.dialect.name} {self.route.method} {self.route.path}"

    @property
    def key(self) -> tuple[str, str]:
        """Dialect and operation id."""
        return self.dialect.name, self.route.operation_id

    @property
    def is_list(self) -> bool:
        return not {"limit", "per_page"}.isdisjoint(self.parameters)

    @property
    def begins_anywhere(self) -> bool:
        """Whether its pages may begin behind any row, there and back, and tell how many rows there are."""
        return self.is_list and "limit" in self.parameters and "cursor" not in self.parameters

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the query's parameters, as they are written."""
        query = self.route.query
        return () if query is None else query.__struct_encode_fields__

    @property
    def document(self) -> dict[str, Any]:
        """What the OpenAPI document says about it."""
        described: dict[str, Any] = document(self.dialect)["paths"][self.route.path.replace("...}", "}")][
            self.route.method.lower()
        ]
        return described

    @property
    def statuses(self) -> set[int]:
        return {int(status) for status in self.document["responses"]}

    def url(self, path: Mapping[str, str] = {}, query: Mapping[str, str] | None = None) -> str:
        """Below the dialect's mount, where no other dialect can be meant."""
        filled = self.route.path.replace("...}", "}").format(
            **{name: quote(value, safe="") for name, value in path.items()}
        )
        return f"/{self.dialect.name}{filled}{'?' + urlencode(query) if query else ''}"


@cache
def _documents() -> dict[str, dict[str, Any]]:
    return {dialect.name: openapi_document(dialect) for dialect in discover()}


@cache
def _names_the_request(error_type: type[msgspec.Struct]) -> bool:
    return "requestId" in str(msgspec.json.schema(error_type))


def document(dialect: Dialect) -> dict[str, Any]:
    return _documents()[dialect.name]


# What passes on whatever comes says nothing that could be checked here; it has tests of its own.
OPERATIONS = [
    Operation(dialect, route) for dialect in discover() for route in dialect.routes if not route.raw
]
LISTS = [operation for operation in OPERATIONS if operation.begins_anywhere]
WITH_BODY = [operation for operation in OPERATIONS if operation.route.body is not None]
WRITES = [operation for operation in OPERATIONS if operation.route.writes]


def named(operations: list[Operation]) -> dict[str, Any]:
    """Arguments of `pytest.mark.parametrize` beside the name."""
    return {"argvalues": operations, "ids": [str(operation).replace(" ", "-") for operation in operations]}


def assert_refused(operation: Operation, answer: Response, *statuses: int) -> None:
    """A documented refusal in the dialect's own words; one of `statuses` where they are given.

    Where a dialect calls what is invalid by another number than 400, that one is meant.
    """
    invalid = operation.dialect.render_error(InvalidRequestError(""), "")[0]
    statuses = tuple(invalid if status == ErrorKind.INVALID.status else status for status in statuses)
    told = (str(operation), answer.status, answer.body[:500])
    assert 400 <= answer.status < 500, told
    assert answer.status in (statuses or operation.statuses), told
    assert answer.status in operation.statuses, ("not documented", *told)
    assert_error_shape(operation, answer)


def assert_error_shape(operation: Operation, answer: Response) -> None:
    """The dialect's error Struct and nothing else, for this request, telling nothing of the inside."""
    dialect = operation.dialect
    assert answer.headers["content-type"] == dialect.error_media_type
    assert answer.headers["content-length"] == str(len(answer.body))
    decoded = msgspec.json.decode(answer.body, type=dialect.error_type)
    assert msgspec.json.encode(decoded) == answer.body, "members that the error's Struct does not have"
    text = answer.body.decode().lower()
    for inside in ("traceback", "sqlite", "psycopg", "select ", "insert into", "/site-packages", "msgspec"):
        assert inside not in text, (str(operation), text)
    if _names_the_request(dialect.error_type):
        assert json.dumps(answer.headers["x-request-id"]) in answer.body.decode()
    assert answer.headers["x-request-id"]


__all__ = [
    "LISTS",
    "OPERATIONS",
    "WITH_BODY",
    "WRITES",
    "Operation",
    "assert_error_shape",
    "assert_refused",
    "document",
    "named",
]
