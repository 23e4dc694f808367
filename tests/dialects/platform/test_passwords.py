from __future__ import annotations

import asyncio
import logging

import pytest

from tests.dialects.platform.people import events, nothing_happens, person, refusal, refused_at
from tests.instance import Instance
from trunkline.core import access
from trunkline.infra.log import configure_log
from trunkline.kit.errors import UnauthenticatedError
from trunkline.kit.secret import Secret

CANARY = "canary horse battery staple"


def path(user_id: str) -> str:
    return f"/api/users/{user_id}/password"


def logs_in(instance: Instance, username: str, password: str) -> str | None:
    attempt = access.LoginAttempt(username=username, password=Secret(password), source="192.0.2.1")
    logins = instance.platform.services.logins
    try:
        return "usr_" + asyncio.run(logins.check(instance.database, attempt))
    except UnauthenticatedError:
        return None


def test_a_user_sets_the_own_password_and_logs_in_with_it(instance):
    grace = person(instance, "grace")
    answer = grace.api("PUT", path(grace.id), {"password": CANARY})
    assert (answer.status, answer.json) == (200, {"success": True})
    assert logs_in(instance, "grace", CANARY) == grace.id
    assert events(instance)[-1] == "user.password_set"
    grace.ok("PUT", path(grace.id), {"password": "another password"})
    assert logs_in(instance, "grace", CANARY) is None
    assert logs_in(instance, "grace@acme.example", "another password") == grace.id


def test_an_administrator_sets_a_password_and_ends_the_sessions(instance):
    grace = person(instance, "grace")
    pepper = instance.platform.services.pepper
    issued = instance.database.write_now(
        lambda tx: access.open_session(tx, grace.id.removeprefix("usr_"), pepper=pepper, dialect="platform")
    )
    session = issued.secret.reveal()
    assert instance.api("GET", "/api/users", token=session).status == 200
    instance.ok("PUT", path(grace.id), {"password": CANARY})
    assert refusal(instance.api("GET", "/api/users", token=session)) == (401, "unauthenticated")
    assert grace.api("GET", "/api/users").status == 200
    assert events(instance)[-2:] == ["user.password_set", "session.closed"]


def test_nobody_else_sets_it(instance):
    grace, alan = person(instance, "grace"), person(instance, "alan")
    stranger = instance.tenant("rival")
    with nothing_happens(instance):
        body = {"password": CANARY}
        assert refusal(alan.api("PUT", path(grace.id), body)) == (403, "tier_too_low")
        assert refusal(alan.api("PUT", path(f"usr_{instance.user_id}"), body)) == (403, "tier_too_low")
        assert refusal(stranger.api("PUT", path(grace.id), body)) == (404, "not_found")
        assert refusal(instance.api("PUT", path("usr_" + "f" * 32), body)) == (404, "not_found")


def test_a_narrowed_or_lesser_key_sets_none(instance):
    me = path(f"usr_{instance.user_id}")
    narrow = {
        "operations": ({"scopes": {"operations": ["users:*"]}}, "whole_key_required"),
        "objects": ({"scopes": {"entityIds": [instance.workspace_id]}}, "whole_key_required"),
        "workspace": ({"workspaceId": instance.workspace_id}, "whole_key_required"),
        "kind": ({"kind": "publishable", "scopes": {"operations": ["*"]}}, "secret_key_required"),
    }
    keys = {
        name: instance.ok("POST", "/api/keys", {"name": name, **members})["key"]
        for name, (members, _) in narrow.items()
    }
    with nothing_happens(instance):
        for name, (_, code) in narrow.items():
            answer = instance.api("PUT", me, {"password": CANARY}, token=keys[name])
            assert refusal(answer) == (403, code), name


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1_025, "\u00e9" * 600, None, 12345678, [CANARY]])
def test_refuses_what_is_no_password_without_repeating_it(instance, password):
    with nothing_happens(instance):
        answer = instance.api("PUT", path(f"usr_{instance.user_id}"), {"password": password})
        assert refused_at(answer) == (400, ["password"])
        assert CANARY.encode() not in answer.body


def test_the_password_is_nowhere_but_in_the_request(instance, capfd):
    before = list(logging.getLogger().handlers)
    configure_log(json_lines=True, level="debug")
    try:
        for user_id in (f"usr_{instance.user_id}", "usr_" + "f" * 32):
            instance.api("PUT", path(user_id), {"password": CANARY}, headers={"idempotency-key": "k"})
        instance.api("PUT", path("x"), {"password": CANARY, "unknown": CANARY})
        assert logs_in(instance, CANARY, CANARY) is None
        assert logs_in(instance, "ada", CANARY) is not None
        assert logs_in(instance, "ada", CANARY + CANARY) is None
    finally:
        logging.getLogger().handlers[:] = before
    shown = "".join(capfd.readouterr())
    assert CANARY not in shown
    rows = instance.database.read_now(
        lambda tx: [
            tx.fetch(f"SELECT * FROM {name}", {})
            for name in (
                "users",
                "passwords",
                "audit_entries",
                "events",
                "event_payloads",
                "idempotency_records",
            )
        ]
    )
    assert CANARY not in str(rows)
    told = [instance.api("GET", one).body for one in ("/api/users", "/api/events", "/api/keys")]
    assert not any(CANARY.encode() in body for body in told)
