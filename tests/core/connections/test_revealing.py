"""Fresh tokens on demand, and who is shown a credential."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.core.connections.desk import LIFE, Desk
from tests.core.connections.offering import KEY, by_key, define, group
from trunkline.core import access, connections
from trunkline.core.connections import (
    NeedsReauthError,
    RefreshUnavailableError,
)
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, NotFoundError
from trunkline.kit.ids import new_id
from trunkline.kit.secret import Secret


def test_a_fresh_token_is_got_for_the_asking(desk: Desk) -> None:
    row = desk.authorize(None, provider=define(desk), mode="shared")
    same = desk.run(connections.renew(desk.env, desk.actor("editor"), row.id))
    assert (same.generation, desk.refreshes()) == (1, {})
    after = desk.run(connections.renew(desk.env, desk.actor("editor"), row.id, force=True))
    assert (after.generation, desk.refreshes()) == (2, {"issued": 1})
    desk.later(seconds=LIFE.total_seconds())
    ended = desk.run(connections.renew(desk.env, desk.actor("editor"), row.id))
    assert (ended.generation, desk.refreshes()) == (3, {"issued": 2})


def test_however_many_ask_while_a_token_is_got_they_share_the_call(desk: Desk) -> None:
    row = desk.authorize(None, provider=define(desk), mode="shared")
    desk.client.faults("held", on=["token"], times=1)

    async def many() -> list[int]:
        asking = [
            asyncio.create_task(connections.renew(desk.env, desk.actor("editor"), row.id, force=True))
            for _ in range(10)
        ]
        await asyncio.to_thread(desk.simulated.admin, "GET", "/simulator/held?atLeast=1")
        await asyncio.gather(*(desk.env.database.read(lambda tx: tx.now) for _ in range(50)))
        await asyncio.to_thread(desk.simulated.admin, "POST", "/simulator/release")
        return sorted(found.generation for found in await asyncio.gather(*asking))

    generations = desk.run(many())
    # Who has not looked by then, on a busy machine, sees the new token and asks for one newer still.
    assert (generations[0], desk.refreshes()) == (2, {"issued": generations[-1] - 1})
    assert generations.count(2) >= 5


def test_a_token_that_cannot_be_renewed_is_kept_and_it_is_said(desk: Desk) -> None:
    row = desk.authorize(None, provider=define(desk), mode="shared")
    before = desk.token(row.id)
    desk.client.faults("server-error", on=["token"], times=1)
    with pytest.raises(RefreshUnavailableError):
        desk.run(connections.renew(desk.env, desk.actor("editor"), row.id, force=True))
    assert desk.token(row.id) == before


def test_what_cannot_be_renewed_stays_as_it_is(desk: Desk) -> None:
    row = desk.connect(None, provider=by_key(desk), credentials={"apiKey": KEY}, mode="shared")
    assert desk.run(connections.renew(desk.env, desk.actor("editor"), row.id, force=True)) == row
    with pytest.raises(ForbiddenError):
        desk.run(connections.renew(desk.env, desk.actor("viewer"), row.id, force=True))
    with pytest.raises(NotFoundError):
        desk.run(connections.renew(desk.env, desk.actor("stranger"), row.id, force=True))


# Who is shown a credential


def project_key(desk: Desk, **narrowed: Any) -> Actor:
    """A key of project `one`, over its groups."""
    return replace(desk.world.project("admin"), key_id=new_id(), **narrowed)


def test_a_projects_own_key_is_shown_a_credential_and_it_is_on_record(desk: Desk) -> None:
    row = desk.authorize(None, desk.world.project("editor"), provider=define(desk), workspace_id=group(desk))
    key = project_key(desk)
    found = desk.world.write(lambda tx: connections.reveal_credential(tx, key, desk.vault, row.id))
    assert (found.names, found.access) == (["accessToken"], Secret(desk.token(row.id, key)))
    both = desk.world.write(
        lambda tx: connections.reveal_credential(tx, key, desk.vault, row.id, refresh_token=True)
    )
    assert both.names == ["accessToken", "refreshToken"]
    assert desk.happened(row.id) == ["created", "credential_revealed", "credential_revealed"]


def test_nobody_else_is_shown_one(desk: Desk) -> None:
    place = group(desk)
    row = desk.connect(
        None,
        desk.world.project("editor"),
        provider=by_key(desk),
        workspace_id=place,
        credentials={"apiKey": KEY},
    )
    front_end = desk.world.read(
        lambda tx: access.front_end_actor(
            tx,
            project_id=desk.world.one,
            user_id=desk.world.users["admin"],
            key_id=None,
            group_ref="acme-customer",
            consumer_ref="bob",
        )
    )
    callers = [
        desk.actor("boss"),
        replace(desk.actor("boss"), key_id=new_id()),
        desk.world.project("admin"),
        project_key(desk, operations=frozenset({"connections:read"})),
        project_key(desk, entity_ids=frozenset({row.id})),
        replace(front_end, key_id=new_id()),
        replace(desk.world.project("editor"), key_id=new_id()),
    ]

    def reveal(tx: Tx, actor: Actor) -> connections.Revealed:
        return connections.reveal_credential(tx, actor, desk.vault, row.id)

    for actor in callers:
        with pytest.raises(ForbiddenError):
            desk.world.write(reveal, actor)
    with pytest.raises(NotFoundError):
        desk.world.write(reveal, desk.actor("stranger"))
    assert desk.happened(row.id) == ["created"]


def test_a_credential_that_is_no_good_is_not_shown(desk: Desk) -> None:
    row = desk.connect(None, provider=by_key(desk), credentials={"apiKey": KEY}, mode="shared")
    desk.put(row.id, status="needs_reauth", reason="revoked")
    found = desk.world.write(
        lambda tx: connections.reveal_credential(tx, project_key(desk), desk.vault, row.id)
    )
    assert found.names == []
    with pytest.raises(NeedsReauthError):
        desk.run(connections.renew(desk.env, desk.actor("editor"), row.id, force=True))
