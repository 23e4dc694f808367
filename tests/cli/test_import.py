from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Here, Running, trunkline
from tests.cli.documents import PETS, changed_pets, written

SCHEMAS = ("schema:Owner", "schema:Pet", "schema:Kind")


@pytest.fixture(scope="module")
def server(initialised: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that tests share which do not mind what others have imported."""
    data_dir = shutil.copytree(initialised["data_dir"], tmp_path_factory.mktemp("server") / "data")
    with Running("serve", "--data-dir", data_dir, "--port", "0") as server:
        yield server


def counts(summary: dict[str, Any]) -> tuple[int, ...]:
    return tuple(summary[name] for name in ("members", "created", "updated", "unchanged", "removed"))


def test_a_document_becomes_a_draft_that_importing_again_updates(
    here: Here, home: Path, tmp_path: Path
) -> None:
    where = ("--data-dir", home, "--json")
    first = here("import", "openapi", written(tmp_path, PETS), "--publish", "1.0.0", *where).json
    assert list(first) == [
        "integrationId", "slug", "members", "created", "updated", "unchanged", "removed", "version", "changes",
        "warnings",
    ]  # fmt: skip
    assert (first["slug"], first["version"], counts(first)) == ("pet-store", "1.0.0", (5, 5, 0, 0, 0))
    again = here("import", "openapi", written(tmp_path, PETS), *where).json
    assert (again["integrationId"], counts(again)) == (first["integrationId"], (5, 0, 0, 5, 0))
    assert "version" not in again
    changed = here("import", "openapi", written(tmp_path, changed_pets()), "--publish", "1.1.0", *where).json
    assert counts(changed) == (5, 1, 1, 3, 1)
    assert changed["changes"] == {
        "created": ["deletePet"],
        "updated": ["schema:Kind"],
        "removed": ["createPet"],
    }


def test_a_version_that_cannot_be_published_takes_the_import_back(
    here: Here, home: Path, tmp_path: Path
) -> None:
    where = ("--data-dir", home, "--json")
    here("import", "openapi", written(tmp_path, PETS), "--publish", "1.0.0", *where)
    refused = here("import", "openapi", written(tmp_path, changed_pets()), "--publish", "1.0.0", *where)
    assert (refused.exit, refused.out) == (1, "")
    assert refused.error["code"] == "version_exists"
    again = here("import", "openapi", written(tmp_path, PETS), *where).json
    assert counts(again) == (5, 0, 0, 5, 0)


def test_people_see_what_it_came_to(home: Path) -> None:
    done = trunkline(
        "import", "openapi", "-", "--data-dir", home, "--slug", "pets", stdin=json.dumps(PETS).encode()
    )
    assert done.exit == 0
    assert done.out.startswith("pets (int_")
    assert done.out.endswith("): 5 members, 5 created, 0 updated, 0 unchanged, 0 removed\n")
    assert done.err == ""


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[]", "an OpenAPI document is an object"),
        ('{"openapi": "3.0.0", "openapi": "3.1.0"}', "stands twice"),
        ('{"swagger": "2.0"}', "Swagger 2.0"),
        ('{"openapi": "3.0.3", "info": {}}', "must be a text"),
    ],
)
def test_a_file_that_is_no_such_document_changes_nothing(
    here: Here, home: Path, tmp_path: Path, content: str, sentence: str
) -> None:
    file = tmp_path / "broken.json"
    file.write_text(content, encoding="utf-8")
    refused = here("import", "openapi", file, "--data-dir", home, "--json")
    assert (refused.exit, refused.out) == (1, "")
    assert sentence in refused.error["message"]


def test_a_file_or_workspace_that_is_not_there_is_named(here: Here, home: Path, tmp_path: Path) -> None:
    refused = here("import", "openapi", tmp_path / "none.json", "--data-dir", home, "--json")
    assert (refused.exit, refused.error["code"]) == (1, "system")
    assert refused.error["message"] == f"{tmp_path / 'none.json'}: No such file or directory"
    pets = written(tmp_path, PETS)
    refused = here("import", "openapi", pets, "--data-dir", home, "--workspace", "mian", "--json")
    assert (refused.exit, refused.error["code"]) == (1, "workspace_not_found")
    assert refused.error["hint"] == "there are main"


def test_over_http_the_same_comes_of_it_as_on_the_database(
    here: Here, home: Path, initialised: dict[str, str], tmp_path: Path
) -> None:
    with Running("serve", "--data-dir", home, "--port", "0") as server:
        where = ("--url", server.url, "--token", initialised["token"], "--json")
        first = here("import", "openapi", written(tmp_path, PETS), "--publish", "1.0.0", *where)
        assert (first.exit, first.err) == (0, "")
        assert (first.json["slug"], first.json["version"]) == ("pet-store", "1.0.0")
        assert counts(first.json) == (5, 5, 0, 0, 0)
        again = here("import", "openapi", written(tmp_path, PETS), *where)
        assert counts(again.json) == (5, 0, 0, 5, 0)
        changed = here("import", "openapi", written(tmp_path, changed_pets()), "--publish", "1.1.0", *where)
        assert counts(changed.json) == (5, 1, 1, 3, 1)
        assert changed.json["changes"]["removed"] == ["createPet"]
        assert server.stop().exit == 0
    there = here("import", "openapi", written(tmp_path, changed_pets()), "--data-dir", home, "--json")
    assert (there.json["integrationId"], counts(there.json)) == (first.json["integrationId"], (5, 0, 0, 5, 0))
    assert here("verify", "--data-dir", home, "--json").exit == 0


def test_over_http_what_an_interrupted_import_made_is_used(
    here: Here, server: Running, initialised: dict[str, str], tmp_path: Path
) -> None:
    where = ("--url", server.url, "--token", initialised["token"], "--json")
    # Another slug: the entities are there, and no manifest says whose they are.
    here("import", "openapi", written(tmp_path, PETS), "--slug", "first", *where)
    second = here("import", "openapi", written(tmp_path, changed_pets()), "--slug", "second", *where)
    assert (second.exit, second.err) == (0, "")
    assert counts(second.json) == (5, 1, 1, 3, 0)


def test_over_http_the_servers_own_words_are_shown(
    here: Here, server: Running, initialised: dict[str, str], tmp_path: Path
) -> None:
    pets = written(tmp_path, PETS)
    wrong = initialised["token"][:-1] + ("a" if initialised["token"][-1] != "a" else "b")
    refused = here("import", "openapi", pets, "--url", server.url, "--token", wrong, "--json")
    assert (refused.exit, refused.error["code"]) == (1, "unauthenticated")
    where = ("--url", server.url, "--token", initialised["token"], "--json")
    refused = here("import", "openapi", pets, "--publish", "one", *where)
    assert (refused.exit, refused.error["code"]) == (1, "invalid_request")
    assert initialised["token"] not in refused.err


def test_a_server_needs_a_url_and_a_key(here: Here, tmp_path: Path) -> None:
    pets = written(tmp_path, PETS)
    refused = here("import", "openapi", pets, "--url", "http://127.0.0.1:1", "--json")
    assert (refused.exit, refused.error["code"]) == (2, "token_needed")
    refused = here("import", "openapi", pets, "--url", "hub", "--token", "t", "--json")
    assert (refused.exit, refused.error["code"]) == (2, "invalid_url")
