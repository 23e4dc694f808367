"""What there is: which key wraps how many data keys, and which data key seals how many values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from trunkline.infra.db import Tx
from trunkline.infra.vault.keyring import KeyRing
from trunkline.infra.vault.queries import ALL_KEYS, KEK_OF_ROOT, KEYS_BY_KEK, USES
from trunkline.infra.vault.sealed import SealedColumn, completed
from trunkline.infra.vault.store import wrapped_keys


@dataclass(frozen=True, slots=True)
class Use:
    """How many values of a column a data key seals for a tenant; the key need not be there."""

    tenant: str
    key_id: str
    values: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStock:
    """A key-encryption key.

    Attributes:
        made_at: stored time text; None where the key file does not say.
        active: it wraps whatever is wrapped from now on.
        in_file: the key file holds it; what wraps something and is not in the file is lost.
        data_keys: how many it wraps.
        root: it also seals the instance root.
    """

    id: str
    made_at: str | None
    active: bool
    in_file: bool
    data_keys: int
    root: bool

    @property
    def used(self) -> bool:
        """Whether anything could not be opened without it."""
        return self.root or self.data_keys > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantStock:
    """A tenant's data keys: how many, and when the one that seals now was made."""

    tenant: str
    data_keys: int
    newest_made_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnStock:
    """The sealed values of a column.

    Attributes:
        outdated: how many are under another data key than their tenant's newest.
        orphaned: how many are under a data key that their tenant does not have, so that nothing opens them.
    """

    table: str
    column: str
    sealed: int
    outdated: int
    orphaned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Everything that is sealed, by key, tenant and column."""

    keys: tuple[KeyStock, ...]
    tenants: tuple[TenantStock, ...]
    columns: tuple[ColumnStock, ...]


def take_stock(tx: Tx, ring: KeyRing, columns: Sequence[SealedColumn]) -> Stock:
    """Count what is sealed under which key, reading every sealed column once."""
    owned: dict[str, list[str]] = defaultdict(list)
    made_at: dict[str, str] = {}
    for key in wrapped_keys(tx.fetch(ALL_KEYS, {})):
        owned[key.tenant].append(key.id)
        made_at[key.id] = key.created_at
    return Stock(
        keys=_keys(tx, ring),
        tenants=tuple(
            TenantStock(tenant=tenant, data_keys=len(ids), newest_made_at=made_at[ids[-1]])
            for tenant, ids in owned.items()
        ),
        columns=tuple(_column(column, uses(tx, column), owned) for column in columns),
    )


def uses(tx: Tx, column: SealedColumn) -> list[Use]:
    """Which data keys seal how many of a column's values."""
    return [Use(*row) for row in tx.fetch(completed(USES, column), {})]


def _keys(tx: Tx, ring: KeyRing) -> tuple[KeyStock, ...]:
    wrapping: dict[str, int] = dict(tx.fetch(KEYS_BY_KEK, {}))
    root = tx.value(KEK_OF_ROOT)
    lost = sorted({*wrapping, root} - {*ring.ids, None})
    return tuple(
        KeyStock(
            id=kek_id,
            made_at=ring.made_at(kek_id),
            active=kek_id == ring.active_id,
            in_file=ring.holds(kek_id),
            data_keys=wrapping.get(kek_id, 0),
            root=kek_id == root,
        )
        for kek_id in (*ring.ids, *lost)
    )


def _column(column: SealedColumn, found: Sequence[Use], owned: dict[str, list[str]]) -> ColumnStock:
    sealed = outdated = orphaned = 0
    for use in found:
        sealed += use.values
        ids = owned.get(use.tenant, [])
        if use.key_id not in ids:
            orphaned += use.values
        elif use.key_id != ids[-1]:
            outdated += use.values
    return ColumnStock(
        table=column.table, column=column.column, sealed=sealed, outdated=outdated, orphaned=orphaned
    )
