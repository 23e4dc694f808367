from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.cli.command import Here, Running


def _versions(server: Running, token: str) -> dict[str, str]:
    """The version each workspace has installed, by handle."""
    workspaces = {one["id"]: one["handle"] for one in server.get("/api/workspaces", token)[1]["data"]}
    versions = {
        one["id"]: one["version"] for one in server.get("/api/integration-versions", token)[1]["data"]
    }
    installs: list[dict[str, Any]] = server.get("/api/integration-installs", token)[1]["data"]
    return {workspaces[one["workspaceId"]]: versions[one["integrationVersionId"]] for one in installs}


def test_shows_an_integration_in_two_versions_and_adds_nothing_twice(here: Here, tmp_path: Path) -> None:
    data = tmp_path / "data"
    installed = {"northwind-berlin": "1.1.0", "fabrikam-lisbon": "1.0.0"}
    with Running("demo", "--data-dir", data, "--port", "0") as server:
        credentials, listening = server.printed
        token = credentials["token"]
        assert credentials["baseUrl"] == listening["url"]
        assert _versions(server, token) == installed
        [integration] = server.get("/api/integrations", token)[1]["data"]
        assert (integration["slug"], integration["currentVersion"]) == ("acme-crm", "1.1.0")
        kinds = {member["kind"] for member in integration["manifest"]["members"]}
        assert kinds == {"schema", "function", "agent", "workflow"}
        assert server.stop().exit == 0
    assert here("verify", "--data-dir", data, "--json").json == {"ok": True, "findings": []}
    with Running("demo", "--data-dir", data, "--port", "0") as server:
        assert list(server.printed[0]) == ["url", "publicUrl"]
        assert _versions(server, token) == installed
        assert server.stop().exit == 0


def test_an_instance_of_somebodys_own_gets_no_example(here: Here, home: Path) -> None:
    before = here("key", "list", "--data-dir", home, "--json").json
    refused = here("demo", "--data-dir", home, "--port", "0", "--json")
    assert (refused.exit, refused.out, refused.error["code"]) == (2, "", "not_a_demo")
    assert "trunkline up" in refused.error["hint"]
    assert here("key", "list", "--data-dir", home, "--json").json == before
    with closing(sqlite3.connect(home / "trunkline.db")) as connection:
        assert connection.execute("SELECT count(*) FROM integrations").fetchall() == [(0,)]
