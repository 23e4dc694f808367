"""The requests that seed 004 shows, served verbatim at the root and below the mount."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.gestal.desk import ACME, Desk
from tests.dialects.gestal.seeds import requests

GOLDEN = Path(__file__).parent / "golden"
SHARED = Path(__file__).parents[4] / "shared" / "seeds"
SHOWN = json.loads((GOLDEN / "004.json").read_text())
MOUNTS = ["", "/gestal"]
IDS = re.compile(r"(int|inst|te|sit)_[0-9A-Za-z]{32}")
INSTALLATIONS, PING, CURRENT = SHOWN


def shape(value: Any) -> Any:
    """Names and types, and of ids what tells their kind."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    found = IDS.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else type(value)


def test_the_golden_file_holds_what_the_document_shows() -> None:
    found = list(SHARED.glob("004_*.txt"))
    if not found:
        pytest.skip("the contract documents are not beside the project")
    assert requests(found[0].read_text()) == SHOWN


@pytest.mark.parametrize("mount", MOUNTS)
def test_the_shown_list_of_installations_is_answered_as_shown(desk: Desk, mount: str) -> None:
    integration_id = desk.made()
    install_id = desk.activate(integration_id)
    path = IDS.sub(integration_id, INSTALLATIONS["path"])
    answer = desk.send(INSTALLATIONS["method"], f"{mount}{path}?page=1&per_page=10")
    assert (answer.status, answer.headers["content-type"]) == (INSTALLATIONS["status"], "application/json")
    assert shape(answer.json) == shape(INSTALLATIONS["answer"])
    assert INSTALLATIONS["query"] == {"page": "1", "per_page": "10"}
    assert answer.json["meta"] == INSTALLATIONS["answer"]["meta"]
    unasked = desk.send(INSTALLATIONS["method"], f"{mount}{path}").json
    assert (unasked["data"], unasked["meta"]["per_page"]) == (answer.json["data"], 100)
    assert answer.json["data"] == [
        {
            "cloud_id": install_id,
            "created_at": "2026-03-01T12:00:00.000Z",
            "tenant": {"cloud_id": desk.shop.organization_id.replace("org_", "te_"), "name": "shop"},
            "site": {"cloud_id": desk.shop.workspace_id.replace("wsp_", "sit_"), "name": "shop"},
        }
    ]


@pytest.mark.parametrize("mount", MOUNTS)
def test_the_shown_ping_is_answered_with_an_access_key(desk: Desk, mount: str) -> None:
    key = desk.key(desk.activate(desk.made()))
    answer = desk.as_installation(key, PING["method"], mount + PING["path"])
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize("mount", MOUNTS)
def test_the_shown_current_installation_is_answered_as_shown(desk: Desk, mount: str) -> None:
    install_id = desk.activate(desk.made())
    answer = desk.as_installation(desk.key(install_id), CURRENT["method"], mount + CURRENT["path"])
    assert (answer.status, answer.headers["content-type"]) == (CURRENT["status"], "application/json")
    assert shape(answer.json) == shape(CURRENT["answer"])
    assert answer.json == {
        "cloud_id": install_id,
        **ACME,
        "type": CURRENT["answer"]["type"],
        "signed": CURRENT["answer"]["signed"],
        "access_key": {"last_active_at": "2026-03-01T12:00:00.000Z"},
        "site": {"cloud_id": desk.shop.workspace_id.replace("wsp_", "sit_"), "name": "shop"},
    }


@pytest.mark.parametrize("mount", MOUNTS)
def test_the_shown_sample_id_is_missing(desk: Desk, mount: str) -> None:
    answer = desk.send(INSTALLATIONS["method"], mount + INSTALLATIONS["path"])
    assert (answer.status, answer.json) == (
        404,
        {
            "type": "not_found",
            "title": "Not Found",
            "status": 404,
            "detail": "integration not found",
            "errors": {},
        },
    )
