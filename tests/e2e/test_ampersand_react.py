"""The vendor's own React library, as npm has it, in a browser: it connects, installs, changes and uninstalls here.

Each test has a group of its own, begins where the API put it, and asks the API afterwards whether what the page
said is so.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.ampersand.steps import (
    asked,
    choose,
    closed,
    connected,
    connection_of,
    consent,
    content_of,
    installation_of,
    installed,
    kept,
    on_platform,
    prefixed,
    told,
    used,
    whose,
)
from tests.e2e.ampersand.world import CLIENT, CONSENTED, DIRECT, KEYED, PASSING, SECRET, World, world
from tests.e2e.chromium import BROWSER, Chromium
from tests.e2e.http_client import send

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("ampersand")) as started:
        yield started


def test_installs_with_an_api_key_and_a_field_that_the_customer_chose(
    browser: Chromium, vendor: World
) -> None:
    page = browser.open(vendor.page("Install", integration=KEYED, **whose("acme")))
    page.see("Set up Sim CRM integration")
    page.type("#apiKey", vendor.api_key)
    page.click("button", "Next")
    page.see("Map the following fields")

    page.click("button", "Install")  # a required field has not been chosen yet
    page.see("* required")
    choose(page, "phone")
    page.miss("* required")
    page.click("button", "Install")
    installation_id, config = told(page, "installed")

    found = installation_of(vendor, "acme")
    assert (found["id"], found["config"]["id"]) == (installation_id, config["id"])
    assert found["healthStatus"] == "healthy"
    assert found["group"]["groupName"] == "The acme group"
    assert list(found["config"]["content"]["read"]["objects"]) == ["contacts"]
    contacts = found["config"]["content"]["read"]["objects"]["contacts"]
    assert contacts["selectedFieldMappings"] == {"phoneNumber": "phone"}
    assert (contacts["schedule"], contacts["destination"]) == ("*/30 * * * *", "records")
    connection = connection_of(vendor, "acme")
    assert found["connection"]["id"] == connection["id"]
    assert (connection["authScheme"], connection["provider"]) == ("apiKey", "simcrm")
    consumer = connection["consumer"]
    assert (consumer["consumerRef"], consumer["consumerName"]) == ("acme-ada", "Ada")
    assert used(vendor, connection["id"]) != []
    install, members = on_platform(vendor, "acme")
    assert (install["id"], members) == (prefixed("install", installation_id), {"read:contacts": "sync"})
    kept(browser, vendor)


def test_a_wrong_key_is_replaced(browser: Chromium, vendor: World) -> None:
    page = browser.open(vendor.page("Install", integration=KEYED, **whose("wrong")))
    page.type("#apiKey", "a wrong key")
    page.click("button", "Next")
    choose(page, "phone")
    page.click("button", "Install")
    told(page, "installed")
    before = connection_of(vendor, "wrong")
    assert asked(vendor, before["id"]).status == 401

    page.click("tab", "Manage")
    page.type("#apiKey", vendor.api_key)
    page.click("button", "Next")
    page.see("Connection updated successfully")
    after = connection_of(vendor, "wrong")
    assert (after["id"], after["status"]) == (before["id"], "created")
    assert used(vendor, after["id"]) != []
    kept(browser, vendor)


def test_an_installation_is_changed_object_by_object(browser: Chromium, vendor: World) -> None:
    installation_id = installed(vendor, "changing")
    before = installation_of(vendor, "changing")["config"]
    page = browser.open(vendor.page("Install", integration=KEYED, **whose("changing")))
    page.see("Reading from contacts is enabled.")
    page.has("button", "Save", enabled=False)  # what the page shows is what the server has
    page.miss("pending")

    page.click("#jobTitle")
    page.see("pending")
    page.click("button", "Save")
    changed, config = told(page, "updated")
    assert (changed, config["id"] == before["id"]) == (installation_id, False)
    contacts = content_of(vendor, "changing")["read"]["objects"]["contacts"]
    assert contacts["selectedFields"]["jobTitle"] is True
    assert contacts["selectedFieldMappings"] == {"phoneNumber": "phone"}

    page.see("Accounts in Main is mapped to")  # the next object that has not been set up
    page.click("button", "Save")
    told(page, "updated", 2)
    assert sorted(content_of(vendor, "changing")["read"]["objects"]) == ["companies", "contacts"]

    page.click("tab", "Write")
    page.click("#deals")
    page.click("button", "Save")
    told(page, "updated", 3)
    assert list(content_of(vendor, "changing")["write"]["objects"]) == ["deals"]
    assert on_platform(vendor, "changing")[1] == {
        "read:companies": "sync",
        "read:contacts": "sync",
        "write:deals": "action",
    }

    kept(browser, vendor)
    browser.forget()
    page.reload()
    page.click("tab", "Write")
    page.has("#deals[data-state=checked]")
    page.miss("pending")
    page.click("#deals")
    page.click("button", "Save")
    told(page, "updated", 1)
    assert content_of(vendor, "changing")["write"] == {"objects": {}}
    assert on_platform(vendor, "changing")[1] == {"read:companies": "sync", "read:contacts": "sync"}
    kept(browser, vendor)


def test_a_field_is_mapped_anew(browser: Chromium, vendor: World) -> None:
    installed(vendor, "mapping")
    page = browser.open(vendor.page("Install", integration=KEYED, **whose("mapping")))
    page.see("Map the following optional fields")
    choose(page, "jobTitle")
    page.click("button", "Save")
    told(page, "updated")
    contacts = content_of(vendor, "mapping")["read"]["objects"]["contacts"]
    assert contacts["selectedFieldMappings"] == {"phoneNumber": "jobTitle"}
    kept(browser, vendor)


def test_what_the_page_itself_asks_for_is_mapped_too(browser: Chromium, vendor: World) -> None:
    connected(vendor, "dynamic")
    pronoun = {"mapToName": "pronoun", "mapToDisplayName": "Pronoun", "prompt": "What is it?"}
    mapping = {"contacts": [pronoun]}
    page = browser.open(vendor.page("Install", integration=KEYED, fieldMapping=mapping, **whose("dynamic")))
    page.see("Pronoun")
    choose(page, "phone")
    page.click("div:has(> #pronoun) button, #pronoun button[aria-label='toggle menu']")
    page.click("option", "jobTitle")
    page.click("button", "Install")
    told(page, "installed")
    contacts = content_of(vendor, "dynamic")["read"]["objects"]["contacts"]
    assert contacts["selectedFieldMappings"] == {"phoneNumber": "phone", "pronoun": "jobTitle"}
    assert contacts["dynamicMappingsInput"] == [pronoun]
    kept(browser, vendor)


def test_reading_is_paused_and_taken_up_again(browser: Chromium, vendor: World) -> None:
    installed(vendor, "pausing")
    before = content_of(vendor, "pausing")["read"]["objects"]["contacts"]
    page = browser.open(vendor.page("Install", integration=KEYED, **whose("pausing")))
    page.see("Reading from contacts is enabled.")
    page.click("button", "Stop reading from contacts")
    page.click("button", "Stop reading")
    page.see("Reading is currently disabled")
    paused = content_of(vendor, "pausing")["read"]["objects"]["contacts"]
    assert paused == {**before, "disabled": True}

    page.click("button", "Re-enable reading from contacts")
    page.see("Reading from contacts is enabled.")
    assert content_of(vendor, "pausing")["read"]["objects"]["contacts"] == {**before, "disabled": False}
    kept(browser, vendor)


def test_an_object_is_paused_whose_name_looks_like_a_path(browser: Chromium, vendor: World) -> None:
    installed(vendor, "dotted")
    page = browser.open(vendor.page("Install", integration=KEYED, **whose("dotted")))
    page.click("tab", "deal.items")
    page.click("button", "Save")
    told(page, "updated")
    page.click("tab", "deal.items")
    page.click("button", "Stop reading from deal.items")
    page.click("button", "Stop reading")
    page.see("Reading is currently disabled")
    objects = content_of(vendor, "dotted")["read"]["objects"]
    assert (sorted(objects), objects["deal.items"]["disabled"]) == (["contacts", "deal.items"], True)
    kept(browser, vendor)


def test_what_leaves_nothing_to_choose_is_installed_at_once(browser: Chromium, vendor: World) -> None:
    connected(vendor, "passing")
    page = browser.open(vendor.page("Install", integration=PASSING, **whose("passing")))
    page.see("You have successfully installed your Sim CRM integration.")
    installation_id, _config = told(page, "installed")
    found = installation_of(vendor, "passing", PASSING)
    assert (found["id"], found["config"]["content"]["proxy"]) == (installation_id, {"enabled": True})
    page.click("button", "Uninstall")
    page.see("Integration successfully uninstalled.")
    assert vendor.ok("GET", "/connections?groupRef=passing") == []
    kept(browser, vendor)


def test_a_page_that_comes_too_late_is_told_why(browser: Chromium, vendor: World) -> None:
    connected(vendor, "late")
    page = browser.open(vendor.page("Install", integration=KEYED, **whose("late")))
    choose(page, "phone")
    already = installed(vendor, "late")
    page.click("button", "Install")
    page.see("already")
    assert installation_of(vendor, "late")["id"] == already
    kept(browser, vendor, of_409=1)


def test_uninstalls_and_installs_again(browser: Chromium, vendor: World) -> None:
    installation_id = installed(vendor, "leaving")
    page = browser.open(vendor.page("Install", integration=KEYED, **whose("leaving")))
    page.click("tab", "Manage")
    page.see("Uninstall entire integration")
    page.click("button", "Yes, uninstall")
    page.see("Integration successfully uninstalled.")
    assert told(page, "uninstalled") == [installation_id]
    assert vendor.ok("GET", f"/integrations/{KEYED}/installations?groupRef=leaving") == []
    assert vendor.ok("GET", "/connections?groupRef=leaving") == []  # nothing else used it

    page.click("button", "Reinstall Integration")
    page.type("#apiKey", vendor.api_key)
    page.click("button", "Next")
    choose(page, "phone")
    page.click("button", "Install")
    again, _config = told(page, "installed")
    assert installation_of(vendor, "leaving")["id"] == again != installation_id
    kept(browser, vendor)


def test_connects_in_a_popup(browser: Chromium, vendor: World) -> None:
    page = browser.open(vendor.page("Connect", provider="simcloud", **whose("consenting")))
    page.see("Set up Sim Cloud integration")
    page.click("button", "Next")
    consent(browser, "Allow")
    closed(browser)
    page.see("You have successfully connected your Sim Cloud account to Main.")
    (connection,) = told(page, "connected")

    found = connection_of(vendor, "consenting")
    assert (found["id"], found["authScheme"]) == (connection["id"], "oauth2/authorizationCode")
    assert (found["status"], found["consumer"]["consumerRef"]) == ("created", "consenting-ada")
    assert used(vendor, found["id"]) != []
    kept(browser, vendor)

    page.click("button", "Update connection")
    page.click("button", "Remove connection")
    page.see("Set up Sim Cloud integration")
    assert [one["id"] for one in told(page, "disconnected")] == [found["id"]]
    assert vendor.ok("GET", "/connections?groupRef=consenting") == []
    kept(browser, vendor)


def test_connects_with_a_password(browser: Chromium, vendor: World) -> None:
    page = browser.open(vendor.page("Connect", provider="simbasic", **whose("password")))
    user, password = vendor.user
    page.type("#username", user)
    page.type("#password", password)
    page.click("button", "Next")
    page.see("You have successfully connected your Sim Basic account to Main.")
    found = connection_of(vendor, "password")
    assert (found["authScheme"], used(vendor, found["id"]) != []) == ("basic", True)
    kept(browser, vendor)


def test_connects_a_client_of_the_customers_own(browser: Chromium, vendor: World) -> None:
    page = browser.open(vendor.page("Connect", provider="simmachine", **whose("machine")))
    page.type("#clientId", CLIENT)
    page.type("#clientSecret", SECRET)
    page.click("button", "Next")
    page.see("You have successfully connected your Sim Machine account to Main.")
    found = connection_of(vendor, "machine")
    assert (found["authScheme"], used(vendor, found["id"]) != []) == ("oauth2/clientCredentials", True)
    kept(browser, vendor)


def test_connects_to_the_workspace_that_the_customer_names(browser: Chromium, vendor: World) -> None:
    page = browser.open(vendor.page("Connect", provider="simplace", **whose("place")))
    page.type("#apiKey", vendor.api_key)
    page.has("button", "Next", enabled=False)
    page.type("#workspace", "crm")
    page.click("button", "Next")
    page.see("You have successfully connected your Sim Place account to Main.")
    found = connection_of(vendor, "place")
    assert found["providerMetadata"]["workspace"] == {"value": "crm", "source": "input"}
    assert used(vendor, found["id"]) != []
    kept(browser, vendor)


def test_what_the_provider_has_ended_is_consented_to_again(browser: Chromium, vendor: World) -> None:
    page = browser.open(vendor.page("Install", integration=CONSENTED, **whose("again")))
    page.click("button", "Next")
    consent(browser, "Allow")
    closed(browser)
    choose(page, "phone")
    page.click("button", "Install")
    told(page, "installed")
    before = installation_of(vendor, "again", CONSENTED)
    assert (before["connection"]["status"], before["healthStatus"]) == ("created", "healthy")

    vendor.withdraw()
    ended = vendor.ok("GET", f"/connections/{before['connection']['id']}?refresh=force")
    assert ended["status"] == "bad_credentials"
    broken = installation_of(vendor, "again", CONSENTED)
    assert (broken["connection"]["status"], broken["healthStatus"]) == ("bad_credentials", "unhealthy")
    kept(browser, vendor)
    browser.forget()
    page.reload()
    page.click("tab", "Manage")
    page.see("Bad_credentials")
    page.click("button", "Next")
    consent(browser, "Allow")
    closed(browser)
    page.see("Connection updated successfully")
    mended = installation_of(vendor, "again", CONSENTED)
    assert mended["connection"]["id"] == before["connection"]["id"]
    assert (mended["connection"]["status"], mended["healthStatus"]) == ("created", "healthy")
    assert used(vendor, mended["connection"]["id"]) != []
    kept(browser, vendor)


def test_a_popup_in_which_the_customer_refuses_says_so(browser: Chromium, vendor: World) -> None:
    page = browser.open(vendor.page("Connect", provider="simcloud", **whose("refusing")))
    page.click("button", "Next")
    consent(browser, "Deny")
    closed(browser)
    page.see("access_denied")
    assert vendor.ok("GET", "/connections?groupRef=refusing") == []
    kept(browser, vendor)


def test_a_page_of_ones_own_installs_changes_and_uninstalls(browser: Chromium, vendor: World) -> None:
    connection = connected(vendor, "headless")
    page = browser.open(
        vendor.page(
            "Headless",
            integration=DIRECT,
            objectName="contacts",
            fields=["jobTitle"],
            mappings={"phoneNumber": "phone"},
            **whose("headless"),
        )
    )
    page.see(f"connection: {connection}")
    page.see("installation: none")
    page.see("offered: contacts")
    page.click("button", "Choose")
    page.click("button", "Create")
    (created,) = told(page, "created")
    page.see(f"installation: {created['id']}")
    content = content_of(vendor, "headless", DIRECT)
    contacts = content["read"]["objects"]["contacts"]
    assert contacts["selectedFields"]["jobTitle"] is True
    assert (contacts["selectedFieldMappings"], contacts["disabled"]) == ({"phoneNumber": "phone"}, False)

    page.click("button", "Allow")
    page.click("button", "Update")
    (updated,) = told(page, "updated")
    assert updated["config"]["id"] != created["config"]["id"]
    content = content_of(vendor, "headless", DIRECT)
    assert (list(content["write"]["objects"]), content["read"]["objects"]["contacts"]) == (
        ["contacts"],
        contacts,
    )
    assert on_platform(vendor, "headless", DIRECT)[1] == {"read:contacts": "sync", "write:contacts": "action"}

    page.click("button", "Delete")
    told(page, "deleted")
    page.see("installation: none")
    page.see("connection: none")
    assert vendor.ok("GET", f"/integrations/{DIRECT}/installations?groupRef=headless") == []
    kept(browser, vendor)


def test_a_page_without_a_key_shows_whom_its_server_vouches_for(browser: Chromium, vendor: World) -> None:
    installed(vendor, "somebody-else")
    page = browser.open(vendor.page("Install", jwt=True, integration=CONSENTED, **whose("vouched")))
    page.see("Set up Sim Cloud integration")
    page.click("button", "Next")
    consent(browser, "Allow")
    closed(browser)
    choose(page, "phone")
    page.click("button", "Install")
    installation_id, _config = told(page, "installed")
    page.click("tab", "contacts")
    page.click("button", "Stop reading from contacts")
    page.click("button", "Stop reading")
    page.see("Reading is currently disabled")
    found = installation_of(vendor, "vouched", CONSENTED)
    assert found["id"] == installation_id
    assert found["config"]["content"]["read"]["objects"]["contacts"]["disabled"] is True
    assert found["connection"]["consumer"]["consumerRef"] == "vouched-ada"
    sent = [one for one in browser.exchanges if "/v1/projects/" in one.url and not one.is_preflight]
    assert all(one.headers["Authorization"].startswith("Bearer ey") for one in sent)
    assert [one for one in sent if "X-Api-Key" in one.headers] == []
    assert told(page, "token") == [{"consumerRef": "vouched-ada", "groupRef": "vouched"}]

    page.click("tab", "Manage")
    page.click("button", "Yes, uninstall")
    assert told(page, "uninstalled") == [installation_id]
    kept(browser, vendor)

    # What the page holds opens this group and nothing else.
    bearer = {"authorization": sent[-1].headers["Authorization"]}
    below = f"/v1/projects/{vendor.project_id}"
    theirs = send(vendor.url, "GET", f"{below}/connections?groupRef=somebody-else", headers=bearer)
    assert (theirs.status, theirs.json) == (200, [])
    everything = send(vendor.url, "GET", f"{below}/installations", headers=bearer)
    assert (everything.status, everything.json) == (200, [])
    assert send(vendor.url, "GET", f"{below}/api-keys", headers=bearer).status == 403
