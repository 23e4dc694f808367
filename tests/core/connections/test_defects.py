"""What users of other platforms report about token refresh, and the test that says it does not happen here."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest

from tests.core.connections.desk import Desk, oauth2
from trunkline import bootstrap
from trunkline.core import connections
from trunkline.core.connections import FlowServices, NeedsReauthError, RefreshUnavailableError
from trunkline.core.connections.configuration import configuration_of
from trunkline.core.connections.credential import Credential
from trunkline.core.connections.freshness import Lifetimes, times_of
from trunkline.core.connections.leases import Renewal, keep_renewal
from trunkline.core.connections.saving import Given, Wanted, save_connection
from trunkline.core.connections.sources import source_for
from trunkline.core.connections.standing import read_standing
from trunkline.infra.db import Catalog, open_database
from trunkline.kit.actor import system_actor
from trunkline.kit.clock import SystemClock, stamp
from trunkline.kit.secret import Secret

REFRESH, BESIDE, CONNECT, AUTHORIZE, END = (
    f"tests.core.connections.test_{name}"
    for name in ("refresh", "refresh_beside", "connecting", "authorization", "disconnecting")
)
FLIGHT, HERE = "tests.core.connections.test_single_flight", "tests.core.connections.test_defects"

# Defects reported in the field, each with where it is shown not to happen.
DEFECTS = {
    "two callers of a process refresh at once": (
        FLIGHT,
        "test_128_callers_of_one_process_refresh_once_an_expiry",
    ),
    "two processes refresh at once": (FLIGHT, "test_four_processes_of_32_callers_refresh_once_an_expiry"),
    "a late answer overwrites a newer token": (HERE, "test_a_stored_generation_is_never_overwritten"),
    "invalid_grant although somebody else has rotated": (
        BESIDE,
        "test_whoever_is_refused_looks_whether_somebody_else_has_rotated",
    ),
    "the row is deleted on failure": (
        REFRESH,
        "test_a_withdrawn_consent_is_noticed_once_and_asked_about_no_more",
    ),
    "a passing failure is taken for a final one": (REFRESH, "test_a_passing_failure_is_waited_out"),
    "an unreachable provider is taken for a final failure": (
        HERE,
        "test_an_unreachable_provider_is_waited_out",
    ),
    "an answer without a refresh token wipes the old one": (
        REFRESH,
        "test_a_dropped_refresh_token_keeps_the_old_one",
    ),
    "no refresh token is taken for no end": (
        HERE,
        "test_an_end_that_nobody_can_put_off_is_told_beforehand",
    ),
    "no expires_in is taken for no end": (HERE, "test_without_expires_in_the_life_is_assumed"),
    "an expiry that is no 401 goes unnoticed": (HERE, "test_an_expiry_is_believed_however_it_is_signalled"),
    "clocks differ": (HERE, "test_a_process_whose_clock_is_wrong_neither_storms_nor_sleeps"),
    "client credentials are never renewed": (
        CONNECT,
        "test_client_credentials_are_renewed_like_any_other_token",
    ),
    "an idle grant dies": (REFRESH, "test_idle_grants_are_kept_alive"),
    "a refresh token reaches its own end unused": (
        REFRESH,
        "test_a_refresh_token_is_used_before_its_own_end",
    ),
    "disconnecting leaves the grant alive": (
        END,
        "test_a_disconnected_connection_holds_nothing_and_is_revoked",
    ),
    "a failed revocation is called done": (END, "test_a_revocation_is_tried_for_hours_and_given_up_honestly"),
    "connecting again makes another connection": (
        AUTHORIZE,
        "test_connecting_again_keeps_id_name_and_dependants",
    ),
    "another account is connected by mistake": (
        AUTHORIZE,
        "test_another_account_is_refused_when_connecting_again",
    ),
    "an error says neither what nor what to do": (HERE, "test_an_error_names_the_connection_and_what_to_do"),
    "a crash in the midst loses the outcome silently": (
        BESIDE,
        "test_a_process_killed_after_it_asked_costs_the_grant_and_says_so",
    ),
    "a refresh before the end spins": (
        REFRESH,
        "test_a_token_is_not_replaced_within_thirty_seconds_however_short_it_lives",
    ),
    "a client that hangs up takes the new token along": (
        BESIDE,
        "test_a_caller_that_hangs_up_does_not_end_the_refresh",
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_every_defect_of_the_field_has_its_test(defect: str) -> None:
    module, name = DEFECTS[defect]
    assert callable(getattr(import_module(module), name))


def test_a_stored_generation_is_never_overwritten(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    standing = desk.world.read(lambda tx: read_standing(tx, row.id))

    def keep(token: str) -> bool:
        renewal = Renewal(
            credential=Credential(access=Secret(token)),
            times=times_of("2026-03-01T12:00:00.000000Z", Lifetimes(access_s=300, refreshable=True)),
            flag=None,
            columns={},
        )
        actor = system_actor("a test")
        return desk.world.write(lambda tx: keep_renewal(tx, actor, desk.vault, standing, renewal))

    assert keep("first") is True
    assert keep("second") is False
    assert desk.token(row.id) == "first"
    assert desk.get(row.id).generation == 2


def test_an_unreachable_provider_is_waited_out(desk: Desk) -> None:
    integration = desk.integration()
    row = desk.authorize(integration)
    desk.later(seconds=301)
    gone = "http://127.0.0.1:1"
    desk.edit(integration, tokenUri=f"{gone}/oauth/token")
    desk.put(row.id, origins=f'["{gone}", "{desk.simulated.url}"]')
    desk.world.write(lambda tx: tx.run("UPDATE integration_secrets SET origins = '{}'"))
    with pytest.raises(RefreshUnavailableError):
        desk.token(row.id)
    assert desk.columns(row.id, "status", "intent", "failures") == ("ok", None, 1)
    desk.edit(integration, tokenUri=f"{desk.simulated.url}/oauth/token")
    desk.later(seconds=6)
    assert desk.works(desk.token(row.id)) == 200


def test_an_end_that_nobody_can_put_off_is_told_beforehand(desk: Desk) -> None:
    integration = desk.integration()
    editor = desk.actor("editor")

    def save(access_s: int | None) -> str:
        def work(tx: object) -> str:
            configuration = configuration_of(tx, source_for(tx, integration, desk.world.one), {})  # type: ignore[arg-type]
            given = Given(
                credential=Credential(access=Secret("token")),
                asked_at="2026-03-01T12:00:00.000000Z",
                access_s=access_s,
                scopes=("crm.read", "crm.write"),
            )
            wanted = Wanted(workspace_id=desk.world.one, mode="shared")
            return save_connection(tx, editor, desk.vault, configuration, wanted, given)  # type: ignore[arg-type]

        return desk.world.write(work)

    ending = save(3_600)
    assert desk.status(ending) == ("ok", "no_refresh_token")
    assert desk.get(ending).access_expires_at == "2026-03-01T13:00:00.000000Z"
    endless = save(None)
    assert desk.status(endless) == ("ok", None)
    desk.later(hours=1)
    with pytest.raises(NeedsReauthError):
        desk.token(ending)
    assert desk.token(endless) == "token"


@pytest.mark.parametrize(("stated", "minutes"), [(None, 60), (1_800, 30)])
def test_without_expires_in_the_life_is_assumed(desk: Desk, stated: int | None, minutes: int) -> None:
    desk.client.faults("no-expires-in", on=["token"])
    row = desk.authorize(desk.integration(oauth2(desk.simulated, desk.client, tokenLifetimeS=stated)))
    assert row.access_expires_at == stamp(desk.world.clock.now() + timedelta(minutes=minutes))
    desk.later(minutes=minutes)
    desk.token(row.id)
    assert desk.refreshes() == {"issued": 1}


@pytest.mark.parametrize("profile", ["expired-as-400", "expired-as-401", "expired-as-403", "refused-as-200"])
def test_an_expiry_is_believed_however_it_is_signalled(desk: Desk, profile: str) -> None:
    """Whoever sends requests says which generation was refused, whatever told them."""
    row = desk.authorize(desk.integration())
    desk.client.faults(profile, on=["api"])
    desk.simulated.admin("POST", "/simulator/expire", {"clientId": desk.client.id})
    told = desk.works(desk.token(row.id))
    assert told == int(profile.rpartition("-")[2])
    desk.client.faults()
    assert desk.works(desk.token(row.id, refused=1)) == 200


class Skewed(SystemClock):
    """The machine's clock, set wrong."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return datetime.now(UTC) + self._by


