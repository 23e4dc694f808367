from __future__ import annotations

import pytest

from tests.asgi import call
from tests.core.access.world import PEPPER, World
from tests.dialects.platform.frame.teams import FRAME
from tests.web.notes import NoteServices
from trunkline.app import create_app
from trunkline.core import access
from trunkline.dialects.platform.auth import authenticate
from trunkline.infra.db import Tx
from trunkline.kit.errors import UnauthenticatedError
from trunkline.web import Application, Credentials, Headers

LIST = "/api/test-teams"


def test_a_key_of_each_kind_is_let_in(app: Application, still_world: World) -> None:
    for kind in ("secret", "publishable"):
        key = still_world.key("owner", kind=kind).secret.reveal()
        assert call(app, "GET", LIST, {"authorization": f"Bearer {key}"}).status == 200


@pytest.mark.parametrize("spelling", ["Bearer {}", "bearer {}", "BEARER   {}", " Bearer {} "])
def test_the_scheme_is_read_in_any_case(app: Application, still_world: World, spelling: str) -> None:
    key = still_world.key("owner").secret.reveal()
    assert call(app, "GET", LIST, {"authorization": spelling.format(key)}).status == 200


def test_a_secret_key_may_be_spelled_with_the_other_prefix(app: Application, still_world: World) -> None:
    key = still_world.key("owner").secret.reveal()
    assert key.startswith("sec_")
    assert call(app, "GET", LIST, {"authorization": f"Bearer prv_{key[4:]}"}).status == 200
    public = still_world.key("owner", kind="publishable").secret.reveal()
    assert call(app, "GET", LIST, {"authorization": f"Bearer prv_{public[4:]}"}).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer sec_x"},
        {"authorization": "Bearer a b"},
        {"authorization": "Basic c2VjXzp4"},
        {"authorization": "sec_" + "0" * 43},
        {"authorization": "Bearer " + "x" * 10_000},
        {"authorization": "Bearer s\u00e9c"},
        {"x-api-key": "sec_x"},
    ],
)
def test_another_credential_is_refused_alike(app: Application, headers: dict[str, str]) -> None:
    answer = call(app, "GET", LIST, headers)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json["error"]["code"] == "unauthenticated"


def test_a_well_formed_key_that_is_unknown_is_refused(app: Application, still_world: World) -> None:
    key = still_world.key("owner").secret.reveal()
    other = create_app(still_world.db, NoteServices(b"q" * 32), [FRAME])
    assert call(other, "GET", LIST, {"authorization": f"Bearer {key}"}).status == 401


def test_a_revoked_key_is_refused_from_the_next_request_on(app: Application, still_world: World) -> None:
    issued = still_world.key("owner")
    headers = {"authorization": f"Bearer {issued.secret.reveal()}"}
    assert call(app, "GET", LIST, headers).status == 200
    actor = still_world.actor("owner")
    still_world.write(lambda tx: access.revoke_key(tx, actor, issued.row.id))
    assert call(app, "GET", LIST, headers).status == 401


def test_two_credentials_are_refused(app: Application, owner: dict[str, str]) -> None:
    headers = [*owner.items(), *owner.items()]
    answer = call(app, "GET", LIST, headers)
    assert (answer.status, answer.json["error"]["details"][0]["path"]) == (400, "Authorization")


def test_a_malformed_key_costs_no_look_up(still_world: World) -> None:
    credentials = Credentials(Headers({"authorization": "Bearer sec_nope"}))

    def work(tx: Tx) -> int:
        with pytest.raises(UnauthenticatedError):
            authenticate(tx, credentials, NoteServices(PEPPER))
        return tx.statements

    assert still_world.read(work) == 0
