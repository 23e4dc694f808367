"""A server killed at any moment leaves its database whole, loses nothing it acknowledged, and repeats safely."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.crash.server import Client, Load, Server, trunkline
from tests.databases import Databases
from trunkline import bootstrap
from trunkline.infra.db import Database, Tx, open_database
from trunkline.kit.ids import parse_id

WRITERS = 4
MEMBERS = 25


def flags(url: str, folder: Path) -> list[str]:
    return ["--data-dir", str(folder), "--database-url", url]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> list[str]:
    """The flags that name a fresh database of each engine."""
    url = databases.sqlite() if request.param == "sqlite" else databases.postgresql()
    return flags(url, tmp_path)


def prepared(place: list[str]) -> tuple[dict[str, Any], Server]:
    """A served instance with an integration and a workspace for each writer."""
    made: dict[str, Any] = json.loads(trunkline("init", "--json", *place).stdout)
    server = Server(*place)
    with Client(made["token"], server) as client:

        def ok(method: str, path: str, body: Any = None) -> Any:
            answer = client.request(method, path, body)
            assert answer is not None, path
            assert answer[0] in (200, 201), answer
            return answer[1]

        members = []
        for i in range(MEMBERS):
            body = {
                "workspaceId": made["workspaceId"],
                "slug": f"f{i}",
                "name": f"f{i}",
                "definition": {"n": i},
            }
            entity = ok("POST", "/api/functions", body)
            members.append({"slug": f"f{i}", "entityId": entity["id"], "kind": "function",
                            "forkOnInstall": i % 5 > 0, "defaultEnabled": True})  # fmt: skip
        draft = ok("POST", "/api/integrations", {"workspaceId": made["workspaceId"], "slug": "shop",
                                                 "name": "Shop", "manifest": {"members": members}})  # fmt: skip
        ok("POST", f"/api/integrations/{draft['id']}/publish", {"version": "1.0.0"})
        organization = made["organizationId"]
        workspaces = [
            ok(
                "POST",
                "/api/workspaces",
                {"organizationId": organization, "name": f"w{i}", "handle": f"w{i}"},
            )["id"]
            for i in range(WRITERS)
        ]
    return {**made, "integration": draft["id"], "workspaces": workspaces}, server


def whole(place: list[str], load: Load) -> None:
    """Every invariant holds and every acknowledged effect is on record."""
    assert load.failures == []
    database = open_database(place[3], bootstrap.catalog())
    try:
        assert bootstrap.verify(database) == []
        assert missing(database, load.acknowledged) == []
    finally:
        database.close()


def missing(database: Database, acknowledged: list[tuple[str, str]]) -> list[tuple[str, str]]:
    def absent(tx: Tx) -> list[tuple[str, str]]:
        sql = "SELECT 1 FROM events WHERE subject_id = :id AND type = :type"
        return [
            (install_id, kind)
            for install_id, kind in acknowledged
            if tx.value(sql, id=parse_id("install", install_id), type=kind) is None
        ]

    return database.check_now(absent)


def sent_again(server: Server, instance: dict[str, Any], load: Load) -> None:
    """Installs whose answer was lost are sent again under their keys: each ends up made exactly once."""
    with Client(instance["token"], server) as client:
        repeat_and_clean_up(client, instance, load)


def repeat_and_clean_up(client: Client, instance: dict[str, Any], load: Load) -> None:
    for key, workspace in load.unanswered:
        path = f"/api/integrations/{instance['integration']}/install"
        answer = client.request("POST", path, {"workspaceId": workspace}, key)
        assert answer is not None
        assert answer[0] == 201, answer
        listed = client.request("GET", f"/api/integration-installs?workspace_id={workspace}")
        assert listed is not None
        assert listed[1]["pageInfo"]["total"] == 1, listed
    for workspace in instance["workspaces"]:
        listed = client.request(
            "GET", f"/api/integration-installs?workspace_id={workspace}&include_deleted=true"
        )
        assert listed is not None
        for install in listed[1]["data"]:
            client.request("DELETE", f"/api/integration-installs/{install['id']}")
            client.request("DELETE", f"/api/integration-installs/{install['id']}/purge")


def kill_repeatedly(place: list[str], kills: int) -> int:
    instance, server = prepared(place)
    effects = 0
    try:
        for seed in range(kills):
            load = Load(instance["token"], instance["integration"], instance["workspaces"], seed)
            load.run(server, seconds=random.Random(seed).uniform(0, 0.2))
            whole(place, load)
            effects += len(load.acknowledged)
            server = Server(*place)
            sent_again(server, instance, load)
    finally:
        server.kill()
    return effects


def test_five_kills_under_load_leave_it_whole(place):
    assert kill_repeatedly(place, 5) > 0


@pytest.mark.soak
def test_two_hundred_kills_under_load_leave_it_whole(place):
    assert kill_repeatedly(place, 200) > 0
