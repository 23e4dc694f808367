from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Here, Running, trunkline
from tests.core.providers.test_importing import DOCUMENT, HELP_DESK, NAMES
from trunkline.core.providers import built_in_providers

BUILT_IN = [one.name for one in built_in_providers()]


def written(folder: Path, document: Any) -> Path:
    file = folder / "catalog.json"
    file.write_text(json.dumps(document), "utf-8")
    return file


def newer() -> dict[str, Any]:
    """The document of another day: one entry changed, one that is none, one that is built in."""
    document = deepcopy(DOCUMENT)
    ledger = document["catalog"]["ledger"]
    document["catalog"] |= {"github": ledger, "odd": {**ledger, "authType": "custom"}}
    ledger["baseURL"] = "https://api.ledger.example/v3"
    return document


SKIPPED = [
    {"path": "catalog.odd", "message": "the auth type custom cannot be said by a definition"},
    {"path": "catalog.github", "message": "a built-in provider has this name"},
]


def counts(summary: dict[str, Any]) -> tuple[list[str], list[str], list[str], list[Any]]:
    return tuple(summary[name] for name in ("created", "updated", "unchanged", "skipped"))


def test_lists_what_is_built_in(here: Here, home: Path) -> None:
    found = here("provider", "list", "--data-dir", home, "--json").json
    assert [one["name"] for one in found] == BUILT_IN
    assert {one["organizationId"] for one in found} == {None}
    narrowed = here("provider", "list", "--name", "ZEN", "--data-dir", home, "--json").json
    assert [one["name"] for one in narrowed] == ["zendesk"]


def test_people_see_a_table(here: Here, home: Path) -> None:
    done = here("provider", "list", "--name", "github", "--data-dir", home)
    assert done.out.splitlines()[1].split() == [
        "github",
        "GitHub",
        "oauth2",
        "https://api.github.com",
        "built",
        "in",
    ]
    assert here("provider", "list", "--name", "nothing", "--data-dir", home).out == "no providers\n"


def test_shows_one_by_name_and_id(here: Here, home: Path) -> None:
    [shown] = here("provider", "show", "zendesk", "--data-dir", home, "--json").json
    assert shown["baseUrl"] == "https://{subdomain}.zendesk.com"
    assert shown["substitutions"] == [{"name": "subdomain", "default": None}]
    assert here("provider", "show", shown["id"], "--data-dir", home, "--json").json == [shown]
    told = here("provider", "show", "zendesk", "--data-dir", home).out
    assert told.splitlines()[0] == "zendesk: Zendesk"
    assert "  asks for           subdomain\n" in told
    refused = here("provider", "show", "zen", "--data-dir", home, "--json")
    assert (refused.exit, refused.error["code"]) == (1, "provider_not_found")


def test_imports_a_catalog_and_importing_again_updates(here: Here, home: Path, tmp_path: Path) -> None:
    where = ("--data-dir", home, "--json")
    first = here("provider", "import", written(tmp_path, DOCUMENT), *where)
    assert (first.exit, first.err) == (0, "")
    assert list(first.json) == ["organizationId", "created", "updated", "unchanged", "skipped"]
    assert counts(first.json) == (list(NAMES), [], [], [])
    again = here("provider", "import", written(tmp_path, newer()), *where)
    others = [name for name in NAMES if name != "ledger"]
    assert counts(again.json) == ([], ["ledger"], others, SKIPPED)
    [shown] = here("provider", "show", "helpDesk", *where).json
    assert shown["organizationId"] == first.json["organizationId"]
    assert shown["baseUrl"] == HELP_DESK.base_url
    assert here("verify", *where).exit == 0


def test_people_see_what_it_came_to(home: Path) -> None:
    stdin = json.dumps(newer()).encode()
    done = trunkline("provider", "import", "-", "--data-dir", home, stdin=stdin)
    assert (done.exit, done.out) == (0, "4 created, 0 updated, 0 unchanged, 2 skipped\n")
    assert done.err.splitlines() == [f"warning: {one['path']}: {one['message']}" for one in SKIPPED]


@pytest.mark.parametrize(
    ("content", "code"),
    [("", "invalid_request"), ("{", "invalid_request"), ("[]", "invalid_request"), ("{}", "invalid_request")],
)
def test_a_file_that_is_no_catalog_changes_nothing(
    here: Here, home: Path, tmp_path: Path, content: str, code: str
) -> None:
    file = tmp_path / "broken.json"
    file.write_text(content, "utf-8")
    refused = here("provider", "import", file, "--data-dir", home, "--json")
    assert (refused.exit, refused.out, refused.error["code"]) == (1, "", code)
    missing = here("provider", "import", tmp_path / "none.json", "--data-dir", home, "--json")
    assert (missing.exit, missing.error["code"]) == (1, "system")


def test_over_http_the_same_comes_of_it_as_on_the_database(
    here: Here, home: Path, initialised: dict[str, str], tmp_path: Path
) -> None:
    with Running("serve", "--data-dir", home, "--port", "0") as server:
        where = ("--url", server.url, "--token", initialised["token"], "--json")
        first = here("provider", "import", written(tmp_path, DOCUMENT), *where)
        assert (first.exit, first.err) == (0, "")
        assert first.json["organizationId"] == initialised["organizationId"]
        assert counts(first.json) == (list(NAMES), [], [], [])
        others = [name for name in NAMES if name != "ledger"]
        again = here(
            "provider", "import", written(tmp_path, newer()), "--organization", "my-organization", *where
        )
        assert counts(again.json) == ([], ["ledger"], others, SKIPPED)
        listed = here("provider", "list", *where).json
        [shown] = here("provider", "show", "helpDesk", *where).json
        wrong = here("provider", "import", written(tmp_path, DOCUMENT), "--organization", "other", *where)
        assert (wrong.exit, wrong.error["code"]) == (1, "organization_not_found")
        assert server.stop().exit == 0
    there = ("--data-dir", home, "--json")
    assert here("provider", "list", *there).json == listed
    assert here("provider", "show", "helpDesk", *there).json == [shown]
    assert counts(here("provider", "import", written(tmp_path, newer()), *there).json) == (
        [],
        [],
        list(NAMES),
        SKIPPED,
    )


def test_a_server_needs_a_key(here: Here, tmp_path: Path) -> None:
    for command in (("list",), ("show", "github"), ("import", written(tmp_path, DOCUMENT))):
        refused = here("provider", *command, "--url", "http://127.0.0.1:1", "--json")
        assert (refused.exit, refused.error["code"]) == (2, "token_needed")
