"""A canary is kept as a secret, used in every way there is, and then looked for everywhere it must not be."""

from __future__ import annotations

import copy
import json
import pickle
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.core.connections.safe import opened
from trunkline.core import connections
from trunkline.core.connections import CreateSecret, UpdateSecret
from trunkline.infra.db.schema import metadata
from trunkline.kit.errors import InvalidRequestError, TrunklineError
from trunkline.kit.pages import Deleted, ListQuery
from trunkline.kit.secret import Secret

FIRST = "canary-one-" + "8f2e6c1b77aa"
SECOND = "canary-two-" + "3b9d5f0a44cc"
NAMED = "canary-in-a-refused-request-" + "71"


def spellings(text: str) -> Iterator[bytes]:
    raw = text.encode()
    yield raw
    yield raw[::-1]
    yield raw.hex().encode()
    for encode in (b64encode, urlsafe_b64encode):
        for shift in range(3):  # a piece of base64 looks different at each of three places
            yield encode(b"\0" * shift + raw)[4:-4]


def assert_clean(what: str, data: bytes) -> None:
    for canary in (FIRST, SECOND, NAMED):
        for spelling in spellings(canary):
            assert spelling not in data, f"{canary} is in {what}"


def use(safe: Any) -> tuple[str, list[Any]]:
    """Everything that can be done with a secret; its id and every answer given."""
    row = safe.create(name="first", value=Secret(FIRST), metadata={"env": "live"})
    answers = [row, safe.update(row.id, value=Secret(SECOND)), safe.update(row.id, name="renamed")]
    assert safe.reveal(row.id) == SECOND
    gone = safe.create(name="gone", value=Secret(FIRST))
    safe.delete(gone.id)
    answers.append(safe.get(gone.id, "editor"))
    answers.append(safe.restore(gone.id))
    safe.delete(gone.id)
    safe.purge(gone.id)
    for bad in ({"name": "renamed"}, {"name": ""}, {"metadata": {"x": "y" * 20_000}}):
        with pytest.raises(TrunklineError) as refused:
            safe.create(**{"name": "x", "value": Secret(NAMED), **bad})
        answers.append(refused.value)
    actor = safe.world.actor("admin")
    query = ListQuery(deleted=Deleted.INCLUDE)
    answers.append(safe.world.read(lambda tx: connections.list_secrets(tx, actor, query)))
    return row.id, answers


def test_no_table_and_no_answer_holds_a_value(safe):
    secret_id, answers = use(safe)
    assert_clean("an answer", repr(answers).encode())
    for row in answers[:3]:
        assert_clean("an encoded row", msgspec.json.encode(row))
    for table in metadata.sorted_tables:
        rows = safe.world.read(lambda tx, table=table: tx.fetch(f"SELECT * FROM {table.name}", {}))
        assert_clean(table.name, repr(rows).encode())
    assert safe.reveal(secret_id) == SECOND


def test_neither_the_database_file_nor_its_log_holds_a_value(databases, tmp_path):
    url = databases.sqlite()
    path = Path(url.removeprefix("sqlite:///"))
    with opened(url, tmp_path / "vault.key") as safe:
        use(safe)
        log = Path(f"{path}-wal").read_bytes()
        assert b"renamed" in log
        assert_clean("the log", log)
        assert_clean("the file", path.read_bytes())
    assert b"renamed" in path.read_bytes()
    assert_clean("the file", path.read_bytes())


def test_audit_and_events_name_what_changed_but_hold_no_value_hint_or_metadata(safe):
    secret_id, _ = use(safe)
    audit = "SELECT action, changed FROM audit_entries WHERE subject_id = :id ORDER BY id"
    assert safe.world.read(lambda tx: tx.fetch(audit, {"id": secret_id})) == [
        ("secret.created", "[]"),
        ("secret.updated", '["value"]'),
        ("secret.updated", '["name"]'),
    ]
    data = """
    SELECT p.data FROM events e JOIN event_payloads p ON p.event_id = e.id WHERE e.subject_id = :id ORDER BY e.id
    """
    found = safe.world.read(lambda tx: tx.column(data, id=secret_id))
    assert [json.loads(text) for text in found] == [{"name": "first"}, {"name": "first"}, {"name": "renamed"}]


@pytest.mark.parametrize(
    "request_",
    [
        CreateSecret(workspace_id="w", name="n", value=Secret(FIRST)),
        UpdateSecret(id="s", value=Secret(FIRST)),
        Secret(FIRST),
    ],
)
def test_requests_cannot_be_printed_or_encoded_with_their_value(request_):
    assert_clean("repr", repr(request_).encode())
    assert_clean("str", f"{request_} {request_!s}".encode())
    for encode in (msgspec.json.encode, json.dumps, pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError) as refused:
            encode(request_)
        assert_clean("the error", str(refused.value).encode())


def test_a_value_that_is_no_text_is_refused_without_being_told():
    with pytest.raises(InvalidRequestError) as refused:
        Secret(FIRST.encode() + b"\xff")
    assert_clean(
        "the error", repr((refused.value, refused.value.__cause__, refused.value.__context__)).encode()
    )
