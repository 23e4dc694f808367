"""What `trunkline vault status` shows of the keys and of what they seal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct
from rich.table import Table
from rich.text import Text

from trunkline.cli.screen import table
from trunkline.infra.vault import INSTANCE, KeyRing
from trunkline.infra.vault.stock import KeyStock, Stock
from trunkline.kit.clock import read_stamp
from trunkline.kit.ids import format_id


class ShownKey(Struct, frozen=True, rename="camel"):
    """A key-encryption key, and what could not be opened without it."""

    id: str
    is_active: bool
    in_file: bool
    made_at: str | None
    age_days: int | None
    data_keys: int
    root: bool


class ShownTenant(Struct, frozen=True, rename="camel"):
    """How many data keys a tenant has, and when the one that seals now was made."""

    tenant: str
    data_keys: int
    newest_made_at: str


class ShownColumn(Struct, frozen=True, rename="camel"):
    """How many values of a column are sealed, under an older data key, and under none that is there."""

    table: str
    column: str
    sealed: int
    outdated: int
    orphaned: int


class Status(Struct, frozen=True, rename="camel"):
    """Everything sealed, by key, tenant and column."""

    key_file: str
    active_key: str
    keys: list[ShownKey]
    tenants: list[ShownTenant]
    values: list[ShownColumn]


def status_of(ring: KeyRing, stock: Stock, now: datetime) -> Status:
    """What there is, in the words of the command line."""
    return Status(
        key_file=str(ring.path),
        active_key=ring.active_id,
        keys=[_shown_key(key, now) for key in stock.keys],
        tenants=[
            ShownTenant(_tenant(one.tenant), one.data_keys, one.newest_made_at) for one in stock.tenants
        ],
        values=[
            ShownColumn(one.table, one.column, one.sealed, one.outdated, one.orphaned)
            for one in stock.columns
        ],
    )


def _shown_key(key: KeyStock, now: datetime) -> ShownKey:
    age = None if key.made_at is None else (now - read_stamp(key.made_at)).days
    return ShownKey(key.id, key.active, key.in_file, key.made_at, age, key.data_keys, key.root)


def _tenant(tenant: str) -> str:
    return tenant if tenant == INSTANCE else format_id("organization", tenant)


def drawn(found: Status) -> list[str | Text | Table]:
    """The status for people."""
    keys = [
        (
            key.id,
            "active" if key.is_active else "" if key.in_file else "NOT IN THE FILE",
            "unknown" if key.made_at is None else key.made_at[:10],
            "" if key.age_days is None else counted(key.age_days, "day"),
            f"{key.data_keys:,}",
            "yes" if key.root else "",
        )
        for key in found.keys
    ]
    values = [
        (f"{one.table}.{one.column}", f"{one.sealed:,}", f"{one.outdated:,}", f"{one.orphaned:,}")
        for one in found.values
    ]
    data_keys = sum(one.data_keys for one in found.tenants)
    several = sum(one.data_keys > 1 for one in found.tenants)
    oldest = min((one.newest_made_at for one in found.tenants), default="")
    about = f"{counted(data_keys, 'data key')} of {counted(len(found.tenants), 'tenant')}, {several:,} of them with several"
    return [
        table(("key", "", "made", "age", "data keys", "root"), keys),
        "",
        about + (f"; the oldest in use was made {oldest[:10]}" if oldest else ""),
        "",
        table(("sealed values", "all", "under an older data key", "lost"), values),
    ]


def advice(found: Status) -> Iterator[tuple[str, str]]:
    """What should be done, as a sentence and the command that does it."""
    behind = any(key.in_file and not key.is_active and (key.data_keys or key.root) for key in found.keys)
    if behind or any(one.outdated for one in found.values):
        yield "A rotation is not finished. Finish it with", "trunkline vault rewrap"
    for key in found.keys:
        if key.in_file and not (key.is_active or key.data_keys or key.root):
            yield f"{key.id} wraps nothing. Take it out with", f"trunkline vault retire {key.id}"


def is_lossy(found: Status) -> bool:
    """Whether something cannot be opened any more."""
    return any(not key.in_file for key in found.keys) or any(one.orphaned for one in found.values)


def counted(number: int, noun: str) -> str:
    """A number with its noun, e.g. `1 data key` or `1,204 data keys`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
