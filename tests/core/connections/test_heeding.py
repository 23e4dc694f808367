"""What answers to requests say of a credential that nobody can refresh."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.connections.desk import HEALTH, Desk
from trunkline.core import connections
from trunkline.core.connections import ConnectionRow, ConnectionSuspendedError, NeedsReauthError, Verdict
from trunkline.core.connections.handlers import follow_user
from trunkline.core.journal import Change
from trunkline.kit.actor import system_actor

KEY = "key-of-this-test"
REFUSED = ("needs_reauth", "credential_refused")
GOOD = ("ok", None)
PAUSE_S = 30


def keep(desk: Desk, secret: str = KEY) -> None:
    desk.simulated.admin("POST", "/simulator/credentials", {"kind": "api_key", "secret": secret})


def drop(desk: Desk, secret: str = KEY) -> None:
    desk.simulated.admin("POST", "/simulator/credentials/remove", {"kind": "api_key", "name": secret})


def by_key(desk: Desk, *, asks: bool = True, **more: Any) -> ConnectionRow:
    """A connection with a key that the simulated service takes."""
    keep(desk)
    config = {"type": "api_key", "apiBaseUri": f"{desk.simulated.url}/crm", "mode": "shared", **more}
    if asks:
        config["health"] = HEALTH
    return desk.connect(desk.integration(config, secret=False), credentials={"apiKey": KEY})


def heed(desk: Desk, connection_id: str, *statuses: int) -> None:
    """One request after another, answered so."""
    for status in statuses:
        used = desk.use(connection_id)
        desk.run(connections.heed_answer(desk.env, used, status))


class TestWhereTheProviderCanBeAsked:
    def test_a_credential_that_it_refuses_too_is_its_owners_problem(self, desk: Desk) -> None:
        row = by_key(desk)
        drop(desk)
        heed(desk, row.id, 401)
        assert desk.status(row.id) == REFUSED
        assert desk.happened(row.id) == ["created", "needs_reauth"]

    def test_a_resource_that_answers_401_changes_nothing_however_often(self, desk: Desk) -> None:
        row = by_key(desk)
        for _ in range(5):
            heed(desk, row.id, 401, 401)
            desk.later(seconds=PAUSE_S + 1)
        assert (desk.status(row.id), desk.happened(row.id)) == (GOOD, ["created"])

    def test_a_second_refusal_within_the_pause_asks_nobody(self, desk: Desk) -> None:
        row = by_key(desk)
        heed(desk, row.id, 401)
        drop(desk)
        heed(desk, row.id, 401)
        assert desk.status(row.id) == GOOD
        desk.later(seconds=PAUSE_S + 1)
        heed(desk, row.id, 401)
        assert desk.status(row.id) == REFUSED

    @pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
    def test_no_other_status_is_a_refusal(self, desk: Desk, status: int) -> None:
        row = by_key(desk)
        drop(desk)
        heed(desk, row.id, status)
        assert desk.status(row.id) == GOOD

    def test_a_question_that_is_answered_otherwise_is_no_refusal(self, desk: Desk) -> None:
        row = by_key(desk)
        desk.edit(str(row.integration_id), health={"path": "/nowhere"})
        heed(desk, row.id, 401)
        assert desk.status(row.id) == GOOD

    def test_a_provider_that_cannot_be_reached_has_refused_nothing(self, desk: Desk) -> None:
        row = by_key(desk)
        drop(desk)
        used = desk.use(row.id)
        nowhere = replace(used.config, base_url="https://127.0.0.1:9")
        desk.run(connections.heed_answer(desk.env, replace(used, config=nowhere), 401))
        assert desk.status(row.id) == GOOD

    def test_one_success_is_believed_once_the_provider_confirms_it(self, desk: Desk) -> None:
        row = by_key(desk)
        drop(desk)
        heed(desk, row.id, 401, 200)
        assert desk.status(row.id) == REFUSED
        keep(desk)
        heed(desk, row.id, 200)
        assert desk.status(row.id) == REFUSED
        desk.later(seconds=PAUSE_S + 1)
        heed(desk, row.id, 200, 200)
        assert desk.status(row.id) == GOOD
        assert desk.happened(row.id) == ["created", "needs_reauth", "resumed"]

    def test_a_test_by_a_person_ends_it_too(self, desk: Desk) -> None:
        row = by_key(desk)
        drop(desk)
        heed(desk, row.id, 401)
        keep(desk)
        probed = desk.run(connections.probe(desk.env, desk.actor("editor"), row.id))
        assert (probed.verdict, probed.connection.status, probed.connection.reason) == (
            Verdict.GOOD,
            "ok",
            None,
        )


class TestWhereItCannot:
    def test_the_third_refusal_in_a_row_counts(self, desk: Desk) -> None:
        row = by_key(desk, asks=False)
        for expected in (GOOD, GOOD, REFUSED, REFUSED):
            heed(desk, row.id, 401)
            assert desk.status(row.id) == expected
            desk.later(seconds=PAUSE_S + 1)
        assert desk.happened(row.id) == ["created", "needs_reauth"]

    def test_a_burst_of_them_is_one(self, desk: Desk) -> None:
        row = by_key(desk, asks=False)
        heed(desk, row.id, *[401] * 10)
        assert (desk.status(row.id), desk.columns(row.id, "refusals")) == (GOOD, 1)

    def test_those_that_were_seen_before_the_same_moment_count_once(self, desk: Desk) -> None:
        row = by_key(desk, asks=False)
        used = [desk.use(row.id) for _ in range(3)]
        for one in used:
            desk.run(connections.heed_answer(desk.env, one, 401))
            desk.later(seconds=PAUSE_S + 1)
        assert (desk.status(row.id), desk.columns(row.id, "refusals")) == (GOOD, 1)

    def test_a_success_between_them_begins_the_count_anew(self, desk: Desk) -> None:
        row = by_key(desk, asks=False)
        for status in (401, 401, 204, 401, 401):
            heed(desk, row.id, status)
            desk.later(seconds=PAUSE_S + 1)
        assert desk.status(row.id) == GOOD
        heed(desk, row.id, 401)
        assert desk.status(row.id) == REFUSED

    def test_the_first_success_after_them_ends_it(self, desk: Desk) -> None:
        row = refused(desk)
        heed(desk, row.id, 404)
        assert desk.status(row.id) == REFUSED
        heed(desk, row.id, 200, 200)
        assert (desk.status(row.id), desk.columns(row.id, "refusals")) == (GOOD, 0)
        assert desk.happened(row.id) == ["created", "needs_reauth", "resumed"]

    def test_another_credential_ends_it_and_is_not_blamed(self, desk: Desk) -> None:
        row = refused(desk)
        late = desk.use(row.id)
        desk.connect(row.integration_id, connection_id=row.id, credentials={"apiKey": "another-key"})
        desk.run(connections.heed_answer(desk.env, late, 401))
        assert (desk.status(row.id), desk.columns(row.id, "refusals")) == (GOOD, 0)
        assert desk.happened(row.id) == ["created", "needs_reauth", "reconnected"]


def refused(desk: Desk, **more: Any) -> ConnectionRow:
    """A connection whose credential was refused three times, at a provider that cannot be asked."""
    row = by_key(desk, asks=False, **more)
    for _ in range(3):
        heed(desk, row.id, 401)
        desk.later(seconds=PAUSE_S + 1)
    assert desk.status(row.id) == REFUSED
    return row


def test_what_is_refused_is_still_sent_to_nobody_but_those_consented_to(desk: Desk) -> None:
    row = refused(desk)
    desk.edit(str(row.integration_id), apiBaseUri="https://elsewhere.example")
    with pytest.raises(ConnectionSuspendedError):
        desk.use(row.id)
    assert desk.status(row.id) == ("suspended", "origin_changed")


def test_what_is_refused_is_stopped_when_its_integration_authenticates_otherwise(desk: Desk) -> None:
    row = refused(desk)
    desk.edit(str(row.integration_id), type="bearer")
    with pytest.raises(NeedsReauthError):
        desk.use(row.id)
    assert desk.status(row.id) == ("needs_reauth", "scheme_changed")
    with pytest.raises(NeedsReauthError):
        desk.use(row.id)


def test_what_is_refused_is_suspended_with_its_user(own_desk: Desk) -> None:
    desk = own_desk
    row = refused(desk, mode="per_user")
    user_id = desk.get(row.id, "editor").user_id
    assert user_id is not None
    change = Change(
        type="user.updated",
        subject_kind="user",
        subject_id=user_id,
        organization_id=row.organization_id,
        workspace_id=None,
        changed=("active",),
        data={},
    )

    def work(tx: Any) -> None:
        tx.run("UPDATE users SET active = 0 WHERE id = :id", id=user_id)
        follow_user(tx, system_actor("a test"), change, "")

    desk.world.write(work)
    assert desk.status(row.id) == ("suspended", "user_inactive")


def test_a_credential_that_can_be_refreshed_is_judged_at_its_token_endpoint(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    for _ in range(4):
        heed(desk, row.id, 401)
        desk.later(seconds=PAUSE_S + 1)
    assert (desk.status(row.id), desk.columns(row.id, "refusals")) == (GOOD, 0)
