"""A credential that the provider refuses: the connection says so, and with it every installation that needs it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.dialects.ampersand.connecting import Online
from tests.dialects.ampersand.crm import ACCOUNT, MANIFEST
from trunkline import bootstrap

SECRET = "key-of-this-test"


class Installed:
    """An installation for a group whose account is connected to the simulated service."""

    def __init__(self, online: Online, provider: str, connection_id: str) -> None:
        self.online = online
        self.connection_id = connection_id
        text = MANIFEST.replace("salesforce", provider)
        (made,) = online.ok("PUT", online.path("/integrations:batch"), {"sourceYaml": text})
        self.path = online.path(f"/integrations/{made['id']}/installations")
        config = {"content": {**ACCOUNT, "provider": provider}}
        body = {"groupRef": "org_1", "connectionId": connection_id, "config": config}
        self.id = online.ok("POST", self.path, body)["id"]

    def states(self) -> tuple[str, str]:
        """Of the connection, and of the installation."""
        seen: dict[str, Any] = self.online.ok("GET", f"{self.path}/{self.id}")
        connection = self.online.connection(self.connection_id)
        assert connection["status"] == seen["connection"]["status"]
        return connection["status"], seen["healthStatus"]

    def told(self) -> list[str]:
        """What happened to the installation, each of it audited."""
        there = {"id": self.id.replace("-", "")}
        sql = "SELECT {} FROM {} WHERE subject_id = :id ORDER BY id"
        database = self.online.instance.database
        events = database.read_now(lambda tx: tx.column(sql.format("type", "events"), **there))
        audit = database.read_now(lambda tx: tx.column(sql.format("action", "audit_entries"), **there))
        assert events == audit
        return [one for one in events if one == "integration_install.health_changed"]


def remember(online: Online, kind: str, secret: str, username: str = "") -> None:
    body = {"kind": kind, "secret": secret, "username": username}
    online.simulated.admin("POST", "/simulator/credentials", body)


def forget(online: Online, kind: str, name: str) -> None:
    online.simulated.admin("POST", "/simulator/credentials/remove", {"kind": kind, "name": name})


GIVEN: list[tuple[str, dict[str, Any], str]] = [
    ("api_key", {"apiKey": SECRET}, SECRET),
    ("bearer", {"apiKey": SECRET}, SECRET),
    ("basic", {"basicAuth": {"username": "of-this-test", "password": SECRET}}, "of-this-test"),
]


@pytest.mark.parametrize(("scheme", "given", "name"), GIVEN)
def test_a_key_that_is_refused_is_bad_until_another_is_given(online, scheme, given, name):
    remember(online, scheme, SECRET, name if scheme == "basic" else "")
    provider = online.provider("sim-key", scheme=scheme)
    made = Installed(online, provider, online.generate(provider, **given)["id"])
    assert online.proxied(made.connection_id).status == 200
    online.settle()
    assert made.states() == ("working", "healthy")
    forget(online, scheme, name)
    assert online.proxied(made.connection_id).status == 401
    assert made.states() == ("bad_credentials", "unhealthy")
    assert (online.happened(made.connection_id)[-1], len(made.told())) == ("needs_reauth", 1)
    assert online.proxied(made.connection_id).status == 401
    remember(online, scheme, SECRET, name if scheme == "basic" else "")
    member = next(iter(given))
    body = {"updateMask": [member], "connection": given}
    online.ok("PATCH", online.path(f"/connections/{made.connection_id}"), body)
    assert made.states()[1] == "healthy"
    assert len(made.told()) == 2
    assert bootstrap.verify(online.instance.database) == []


def test_a_key_that_is_accepted_again_works_again(online):
    remember(online, "api_key", SECRET)
    provider = online.provider("sim-key", scheme="api_key")
    made = Installed(online, provider, online.generate(provider, apiKey=SECRET)["id"])
    forget(online, "api_key", SECRET)
    assert online.proxied(made.connection_id).status == 401
    assert made.states() == ("bad_credentials", "unhealthy")
    remember(online, "api_key", SECRET)
    assert online.proxied(made.connection_id).status == 200
    online.settle()
    assert made.states() == ("working", "healthy")
    assert online.happened(made.connection_id)[-2:] == ["needs_reauth", "resumed"]
    assert len(made.told()) == 2
    assert bootstrap.verify(online.instance.database) == []


def test_one_resource_that_answers_401_leaves_everything_as_it_was(online):
    remember(online, "api_key", SECRET)
    url = online.simulated.url
    online.instance.ok(
        "POST",
        "/api/providers",
        {
            "organizationId": online.instance.organization_id,
            "name": "sim-odd",
            "displayName": "sim-odd",
            "baseUrl": url,
            "auth": {"scheme": "api_key"},
            "account": {"path": "/crm/whoami", "id": "/id"},
        },
    )
    made = Installed(online, "sim-odd", online.generate("sim-odd", apiKey=SECRET)["id"])
    for _ in range(4):
        assert online.proxied(made.connection_id, "status/401").status == 401
        online.instance.clock.advance(timedelta(minutes=1))
    online.settle()
    assert made.states() == ("working", "healthy")
    assert made.told() == []


def test_a_client_that_is_refused_is_bad_credentials_and_unhealthy_until_it_is_mended(online):
    provider = online.by_code()
    made = Installed(online, provider, online.connected(provider))
    there = f"/simulator/clients/{online.client.id}"
    mended = {"clientSecret": online.client.secret, "redirectUris": [online.client.redirect_uri]}
    online.simulated.admin("PUT", there, {**mended, "clientSecret": "changed"})
    online.instance.clock.advance(timedelta(seconds=301))
    assert online.proxied(made.connection_id).status == 502
    assert made.states() == ("bad_credentials", "unhealthy")
    assert (online.happened(made.connection_id)[-1], len(made.told())) == ("needs_reauth", 1)
    assert bootstrap.verify(online.instance.database) == []
    online.simulated.admin("PUT", there, mended)
    online.instance.clock.advance(timedelta(hours=1))
    online.proxied(made.connection_id)
    assert made.states()[1] == "healthy"
    assert (online.happened(made.connection_id)[-1], len(made.told())) == ("resumed", 2)
    assert bootstrap.verify(online.instance.database) == []
