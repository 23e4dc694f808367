from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.asgi import acall, call
from tests.web.conftest import READER, WRITER
from tests.web.notes import NOTES, Key, NewNote, Note, NoteServices, create_key, create_note
from trunkline.app import create_app
from trunkline.core.journal import forget_expired_answers
from trunkline.infra.db import Database
from trunkline.kit.clock import FixedClock
from trunkline.kit.strictjson import content_hash
from trunkline.web import Application, Call, FlowCall, Reply, Route

KEYED = WRITER | {"idempotency-key": "k1"}


@pytest.fixture
def app(either_database: Database, services: NoteServices) -> Application:
    return create_app(either_database, services, [NOTES])


def titles(app: Application) -> list[str]:
    return [note["title"] for note in call(app, "GET", "/api/notes", READER).json["notes"]]


def records(database: Database) -> list[tuple[int, str, int, str | None]]:
    sql = "SELECT status, body, sealed, organization_id FROM idempotency_records ORDER BY id"
    return database.read_now(lambda tx: tx.fetch(sql, {}))


def test_a_repeated_request_gets_the_first_answer_and_has_no_second_effect(app: Application) -> None:
    first = call(app, "POST", "/api/notes", KEYED, {"title": "a"})
    again = call(app, "POST", "/api/notes", KEYED, {"title": "a"})
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert titles(app) == ["a"]


def placed_note(call_: Call) -> Reply:
    note = create_note(call_)
    return Reply(
        body=note, headers={"location": f"{call_.mount}/api/notes/{note.id}", "link": '</a>; rel="b"'}
    )


def placed_key(call_: Call) -> Reply:
    key = create_key(call_)
    return Reply(body=key, status=202, headers={"location": f"/api/keys/{key.key}"})


async def placed_later(_call: FlowCall) -> Reply:
    return Reply(headers={"location": "/api/somewhere"})


PLACED: dict[str, Any] = {"method": "POST", "summary": "Make it there", "permission": "notes:write"}
ROUTES = (
    Route(
        path="/api/placed",
        handler=placed_note,
        operation_id="place",
        body=NewNote,
        returns=Note,
        status=201,
        **PLACED,
    ),
    Route(
        path="/api/sealed",
        handler=placed_key,
        operation_id="placeKey",
        returns=Key,
        one_time_secret=True,
        also={202: "Later."},
        **PLACED,
    ),
    Route(
        path="/api/later", handler=placed_later, operation_id="placeLater", flow=True, status=204, **PLACED
    ),
)


@pytest.fixture
def placing(either_database: Database, services: NoteServices) -> Application:
    """Routes that say more than a body, in a dialect that asks which media type is wanted."""
    dialect = replace(NOTES, routes=(*NOTES.routes, *ROUTES), negotiate=lambda _headers: "application/json")
    return create_app(either_database, services, [dialect])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/placed", {"title": "a"}, 201),
        ("/notes/api/placed", {"title": "a"}, 201),
        ("/api/sealed", b"", 202),
        ("/api/later", b"", 204),
        ("/api/notes", {"title": "a"}, 201),
    ],
)
def test_a_repeated_request_gets_the_first_answers_headers(
    placing: Application, path: str, body: Any, status: int
) -> None:
    first = call(placing, "POST", path, KEYED, body)
    again = call(placing, "POST", path, KEYED, body)
    assert first.status == status
    assert ("location" in first.headers) == (path != "/api/notes")
    assert (again.status, again.body) == (status, first.body)
    told = {**again.headers, "x-request-id": first.headers["x-request-id"]}
    assert told == {**first.headers, "idempotency-replayed": "true"}


def test_headers_are_kept_sealed_with_a_secret(placing: Application, either_database: Database) -> None:
    first = call(placing, "POST", "/api/sealed", KEYED)
    [(_, kept, sealed, _)] = records(either_database)
    assert sealed == 1
    assert first.json["key"] in first.headers["location"]
    assert first.json["key"] not in kept


