from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.core.connections.desk import CALLBACK, PUBLIC_URL, Desk, oauth2
from trunkline.core.connections import START_PATH, InvalidStateError, open_authorization

MINE, ANOTHER = "this browser", "another browser"


def begun(desk: Desk, integration: str, **more: str) -> str:
    """The state of an authorization that a program has begun."""
    url = desk.start(integration, start_path=START_PATH, **more)
    assert url.startswith(f"{PUBLIC_URL}/api/oauth/start?state=")
    return url.partition("=")[2]


def opened(desk: Desk, state: str, binding: str = MINE) -> str:
    return desk.run(open_authorization(desk.env, state, binding))


def asked(url: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def test_whoever_opens_it_is_sent_to_the_providers_page_and_may_end_it(desk: Desk) -> None:
    state = begun(desk, desk.integration())
    url = opened(desk, state)
    assert url.startswith(f"{desk.simulated.url}/oauth/authorize?")
    query = asked(url)
    assert (query["state"], query["redirect_uri"]) == (state, CALLBACK)
    assert (query["code_challenge_method"], len(query["code_challenge"])) == ("S256", 43)
    finished = desk.finish(desk.consent(url), binding=MINE)
    assert finished.connection_id is not None
    assert desk.works(desk.token(finished.connection_id)) == 200


def test_it_is_the_same_page_as_without(desk: Desk) -> None:
    config = oauth2(
        desk.simulated, desk.client, scope="openid crm.read", authorizeParams={"prompt": "consent"}
    )
    integration = desk.integration(config)
    found, plain = asked(opened(desk, begun(desk, integration))), asked(desk.start(integration))
    fresh = {"state", "nonce", "code_challenge"}
    assert found.keys() == plain.keys() >= fresh
    assert {found[name] for name in fresh}.isdisjoint(plain[name] for name in fresh)
    assert {n: v for n, v in found.items() if n not in fresh} == {
        n: v for n, v in plain.items() if n not in fresh
    }


def test_nobody_else_may_open_or_end_it_then(desk: Desk) -> None:
    state = begun(desk, desk.integration())
    url = opened(desk, state)
    with pytest.raises(InvalidStateError, match="another browser"):
        opened(desk, state, ANOTHER)
    assert opened(desk, state) == url
    with pytest.raises(InvalidStateError, match="another browser"):
        desk.finish(desk.consent(url), binding=ANOTHER)
    assert desk.client.token_calls("authorization_code") == {}


@pytest.mark.parametrize("binding", ["", MINE, "unopened"])
def test_what_nobody_has_opened_nobody_can_end(desk: Desk, binding: str) -> None:
    state = begun(desk, desk.integration())
    with pytest.raises(InvalidStateError, match="another browser"):
        desk.finish({"state": state, "code": "stolen"}, binding=binding)
    assert desk.client.token_calls("authorization_code") == {}


def test_what_is_not_waiting_is_not_opened(desk: Desk) -> None:
    integration = desk.integration()
    plain = asked(desk.start(integration))["state"]
    with pytest.raises(InvalidStateError, match="not started to be opened"):
        opened(desk, plain)
    with pytest.raises(InvalidStateError, match="another browser"):
        opened(desk, asked(desk.start(integration, binding=ANOTHER))["state"])
    for state in ("", "made up", "\ud800"):
        with pytest.raises(InvalidStateError, match="unknown"):
            opened(desk, state)
    late = begun(desk, integration)
    desk.later(minutes=10)
    with pytest.raises(InvalidStateError, match="expired"):
        opened(desk, late)


def test_it_is_not_opened_once_it_could_not_be_begun(own_desk: Desk) -> None:
    desk = own_desk
    integration = desk.integration()
    changed, left = begun(desk, integration), begun(desk, desk.integration())
    desk.edit(integration, tokenUri=f"{desk.simulated.url}/oauth/token?for=me")
    with pytest.raises(InvalidStateError, match="has changed"):
        opened(desk, changed)
    sql = "UPDATE users SET active = 0 WHERE id = :id"
    desk.world.write(lambda tx: tx.run(sql, id=desk.world.users["editor"]))
    with pytest.raises(InvalidStateError, match="cannot go on"):
        opened(desk, left)


def test_its_state_and_nonce_are_not_kept(desk: Desk) -> None:
    config = oauth2(desk.simulated, desk.client, scope="openid crm.read")
    query = asked(opened(desk, begun(desk, desk.integration(config))))
    stored = repr(desk.world.read(lambda tx: tx.fetch("SELECT * FROM oauth_states", {})))
    for value in (query["state"], query["nonce"], query["code_challenge"], MINE):
        assert value not in stored
