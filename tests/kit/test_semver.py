from __future__ import annotations

from itertools import pairwise

import pytest

from trunkline.kit.semver import parse, satisfies


def test_orders_by_precedence():
    # The order SemVer 2.0.0 section 11 gives, and numbers beyond it.
    texts = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
    ]
    texts += ["1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0"]
    versions = [version for version in map(parse, texts) if version is not None]
    assert len(versions) == len(texts)
    assert all(left < right for left, right in pairwise(versions))


def test_ignores_build_metadata():
    assert parse("1.0.0+a") == parse("1.0.0+b")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.0",
        "v1.0.0",
        "1.0.0.0",
        "01.0.0",
        "1.0.0-",
        "1.0.0-01",
        "1.0.0-a..b",
        "1.0.0+",
        " 1.0.0",
        "1.0.0\n",
        "１.0.0",
        "9" * 200 + ".0.0",
    ],
)
def test_refuses_what_is_no_version(text):
    assert parse(text) is None


@pytest.mark.parametrize(
    ("requirement", "met", "unmet"),
    [
        ("*", ["0.0.1", "9.9.9"], []),
        ("1.2.3", ["1.2.3", "1.2.3+x"], ["1.2.4"]),
        ("=1.2", ["1.2.0"], ["1.2.1"]),
        ("^1.2", ["1.2.0", "1.9.9"], ["1.1.9", "2.0.0"]),
        ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4"]),
        ("~1.2.3", ["1.2.3", "1.2.9"], ["1.3.0"]),
        (">=1.0.0", ["1.0.0", "3.0.0"], ["0.9.9", "1.0.0-rc.1"]),
    ],
)
def test_meets_ranges(requirement, met, unmet):
    def fits(text: str) -> bool | None:
        version = parse(text)
        assert version is not None
        return satisfies(version, requirement)

    assert [fits(text) for text in met] == [True] * len(met)
    assert [fits(text) for text in unmet] == [False] * len(unmet)


@pytest.mark.parametrize("requirement", ["", "latest", "^", "1.x", "<2", "^1.2.3.4"])
def test_refuses_what_is_no_range(requirement):
    version = parse("1.0.0")
    assert version is not None
    assert satisfies(version, requirement) is None
