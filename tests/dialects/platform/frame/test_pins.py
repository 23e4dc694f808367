from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from tests.core.access.world import PEPPER, SYSTEM, World
from tests.web.notes import NoteServices
from trunkline.core import access
from trunkline.dialects.platform import DIALECT
from trunkline.kit import keys


def pinned(world: World, credential: str) -> bool:
    pins = DIALECT.claims.pins
    assert pins is not None
    headers = Headers({"authorization": credential})
    return world.read(lambda tx: pins(tx, headers, NoteServices(PEPPER)))


@pytest.mark.parametrize(("dialect", "is_ours"), [("platform", True), ("informer", False), (None, False)])
def test_a_key_is_ours_when_it_is_pinned_here(still_world: World, dialect: str | None, is_ours: bool) -> None:
    text = still_world.key("owner", dialect=dialect).secret.reveal()
    assert pinned(still_world, f"Bearer {text}") is is_ours
    assert pinned(still_world, f"Bearer {text.replace('sec_', 'prv_')}") is is_ours


def test_a_session_of_another_dialect_is_not_ours(still_world: World) -> None:
    user_id = still_world.users["viewer"]
    issued = still_world.write(lambda tx: access.open_session(tx, user_id, pepper=PEPPER))
    assert pinned(still_world, f"Bearer {issued.secret.reveal()}") is False


def test_a_key_that_opens_nothing_counts_by_its_prefix(still_world: World) -> None:
    ended = still_world.key("owner", dialect=None)
    still_world.write(access.revoke_key, SYSTEM, ended.row.id)
    found = {
        prefix: pinned(still_world, f"Bearer {keys.generate(prefix).reveal()}") for prefix in keys.PREFIXES
    }
    assert found == {"sec_": True, "pub_": True, "tok_": True, "ses_": False, "inf_": False}
    assert pinned(still_world, f"Bearer {ended.secret.reveal()}")
    assert pinned(still_world, "Bearer sec_nope")
    assert not pinned(still_world, "Bearer nope")
    assert not pinned(still_world, "Basic c2VjXw==")
