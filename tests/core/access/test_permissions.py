from __future__ import annotations

from trunkline.core.access import PATTERNS, Permission


def test_permissions_are_sorted_and_spelled_resource_colon_action() -> None:
    values = [permission.value for permission in Permission]
    assert values == sorted(values)
    assert all(value.count(":") == 1 for value in values)
    assert all(p.name == p.value.upper().replace(":", "_") for p in Permission)


def test_patterns_cover_resources_and_actions() -> None:
    assert set(Permission) < PATTERNS
    assert {"*", "*:*", "*:read", "*:write", "*:publish", "installs:*"} < PATTERNS
    assert PATTERNS.isdisjoint({"installs", "installs:", ":read", "installs:burn", "*:burn", "burn:*", ""})
