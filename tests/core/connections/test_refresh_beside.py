"""One refresh while others are at it: processes that wait, are killed, hang up or were quicker."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.core.connections.answering import Answering
from tests.core.connections.desk import Desk, oauth2
from tests.core.connections.expiring import expired
from trunkline.core import connections
from trunkline.core.connections import (
    FlowServices,
    NeedsReauthError,
    RefreshUnavailableError,
    in_flight,
)
from trunkline.core.connections.leases import claim_lease
from trunkline.core.connections.standing import read_standing


def lease(desk: Desk, connection_id: str) -> None:
    """Another process begins a refresh and tells nobody how it ended."""
    standing = desk.world.read(lambda tx: read_standing(tx, connection_id))
    assert desk.world.write(lambda tx: claim_lease(tx, standing, single_use=True)) is not None


def test_while_another_process_refreshes_the_valid_token_is_used_after_a_wait(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunkline.core.connections.flows.refresh.WAIT_S", 0.05)
    row = desk.authorize(desk.integration())
    first = desk.token(row.id)
    desk.later(seconds=290)
    lease(desk, row.id)
    assert desk.token(row.id) == first
    desk.later(seconds=11)
    with pytest.raises(RefreshUnavailableError) as refused:
        desk.token(row.id)
    assert refused.value.retry_after_s == 1
    assert desk.refreshes() == {}


def test_a_process_killed_before_it_asked_costs_a_minute(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record says that the token may have been spent; asking shows that it was not."""
    monkeypatch.setattr("trunkline.core.connections.flows.refresh.WAIT_S", 0.05)
    connection_id = expired(desk)
    lease(desk, connection_id)
    desk.later(seconds=59)
    with pytest.raises(RefreshUnavailableError):
        desk.token(connection_id)
    desk.later(seconds=2)
    assert desk.works(desk.token(connection_id)) == 200
    assert desk.columns(connection_id, "intent", "lease_owner") == (None, None)


def test_a_process_killed_after_it_asked_costs_the_grant_and_says_so(desk: Desk) -> None:
    connection_id = expired(desk)
    held = desk.world.read(lambda tx: connections.reveal(tx, desk.vault, connection_id)).reveal()
    lease(desk, connection_id)
    desk.client.refresh(held.partition('"refresh":"')[2].partition('"')[0])
    desk.later(seconds=61)
    with pytest.raises(NeedsReauthError, match="interrupted"):
        desk.token(connection_id)
    assert desk.status(connection_id) == ("needs_reauth", "outcome_unknown")


def test_an_answer_beyond_all_measure_does_not_lose_the_tokens_in_it(
    desk: Desk, answering: Answering
) -> None:
    config = oauth2(desk.simulated, desk.client, tokenUri=answering.url, account=None, health=None)
    answering.answer = lambda *_: (200, {"access_token": "a0", "refresh_token": "r0", "expires_in": 300})
    row = desk.connect(desk.integration(config), credentials={"refreshToken": "brought"})
    desk.later(seconds=301)
    answering.answer = lambda *_: (200, {"access_token": "a1", "refresh_token": "r1", "expires_in": 10**400})
    assert desk.token(row.id) == "a1"
    assert desk.columns(row.id, "generation", "lease_owner", "failures") == (2, None, 0)


def test_a_request_that_cannot_be_sent_gives_the_lease_back(desk: Desk, answering: Answering) -> None:
    exchange = {
        "url": answering.url,
        "inputs": ["key"],
        "body": {"key": "${credential.key}"},
        "expiresInS": 60,
    }
    config = {"type": "token_exchange", "apiBaseUri": answering.url, "mode": "shared", "exchange": exchange}
    answering.answer = lambda *_: (200, {"access_token": "a"})
    integration = desk.integration(config, secret=False)
    row = desk.connect(integration, credentials={"key": "k" * 16_384})
    desk.later(seconds=61)
    desk.edit(integration, exchange={**exchange, "method": "GET"})  # a key too long to stand in a URL
    with pytest.raises(RefreshUnavailableError):
        desk.token(row.id)
    assert desk.columns(row.id, "lease_owner", "intent", "failures", "status") == (None, None, 1, "ok")
    assert len(answering.bodies) == 1
    desk.edit(integration, exchange=exchange)
    desk.later(seconds=6)
    assert desk.token(row.id) == "a"


