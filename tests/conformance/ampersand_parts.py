"""What the parts of the ampersand dialect tell of themselves.

A module beside this one whose name begins with `ampersand_` may define `PART`; nothing lists them.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from tests.conformance.holdings import Holdings
from tests.conformance.vocabulary import Example

Body = Callable[[Holdings], Mapping[str, Any]]
Query = Callable[[Holdings], Mapping[str, str]]
Whole = Callable[[Holdings], Example]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Of some modules of the dialect; names are operation ids unless it says otherwise.

    Attributes:
        kinds: kinds of path parameters, query parameters and body members, by name.
        plain: names of text members that take no id.
        free: names of members that hold any JSON.
        words: names of path parameters that are no ids.
        bodies: of a succeeding request, by operation.
        queries: that a succeeding request needs, by operation.
        wholes: succeeding requests that need more than ids in the path, a query and a body; of a read, made once
            for a project.
        accepts_unknown: as in `Vocabulary`.
        for_oneself: as in `Vocabulary`.
        browsing: as in `Vocabulary`.
        at_home: as in `Vocabulary`.
    """

    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plain: frozenset[str] = frozenset()
    free: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    bodies: Mapping[str, Body] = field(default_factory=dict)
    queries: Mapping[str, Query] = field(default_factory=dict)
    wholes: Mapping[str, Whole] = field(default_factory=dict)
    accepts_unknown: Mapping[str, str] = field(default_factory=dict)
    for_oneself: Mapping[str, frozenset[str]] = field(default_factory=dict)
    browsing: Mapping[str, frozenset[str]] = field(default_factory=dict)
    at_home: frozenset[str] = frozenset()


@cache
def parts() -> tuple[Part, ...]:
    """Every part there is."""
    package = import_module(__package__ or "")
    names = [one.name for one in pkgutil.iter_modules(package.__path__) if one.name.startswith("ampersand_")]
    found = [getattr(import_module(f"{__package__}.{name}"), "PART", None) for name in sorted(names)]
    return tuple(part for part in found if isinstance(part, Part))


def merged(name: str) -> dict[str, Any]:
    """One mapping of every part together."""
    return {key: value for part in parts() for key, value in getattr(part, name).items()}


def united(name: str) -> frozenset[str]:
    """One set of every part together."""
    return frozenset().union(*(getattr(part, name) for part in parts()))


__all__ = ["Part", "Whole", "merged", "parts", "united"]
