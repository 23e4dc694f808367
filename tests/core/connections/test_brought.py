"""What whoever connects to a provider brings along: tokens of elsewhere, a client of their own, what was typed in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.core.connections.desk import Desk
from tests.core.connections.offering import KEY, define
from trunkline.core import providers
from trunkline.core.connections import (
    CredentialRefusedError,
    Imported,
)
from trunkline.kit.clock import stamp
from trunkline.kit.errors import InvalidRequestError


def test_tokens_granted_elsewhere_are_used_until_they_end(desk: Desk) -> None:
    provider, tokens = define(desk), desk.client.connect()
    imported = Imported(
        access_expires_at=stamp(desk.world.clock.now() + timedelta(seconds=120)), scopes=("crm.read",)
    )
    given = {"accessToken": tokens["access_token"], "refreshToken": tokens["refresh_token"]}
    row = desk.connect(None, provider=provider, credentials=given, imported=imported, mode="shared")
    assert (row.access_expires_at, bytes(row.scopes)) == (imported.access_expires_at, b'["crm.read"]')
    assert desk.token(row.id) == tokens["access_token"]
    assert desk.refreshes() == {}
    desk.later(seconds=121)
    assert desk.token(row.id) != tokens["access_token"]
    assert desk.refreshes() == {"issued": 1}


def test_an_access_token_that_has_ended_is_exchanged_before_it_is_kept(desk: Desk) -> None:
    provider, tokens = define(desk), desk.client.connect()
    imported = Imported(access_expires_at="2026-03-01T11:59:59.000000Z")
    given = {"accessToken": tokens["access_token"], "refreshToken": tokens["refresh_token"]}
    row = desk.connect(None, provider=provider, credentials=given, imported=imported, mode="shared")
    assert desk.token(row.id) != tokens["access_token"]
    assert desk.refreshes() == {"issued": 1}
    del given["refreshToken"]
    with pytest.raises(InvalidRequestError, match=r"accessToken: has expired, and there is no refreshToken"):
        desk.connect(None, provider=provider, credentials=given, imported=imported, mode="shared")


def test_a_customers_own_client_asks_for_what_it_was_told_to(desk: Desk) -> None:
    provider = define(desk, grant="client_credentials", default_scopes=["crm.read", "crm.write"])
    given = {"clientId": desk.client.id, "clientSecret": desk.client.secret, "scope": "crm.read"}
    row = desk.connect(None, provider=provider, credentials=given, mode="shared")
    assert (row.grant_type, row.refreshable, bytes(row.scopes)) == (
        "client_credentials",
        True,
        b'["crm.read"]',
    )
    assert desk.works(desk.token(row.id)) == 200
    with pytest.raises(CredentialRefusedError):
        desk.connect(None, provider=provider, credentials={**given, "clientSecret": "wrong"}, mode="shared")


def test_a_scheme_of_the_providers_own_sends_what_was_typed_in(desk: Desk) -> None:
    custom = providers.CustomAuth(
        inputs=[providers.CustomInput(name="user"), providers.CustomInput(name="key")],
        headers=[providers.CustomPart(name="X-API-Key", value="{key}")],
        params=[providers.CustomPart(name="who", value="{user}@acme")],
    )
    provider = define(desk, scheme="custom", custom=custom)
    row = desk.connect(None, provider=provider, credentials={"user": "ada", "key": KEY}, mode="shared")
    assert (row.scheme, row.status, row.hint, row.refreshable) == ("custom", "ok", "", False)
    used = desk.use(row.id)
    assert (list(used.headers), list(used.params)) == ([("X-API-Key", KEY)], [("who", "ada@acme")])
    for given, told in (
        ({"user": "ada"}, "credentials.key: is required"),
        ({"user": "ada", "key": KEY, "more": "x"}, "credentials.more: is not asked for; user, key is"),
        ({"user": "ada", "key": "a\r\nX: y"}, "credentials.key: has a character that cannot be sent"),
    ):
        with pytest.raises(InvalidRequestError) as caught:
            desk.connect(None, provider=provider, credentials=given, mode="shared")
        assert caught.value.message == told
    with pytest.raises(CredentialRefusedError):
        desk.connect(None, provider=provider, credentials={"user": "ada", "key": "wrong"}, mode="shared")
