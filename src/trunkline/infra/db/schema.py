"""The metadata every `tables.py` adds to, and the few column types both databases share.

Ids are 32-hex text, times RFC 3339 UTC text, JSON compact text, booleans 0/1: the same bytes on both
databases, so that both order, compare and answer alike.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Bytewise order: PostgreSQL's C collation; SQLite's BINARY is the default there.
TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def id_column() -> Column[str]:
    """The primary key: 32 hex digits."""
    return Column("id", TEXT, primary_key=True)


def ref(name: str, target: str, *, nullable: bool = False, ondelete: str | None = None) -> Column[str]:
    """A foreign key to `target`'s id, checked at once: a deferred one could fail a whole group commit."""
    return Column(name, TEXT, ForeignKey(f"{target}.id", ondelete=ondelete), nullable=nullable)


def text(name: str, *, nullable: bool = False, default: str | None = None) -> Column[str]:
    """Text, compared bytewise."""
    return Column(name, TEXT, nullable=nullable, server_default=default)


def moment(name: str, *, nullable: bool = False) -> Column[str]:
    """A time as stored text."""
    return Column(name, TEXT, nullable=nullable)


def json_text(name: str, *, nullable: bool = False, default: str | None = None) -> Column[str]:
    """JSON as compact text; passes through untouched."""
    return Column(name, TEXT, nullable=nullable, server_default=default)


def binary(name: str) -> Column[bytes]:
    """Bytes as they are; small ones, since a row is read whole."""
    return Column(name, LargeBinary, nullable=False)


def integer(name: str, *, nullable: bool = False, default: int | None = None) -> Column[int]:
    """A whole number."""
    return Column(name, Integer, nullable=nullable, server_default=None if default is None else str(default))


def counter(name: str) -> Column[int]:
    """A whole number that only grows; 64 bits, null until it is assigned."""
    return Column(name, BigInteger, nullable=True)


def flag(name: str, *, default: bool = False) -> Column[int]:
    """A boolean as 0 or 1."""
    return Column(name, Integer, nullable=False, server_default=str(int(default)))


def one_of(column: str, values: tuple[str, ...], name: str | None = None) -> CheckConstraint:
    """Only these values; enforced by the database, so that no path can write another."""
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=name or column)


TIERS = ("short", "medium", "long", "none")


def deletion_columns() -> tuple[Column[Any], ...]:
    """What a tombstone stamps: when, how long it is kept, by which deletion, and when it may be purged."""
    return (
        moment("deleted_at", nullable=True),
        text("retention_tier", nullable=True),
        text("deletion_id", nullable=True),
        moment("purge_after", nullable=True),
    )
