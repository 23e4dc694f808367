from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.core.connections.desk import CALLBACK, PUBLIC_URL, Desk, oauth2
from tests.simulated import Simulated
from trunkline.core.access import TierTooLowError
from trunkline.core.connections import (
    Callback,
    InvalidStateError,
    IssuerMismatchError,
    NotConnectableError,
    NothingToConnectError,
    finish_authorization,
)
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError


def asked(url: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def states(desk: Desk) -> int:
    return int(desk.world.read(lambda tx: tx.value("SELECT count(*) FROM oauth_states")))


def test_connects_an_account_and_shows_everything_but_its_tokens(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    assert (row.status, row.reason, row.scheme, row.grant_type) == (
        "ok",
        None,
        "oauth2",
        "authorization_code",
    )
    assert row.user_id is None
    assert row.refreshable
    assert bytes(row.scopes) == b'["crm.read","crm.write"]'
    assert bytes(row.origins).decode() == f'["{desk.simulated.url}"]'
    assert row.account is not None
    assert b'"email":"ada@' in bytes(row.account)
    assert row.access_expires_at == "2026-03-01T12:05:00.000000Z"
    assert desk.works(desk.token(row.id)) == 200
    assert desk.happened(row.id) == ["created"]


def test_asks_with_a_challenge_and_a_state_that_nothing_here_holds(desk: Desk) -> None:
    url = desk.start(desk.integration(), binding="session")
    query = asked(url)
    assert url.startswith(f"{desk.simulated.url}/oauth/authorize?")
    assert query["code_challenge_method"] == "S256"
    assert len(query["state"]) == 43  # 256 bits
    assert len(query["code_challenge"]) == 43
    assert query["redirect_uri"] == CALLBACK
    assert query["scope"] == "crm.read crm.write"
    assert "nonce" not in query
    stored = repr(desk.world.read(lambda tx: tx.fetch("SELECT * FROM oauth_states", {})))
    for value in (query["state"], query["code_challenge"], "session"):
        assert value not in stored
    other = asked(desk.start(desk.integration()))
    assert other["state"] != query["state"]
    assert other["code_challenge"] != query["code_challenge"]


def test_adds_the_integrations_own_parameters_without_losing_the_endpoints(desk: Desk) -> None:
    config = oauth2(
        desk.simulated,
        desk.client,
        authUri=f"{desk.simulated.url}/oauth/authorize?audience=crm",
        authorizeParams={"prompt": "consent", "access_type": "offline"},
        scope="crm.read,crm.write",
        scopeSeparator=",",
    )
    query = asked(desk.start(desk.integration(config)))
    assert query["audience"] == "crm"
    assert (query["prompt"], query["access_type"]) == ("consent", "offline")
    assert query["scope"] == "crm.read,crm.write"


def test_a_state_is_good_once(desk: Desk) -> None:
    said = desk.consent(desk.start(desk.integration()))
    assert desk.finish(said).error is None
    with pytest.raises(InvalidStateError):
        desk.finish(said)
    assert desk.client.token_calls("authorization_code") == {"issued": 1}
    assert states(desk) == 0


def test_of_two_callbacks_at_once_one_is_taken(desk: Desk) -> None:
    said = desk.consent(desk.start(desk.integration()))

    async def both() -> tuple[object, object]:
        callback = Callback(**said)
        return await asyncio.gather(
            finish_authorization(desk.env, callback),
            finish_authorization(desk.env, callback),
            return_exceptions=True,
        )

    outcomes = desk.run(both())
    assert sorted(type(one).__name__ for one in outcomes) == ["Finished", "InvalidStateError"]
    assert desk.client.token_calls("authorization_code") == {"issued": 1}


def test_a_state_lasts_ten_minutes(desk: Desk) -> None:
    integration = desk.integration()
    in_time = desk.consent(desk.start(integration))
    late = desk.consent(desk.start(integration))
    desk.later(minutes=10, microseconds=-1)
    assert desk.finish(in_time).error is None
    desk.later(microseconds=1)
    with pytest.raises(InvalidStateError):
        desk.finish(late)
    assert states(desk) == 0
    assert desk.client.token_calls("authorization_code") == {"issued": 1}


@pytest.mark.parametrize("state", ["", "x", "a" * 43, "\ud800", "é"])
def test_an_unknown_state_is_refused_without_a_token_call(desk: Desk, state: str) -> None:
    desk.start(desk.integration())
    with pytest.raises(InvalidStateError):
        desk.finish({"state": state, "code": "stolen"})
    assert desk.client.token_calls("authorization_code") == {}
    assert states(desk) == 1


@pytest.mark.parametrize("binding", ["", "another session"])
def test_another_browsers_callback_is_refused_and_burns_the_state(desk: Desk, binding: str) -> None:
    said = desk.consent(desk.start(desk.integration(), binding="this session"))
    with pytest.raises(InvalidStateError, match="another browser"):
        desk.finish(said, binding=binding)
    with pytest.raises(InvalidStateError, match="unknown"):
        desk.finish(said, binding="this session")
    assert desk.client.token_calls("authorization_code") == {}


def test_the_same_browsers_callback_is_taken(desk: Desk) -> None:
    said = desk.consent(desk.start(desk.integration(), binding="this session"))
    assert desk.finish(said, binding="this session", redirect_path="/api/oauth/callback").error is None


def test_a_callback_at_another_redirect_is_refused(desk: Desk) -> None:
    said = desk.consent(desk.start(desk.integration()))
    with pytest.raises(InvalidStateError, match="elsewhere"):
        desk.finish(said, redirect_path="/oauth2/callback")
    assert desk.client.token_calls("authorization_code") == {}


def test_what_the_provider_refuses_is_told_short_and_on_one_line(desk: Desk) -> None:
    integration = desk.integration()
    said = {"state": asked(desk.start(integration, return_to=f"{PUBLIC_URL}/done"))["state"]}
    long = "<script>alert(1)</script>\r\nSet-Cookie: a=b" + "x" * 500
    finished = desk.finish(said, error="access_denied\x00", error_description=long)
    assert finished.connection_id is None
    assert finished.integration_id == integration
    assert finished.return_to == f"{PUBLIC_URL}/done"
    assert finished.error == "access_denied"
    assert finished.message is not None
    assert len(finished.message) == 200
    assert finished.message.isprintable()
    assert desk.client.token_calls("authorization_code") == {}


def test_a_callback_without_a_code_is_no_connection(desk: Desk) -> None:
    finished = desk.finish({"state": asked(desk.start(desk.integration()))["state"]})
    assert finished.error == "missing_code"


def test_a_code_of_somebody_elses_authorization_is_worth_nothing(desk: Desk) -> None:
    """Its verifier is another one."""
    integration = desk.integration()
    stolen = desk.consent(desk.start(integration))["code"]
    own = asked(desk.start(integration))["state"]
    finished = desk.finish({"state": own, "code": stolen})
    assert finished.error == "authorization_refused"
    assert "invalid_grant" in (finished.message or "")
    assert desk.world.read(lambda tx: tx.value("SELECT count(*) FROM connections")) == 0


def test_an_answer_of_another_server_is_refused_without_a_token_call(desk: Desk) -> None:
    integration = desk.integration()
    for issuer in ("https://evil.example", "no url", ""):
        said = desk.consent(desk.start(integration))
        with pytest.raises(IssuerMismatchError):
            desk.finish(said, iss=issuer)
    assert desk.client.token_calls("authorization_code") == {}


def test_an_issuer_that_the_integration_names_must_be_that_one(desk: Desk) -> None:
    named = oauth2(desk.simulated, desk.client, issuer="https://login.example/tenant")
    integration = desk.integration(named)
    with pytest.raises(IssuerMismatchError):
        desk.finish(desk.consent(desk.start(integration)), iss=desk.simulated.url)
    assert (
        desk.finish(desk.consent(desk.start(integration)), iss="https://login.example/tenant").error is None
    )


def test_a_code_never_goes_to_an_endpoint_named_after_the_start(desk: Desk) -> None:
    integration = desk.integration()
    said = desk.consent(desk.start(integration))
    desk.edit(integration, tokenUri=f"{desk.simulated.url}/oauth/token?for=me")
    with pytest.raises(InvalidStateError, match="has changed"):
        desk.finish(said)
    assert desk.client.token_calls("authorization_code") == {}


RETURNS = [f"{PUBLIC_URL}/done", f"{PUBLIC_URL}/", "https://app.example/connected?from=hub"]
NO_RETURNS = [
    "https://evil.example/",
    "https://app.example/connected",
    "https://app.example/connected?from=hub&more=1",
    "https://hub.example.evil.example/",
    "https://hub.example@evil.example/",
    "https://hub.example:8443/",
    "http://hub.example/",
    "//evil.example/",
    "/done",
    "javascript:alert(1)",
    "https://hub.example\\@evil.example/",
    f"{PUBLIC_URL}/" + "x" * 2_000,
]


def listed(desk: Desk, text: str) -> None:
    sql = "UPDATE organizations SET settings = :settings WHERE id = :id"
    desk.world.write(lambda tx: tx.run(sql, settings=f'{{"returnUrls": "{text}"}}', id=desk.world.acme))


@pytest.mark.parametrize("url", RETURNS)
def test_a_browser_may_return_to_this_instance_or_to_a_listed_url(desk: Desk, url: str) -> None:
    listed(desk, "https://other.example/ https://app.example/connected?from=hub")
    finished = desk.finish(desk.consent(desk.start(desk.integration(), return_to=url)))
    assert finished.return_to == url


@pytest.mark.parametrize("url", NO_RETURNS)
def test_a_browser_is_sent_nowhere_else(desk: Desk, url: str) -> None:
    listed(desk, "https://other.example/ https://app.example/connected?from=hub")
    with pytest.raises(InvalidRequestError) as refused:
        desk.start(desk.integration(), return_to=url)
    assert [problem.path for problem in refused.value.details] == ["returnTo"]
    assert states(desk) == 0


def test_connecting_again_keeps_id_name_and_dependants(desk: Desk) -> None:
    integration = desk.integration()
    row = desk.authorize(integration, name="Our CRM")
    desk.put(row.id, status="needs_reauth", reason="revoked")
    again = desk.authorize(integration, connection_id=row.id)
    assert (again.id, again.name, again.created_at) == (row.id, "Our CRM", row.created_at)
    assert (again.status, again.reason) == ("ok", None)
    assert again.generation == row.generation + 1
    assert desk.happened(row.id) == ["created", "reconnected"]


def test_another_account_is_refused_when_connecting_again(desk: Desk) -> None:
    integration = desk.integration()
    row = desk.authorize(integration)
    before = desk.token(row.id)
    url = desk.start(integration, connection_id=row.id)
    finished = desk.finish(desk.consent(f"{url}&login_hint=user-ben"))
    assert finished.error == "wrong_account"
    assert "ada@" in (finished.message or "")
    assert desk.get(row.id) == row
    assert desk.token(row.id) == before


def test_a_connection_of_something_else_is_not_there_to_be_connected_again(desk: Desk) -> None:
    row = desk.authorize(desk.integration())
    other = desk.integration()
    elsewhere = desk.integration({"type": "bearer", "mode": "shared"}, secret=False)
    with pytest.raises(NotFoundError, match="connection"):
        desk.start(other, connection_id=row.id)
    with pytest.raises(NotFoundError, match="connection"):
        desk.connect(elsewhere, connection_id=row.id, credentials={"token": "t"})
    assert states(desk) == 0


def test_one_per_user_is_what_a_dialect_may_ask_for(desk: Desk) -> None:
    integration = desk.integration(oauth2(desk.simulated, desk.client, mode="per_user"))
    first = desk.authorize(integration, "viewer", singular=True)
    assert desk.authorize(integration, "viewer", singular=True).id == first.id
    assert desk.authorize(integration, "editor", singular=True).id != first.id
    assert desk.authorize(integration, "viewer").id != first.id
    assert first.user_id == desk.world.users["viewer"]


def test_whoever_left_between_start_and_callback_gets_no_connection(own_desk: Desk) -> None:
    desk = own_desk
    said = desk.consent(desk.start(desk.integration()))
    sql = "UPDATE users SET active = 0 WHERE id = :id"
    desk.world.write(lambda tx: tx.run(sql, id=desk.world.users["editor"]))
    finished = desk.finish(said)
    assert finished.error == "unauthenticated"
    assert desk.client.token_calls("authorization_code") == {}


def test_a_grant_is_not_lost_for_want_of_a_name(desk: Desk) -> None:
    desk.client.faults("server-error", on=["api"])
    row = desk.authorize(desk.integration())
    assert row.account is None
    assert row.name == "Sim CRM"
    desk.client.faults()
    assert desk.works(desk.token(row.id)) == 200


def test_a_public_client_sends_no_secret(desk: Desk) -> None:
    public = desk.simulated.client(CALLBACK, public=True)
    row = desk.authorize(desk.integration(oauth2(desk.simulated, public), secret=False))
    desk.later(seconds=299)
    assert desk.works(desk.token(row.id)) == 200
    assert public.token_calls("refresh_token") == {"issued": 1}


def test_a_client_may_prove_itself_with_basic(desk: Desk) -> None:
    desk.client = desk.simulated.client(
        CALLBACK, authMethods=["client_secret_basic"], clientSecret="p%ä s:w+ord &="
    )
    with_basic = oauth2(desk.simulated, desk.client, basicTokenAuth=True)
    row = desk.authorize(desk.integration(with_basic))
    assert row.status == "ok"
    refused = desk.finish(desk.consent(desk.start(desk.integration())))
    assert refused.error == "authorization_refused"
    assert "invalid_client" in (refused.message or "")


@pytest.mark.parametrize(
    ("profile", "expires_at"),
    [
        ("form-encoded", "2026-03-01T12:05:00.000000Z"),
        ("expires-in-text", "2026-03-01T12:05:00.000000Z"),
        ("no-expires-in", "2026-03-01T13:00:00.000000Z"),
    ],
)
def test_reads_what_token_endpoints_answer(desk: Desk, profile: str, expires_at: str) -> None:
    desk.client.faults(profile, on=["token"])
    assert desk.authorize(desk.integration()).access_expires_at == expires_at


@pytest.mark.parametrize(
    ("profile", "error"),
    [
        ("huge", "upstream_too_large"),
        ("server-error", "authorization_refused"),
        ("html-error", "authorization_refused"),
        ("error-in-200", "authorization_refused"),
        ("redirect", "authorization_refused"),
        ("rate-limited", "authorization_refused"),
        ("cut", "upstream_protocol"),
    ],
)
def test_what_is_no_token_is_no_connection(desk: Desk, profile: str, error: str) -> None:
    said = desk.consent(desk.start(desk.integration()))
    desk.client.faults(profile, on=["token"])
    assert desk.finish(said).error == error
    assert desk.world.read(lambda tx: tx.value("SELECT count(*) FROM connections")) == 0


def test_fewer_scopes_than_asked_for_are_told(desk: Desk) -> None:
    url = desk.start(desk.integration())
    finished = desk.finish(desk.consent(url.replace("crm.read%20crm.write", "crm.read")))
    assert finished.connection_id is not None
    row = desk.get(finished.connection_id)
    assert (row.status, row.reason) == ("ok", "missing_scope")
    assert bytes(row.scopes) == b'["crm.read"]'


def test_who_may_connect(desk: Desk) -> None:
    shared = desk.integration()
    own = desk.integration(oauth2(desk.simulated, desk.client, mode="per_user"))
    with pytest.raises(ForbiddenError):
        desk.start(shared, "viewer")
    desk.start(own, "viewer")
    with pytest.raises(ForbiddenError):
        desk.start(own, "viewer", mode="shared")
    desk.start(own, "editor", mode="shared")
    with pytest.raises(InvalidRequestError, match="shared connections only"):
        desk.start(shared, mode="per_user")
    for user in ("plain", "other", "stranger"):
        with pytest.raises(NotFoundError):
            desk.start(own, user)


def test_a_grant_on_the_integration_is_enough_at_its_home(desk: Desk) -> None:
    own = desk.integration(oauth2(desk.simulated, desk.client, mode="per_user"))
    desk.world.grant(own, "user", desk.world.users["plain"])
    row = desk.authorize(own, "plain")
    assert row.user_id == desk.world.users["plain"]
    assert desk.works(desk.token(row.id, "plain")) == 200
    shared = desk.integration()
    desk.world.grant(shared, "user", desk.world.users["plain"])
    with pytest.raises(TierTooLowError):
        desk.start(shared, "plain")
    desk.world.grant(shared, "user", desk.world.users["other"], "editor")
    assert desk.authorize(shared, "other").user_id is None


def test_strangers_connect_to_what_is_published_and_not_to_the_draft(
    desk: Desk, simulated: Simulated
) -> None:
    integration = desk.integration()
    with pytest.raises(NotFoundError):
        desk.start(integration, "stranger", workspace_id=desk.world.far)
    desk.publish(integration)
    desk.edit(integration, scope="crm.read")
    url = desk.start(integration, "stranger", workspace_id=desk.world.far)
    assert asked(url)["scope"] == "crm.read crm.write"
    row = desk.finish(desk.consent(url))
    assert row.error is None
    assert asked(desk.start(integration))["scope"] == "crm.read"


def test_refuses_what_cannot_be_authorized(desk: Desk) -> None:
    with pytest.raises(NothingToConnectError):
        desk.start(desk.integration({"type": "api_key", "apiBaseUri": "https://api.example"}, secret=False))
    for member in ("authUri", "tokenUri", "clientId"):
        config = oauth2(desk.simulated, desk.client, **{member: None})
        with pytest.raises(NotConnectableError):
            desk.start(desk.integration(config, secret=False))
    assert states(desk) == 0
