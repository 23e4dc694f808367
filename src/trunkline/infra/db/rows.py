"""Tuples into Structs: positional construction, with a conversion only where a column needs one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

Row = TypeVar("Row", bound=msgspec.Struct)
Load = Callable[[list[tuple[Any, ...]]], list[Row]]


def _optional_raw(value: str | None) -> msgspec.Raw | None:
    return None if value is None else msgspec.Raw(value)


@cache
def loader(row: type[Row]) -> Load[Row]:
    """How to build `row` from tuples whose columns stand in the order of its fields.

    Stored JSON stays text (`msgspec.Raw`): decoding it only to encode it again costs a list 3x. Booleans
    are 0/1 on both databases and become bool here.
    """
    hints = get_type_hints(row)
    conversions: list[tuple[int, Callable[[Any], Any]]] = []
    for i, name in enumerate(row.__struct_fields__):
        if hints[name] is msgspec.Raw:
            conversions.append((i, msgspec.Raw))
        elif msgspec.Raw in get_args(hints[name]):
            conversions.append((i, _optional_raw))
        elif hints[name] is bool:
            conversions.append((i, bool))

    if not conversions:
        return lambda rows: [row(*values) for values in rows]

    def load(rows: list[tuple[Any, ...]]) -> list[Row]:
        if not rows:
            return []
        # Column by column, so that no Python code runs per row: that would take half as long again.
        columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
        for i, convert in conversions:
            columns[i] = map(convert, columns[i])
        return list(map(row, *columns))

    return load