def test_an_answer_kept_without_headers_is_still_read(
    placing: Application, either_database: Database
) -> None:
    first = call(placing, "POST", "/api/placed", KEYED, {"title": "a"})
    body = first.body.decode()
    either_database.write_now(lambda tx: tx.run("UPDATE idempotency_records SET body = :body", body=body))
    again = call(placing, "POST", "/api/placed", KEYED, {"title": "a"})
    assert (again.status, again.body) == (201, first.body)
    assert "location" not in again.headers


def test_the_body_is_compared_by_meaning(app: Application) -> None:
    headers = KEYED | {"content-type": "application/json"}
    first = call(app, "POST", "/api/notes", headers, b'{"title": "a", "starRating": 1}')
    again = call(app, "POST", "/api/notes", headers, b'{"starRating":1,"title":"\\u0061"}')
    assert again.body == first.body


def test_both_mounts_share_their_records(app: Application) -> None:
    first = call(app, "POST", "/api/notes", KEYED, {"title": "a"})
    assert call(app, "POST", "/notes/api/notes", KEYED, {"title": "a"}).body == first.body


def test_the_key_of_another_request_is_a_conflict(app: Application) -> None:
    call(app, "POST", "/api/notes", KEYED, {"title": "a"})
    answer = call(app, "POST", "/api/notes", KEYED, {"title": "b"})
    assert (answer.status, answer.json["failure"]["code"]) == (409, "idempotency_key_reused")
    assert titles(app) == ["a"]


def test_another_caller_operation_or_object_has_its_own_keys(app: Application) -> None:
    made = [
        call(app, "POST", "/api/notes", KEYED, {"title": "a"}),
        call(app, "POST", "/api/notes", KEYED | {"authorization": "Bearer other"}, {"title": "b"}),
        call(app, "POST", "/api/keys", KEYED),
    ]
    ids = [answer.json["id"] for answer in made[:2]]
    made += [call(app, "POST", f"/api/notes/{note}/archive", KEYED) for note in ids]
    assert [answer.status for answer in made] == [201, 201, 201, 200, 200]
    assert all("idempotency-replayed" not in answer.headers for answer in made)


def test_a_repeated_delete_is_replayed_although_the_object_is_gone(app: Application) -> None:
    note = call(app, "POST", "/api/notes", WRITER, {"title": "a"}).json["id"]
    first = call(app, "DELETE", f"/api/notes/{note}", KEYED)
    again = call(app, "DELETE", f"/api/notes/{note}", KEYED)
    assert (first.status, again.status, again.body) == (204, 204, b"")
    assert again.headers["idempotency-replayed"] == "true"
    assert "content-type" not in again.headers
    assert call(app, "DELETE", f"/api/notes/{note}", WRITER).status == 404


def test_a_repeated_conditional_request_is_replayed_before_the_condition_is_looked_at(
    app: Application,
) -> None:
    note = call(app, "POST", "/api/notes", WRITER, {"title": "a"}).json["id"]
    etag = call(app, "GET", f"/api/notes/{note}", READER).headers["etag"]
    headers = KEYED | {"if-match": etag}
    first = call(app, "POST", f"/api/notes/{note}/archive", headers)
    again = call(app, "POST", f"/api/notes/{note}/archive", headers)
    assert (again.status, again.body) == (200, first.body)


def test_a_failure_is_not_kept_and_leaves_no_trace(app: Application, either_database: Database) -> None:
    failed = call(app, "POST", "/api/notes", KEYED, {"title": "doomed"})
    assert (failed.status, failed.json["failure"]["code"]) == (409, "already_exists")
    crashed = call(app, "POST", "/api/crash", KEYED)
    assert crashed.status == 500
    assert titles(app) == []
    assert records(either_database) == []
    assert call(app, "POST", "/api/notes", KEYED, {"title": "a"}).status == 201


