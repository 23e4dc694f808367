from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.command import Here


def test_makes_lists_and_revokes_a_key(here: Here, home: Path, initialised: dict[str, str]) -> None:
    where = ("--data-dir", home, "--json")
    made = here("key", "create", "ci", "--days", "30", "--allow", "integrations:read", *where).json
    assert list(made) == ["id", "name", "kind", "userId", "workspaceId", "expiresAt", "token"]
    assert (made["name"], made["kind"], made["userId"]) == ("ci", "secret", initialised["userId"])
    assert re.fullmatch(r"sec_[0-9A-Za-z]{43}", made["token"])
    listed = here("key", "list", *where)
    assert [key["name"] for key in listed.json] == ["ci", "first key"]
    assert made["token"] not in listed.out
    assert listed.json[0]["hint"] == "sec_…" + made["token"][-4:]
    revoked = here("key", "revoke", made["id"], *where).json
    assert revoked["revokedAt"] is not None
    assert here("key", "revoke", made["id"], *where).json == revoked
    assert [key["name"] for key in here("key", "list", *where).json] == ["first key"]
    assert [key["name"] for key in here("key", "list", "--revoked", *where).json] == ["ci", "first key"]


def test_binds_a_key_to_a_workspace_by_handle_or_id(
    here: Here, home: Path, initialised: dict[str, str]
) -> None:
    where = ("--data-dir", home, "--json")
    for workspace in ("main", initialised["workspaceId"]):
        made = here("key", "create", "site", "--workspace", workspace, "--kind", "publishable", *where).json
        assert made["workspaceId"] == initialised["workspaceId"]
        assert made["token"].startswith("pub_")


def test_people_see_the_key_on_standard_output_alone(here: Here, home: Path) -> None:
    done = here("key", "create", "--data-dir", home)
    assert re.fullmatch(r"secret key  sec_[0-9A-Za-z]{43}\n", done.out)
    assert "sec_" not in done.err
    listed = here("key", "list", "--data-dir", home)
    assert "made on the command line" in listed.out


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("create", "--user", "nobody@acme.example"), 1, "user_not_found"),
        (("create", "--user", "usr_" + "0" * 32), 1, "not_found"),
        (("create", "--workspace", "wsp_" + "0" * 32), 1, "not_found"),
        (("create", "--workspace", "none"), 1, "workspace_not_found"),
        (("create", "--allow", "everything"), 1, "invalid_request"),
        (("create", "--days", "0"), 2, "usage"),
        (("create", "--kind", "session"), 2, "usage"),
        (("create", " "), 1, "invalid_request"),
        (("revoke", "key_" + "0" * 32), 1, "not_found"),
        (("revoke", "sec_whatever"), 2, "invalid_id"),
        (("revoke",), 2, "usage"),
    ],
)
def test_refuses_and_makes_nothing(
    here: Here, home: Path, arguments: tuple[str, ...], exit_code: int, code: str
) -> None:
    refused = here("key", *arguments, "--data-dir", home, "--json")
    assert (refused.exit, refused.out, refused.error["code"]) == (exit_code, "", code)
    assert len(here("key", "list", "--revoked", "--data-dir", home, "--json").json) == 1
