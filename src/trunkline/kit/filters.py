"""The filter language every dialect parses into: one small tree, compiled in one place.

A dialect turns its own syntax into these nodes; `infra.db.lists` turns them into SQL. Values are already
plain (ids as 32 hex digits, times as stored text, booleans as bool), checked against the field's kind by
the compiler's `FieldKind`. `path` is where the caller wrote it, so that errors can point there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

MAX_FILTER_BYTES = 8 * 1024
MAX_DEPTH = 6  # nested lists, negations and relations
MAX_NODES = 100  # comparisons and combinations together
MAX_HOPS = 3  # relations crossed on one path
MAX_ITEMS = 100  # values of one `in`, and ids of one `ids`
MAX_ORDER_KEYS = 4


class Op(StrEnum):
    """How a field is compared; the value is the platform dialect's canonical spelling."""

    EQ = "eq"
    NEQ = "neq"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    NOT_IN = "notIn"
    CONTAINS = "contains"
    STARTS_WITH = "startsWith"
    ENDS_WITH = "endsWith"
    ICONTAINS = "icontains"
    ISTARTS_WITH = "istartsWith"
    IENDS_WITH = "iendsWith"
    LIKE = "like"
    ILIKE = "ilike"
    IS_NULL = "isNull"
    HAS_KEY = "hasKey"


class Quantifier(StrEnum):
    """How many related rows must match; `ONE` is a to-one relation's only form."""

    ONE = "one"
    SOME = "some"
    EVERY = "every"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Compare:
    """`field op value`; `EQ`/`NEQ` with None compare with NULL, `NEQ` is IS DISTINCT FROM."""

    field: str
    op: Op
    value: Any
    path: str = ""


@dataclass(frozen=True, slots=True)
class All:
    """Every item holds; true when there are none."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one item holds; false when there are none."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """`(item) IS NOT TRUE`: a row whose comparison is NULL is included."""

    item: Node


@dataclass(frozen=True, slots=True)
class Related:
    """Rows reached over a relation, each seen through the caller's own scope.

    A to-one relation (`ONE`) that is absent or invisible does not match; `EVERY` holds where no visible
    related row fails, `NONE` where no visible related row matches.
    """

    relation: str
    quantifier: Quantifier
    item: Node
    path: str = ""


Node = Compare | All | AnyOf | Not | Related


def both(first: Node, where: Node | None) -> All:
    """A condition of ours and what the caller asks for, without adding to the depth the caller may use."""
    rest = where.items if isinstance(where, All) else () if where is None else (where,)
    return All((first, *rest))


Direction = Literal["asc", "desc"]
Nulls = Literal["first", "last"]


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One sort key; without `nulls`, ascending puts nulls last and descending first (as PostgreSQL does)."""

    field: str
    direction: Direction = "asc"
    nulls: Nulls | None = None
    path: str = ""

    @property
    def nulls_first(self) -> bool:
        """Where nulls stand once the default is applied."""
        return self.nulls == "first" if self.nulls is not None else self.direction == "desc"
