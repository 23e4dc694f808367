"""The npm package `grant` says what the built-in catalog counts on it for."""

from __future__ import annotations

import pytest

from tests.core.providers.sources import Grant, confirmed_by, disagreements
from tests.e2e.packages import installed

VERSION = "5.4.24"

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def grant() -> Grant:
    return Grant(installed("grant", {"grant": VERSION}) / "node_modules" / "grant")


def test_grant_says_the_same(grant: Grant) -> None:
    assert disagreements(grant) == []
    assert len(list(confirmed_by(grant))) == 220
