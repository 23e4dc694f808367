"""The generated reference pages say what the code says."""

from __future__ import annotations

import pytest
from docs.generate import PAGES, out_of_date

from trunkline.core.access import Permission
from trunkline.dialects import discover
from trunkline.settings import Settings


def test_generated_pages_are_up_to_date() -> None:
    assert out_of_date() == []


@pytest.mark.parametrize("name", Settings.__struct_fields__)
def test_every_setting_is_explained(name: str) -> None:
    (row,) = [line for line in PAGES["settings.md"]().splitlines() if line.startswith(f"| `{name}` |")]
    *_, default, meaning = [cell.strip() for cell in row.strip("| ").split(" | ")]
    assert default
    assert meaning.endswith(".")


def test_every_permission_is_listed() -> None:
    page = PAGES["permissions.md"]()
    assert [one.value for one in Permission if f"`{one.value}`" not in page] == []


def test_every_permission_opens_something() -> None:
    opened = {route.permission for dialect in discover() for route in dialect.routes}
    assert {one.value for one in Permission} - opened == set()


def test_every_route_asks_for_a_known_permission() -> None:
    asked = {route.permission for dialect in discover() for route in dialect.routes if route.permission}
    assert asked - {one.value for one in Permission} == set()
