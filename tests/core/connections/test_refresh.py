"""One token call per expiry, whatever the provider does, and no grant lost on our side."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from tests.core.connections.desk import CALLBACK, Desk, oauth2
from tests.core.connections.expiring import EXPIRE, expired
from trunkline.core import connections
from trunkline.core.connections import (
    NeedsReauthError,
    RefreshUnavailableError,
    TokenRefusedError,
    in_flight,
)
from trunkline.core.connections.flows.breaker import Breaker
from trunkline.core.connections.flows.refresh import REFRESHER
from trunkline.core.connections.leases import claim_lease, give_back
from trunkline.core.connections.reasons import Reason
from trunkline.core.connections.standing import read_standing
from trunkline.kit.secret import Secret


def test_a_fresh_token_is_served_without_asking_anybody(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    first = desk.token(row.id)
    desk.later(seconds=200)
    assert desk.token(row.id) == first
    assert desk.refreshes() == {}


def test_a_token_is_replaced_shortly_before_its_end(desk: Desk) -> None:
    """A tenth of 300 s before, and up to half as much again."""
    row = desk.authorize(desk.integration())
    first = desk.token(row.id)
    desk.later(seconds=254)
    assert desk.token(row.id) == first
    desk.later(seconds=17)
    second = desk.token(row.id)
    assert second != first
    assert desk.works(second) == 200
    assert desk.refreshes() == {"issued": 1}
    assert desk.get(row.id).generation == 2
    assert desk.happened(row.id) == ["created"]


def test_each_expiry_is_one_token_call(desk: Desk) -> None:
    connection_id = expired(desk)
    for number in range(1, 6):
        assert desk.works(desk.token(connection_id)) == 200
        assert desk.refreshes() == {"issued": number}
        desk.later(**EXPIRE)
    assert desk.families() == [None]


def test_a_refused_generation_is_replaced_at_once_and_only_that_one(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    desk.simulated.admin("POST", "/simulator/expire", {"clientId": desk.client.id})
    assert desk.works(desk.token(row.id)) == 401
    fresh = desk.token(row.id, refused=1)
    assert desk.works(fresh) == 200
    assert desk.token(row.id, refused=1) == fresh
    assert desk.refreshes() == {"issued": 1}


def test_an_upstream_that_refuses_everything_gets_no_storm(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    generation = 1
    for _ in range(5):
        generation = desk.use(row.id, refused=generation).generation
    assert desk.refreshes() == {"issued": 2}
    assert generation == 3
    desk.later(seconds=31)
    assert desk.use(row.id, refused=3).generation == 4
    desk.later(seconds=31)
    assert desk.use(row.id, refused=4).generation == 4
    desk.later(seconds=30)
    assert desk.use(row.id, refused=4).generation == 5


def test_a_token_is_not_replaced_within_thirty_seconds_however_short_it_lives(desk: Desk) -> None:
    desk.client = desk.simulated.client(desk.client.redirect_uri, accessTokenS=5)
    row = desk.authorize(desk.integration())
    first = desk.token(row.id)
    desk.later(seconds=29)
    assert desk.token(row.id) == first
    desk.later(seconds=2)
    assert desk.token(row.id) != first
    assert desk.refreshes() == {"issued": 1}


def test_a_dropped_refresh_token_keeps_the_old_one(desk: Desk) -> None:
    connection_id = expired(desk)
    desk.client.faults("dropped-refresh-token", on=["token"], times=1)
    assert desk.works(desk.token(connection_id)) == 200
    desk.later(**EXPIRE)
    assert desk.works(desk.token(connection_id)) == 200
    assert desk.refreshes() == {"issued": 2}


@pytest.mark.parametrize("profile", ["form-encoded", "expires-in-text", "no-expires-in", "slow"])
def test_odd_answers_are_answers(desk: Desk, profile: str) -> None:
    connection_id = expired(desk)
    desk.client.faults(profile, on=["token"])
    assert desk.works(desk.token(connection_id)) == 200
    assert desk.status(connection_id) == ("ok", None)


BEFORE = ["server-error", "html-error", "rate-limited", "error-in-200", "redirect"]
AFTER = ["server-error-after", "cut", "huge"]


@pytest.mark.parametrize("profile", BEFORE)
def test_a_passing_failure_is_waited_out(desk: Desk, profile: str) -> None:
    connection_id = expired(desk)
    desk.client.faults(profile, on=["token"], times=1)
    with pytest.raises(RefreshUnavailableError) as refused:
        desk.token(connection_id)
    assert refused.value.retry_after_s == 5
    calls = desk.refreshes()
    with pytest.raises(RefreshUnavailableError):
        desk.token(connection_id)
    assert desk.refreshes() == calls
    assert desk.status(connection_id) == ("ok", None)
    desk.later(seconds=6)
    assert desk.works(desk.token(connection_id)) == 200
    assert desk.families() == [None]


@pytest.mark.parametrize("profile", AFTER)
def test_a_lost_answer_is_asked_for_once_more_and_then_left_to_the_owner(desk: Desk, profile: str) -> None:
    """The provider has spent the token without telling: nobody can save this grant, but everybody can know."""
    connection_id = expired(desk)
    desk.client.faults(profile, on=["token"], times=1)
    with pytest.raises(RefreshUnavailableError):
        desk.token(connection_id)
    assert desk.columns(connection_id, "intent") == "1"
    desk.later(seconds=6)
    with pytest.raises(NeedsReauthError, match="interrupted"):
        desk.token(connection_id)
    assert desk.status(connection_id) == ("needs_reauth", "outcome_unknown")
    assert desk.happened(connection_id) == ["created", "needs_reauth"]


@pytest.mark.parametrize("profile", AFTER)
def test_a_lost_answer_costs_nothing_where_the_token_is_good_more_than_once(desk: Desk, profile: str) -> None:
    desk.client = desk.simulated.client(desk.client.redirect_uri, rotates=False)
    connection_id = expired(desk)
    desk.client.faults(profile, on=["token"], times=1)
    with pytest.raises(RefreshUnavailableError):
        desk.token(connection_id)
    desk.later(seconds=6)
    assert desk.works(desk.token(connection_id)) == 200
    assert desk.columns(connection_id, "intent", "failures") == (None, 0)


def test_while_the_old_token_is_valid_a_failing_refresh_is_nobodys_problem(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    first = desk.token(row.id)
    desk.later(seconds=290)
    desk.client.faults("server-error", on=["token"])
    assert desk.token(row.id) == first
    assert desk.token(row.id) == first
    assert sum(desk.refreshes().values()) == 1
    desk.later(seconds=11)
    with pytest.raises(RefreshUnavailableError):
        desk.token(row.id)


def test_failures_back_off_from_five_seconds_to_an_hour_and_are_told(desk: Desk) -> None:
    connection_id = expired(desk)
    desk.client.faults("server-error", on=["token"])
    waits = []
    for _ in range(12):
        in_flight(desk.world.db).breaker = Breaker()
        with pytest.raises(RefreshUnavailableError) as refused:
            desk.token(connection_id)
        waits.append(refused.value.retry_after_s)
        desk.later(seconds=refused.value.retry_after_s)
    assert waits[0] == 5
    for number, waited in enumerate(waits):
        longest = min(3_600, 5 * 2**number)
        assert longest / 2 <= waited <= longest
    assert desk.status(connection_id) == ("ok", "refresh_failing")
    desk.client.faults()
    in_flight(desk.world.db).breaker = Breaker()
    assert desk.works(desk.token(connection_id)) == 200
    assert desk.status(connection_id) == ("ok", None)
    assert desk.columns(connection_id, "failures", "retry_at") == (0, None)


def test_retry_after_is_honoured(desk: Desk) -> None:
    connection_id = expired(desk)
    for number in range(3):
        desk.client.faults("server-error", on=["token"], times=1)
        with pytest.raises(RefreshUnavailableError):
            desk.token(connection_id)
        desk.later(seconds=20 + number)
    desk.client.faults("rate-limited", on=["token"], times=1)
    with pytest.raises(RefreshUnavailableError) as refused:
        desk.token(connection_id)
    assert refused.value.retry_after_s >= 20


def test_what_fails_for_one_organization_keeps_no_other_from_asking(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    client = desk.simulated.client(CALLBACK)
    theirs = desk.integration(oauth2(desk.simulated, client), secret=False, workspace_id=desk.world.far)
    desk.secrets(theirs, "stranger", client_secret=Secret(client.secret))
    rows = [
        desk.finish(desk.consent(desk.start(theirs, "stranger", workspace_id=desk.world.far))).connection_id
        for _ in range(6)
    ]
    desk.later(**EXPIRE)
    client.faults("server-error", on=["token"])
    for connection_id in rows:
        with pytest.raises(RefreshUnavailableError):
            desk.token(str(connection_id), "stranger")
    assert sum(client.token_calls("refresh_token").values()) == 5
    assert desk.works(desk.token(row.id)) == 200


def test_a_dead_endpoint_is_left_alone_after_five_failures_of_whomever(desk: Desk) -> None:
    integration = desk.integration()
    rows = [desk.authorize(integration).id for _ in range(8)]
    desk.later(**EXPIRE)
    desk.client.faults("server-error", on=["token"])
    for connection_id in rows:
        with pytest.raises(RefreshUnavailableError):
            desk.token(connection_id)
    assert sum(desk.refreshes().values()) == 5


def test_a_withdrawn_consent_is_noticed_once_and_asked_about_no_more(desk: Desk) -> None:
    connection_id = expired(desk)
    desk.simulated.admin("POST", "/simulator/withdraw", {"clientId": desk.client.id})
    for _ in range(3):
        with pytest.raises(NeedsReauthError, match="Ada Marsh must be connected again: access was revoked"):
            desk.token(connection_id)
    assert desk.status(connection_id) == ("needs_reauth", "revoked")
    assert desk.refreshes() == {"invalid_grant": 1}
    assert desk.happened(connection_id) == ["created", "needs_reauth"]
    assert desk.columns(connection_id, "credential") is not None


def test_a_refresh_token_that_ran_out_is_told_apart(desk: Desk) -> None:
    connection_id = expired(desk)
    desk.put(connection_id, refresh_expires_at="2026-03-01T12:05:00.000000Z")
    desk.simulated.admin("POST", "/simulator/expire", {"clientId": desk.client.id, "refreshTokens": True})
    with pytest.raises(NeedsReauthError, match="ran out"):
        desk.token(connection_id)
    assert desk.status(connection_id) == ("needs_reauth", "refresh_token_expired")


@pytest.mark.parametrize("status", [200, 400])
def test_a_refusal_is_read_from_its_body_not_from_its_status(desk: Desk, status: int) -> None:
    connection_id = expired(desk)
    if status == 200:
        desk.client.faults("refused-as-200", on=["token"])
    desk.simulated.admin("POST", "/simulator/withdraw", {"clientId": desk.client.id})
    with pytest.raises(NeedsReauthError):
        desk.token(connection_id)


def test_without_a_refresh_token_the_end_is_noticed_when_it_comes(desk: Desk) -> None:
    tokens = desk.client.connect()
    row = desk.connect(desk.integration(), credentials={"accessToken": tokens["access_token"]})
    assert not row.refreshable
    end = "2026-03-01T12:05:00.000000Z"
    desk.put(row.id, access_expires_at=end, stale_at=end, due_at=end)
    desk.later(seconds=299)
    assert desk.token(row.id) == tokens["access_token"]
    assert desk.tend() == 0
    desk.later(seconds=1)
    assert desk.tend() == 1
    assert desk.status(row.id) == ("needs_reauth", "access_expired")
    with pytest.raises(NeedsReauthError, match="no way to renew"):
        desk.token(row.id)
    assert desk.happened(row.id) == ["created", "needs_reauth"]


def test_a_client_that_is_refused_is_the_integrations_problem_not_the_owners(desk: Desk) -> None:
    integration = desk.integration()
    row = desk.authorize(integration)
    desk.simulated.admin(
        "PUT",
        f"/simulator/clients/{desk.client.id}",
        {"clientSecret": "changed", "redirectUris": [desk.client.redirect_uri]},
    )
    desk.later(**EXPIRE)
    with pytest.raises(TokenRefusedError, match="invalid_client"):
        desk.token(row.id)
    assert desk.status(row.id) == ("ok", "client_rejected")
    with pytest.raises(RefreshUnavailableError):
        desk.token(row.id)
    assert desk.refreshes() == {"invalid_client": 1}


def test_that_the_client_is_refused_is_told_once_and_so_is_that_it_is_not_any_more(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    mended = {"clientSecret": desk.client.secret, "redirectUris": [desk.client.redirect_uri]}
    desk.simulated.admin("PUT", f"/simulator/clients/{desk.client.id}", {**mended, "clientSecret": "changed"})
    desk.later(**EXPIRE)
    for _ in range(2):
        with pytest.raises(TokenRefusedError):
            desk.token(row.id)
        desk.later(hours=1)
    desk.client.faults("server-error", on=["token"])
    for _ in range(2):
        with pytest.raises(RefreshUnavailableError):
            desk.token(row.id)
        desk.later(hours=1)
    assert desk.status(row.id) == ("ok", "client_rejected")
    desk.client.faults()
    desk.simulated.admin("PUT", f"/simulator/clients/{desk.client.id}", mended)
    assert desk.works(desk.token(row.id)) == 200
    assert desk.status(row.id) == ("ok", None)
    assert desk.happened(row.id) == ["created", "needs_reauth", "resumed"]


def test_what_is_suspended_while_it_is_refreshed_keeps_its_reason(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    standing = desk.world.read(lambda tx: read_standing(tx, row.id))
    lease = desk.world.write(lambda tx: claim_lease(tx, standing, single_use=True))
    assert lease is not None
    desk.put(row.id, status="suspended", reason="user_inactive")
    desk.world.write(
        lambda tx: give_back(tx, REFRESHER, standing, lease, 5.0, reason=Reason.CLIENT_REJECTED, spent=False)
    )
    assert desk.status(row.id) == ("suspended", "user_inactive")
    assert desk.happened(row.id) == ["created"]


def test_refusals_that_nobody_understands_end_after_ten(desk: Desk) -> None:
    integration = desk.integration()
    connection_id = desk.authorize(integration).id
    desk.later(**EXPIRE)
    desk.edit(integration, tokenUri=f"{desk.simulated.url}/oauth/nowhere")
    for _ in range(9):
        with pytest.raises(RefreshUnavailableError) as refused:
            desk.token(connection_id)
        desk.later(seconds=refused.value.retry_after_s)
    assert desk.status(connection_id) == ("ok", "refresh_failing")
    with pytest.raises(NeedsReauthError):
        desk.token(connection_id)
    assert desk.status(connection_id) == ("needs_reauth", "refused")


def test_nothing_about_tokens_is_logged(desk: Desk) -> None:
    connection_id = expired(desk)
    first = desk.columns(connection_id, "credential")
    with capture_logs() as logs:
        token = desk.token(connection_id)
        desk.simulated.admin("POST", "/simulator/withdraw", {"clientId": desk.client.id})
        desk.later(**EXPIRE)
        with pytest.raises(NeedsReauthError):
            desk.token(connection_id)
    assert [one["event"] for one in logs] == [
        "connection_refreshed",
        "connection_refresh_refused",
        "connection_needs_reauth",
    ]
    assert token not in repr(logs)
    assert first not in repr(logs)
    assert desk.client.secret not in repr(logs)


def test_a_connection_is_used_at_most_once_a_minute_in_its_row(desk: Desk) -> None:
    row = desk.authorize(desk.integration())

    async def used_and_settled() -> None:
        for _ in range(3):
            await connections.authorized(desk.env, desk.actor("editor"), row.id)
        await in_flight(desk.world.db).settle(desk.world.db)

    desk.run(used_and_settled())
    assert desk.get(row.id).last_used_at == "2026-03-01T12:00:00.000000Z"
    desk.later(seconds=59)
    desk.run(used_and_settled())
    assert desk.get(row.id).last_used_at == "2026-03-01T12:00:00.000000Z"
    desk.later(seconds=1)
    desk.run(used_and_settled())
    assert desk.get(row.id).last_used_at == "2026-03-01T12:01:00.000000Z"


def test_idle_grants_are_kept_alive(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    desk.later(days=6)
    assert desk.tend() == 0
    desk.later(days=1)
    assert desk.tend() == 1
    assert desk.get(row.id).generation == 2
    assert desk.tend() == 0
    assert desk.families() == [None]


def test_a_refresh_token_is_used_before_its_own_end(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    hour = timedelta(hours=1)
    soon = (desk.world.clock.now() + hour).isoformat().replace("+00:00", ".000000Z")
    desk.put(row.id, refresh_expires_at=soon, stale_at=None, due_at=soon)
    desk.later(hours=1)
    assert desk.tend() == 1
    assert desk.get(row.id).generation == 2
