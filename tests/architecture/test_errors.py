"""Error codes are a promise to programs: each means one thing and one status."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

from docs.generate import inline_errors, raised_errors

_inline_errors = cache(lambda: tuple(inline_errors()))
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def test_every_error_class_has_its_own_code() -> None:
    without = [error.__name__ for error in raised_errors() if "code" not in vars(error)]
    assert without == []


def test_no_two_error_classes_share_a_code() -> None:
    errors = raised_errors()
    holders = defaultdict(list)
    for error in errors:
        # One that repeats its parent's code is a kind of it that callers must not tell apart.
        if not any(parent.code == error.code for parent in error.__mro__[1:] if parent in errors):
            holders[error.code].append(error.__name__)
    assert {code: names for code, names in holders.items() if len(names) > 1} == {}


def test_codes_are_spelled_alike() -> None:
    codes = [error.code for error in raised_errors()] + [found.code for found in _inline_errors()]
    assert [code for code in codes if not CODE.fullmatch(code)] == []


def test_a_code_always_comes_with_the_same_status() -> None:
    statuses = defaultdict(set)
    for error in raised_errors():
        statuses[error.code].add(error.kind.status)
    for found in _inline_errors():
        statuses[found.code].add(found.status)
    assert {code: seen for code, seen in statuses.items() if len(seen) > 1} == {}


def test_every_error_class_says_what_it_means() -> None:
    assert [error.__name__ for error in raised_errors() if not error.__doc__] == []
