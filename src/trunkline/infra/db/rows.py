"""Tuples into Structs: positional construction, with a conversion only where a column needs one."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

Row = TypeVar("Row", bound=msgspec.Struct)
Load = Callable[[list[tuple[Any, ...]]], list[Row]]


def _raw(value: str) -> msgspec.Raw:
    return msgspec.Raw(value.encode())


def _optional_raw(value: str | None) -> msgspec.Raw | None:
    return None if value is None else msgspec.Raw(value.encode())


@cache
def loader(row: type[Row]) -> Load[Row]:
    """How to build `row` from tuples whose columns stand in the order of its fields.

    Stored JSON stays text (`msgspec.Raw`): decoding it only to encode it again costs a list 3x. Booleans
    are 0/1 on both databases and become bool here.
    """
    hints = get_type_hints(row)
    names = row.__struct_fields__
    raws = [i for i, name in enumerate(names) if hints[name] is msgspec.Raw]
    optional_raws = [i for i, name in enumerate(names) if msgspec.Raw in get_args(hints[name])]
    bools = [i for i, name in enumerate(names) if hints[name] is bool]
    conversions: list[tuple[int, Callable[[Any], Any]]] = [
        *((i, _raw) for i in raws),
        *((i, _optional_raw) for i in optional_raws),
        *((i, bool) for i in bools),
    ]
    if not conversions:
        return lambda rows: [row(*values) for values in rows]

    def load(rows: list[tuple[Any, ...]]) -> list[Row]:
        built = []
        for values in rows:
            cells = list(values)
            for i, convert in conversions:
                cells[i] = convert(cells[i])
            built.append(row(*cells))
        return built

    return load
