from __future__ import annotations

from dataclasses import replace

from trunkline.core.journal import request_digest
from trunkline.kit.actor import Actor

PAGE = Actor(user_id="u", key_id="k", group_ref="g", consumer_ref="c")
ASKED = ("createThing", "/things", "key")


def test_whoever_asks_for_another_customer_has_keys_of_their_own() -> None:
    callers = [
        PAGE,
        replace(PAGE, user_id="v"),
        replace(PAGE, key_id="l"),
        replace(PAGE, group_ref="h"),
        replace(PAGE, consumer_ref="d"),
        replace(PAGE, group_ref=None, consumer_ref="g"),
        replace(PAGE, group_ref="c", consumer_ref="g"),
    ]
    assert len({request_digest(caller, *ASKED) for caller in callers}) == len(callers)


def test_the_same_request_is_known_again() -> None:
    assert request_digest(PAGE, *ASKED) == request_digest(replace(PAGE, request_id="r"), *ASKED)