def test_the_background_finishes_what_a_killed_process_began(desk: Desk) -> None:
    connection_id = expired(desk)
    lease(desk, connection_id)
    assert desk.tend() == 0
    desk.later(seconds=61)
    assert desk.tend() == 1
    assert desk.status(connection_id) == ("ok", None)
    assert desk.refreshes() == {"issued": 1}
    assert desk.tend() == 0


def test_a_caller_that_hangs_up_does_not_end_the_refresh(desk: Desk) -> None:
    connection_id = expired(desk)
    desk.client.faults("answer-held", on=["token"], times=1)

    async def hang_up() -> None:
        asking = asyncio.create_task(connections.authorized(desk.env, desk.actor("editor"), connection_id))
        await asyncio.to_thread(desk.simulated.admin, "GET", "/simulator/held?atLeast=1")
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.to_thread(desk.simulated.admin, "POST", "/simulator/release")
        await in_flight(desk.world.db).settle(desk.world.db)

    desk.run(hang_up())
    assert desk.get(connection_id).generation == 2
    assert desk.works(desk.token(connection_id)) == 200
    assert desk.refreshes() == {"issued": 1}
    assert desk.families() == [None]


def test_whoever_is_refused_looks_whether_somebody_else_has_rotated(desk: Desk) -> None:
    """A process that seemed dead stores what it got just before the one after it is refused."""
    connection_id = expired(desk)
    editor = desk.actor("editor")
    desk.client.faults("answer-held", on=["token"], times=2)

    async def overtake(other: FlowServices) -> tuple[int, Any]:
        slow = asyncio.create_task(connections.authorized(desk.env, editor, connection_id))
        await asyncio.to_thread(desk.simulated.admin, "GET", "/simulator/held?atLeast=1")
        desk.later(seconds=61)  # its lease is over, its answer still on the way
        late = asyncio.create_task(connections.authorized(other, editor, connection_id))
        await asyncio.to_thread(desk.simulated.admin, "GET", "/simulator/held?atLeast=2")
        await asyncio.to_thread(desk.simulated.admin, "POST", "/simulator/release")
        (outcome,) = await asyncio.gather(late, return_exceptions=True)
        return (await slow).generation, outcome

    with desk.beside() as other:
        kept, outcome = desk.run(overtake(other))
    assert kept == 2
    # Should the refusal have been read first, the connection is given up for the moment until the token is in.
    assert isinstance(outcome, NeedsReauthError) or outcome.generation == 2
    assert desk.columns(connection_id, "generation", "status") == (2, "ok")
    assert desk.refreshes() == {"issued": 1, "invalid_grant": 1}


def test_two_processes_refresh_once(desk: Desk) -> None:
    connection_id = expired(desk)
    editor = desk.actor("editor")
    desk.client.faults("held", on=["token"], times=1)

    async def both(other: FlowServices) -> set[tuple[str, str]]:
        asking = [
            asyncio.create_task(connections.authorized(env, editor, connection_id))
            for env in (desk.env, other) * 8
        ]
        await asyncio.to_thread(desk.simulated.admin, "GET", "/simulator/held?atLeast=1")
        await asyncio.to_thread(desk.simulated.admin, "POST", "/simulator/release")
        return {pair for one in await asyncio.gather(*asking) for pair in one.headers}

    with desk.beside() as other:
        assert len(desk.run(both(other))) == 1
    assert desk.refreshes() == {"issued": 1}
    assert desk.families() == [None]
