"""`trunkline deploy`, to the database and to a running server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Here, Running, trunkline

GOOD = """\
specVersion: 1.0.0
integrations:
  - name: contacts
    provider: hubspot
    read:
      objects:
        - objectName: contacts
          destination: crm
          schedule: "*/10 * * * *"
          optionalFieldsAuto: all
    write:
      objects:
        - objectName: contacts
  - name: deals
    provider: salesforce
    proxy:
      enabled: true
"""
CHANGED = GOOD.replace("*/10", "*/30")
UNKNOWN = GOOD.replace("provider: hubspot", "provider: nobodys")
WRONG = GOOD.replace("*/10", "*/5")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "integrations"
    path.mkdir()
    (path / "amp.yaml").write_text(GOOD)
    return path


@pytest.fixture(scope="module")
def server(initialised: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    data_dir = shutil.copytree(initialised["data_dir"], tmp_path_factory.mktemp("server") / "data")
    with Running("serve", "--data-dir", data_dir, "--port", "0") as server:
        yield server


def outcomes(result: Any) -> dict[str, str]:
    return {one["name"]: one["outcome"] for one in result["integrations"]}


def test_a_directory_is_deployed_and_deploying_again_changes_nothing(
    here: Here, home: Path, folder: Path
) -> None:
    where = ("--data-dir", home, "--json")
    first = here("deploy", folder, *where)
    assert (first.exit, first.err) == (0, "")
    assert (first.json["ok"], first.json["dryRun"], first.json["findings"]) == (True, False, [])
    (contacts, deals) = first.json["integrations"]
    assert contacts == {
        "name": "contacts",
        "outcome": "created",
        "id": contacts["id"],
        "version": "0.0.1",
        "created": ["read:contacts", "write:contacts"],
        "updated": [],
        "removed": [],
    }
    assert (deals["created"], deals["version"]) == ([], "0.0.1")
    assert outcomes(here("deploy", folder, *where).json) == {"contacts": "unchanged", "deals": "unchanged"}
    (folder / "amp.yaml").write_text(CHANGED)
    again = here("deploy", folder, *where).json
    assert outcomes(again) == {"contacts": "updated", "deals": "unchanged"}
    assert again["integrations"][0]["updated"] == ["read:contacts"]


def test_a_dry_run_tells_what_would_change_and_changes_nothing(here: Here, home: Path, folder: Path) -> None:
    where = ("--data-dir", home, "--json")
    for _ in range(2):
        assert outcomes(here("deploy", folder, "--dry-run", *where).json) == {
            "contacts": "created",
            "deals": "created",
        }
    here("deploy", folder, *where)
    (folder / "amp.yaml").write_text(CHANGED)
    for _ in range(2):
        tried = here("deploy", folder, "--dry-run", *where).json
        assert (outcomes(tried), tried["dryRun"]) == ({"contacts": "updated", "deals": "unchanged"}, True)


def test_people_see_what_it_came_to(home: Path, folder: Path) -> None:
    done = trunkline("deploy", folder, "--data-dir", home)
    assert (done.exit, done.err) == (0, "")
    assert done.out.splitlines() == [
        "contacts: created at 0.0.1",
        "    created read:contacts, write:contacts",
        "deals: created at 0.0.1",
    ]


@pytest.mark.parametrize(
    ("text", "places"),
    [(WRONG, [("schedule-interval", 9)]), (UNKNOWN, [("provider-unknown", 4)]), ("", [("one-document", 1)])],
)
def test_a_manifest_that_breaks_a_rule_is_refused_with_its_lines(
    here: Here, home: Path, folder: Path, text: str, places: list[tuple[str, int]]
) -> None:
    (folder / "amp.yaml").write_text(text)
    done = here("deploy", folder, "--data-dir", home, "--json")
    assert (done.exit, done.json["ok"], done.json["integrations"]) == (1, False, [])
    assert [(one["rule"], one["line"]) for one in done.json["findings"]] == places
    shown = here("deploy", folder, "--data-dir", home)
    assert shown.out.splitlines()[-1].endswith("refused, nothing was deployed.")
    assert f"error [{places[0][0]}]" in shown.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--project", "nobodys"), "project_not_found"),
        (("--user", "nobody@example.com"), "user_not_found"),
        (("--url", "http://127.0.0.1:1"), "token_needed"),
        (("--url", "ftp://x", "--token", "t"), "invalid_url"),
    ],
)
def test_what_is_meant_must_be_there(
    here: Here, home: Path, folder: Path, arguments: tuple[str, ...], code: str
) -> None:
    done = here("deploy", folder, "--data-dir", home, "--json", *arguments)
    assert (done.exit != 0, done.error["code"]) == (True, code)


def test_a_directory_without_a_manifest_is_refused(here: Here, home: Path, tmp_path: Path) -> None:
    done = here("deploy", tmp_path / "data", "--data-dir", home, "--json")
    assert (done.exit, done.error["code"]) == (2, "manifest_missing")


def test_it_is_deployed_to_a_running_server(
    here: Here, server: Running, initialised: dict[str, str], folder: Path
) -> None:
    where = ("--url", server.url, "--token", initialised["token"], "--json")
    tried = here("deploy", folder, "--dry-run", *where).json
    assert outcomes(tried) == {"contacts": "created", "deals": "created"}
    assert outcomes(here("deploy", folder, *where).json) == {"contacts": "created", "deals": "created"}
    assert outcomes(here("deploy", folder, *where).json) == {"contacts": "unchanged", "deals": "unchanged"}
    (folder / "amp.yaml").write_text(CHANGED)
    tried = here("deploy", folder, "--dry-run", *where).json
    assert outcomes(tried) == {"contacts": "updated", "deals": "unchanged"}
    done = here("deploy", folder, "-p", "main", *where)
    assert outcomes(done.json) == {"contacts": "updated", "deals": "unchanged"}


def test_a_server_tells_the_lines_too(
    here: Here, server: Running, initialised: dict[str, str], folder: Path
) -> None:
    (folder / "amp.yaml").write_text(UNKNOWN)
    where = ("--url", server.url, "--token", initialised["token"], "--json")
    done = here("deploy", folder, *where)
    assert (done.exit, done.json["ok"]) == (1, False)
    assert [(one["rule"], one["line"], one["column"]) for one in done.json["findings"]] == [
        ("provider-unknown", 4, 15)
    ]
    refused = here("deploy", folder, "--url", server.url, "--token", "wrong", "--json")
    assert (refused.exit, refused.error["code"]) == (1, "unauthenticated")
    missing = here("deploy", folder, "-p", "nobodys", *where)
    assert (missing.exit, missing.error["code"]) == (1, "not_found")
