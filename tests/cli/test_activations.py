"""Tenants, sites, activations and access keys of installations, on the command line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Here
from trunkline.bootstrap import open_platform
from trunkline.core import integrations
from trunkline.core.access import act_as
from trunkline.infra.db import Tx
from trunkline.kit.ids import parse_id
from trunkline.settings import load_settings


@pytest.fixture
def farm(here: Here, home: Path) -> Any:
    """A tenant with a site."""
    made = here(
        "tenant", "create", "Green Farm", "--owner", "grace@farm.example", "--data-dir", home, "--json"
    )
    site = here("site", "create", "North field", "--tenant", "green-farm", "--data-dir", home, "--json")
    return {**made.json, "site": site.json}


@pytest.fixture
def offered(home: Path, initialised: dict[str, str]) -> str:
    """The id of a published integration of the first organization's that everybody who knows it may have."""
    platform = open_platform(load_settings({"data_dir": home}))

    def work(tx: Tx) -> str:
        owner = act_as(tx, str(tx.value("SELECT owner_id FROM organizations ORDER BY id")))
        organization_id = parse_id("organization", initialised["organizationId"])
        row = integrations.create_integration(
            tx, owner, integrations.CreateIntegration(name="Acme Plus", organization_id=organization_id)
        )
        integrations.publish_change(tx, owner, row.id)
        integrations.update_integration(
            tx, owner, integrations.UpdateIntegration(id=row.id, visibility="unlisted")
        )
        return f"int_{row.id}"

    try:
        return platform.database.write_now(work)
    finally:
        platform.close()


def test_makes_and_lists_tenants_and_sites(here: Here, home: Path, farm: Any) -> None:
    where = ("--data-dir", home, "--json")
    site = farm["site"]
    assert (farm["handle"], farm["name"], site["handle"], site["name"]) == (
        "green-farm",
        "Green Farm",
        "north-field",
        "North field",
    )
    assert site["organizationId"] == farm["id"]
    tenants = here("tenant", "list", *where).json
    assert [one["handle"] for one in tenants] == ["my-organization", "green-farm"]
    assert here("site", "list", "--tenant", "green-farm", *where).json == [site]
    assert [one["handle"] for one in here("site", "list", *where).json][-1] == "north-field"
    taken = here("tenant", "create", "Other", "--handle", "green-farm", "--owner", "x@y.example", *where)
    assert (taken.exit, taken.error["code"]) == (1, "handle_taken")


def test_switches_an_integration_on_off_and_on(here: Here, home: Path, farm: Any, offered: str) -> None:
    where = ("--site", "north-field", "--data-dir", home, "--json")
    made = here("activation", "on", offered, *where).json
    assert re.fullmatch(r"inst_[0-9a-f]{32}", made["id"])
    assert (made["integrationId"], made["integrationName"], made["workspaceId"]) == (
        offered,
        "Acme Plus",
        farm["site"]["id"],
    )
    assert here("activation", "list", *where).json == [made]
    assert here("activation", "on", offered, *where).json == made
    assert here("activation", "off", offered, *where).json == {"success": True}
    assert here("activation", "list", *where).json == []
    assert here("activation", "on", offered, *where).json["id"] == made["id"]


def test_switches_nothing_on_that_the_tenant_cannot_see(
    here: Here, home: Path, farm: Any, offered: str
) -> None:
    platform = open_platform(load_settings({"data_dir": home}))
    try:
        platform.database.write_now(lambda tx: tx.run("UPDATE integrations SET visibility = 'private'"))
    finally:
        platform.close()
    done = here("activation", "on", offered, "--site", "north-field", "--data-dir", home, "--json")
    assert (done.exit, done.error["code"]) == (1, "not_found")
    outsider = here(
        "activation", "on", offered, "--site", "north-field", "--user", "nobody", "--data-dir", home
    )
    assert outsider.exit == 1
    assert "nobody" in outsider.err


def test_makes_lists_replaces_and_revokes_access_keys(
    here: Here, home: Path, farm: Any, offered: str
) -> None:
    where = ("--data-dir", home, "--json")
    install_id = here("activation", "on", offered, "--site", "north-field", *where).json["id"]
    made = here("install-key", "create", install_id, *where).json
    assert re.fullmatch(r"ak_[0-9A-Za-z]{32}", made["key"])
    (listed,) = here("install-key", "list", install_id, *where).json
    assert listed == {
        "id": made["id"],
        "installId": install_id,
        "hint": f"ak_{'x' * 28}{made['key'][-4:]}",
        "createdAt": listed["createdAt"],
        "expiresAt": None,
        "lastActiveAt": None,
    }
    replaced = here("install-key", "rotate", made["id"], "--overlap-hours", "2", *where).json
    assert replaced["key"] != made["key"]
    ends = {one["id"]: one["expiresAt"] for one in here("install-key", "list", install_id, *where).json}
    assert ends[replaced["id"]] is None
    assert ends[made["id"]] > listed["createdAt"]
    assert here("install-key", "revoke", made["id"], *where).exit == 0
    assert [one["id"] for one in here("install-key", "list", install_id, *where).json] == [replaced["id"]]
    again = here("install-key", "revoke", made["id"], *where)
    assert (again.exit, again.error["code"]) == (1, "not_found")


@pytest.mark.parametrize(
    "command",
    [("create", "ikey_x"), ("list", "x"), ("rotate", "inst_x"), ("revoke", "x")],
)
def test_says_what_an_id_looks_like(here: Here, home: Path, command: tuple[str, str]) -> None:
    done = here("install-key", *command, "--data-dir", home, "--json")
    assert (done.exit, done.error["code"]) == (2, "invalid_id")
    assert "32 characters" in done.error["hint"]


def test_prints_for_people(here: Here, home: Path, farm: Any, offered: str) -> None:
    where = ("--data-dir", home)
    assert "North field" in here("site", "list", *where).out
    assert "green-farm" in here("tenant", "list", *where).out
    on = here("activation", "on", offered, "--site", "north-field", *where)
    install_id = re.search(r"inst_[0-9a-f]{32}", on.out)
    assert install_id is not None
    assert "trunkline install-key create" in on.out + on.err
    made = here("install-key", "create", install_id[0], *where)
    assert re.search(r"access key +ak_\w{32}", made.out)
    assert "ends in" in here("install-key", "list", install_id[0], *where).out
    assert "Acme Plus" in here("activation", "list", "--site", "north-field", *where).out
