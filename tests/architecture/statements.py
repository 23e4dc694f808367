"""Prepares SQL, without running it, on the two databases."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from string import Formatter
from typing import Any, Protocol

import apsw
import psycopg
from sqlalchemy import Table

from tests.architecture.source import modules
from trunkline.infra.db.schema import metadata
from trunkline.infra.db.statements import delete_sql

STATEMENT = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH)\s")
PARAMETER = re.compile(r"'(?:[^']|'')*'|::|:([a-z_][a-z0-9_]*)")
ENGINES = ("sqlite", "postgresql")
FILLED = {  # what templates are completed with at run time
    "a": "t",
    "p": "p",
    "names": ":one, :two",
    "tier": "1",
    "seen": "1 = 1",
    "borrower": "1 = 1",
    "restorable": "1 = 1",
    "row": "id",
    "home": "id",
    "tenant": "id",
    "generation": "1",
    "held": "1 = 1",
}


class RefusedError(Exception):
    """The database did not understand the statement."""


class Preparer(Protocol):
    def prepare(self, sql: str) -> None:
        """Have the database check a statement with `:named` parameters.

        Raises:
            RefusedError: it names what is not there, or is no SQL.
        """


class SqlitePreparer:
    def __init__(self, url: str) -> None:
        self.connection = apsw.Connection(url.removeprefix("sqlite:///"))

    def prepare(self, sql: str) -> None:
        names = {found[1]: None for found in PARAMETER.finditer(sql) if found[1]}
        try:
            self.connection.execute(f"EXPLAIN {sql}", names).fetchall()
        except apsw.Error as error:
            raise RefusedError(str(error)) from error

    def close(self) -> None:
        self.connection.close()


class PostgresPreparer:
    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)

    def prepare(self, sql: str) -> None:
        numbers: dict[str, int] = {}

        def numbered(found: re.Match[str]) -> str:
            return found[0] if found[1] is None else f"${numbers.setdefault(found[1], len(numbers) + 1)}"

        try:
            self.connection.execute(f"PREPARE checked AS {PARAMETER.sub(numbered, sql)}".encode())
            self.connection.execute("DEALLOCATE checked")
        except psycopg.Error as error:
            raise RefusedError(str(error)) from error

    def close(self) -> None:
        self.connection.close()


@dataclass(frozen=True)
class Constant:
    """One SQL constant of a `queries` module."""

    module: str
    name: str
    text: str

    def __str__(self) -> str:
        return f"{self.module.removeprefix('trunkline.')}.{self.name}"

    def engines(self) -> tuple[str, ...]:
        """A constant for one engine says so at the end of its name; only `infra` may have such."""
        suffix = self.name.rpartition("_")[2].lower()
        return (suffix,) if suffix in ENGINES and self.module.startswith("trunkline.infra.") else ENGINES

    def candidates(self) -> Iterator[str]:
        """Statements of which one must be accepted.

        A statement stands for itself. A predicate is tried on every table, since it belongs to those that
        have its columns; what a template leaves open is filled with what stands there at run time.
        """
        text = self.text.rstrip()
        if text.endswith(" IN"):
            text += " (:one, :two)"
        open_names = {name for _, name, _, _ in Formatter().parse(text) if name}
        for table in metadata.tables.values():
            columns = [column.name for column in table.columns] if "column" in open_names else [""]
            for column in columns:
                filled = text.format(**FILLED, table=table.name, column=column) if open_names else text
                if STATEMENT.match(text):
                    yield filled
                elif "p" in open_names and "table" not in open_names:
                    yield f"SELECT 1 FROM {table.name} t, {table.name} p WHERE {filled}"
                else:
                    yield f"SELECT 1 FROM {table.name} t WHERE {filled}"
            if STATEMENT.match(text) and not open_names & {"table", "column"}:
                return


def constants() -> list[Constant]:
    """Every SQL constant there is."""
    found = []
    for module in modules():
        if module.name.endswith(".queries"):
            for name, value in vars(import_module(module.name)).items():
                if name.isupper() and not name.startswith("_") and isinstance(value, str):
                    found.append(Constant(module.name, name, value))
    return found


def uses() -> Iterator[tuple[str, str]]:
    """Where a predicate meets its table: each `tx.update(table, WHERE, …)` and `tx.delete(table, WHERE, …)`."""
    for module in modules():
        if not module.is_below("trunkline.core", "trunkline.infra"):
            continue
        namespace: Any = vars(import_module(module.name))
        for node in module.nodes:
            match node:
                case ast.Call(
                    ast.Attribute(attr="update" | "delete"), [ast.Name(table), ast.Name(where), *_]
                ):
                    held, predicate = namespace.get(table), namespace.get(where)
                    if isinstance(held, Table) and isinstance(predicate, str):
                        yield f"{module.name}:{node.lineno}", delete_sql(held, predicate)


def refusal(preparers: dict[str, Preparer], sql: str, engines: tuple[str, ...] = ENGINES) -> str | None:
    """Why one of the databases does not take `sql`; None when all do."""
    for engine in engines:
        try:
            preparers[engine].prepare(sql)
        except RefusedError as refused:
            return f"{engine}: {refused}"
    return None
