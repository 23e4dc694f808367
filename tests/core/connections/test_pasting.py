from __future__ import annotations

from typing import Any

import pytest

from tests.core.connections.desk import Desk, oauth2
from trunkline.core.connections import (
    AuthorizationRefusedError,
    ConnectionRow,
    InvalidStateError,
    PastedCode,
    redeem_code,
)
from trunkline.kit.actor import Actor
from trunkline.kit.secret import Secret

HERE = "this browser"


def consented(desk: Desk, integration: str, user: str = "editor", binding: str = HERE) -> dict[str, str]:
    return desk.consent(desk.start(integration, user, binding=binding))


def pasted(
    desk: Desk, integration: str, code: str, user: str | Actor = "editor", **more: Any
) -> ConnectionRow:
    request = {"workspace_id": desk.world.one, "binding": HERE, **more}
    asked = PastedCode(integration_id=integration, code=Secret(code), **request)
    return desk.run(redeem_code(desk.env, desk.actor(user), asked))


def test_a_code_brought_by_hand_connects_the_account(desk: Desk) -> None:
    integration = desk.integration()
    row = pasted(desk, integration, consented(desk, integration)["code"])
    assert (row.status, row.integration_id) == ("ok", integration)
    assert desk.works(desk.token(row.id)) == 200
    assert desk.client.token_calls("authorization_code") == {"issued": 1}


def test_the_state_says_which_authorization_it_ends(desk: Desk) -> None:
    integration = desk.integration()
    first, second = consented(desk, integration), consented(desk, integration)
    assert pasted(desk, integration, first["code"], state=first["state"]).status == "ok"
    assert pasted(desk, integration, second["code"], state=second["state"]).status == "ok"


def test_without_one_it_is_the_latest(desk: Desk) -> None:
    integration = desk.integration()
    consented(desk, integration)
    desk.later(seconds=1)
    latest = consented(desk, integration)
    assert pasted(desk, integration, latest["code"]).status == "ok"


def test_an_authorization_is_ended_once_by_hand_or_by_the_browser(desk: Desk) -> None:
    integration = desk.integration()
    said = consented(desk, integration)
    pasted(desk, integration, said["code"])
    with pytest.raises(InvalidStateError, match="start one"):
        pasted(desk, integration, said["code"])
    with pytest.raises(InvalidStateError):
        desk.finish(said, binding=HERE)
    assert desk.client.token_calls("authorization_code") == {"issued": 1}


def test_a_code_is_nothing_without_an_authorization_of_ones_own_here(desk: Desk) -> None:
    config = oauth2(desk.simulated, desk.client, mode="per_user")
    integration, other = desk.integration(config), desk.integration(config)
    said = consented(desk, integration)
    code, state = said["code"], said["state"]
    for more in (
        {"binding": "another browser"},
        {"binding": ""},
        {"user": "owner"},
        {"state": "made up"},
        {"redirect_path": "/oauth2/callback"},
        {"workspace_id": desk.world.two},
    ):
        for named in ({}, {"state": state}):
            with pytest.raises(InvalidStateError, match="start one"):
                pasted(desk, integration, code, **{**named, **more})
    with pytest.raises(InvalidStateError):
        pasted(desk, other, code, state=state)
    desk.later(minutes=10)
    with pytest.raises(InvalidStateError):
        pasted(desk, integration, code)
    assert desk.client.token_calls("authorization_code") == {}


def test_an_authorization_begun_outside_of_a_browser_is_not_ended_so(desk: Desk) -> None:
    integration = desk.integration()
    said = consented(desk, integration, binding="")
    with pytest.raises(InvalidStateError):
        pasted(desk, integration, said["code"], binding="", state=said["state"])


def test_a_code_of_another_authorization_has_another_verifier(desk: Desk) -> None:
    integration = desk.integration()
    stolen = consented(desk, integration, "owner", "theirs")["code"]
    consented(desk, integration)
    with pytest.raises(AuthorizationRefusedError, match="invalid_grant"):
        pasted(desk, integration, stolen)


def test_a_code_never_goes_to_an_endpoint_named_after_the_start(desk: Desk) -> None:
    integration = desk.integration()
    said = consented(desk, integration)
    desk.edit(integration, tokenUri=f"{desk.simulated.url}/oauth/token?for=me")
    with pytest.raises(InvalidStateError, match="has changed"):
        pasted(desk, integration, said["code"])
    assert desk.client.token_calls("authorization_code") == {}
