"""Closed descriptions of what a list may select, filter, sort and traverse.

A capability declares one `ListSpec` per entity in its `specs.py`; whatever is not declared cannot reach SQL.
Relations name their target's entity, so a capability may relate upwards without importing upwards; the
registry that resolves the names is assembled in `bootstrap`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from trunkline.kit.actor import Tier
from trunkline.kit.filters import OrderKey

Row = TypeVar("Row", bound=msgspec.Struct)


class FieldKind(StrEnum):
    """What a field holds, hence which operators and values fit it."""

    TEXT = "text"
    CHOICE = "choice"
    TIME = "time"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    ID = "id"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One filterable field.

    Attributes:
        kind: decides operators and values.
        column: the column's name, when it differs from the field's.
        nullable: whether NULL occurs; only then do order keys spell NULLS FIRST/LAST.
        id_kinds: for `ID`, the kinds of `kit.ids.PREFIXES` it may hold (several when polymorphic).
        choices: for `CHOICE`, the allowed values.
        sortable: JSON never is.
        masked: outsiders may only see another value than the column's (drafts). Filters use
            `ListSpec.masks[field]` instead of the column unless the caller is an insider of the row.
    """

    kind: FieldKind
    column: str | None = None
    nullable: bool = False
    id_kinds: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    sortable: bool = True
    masked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A declared way to other rows: `local` column here equals `remote` column there.

    Attributes:
        target: entity name of the other spec.
        many: to-many takes some/every/none, to-one nests directly.
        live_only: tombstoned rows are not reached.
        when: further SQL on `{here}` and `{there}` aliases, for polymorphic columns; a constant.
    """

    target: str
    local: str
    remote: str
    many: bool = False
    live_only: bool = True
    when: str = ""


class Mode(StrEnum):
    """Why rows are looked for: an unlisted integration is found by id but never listed."""

    LIST = "list"
    GET = "get"


class Scope(Protocol):
    """What one caller may see, as SQL. Implemented by `core.access`; parameters have fixed names."""

    @property
    def params(self) -> Mapping[str, Any]:
        """Values of every parameter the predicates below may name."""
        ...

    def visible(self, spec: ListSpec[Any], alias: str, mode: Mode) -> str:
        """Predicate: the caller may read the row at `alias`."""
        ...

    def insider(self, spec: ListSpec[Any], alias: str) -> str:
        """Predicate: the caller reads the row itself rather than what is published of it."""
        ...

    def at_least(self, spec: ListSpec[Any], alias: str, tier: Tier) -> str:
        """Predicate: the caller holds `tier` on the row at `alias`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSpec(Generic[Row]):
    """How one entity is read: point reads, lists, counts and traversals all start here.

    Attributes:
        entity: name in errors, cursors and relations, e.g. `integration`.
        table: the FROM table.
        row: Struct whose fields are selected, in order, one column (or `columns` entry) each. A field called
            `insider` (bool) is filled with the caller's insider predicate.
        columns: SQL for row fields that are not plain columns of the table; `{a}` is the row's alias.
        joins: constant JOIN clauses needed by `columns`; `{a}` is the row's alias.
        fields: what may be filtered and sorted, by core (snake_case) name.
        relations: what may be traversed.
        rule: opaque to infra; `core.access` reads it to decide visibility.
        soft_delete: whether the table has `deleted_at`.
        restore_tier: who sees tombstoned rows.
        order: the default order; the id is appended always.
        masks: SQL per masked field for outsiders; `{a}` is the row's alias.
    """

    entity: str
    table: str
    row: type[Row]
    fields: Mapping[str, Field]
    rule: Any
    columns: Mapping[str, str] = field(default_factory=dict)
    joins: str = ""
    relations: Mapping[str, Relation] = field(default_factory=dict)
    soft_delete: bool = False
    restore_tier: Tier = Tier.EDITOR
    order: tuple[OrderKey, ...] = (OrderKey("created_at", "desc"),)
    masks: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str, alias: str) -> str:
        """SQL of a declared field of the row at `alias`."""
        found = self.fields[name]
        if name in self.columns:
            return self.columns[name].format(a=alias)
        return f"{alias}.{found.column or name}"


Specs = Mapping[str, ListSpec[Any]]
ValueReader = Callable[[Any], Any]