@pytest.mark.parametrize("hours", [-24, 24])
def test_a_process_whose_clock_is_wrong_neither_storms_nor_sleeps(desk: Desk, hours: int) -> None:
    """What is measured between processes is measured by the database's clock, where it has one of its own."""
    if desk.safe.url.startswith("sqlite"):
        pytest.skip("an embedded database has its machine's clock")
    row = desk.authorize(desk.integration())
    now = datetime.now(UTC)
    fresh = {
        "stale_at": stamp(now + timedelta(minutes=4)),
        "access_expires_at": stamp(now + timedelta(minutes=5)),
    }
    desk.put(row.id, refreshed_at=stamp(now), **fresh)
    wrong = Catalog(
        specs=bootstrap.SPECS, reactions=bootstrap.REACTIONS, clock=Skewed(timedelta(hours=hours))
    )
    database = open_database(desk.safe.url, wrong)
    env = FlowServices(database, desk.vault, desk.egress, "https://hub.example")

    async def use(refused: int | None = None) -> int:
        return (await connections.authorized(env, None, row.id, refused=refused)).generation

    async def all_of_it() -> list[int]:
        return [await use(), await use(), await use(1), await use(1)]

    try:
        assert asyncio.run(all_of_it()) == [1, 1, 2, 2]
    finally:
        database.close()
    until = desk.columns(row.id, "stale_at")
    assert stamp(now) < until < stamp(now + timedelta(minutes=10))
    assert desk.refreshes() == {"issued": 1}


def test_an_error_names_the_connection_and_what_to_do(desk: Desk) -> None:
    row = desk.authorize(desk.integration(), name="Sales CRM")
    desk.put(row.id, status="needs_reauth", reason="revoked")
    with pytest.raises(NeedsReauthError) as told:
        desk.token(row.id)
    assert told.value.message == (
        "the connection Sales CRM must be connected again: access was revoked at the provider"
    )
    assert told.value.code == "connection_needs_reauth"
