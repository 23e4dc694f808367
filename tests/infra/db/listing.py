"""Lists of the library, as one caller or another reads them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.db.world import SHELF, Library, LibraryScope
from trunkline.infra.db import lists
from trunkline.infra.db.database import Database
from trunkline.infra.db.spec import ListSpec
from trunkline.kit.errors import InvalidRequestError, Problem
from trunkline.kit.filters import Node, OrderKey
from trunkline.kit.pages import ListQuery

LIBRARY = Library()
SCOPE = LibraryScope()
NOBODY = LibraryScope(workspace="c" * 32)


def read(library: Database, spec: ListSpec[Any], query: ListQuery, scope: LibraryScope = SCOPE) -> Any:
    return library.read_now(lambda tx: lists.list_rows(tx, spec, query, scope))


def statements(library: Database, spec: ListSpec[Any], query: ListQuery) -> int:
    def work(tx: Any) -> int:
        lists.list_rows(tx, spec, query, SCOPE)
        return int(tx.statements)

    return library.read_now(work)


def names(library: Database, where: Node, scope: LibraryScope = SCOPE) -> list[str]:
    query = ListQuery(where=where, order=(OrderKey("name"),))
    return [row.name for row in read(library, SHELF, query, scope).rows]


def refusal(library: Database, spec: ListSpec[Any], query: ListQuery) -> Problem:
    with pytest.raises(InvalidRequestError) as caught:
        read(library, spec, query)
    [problem] = caught.value.details
    return problem


def refused(library: Database, where: Node, spec: ListSpec[Any] = SHELF) -> Problem:
    return refusal(library, spec, ListQuery(where=where))


def shelf(**wanted: Any) -> dict[str, Any]:
    held = LIBRARY.rows["shelf"]
    return next(row for row in held if all(row[name] == value for name, value in wanted.items()))
