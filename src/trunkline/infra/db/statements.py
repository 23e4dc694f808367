"""The generic statements and the one difference in how the two drivers name parameters."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from sqlalchemy import Table


class Engine(StrEnum):
    """Which database."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


# A quoted literal or identifier, a cast, or a parameter: only the last is rewritten.
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|::|:([a-z_][a-z0-9_]*)|%", re.ASCII)


# Callers shape statements, up to some 20,000 characters of them; the platform's own are a few hundred, and short.
# Nothing is remembered of a longer one, compiled or not: rewriting it takes half a millisecond, and a reader that
# remembers some hundreds of them compiled 80 MB.
REMEMBERED_CHARS = 4096  # psycopg has the same bound


def for_psycopg(sql: str) -> str:
    """Rewrite `:name` to `%(name)s` and double every percent sign, as psycopg wants it."""
    return _remembered(sql) if len(sql) <= REMEMBERED_CHARS else _rewritten(sql)


def _rewritten(sql: str) -> str:
    def rewrite(found: re.Match[str]) -> str:
        if found[1] is not None:
            return f"%({found[1]})s"
        return found[0].replace("%", "%%")

    return _TOKEN.sub(rewrite, sql)


_remembered = lru_cache(maxsize=1024)(_rewritten)


@lru_cache(maxsize=1024)
def insert_sql(table: Table, columns: tuple[str, ...], positional: Engine | None = None) -> str:
    """INSERT with named values, or with the engine's positional marks for many rows."""
    names = ", ".join(_known(table, columns))
    if positional is None:
        marks = ", ".join(f":{name}" for name in columns)
    else:
        marks = ", ".join("?" if positional is Engine.SQLITE else "%s" for _ in columns)
    return f"INSERT INTO {table.name} ({names}) VALUES ({marks})"


@lru_cache(maxsize=1024)
def update_sql(table: Table, columns: tuple[str, ...], where: str) -> str:
    """UPDATE whose new values are named `set_<column>`."""
    assignments = ", ".join(f"{name} = :set_{name}" for name in _known(table, columns))
    return f"UPDATE {table.name} SET {assignments} WHERE {where}"


@lru_cache(maxsize=1024)
def delete_sql(table: Table, where: str) -> str:
    """DELETE of the rows matching a predicate."""
    return f"DELETE FROM {table.name} WHERE {where}"


def _known(table: Table, columns: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in columns if name not in table.c]
    if unknown or not columns:
        raise ValueError(f"table {table.name} has no column {unknown}")
    return columns