def test_a_record_is_forgotten_after_a_day(
    app: Application, either_database: Database, clock: FixedClock
) -> None:
    first = call(app, "POST", "/api/keys", KEYED)
    clock.advance(timedelta(hours=24) - timedelta(microseconds=1))
    assert call(app, "POST", "/api/keys", KEYED).body == first.body
    clock.advance(timedelta(microseconds=1))
    second = call(app, "POST", "/api/keys", KEYED)
    assert second.body != first.body
    assert call(app, "POST", "/api/keys", KEYED).body == second.body
    assert len(records(either_database)) == 1
    clock.advance(timedelta(hours=25))
    assert either_database.write_now(forget_expired_answers) == 1
    assert records(either_database) == []


def test_an_answer_with_a_secret_is_kept_sealed(
    app: Application, either_database: Database, services: NoteServices
) -> None:
    first = call(app, "POST", "/api/keys", KEYED)
    [(status, body, sealed, organization_id)] = records(either_database)
    assert (status, sealed, organization_id) == (201, 1, "org1")
    assert first.json["key"] not in body
    assert call(app, "POST", "/api/keys", KEYED).body == first.body
    assert [organization for organization, _ in services.answers.places] == ["org1"]


def test_an_answer_without_a_secret_is_kept_as_it_is(app: Application, either_database: Database) -> None:
    first = call(app, "POST", "/api/notes", KEYED, {"title": "a"})
    assert records(either_database) == [(201, first.body.decode(), 0, "org1")]


def test_requests_without_a_key_are_not_kept(app: Application, either_database: Database) -> None:
    call(app, "POST", "/api/notes", WRITER, {"title": "a"})
    assert records(either_database) == []


def test_reads_and_patches_do_not_use_the_key(app: Application, either_database: Database) -> None:
    note = call(app, "POST", "/api/notes", WRITER, {"title": "a"}).json["id"]
    assert call(app, "POST", "/api/notes/search", KEYED, {"title": "a"}).status == 200
    assert call(app, "PATCH", f"/api/notes/{note}", KEYED, {"title": "b"}).status == 200
    assert call(app, "PATCH", f"/api/notes/{note}", KEYED, {"title": "c"}).json["title"] == "c"
    assert records(either_database) == []


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\u00e4", "a\x7f"])
def test_refuses_a_malformed_key(app: Application, key: str) -> None:
    answer = call(app, "POST", "/api/notes", WRITER | {"idempotency-key": key}, {"title": "a"})
    assert (answer.status, answer.json["failure"]["paths"]) == (400, ["Idempotency-Key"])
    assert titles(app) == []


def test_refuses_two_keys(app: Application) -> None:
    headers = [*WRITER.items(), ("idempotency-key", "a"), ("idempotency-key", "b")]
    assert call(app, "POST", "/api/notes", headers, {"title": "a"}).status == 400


def test_takes_a_key_of_255_characters(app: Application) -> None:
    answer = call(app, "POST", "/api/notes", WRITER | {"idempotency-key": "~" * 255}, {"title": "a"})
    assert answer.status == 201


def test_the_same_request_sent_many_times_at_once_has_one_effect(app: Application) -> None:
    async def together() -> list[bytes]:
        requests = [acall(app, "POST", "/api/notes", KEYED, {"title": "a"}) for _ in range(12)]
        return [answer.body for answer in await asyncio.gather(*requests)]

    bodies = asyncio.run(together())
    assert len(set(bodies)) == 1
    assert titles(app) == ["a"]


def test_what_is_kept_does_not_let_a_reader_of_the_database_try_out_secrets(instance):
    body = {"workspaceId": instance.workspace_id, "name": "pin", "value": "0000"}
    answer = instance.api("POST", "/api/secrets", body, headers={"idempotency-key": "k"})
    assert answer.status == 201
    sql = "SELECT count(*) FROM idempotency_records WHERE fingerprint = :plain"
    assert instance.count("SELECT count(*) FROM idempotency_records") == 1
    assert instance.count(sql, plain=content_hash((body, None))) == 0
