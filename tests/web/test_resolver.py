from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.web.notes import NOTES, NoteServices
from trunkline.infra.db import Database
from trunkline.kit.errors import InvalidRequestError
from trunkline.web import Claims, Incoming
from trunkline.web.decoding import LARGE
from trunkline.web.endpoint import Endpoint
from trunkline.web.resolver import Choice, DialectResolver, Facts, choose
from trunkline.web.router import Router

PLATFORM = Claims(
    media_types=("application/vnd.platform+json",),
    own_id=re.compile("int_[0-9a-zA-Z]+"),
    member="workspaceId",
)
INFORMER = Claims(
    media_types=("application/hal+json", "application/vnd.informer+json"), any_id=True, member="type"
)
CLAIMS = {"platform": PLATFORM, "informer": INFORMER}
HAL, JSON, ANY, OURS = "application/hal+json", "application/json", "*/*", "application/vnd.platform+json"
INT = "int_0190a1b2c3d47e5f8091a2b3c4d5e6f7"
UUID = "0190a1b2-c3d4-7e5f-8091-a2b3c4d5e6f7"
P, H = "platform", "informer"


def facts(*, accept: Sequence[str] = (), members: Sequence[str] = (), **given: Any) -> Facts:
    return Facts(accept=frozenset(accept), members=frozenset(members), **given)


@pytest.mark.parametrize(
    ("given", "dialect", "by"),
    [
        # 1: a media type only one dialect speaks
        (facts(accept=[HAL]), H, "media-type"),
        (facts(accept=[HAL, JSON]), H, "media-type"),
        (facts(accept=[HAL, ANY], pin=P), H, "media-type"),
        (facts(accept=[HAL], id=INT), H, "media-type"),
        (facts(accept=["application/vnd.informer+json"], pin=P), H, "media-type"),
        (facts(accept=[OURS]), P, "media-type"),
        (facts(accept=[OURS], id=UUID, pin=H), P, "media-type"),
        (facts(content_type=HAL, members=["workspaceId"]), H, "media-type"),
        (facts(content_type=HAL, accept=[HAL]), H, "media-type"),
        (facts(content_type=HAL, accept=[JSON]), H, "media-type"),
        # 2: an id only one dialect spells so
        (facts(id=INT), P, "id"),
        (facts(id=INT, pin=H), P, "id"),
        (facts(id=INT, accept=[JSON]), P, "id"),
        (facts(id="int_x"), P, "id"),
        # 3: the credential, before an id that could be anybody's: a platform key reaches no permanent delete
        (facts(id=UUID, pin=P), P, "credential"),
        (facts(id="google-drive", pin=P), P, "credential"),
        (facts(id=UUID, pin=H), H, "credential"),
        (facts(pin=P), P, "credential"),
        (facts(pin=H), H, "credential"),
        (facts(pin=H, accept=[ANY]), H, "credential"),
        (facts(pin=P, members=["type"]), P, "credential"),
        (facts(pin=H, members=["workspaceId"]), H, "credential"),
        (facts(pin="gestal"), P, "default"),
        # 4: an id nobody else spells, unpinned
        (facts(id=UUID), H, "id"),
        (facts(id="google-drive"), H, "id"),
        (facts(id="int-"), H, "id"),
        (facts(id=UUID, accept=[JSON]), H, "id"),
        # 5: the body
        (facts(members=["workspaceId", "slug", "name"]), P, "body"),
        (facts(members=["type", "name"]), H, "body"),
        (facts(members=["type", "workspaceId"]), P, "default"),
        (facts(members=["name"]), P, "default"),
        # 6: nothing
        (facts(), P, "default"),
        (facts(accept=[ANY]), P, "default"),
        (facts(accept=[JSON]), P, "default"),
        (facts(content_type=JSON), P, "default"),
    ],
)
def test_what_decides_between_dialects(given: Facts, dialect: str, by: str) -> None:
    choice = choose(given, CLAIMS, "platform")
    assert (choice.dialect, choice.by) == (dialect, by)
    if by != "default":
        assert choose(given, CLAIMS, "informer") == choice


def test_the_default_is_the_instances_choice() -> None:
    assert choose(facts(), CLAIMS, "informer").dialect == "informer"


@pytest.mark.parametrize(
    "given",
    [
        facts(accept=[HAL, OURS]),
        facts(accept=[OURS], content_type=HAL),
        facts(accept=[HAL], content_type=OURS),
    ],
)
def test_media_types_of_two_dialects_are_refused(given: Facts) -> None:
    with pytest.raises(InvalidRequestError, match="of informer and of platform"):
        choose(given, CLAIMS, "platform")


@pytest.mark.parametrize(("size", "at_once"), [(LARGE, True), (LARGE + 1, False)])
def test_a_large_body_is_looked_at_on_a_thread(
    database: Database, services: NoteServices, size: int, at_once: bool
) -> None:
    """What is decoded at once is chosen without giving way to anybody; a thread's answer needs the loop to turn."""
    router = Router()
    for name, claims in (("a", Claims()), ("b", Claims(member="title"))):
        dialect = replace(NOTES, name=name, claims=claims)
        [route] = [one for one in NOTES.routes if one.operation_id == "createNote"]
        router.add("", Endpoint(dialect, route, database, services), shared=True)
    match = router.match("POST", "/api/notes")
    assert match is not None
    body = b'{"title": "' + b"x" * (size - 13) + b'"}'
    assert len(body) == size

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def run() -> tuple[bool, Choice]:
        scope = {"type": "http", "method": "POST", "path": "/api/notes", "headers": []}
        asked = DialectResolver(database, services, "a")(Incoming(scope, receive), match)
        task = asyncio.create_task(asked)
        await asyncio.sleep(0)
        return task.done(), (await task)[1]

    assert asyncio.run(run()) == (at_once, Choice("b", "body"))
