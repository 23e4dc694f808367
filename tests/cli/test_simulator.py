from __future__ import annotations

import signal

import pytest

from tests.cli.command import Here, Running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_it_is_interrupted(number: signal.Signals) -> None:
    flags = ("--auto-approve", "--token-life", "9", "--contacts", "3")
    with Running("simulator", "--port", "0", "--profile", "no-expires-in", *flags) as running:
        (printed,) = running.printed
        url = running.url
        assert printed == {
            "url": url,
            "authorizationUrl": f"{url}/oauth/authorize",
            "tokenUrl": f"{url}/oauth/token",
            "revocationUrl": f"{url}/oauth/revoke",
            "apiUrl": f"{url}/crm",
            "adminUrl": f"{url}/simulator",
            "clientId": "demo",
            "clientSecret": "demo-secret",
            "apiKey": "demo-api-key",
            "bearerToken": "demo-bearer-token",
            "username": "demo",
            "password": "demo-password",
        }
        status, contacts = running.get("/crm/contacts", "demo-bearer-token")
        assert (status, len(contacts["data"])) == (200, 3)
        assert running.get("/simulator")[1]["assigned"] == {}
        done = running.stop(number)
    assert (done.exit, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize(
    ("flags", "exit_code", "error"),
    [
        (["--redirect-uri", "/relative"], 1, "invalid_request"),
        (["--profile", "sloth"], 2, "usage"),
        (["--token-life", "0"], 2, "usage"),
        (["--port", "70000"], 2, "settings_invalid"),
    ],
)
def test_refuses_to_start(here: Here, flags: list[str], exit_code: int, error: str) -> None:
    refused = here("simulator", "--json", *flags)
    assert (refused.exit, refused.out, refused.error["code"]) == (exit_code, "", error)
