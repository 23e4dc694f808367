"""What the tests of the vendor's library do again and again: look, use, and ask the API whether it is so."""

from __future__ import annotations

from typing import Any

from tests.dialects.ampersand import contract
from tests.e2e.ampersand.host import PACKAGES
from tests.e2e.ampersand.world import KEYED, World
from tests.e2e.chromium import Chromium, Page
from tests.e2e.http_client import Answer
from trunkline.kit.ids import format_id, parse_id


def told(page: Page, what: str, count: int = 1) -> list[Any]:
    """What the library called back with, the last time of so many."""
    about: list[Any] = page.wait(
        "(what, count) => window.told.filter((one) => one.what === what)[count - 1]?.about", what, count
    )
    return about


def kept(browser: Chromium, vendor: World, **expected: int) -> None:
    """Nothing of the API was refused, broke the vendor's document or was kept from the page.

    Args:
        expected: statuses from 400 on that the test is about, and how many there are: `of_409=1`.
    """
    ours = [one for one in browser.exchanges if one.url.startswith(f"{vendor.url}/v1/")]
    browser.until(lambda: all(one.is_over for one in ours), "every answer")
    refused: dict[str, int] = {}
    for one in ours:
        assert one.failure is None, one
        if one.is_preflight:
            assert one.status == 204, one
            continue
        sent = {name.lower(): value for name, value in one.headers.items()}
        assert sent.get("x-amp-client") == "react", one
        assert sent["x-amp-client-version"] == PACKAGES["@amp-labs/react"]
        if one.status >= 400:
            refused[f"of_{one.status}"] = refused.get(f"of_{one.status}", 0) + 1
        assert one.body is not None, one
        path = one.url.removeprefix(vendor.url)
        known = contract.check(one.method, path, one.status, one.body, one.content_type)
        assert known or not contract.HAS_DOCUMENT, one
    assert refused == expected
    complaints = [one for one in browser.complaints if vendor.url in one or "Content Security" in one]
    assert len(complaints) == sum(expected.values()), complaints


def whose(group: str) -> dict[str, str]:
    return {
        "consumerRef": f"{group}-ada",
        "consumerName": "Ada",
        "groupRef": group,
        "groupName": f"The {group} group",
    }


def connection_of(vendor: World, group: str) -> Any:
    (found,) = vendor.ok("GET", f"/connections?groupRef={group}")
    return found


def installation_of(vendor: World, group: str, integration: str = KEYED) -> Any:
    (found,) = vendor.ok("GET", f"/integrations/{integration}/installations?groupRef={group}")
    return found


def connected(vendor: World, group: str) -> str:
    """Connect a group through the API."""
    made = vendor.ok(
        "POST", "/connections:generate", {**whose(group), "provider": "simcrm", "apiKey": vendor.api_key}
    )
    return str(made["id"])


def installed(vendor: World, group: str) -> str:
    """Install for a group through the API, the contacts being read."""
    connection = connected(vendor, group)
    contacts = {
        "objectName": "contacts",
        "selectedFields": {},
        "selectedFieldMappings": {"phoneNumber": "phone"},
    }
    content = {"provider": "simcrm", "read": {"objects": {"contacts": contacts}}}
    made = vendor.ok(
        "POST",
        f"/integrations/{KEYED}/installations",
        {"groupRef": group, "connectionId": connection, "config": {"content": content}},
    )
    return str(made["id"])


def choose(page: Page, field: str) -> None:
    """Choose from the first list of fields."""
    page.click('button[aria-label="toggle menu"]')
    page.click("option", field)


def content_of(vendor: World, group: str, integration: str = KEYED) -> Any:
    return installation_of(vendor, group, integration)["config"]["content"]


def on_platform(vendor: World, group: str, integration: str = KEYED) -> tuple[Any, dict[str, str]]:
    """The same install as the platform's own API shows it, and its live members' kinds by slug."""
    install_id = prefixed("install", installation_of(vendor, group, integration)["id"])
    install = vendor.platform(f"/api/integration-installs/{install_id}")
    members = vendor.platform(f"/api/integration-installs/{install_id}/members")["members"]
    return install, {
        one["sourceMemberSlug"]: one["kind"] for one in members if one["enabled"] and not one["deletedAt"]
    }


def prefixed(kind: str, uuid: str) -> str:
    found = parse_id(kind, uuid)
    assert found is not None
    return format_id(kind, found)


def asked(vendor: World, connection_id: str) -> Answer:
    """What the provider says to whom a connection stands for."""
    there = f"/api/connections/{prefixed('connection', connection_id)}/proxy/contacts"
    return vendor.platform_answer(there)


def used(vendor: World, connection_id: str) -> list[Any]:
    """The provider's contacts, through the connection; as only a good credential gets them."""
    answer = asked(vendor, connection_id)
    assert answer.status == 200, answer
    contacts: list[Any] = answer.json["data"]
    return contacts


def consent(browser: Chromium, decision: str) -> None:
    """What the customer says in the provider's own window, which then closes, or shows what became of it."""
    popup = browser.popup()
    popup.see("The project asks for access")
    popup.click("button", decision)


def closed(browser: Chromium) -> None:
    browser.until(lambda: len(browser.pages) == 1, "the popup to close")
