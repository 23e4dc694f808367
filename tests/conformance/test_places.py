"""A new id parameter, builder or dialect cannot be forgotten: whatever is unknown fails and says what to add."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.conformance.operations import OPERATIONS, Operation
from tests.conformance.parties import Parties
from tests.conformance.places import places
from tests.conformance.vocabulary import vocabulary
from trunkline.dialects.platform.wire_base import Body


class GadgetBody(Body, frozen=True, kw_only=True):
    gadget_id: str


class NestedBody(Body, frozen=True, kw_only=True):
    parts: list[GadgetBody] | None = None


class FreeBody(Body, frozen=True, kw_only=True):
    anything: dict[str, Any]


def changed(operation_id: str, **members: Any) -> Operation:
    [known] = [one for one in OPERATIONS if one.key == ("platform", operation_id)]
    return Operation(known.dialect, replace(known.route, **members))


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        (changed("getTeam", path="/api/gadgets/{id}"), r"of which kind \{id\} is"),
        (changed("getTeam", path="/api/teams/{gadget_id}"), r"of which kind \{gadget_id\} is"),
        (changed("createTeam", body=GadgetBody), "whether gadgetId takes ids"),
        (changed("createTeam", body=NestedBody), r"whether parts\[\]\.gadgetId takes ids"),
        (changed("createTeam", body=FreeBody), "anything takes any JSON"),
    ],
)
def test_an_unknown_place_fails_and_says_what_to_add(operation: Operation, told: str) -> None:
    with pytest.raises(pytest.fail.Exception, match=told):
        places(operation)


def test_an_unknown_kind_of_object_fails_and_says_what_to_add(parties: Parties) -> None:
    with pytest.raises(pytest.fail.Exception, match="'gadget' are taken somewhere: add its builder"):
        parties.target.make("gadget")


def test_an_operation_without_a_succeeding_request_fails_and_says_what_to_add(parties: Parties) -> None:
    known = changed("createTeam", body=GadgetBody)
    operation = Operation(known.dialect, replace(known.route, operation_id="createGadget"))
    with pytest.raises(pytest.fail.Exception, match="add the body of a succeeding request"):
        vocabulary(operation).example(operation, parties.target)


def test_a_dialect_without_a_vocabulary_fails_and_says_what_to_add() -> None:
    [known, *_] = OPERATIONS
    operation = Operation(replace(known.dialect, name="esperanto"), known.route)
    with pytest.raises(pytest.fail.Exception, match="the dialect esperanto is not tested"):
        vocabulary(operation)
