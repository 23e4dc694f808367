from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from tests.simulated import SimulatedClient

CALLERS = 128


def together(
    client: SimulatedClient, work: Callable[[aiohttp.ClientSession, int], Awaitable[Any]]
) -> list[Any]:
    """What this comes to for every caller, when all of them begin at once."""

    async def run() -> list[Any]:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(client.simulated.url, connector=connector) as session:
            return await asyncio.gather(*(work(session, number) for number in range(CALLERS)))

    return asyncio.run(run())


async def refreshed(client: SimulatedClient, session: aiohttp.ClientSession, token: str) -> tuple[int, Any]:
    form = {"grant_type": "refresh_token", "refresh_token": token, **client.proof}
    async with session.post("/oauth/token", data=form) as answer:
        return answer.status, await answer.json()


def test_of_128_refreshes_with_one_token_one_succeeds_and_the_family_is_revoked(
    client: SimulatedClient,
) -> None:
    first = client.connect()
    answers = together(client, lambda session, _: refreshed(client, session, first["refresh_token"]))
    assert Counter(status for status, _ in answers) == {200: 1, 400: 127}
    assert {body["error"] for status, body in answers if status == 400} == {"invalid_grant"}
    (won,) = [body for status, body in answers if status == 200]
    assert client.token_calls() == {"issued": 1, "invalid_grant": 127}
    counted = client.statistics()
    assert counted["refreshTokensReused"] == 127
    assert counted["familiesRevoked"] == {"total": 1, "by": {"refresh_token_reused": 1}}
    for token in (first["access_token"], won["access_token"]):
        assert client.simulated.api("GET", "/crm/health", token).status == 401
    assert client.refresh(won["refresh_token"]).json["error"] == "invalid_grant"


def test_of_128_exchanges_of_one_code_one_succeeds(client: SimulatedClient) -> None:
    verifier, said = client.authorize()
    form = {
        "grant_type": "authorization_code",
        "code": said["code"],
        "code_verifier": verifier,
        "redirect_uri": client.redirect_uri,
        **client.proof,
    }

    async def exchange(session: aiohttp.ClientSession, _: int) -> int:
        async with session.post("/oauth/token", data=form) as answer:
            return answer.status

    assert Counter(together(client, exchange)) == {200: 1, 400: 127}
    assert client.statistics()["codesReused"] == 127
    assert client.statistics()["familiesRevoked"] == {"total": 1, "by": {"code_reused": 1}}


def test_128_connections_refresh_five_times_each_and_every_call_is_counted(client: SimulatedClient) -> None:
    body = {"clientId": client.id}
    tokens = [client.simulated.admin("POST", "/simulator/grants", body) for _ in range(CALLERS)]

    async def use(session: aiohttp.ClientSession, number: int) -> list[int]:
        refresh_token, statuses = tokens[number]["refresh_token"], []
        for _ in range(5):
            _, renewed = await refreshed(client, session, refresh_token)
            refresh_token = renewed["refresh_token"]
            headers = {"authorization": f"Bearer {renewed['access_token']}"}
            async with session.get("/crm/whoami", headers=headers) as answer:
                statuses.append(answer.status)
        return statuses

    assert together(client, use) == [[200] * 5] * CALLERS
    assert client.token_calls() == {"issued": 640}
    counted = client.statistics()
    assert counted["apiCalls"] == {"total": 640, "byRoute": {"GET /crm/whoami": {"200": 640}}}
    assert counted["refreshTokensReused"] == 0
    families = client.simulated.admin("GET", f"/simulator/grants?clientId={client.id}")["data"]
    assert [(one["generation"], one["revoked"]) for one in families] == [(6, None)] * CALLERS


def test_128_requests_that_are_held_are_released_together(client: SimulatedClient) -> None:
    client.faults("held", on=["token"])
    form = {"grant_type": "client_credentials", **client.proof}

    async def ask(session: aiohttp.ClientSession, number: int) -> int:
        if number == 0:
            async with session.get("/simulator/held", params={"atLeast": CALLERS - 1}) as answer:
                held: int = (await answer.json())["held"]
            async with session.post("/simulator/release", json={}) as answer:
                assert await answer.json() == {"released": CALLERS - 1}
            return held
        async with session.post("/oauth/token", data=form) as answer:
            return answer.status

    assert together(client, ask) == [127, *[200] * 127]
    assert client.token_calls("client_credentials") == {"issued": 127}


def test_a_fault_for_40_requests_strikes_40_of_128(client: SimulatedClient) -> None:
    client.faults("server-error", on=["token"], times=40)
    form = {"grant_type": "client_credentials", **client.proof}

    async def ask(session: aiohttp.ClientSession, _: int) -> int:
        async with session.post("/oauth/token", data=form) as answer:
            return answer.status

    assert Counter(together(client, ask)) == {503: 40, 200: 88}
    assert client.token_calls("client_credentials") == {"issued": 88, "server-error": 40}
