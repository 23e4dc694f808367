from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.core.webhooks.board import POLICY, URL, Board
from trunkline import bootstrap
from trunkline.core import access, webhooks, workspaces
from trunkline.core.webhooks import (
    TYPES,
    CreateDestination,
    DestinationNameTakenError,
    NotSignedError,
    RouteExistsError,
    TopicNameTakenError,
)
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.pages import ListQuery
from trunkline.kit.secret import Secret

SQS: dict[str, Any] = {
    "type_": "sqs",
    "metadata": {"queueUrl": "https://sqs.example.com/q"},
    "secrets": {"awsKeyId": "AKIA-not-one", "awsSecretKey": "a secret of theirs"},
}


def raw(board: Board, column: str) -> list[Any]:
    return board.read(lambda tx: tx.column(f"SELECT {column} FROM destinations ORDER BY id"))


def test_a_webhook_is_kept_with_a_key_to_sign_with(board: Board) -> None:
    row = board.made()
    assert (row.name, row.type, msgspec.json.decode(row.metadata)) == ("hook", "webhook", {"url": URL})
    [key] = board.keys(row.id)
    assert key.startswith("whsec_")
    assert len(key) == len("whsec_") + 44
    assert board.events("destination") == ["destination.created"]
    assert bootstrap.verify(board.instance.database, board.vault) == []


def test_headers_and_secrets_are_sealed_and_told_to_administrators_only(board: Board) -> None:
    headers = {"Authorization": "Bearer 1234", "X-Env": "test"}
    row = board.made(metadata={"url": URL, "headers": headers})
    assert board.headers(row) == headers
    [metadata], [sealed] = raw(board, "metadata"), raw(board, "secrets")
    assert "Bearer" not in metadata + sealed

    def narrowed(tx: Any) -> Any:
        actor = access.act_as(tx, board.instance.user_id)
        return replace(actor, operations=frozenset({"webhooks:read"}))

    assert board.headers(row, board.read(narrowed)) is None


def test_every_type_asks_for_what_it_needs(board: Board) -> None:
    made = board.made("queue", **SQS)
    assert board.keys(made.id) == []
    for name, kind in TYPES.items():
        metadata = dict.fromkeys(kind.metadata, URL)
        secrets = dict.fromkeys(kind.secrets, "something")
        board.made(f"a-{name}", name, metadata=metadata, secrets=secrets)
        for member in kind.metadata:
            less = {key: value for key, value in metadata.items() if key != member}
            with pytest.raises(InvalidRequestError, match=rf"metadata\.{member}: is required"):
                board.made(f"b-{name}", name, metadata=less, secrets=secrets)
        for member in kind.secrets:
            fewer = {key: value for key, value in secrets.items() if key != member}
            with pytest.raises(InvalidRequestError, match=rf"secrets\.{member}: is required"):
                board.made(f"b-{name}", name, metadata=metadata, secrets=fewer)


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"name": "a b"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "019748c9-a1b2-7f3e-8d4c-5b6a79881234"}, "name"),
        ({"type_": "carrier-pigeon"}, "type"),
        ({"metadata": {}}, "metadata.url"),
        ({"metadata": {"url": 1}}, "metadata.url"),
        ({"metadata": {"url": "http://hooks.example.com"}}, "metadata.url"),
        ({"metadata": {"url": "http://127.0.0.1:9001"}}, "metadata.url"),
        ({"metadata": {"url": "https://user:pw@hooks.example.com"}}, "metadata.url"),
        ({"metadata": {"url": "ftp://hooks.example.com"}}, "metadata.url"),
        ({"metadata": {"url": URL, "unknown": "x"}}, "metadata.unknown"),
        ({"metadata": {"url": URL, "batchSize": 0}}, "metadata.batchSize"),
        ({"metadata": {"url": URL, "batchSize": True}}, "metadata.batchSize"),
        ({"metadata": {"url": URL, "tls": "yes"}}, "metadata.tls"),
        ({"metadata": {"url": URL, "region": "a\nb"}}, "metadata.region"),
        ({"metadata": {"url": URL, "headers": []}}, "metadata.headers"),
        ({"metadata": {"url": URL, "headers": {"a": 1}}}, "metadata.headers"),
        ({"metadata": {"url": URL, "headers": {f"h{n}": "" for n in range(51)}}}, "metadata.headers"),
        ({"metadata": {"url": URL, "headers": {"h": "x" * 8_192}}}, "metadata.headers"),
        ({"metadata": {"url": URL, "headers": {"Host": "x"}}}, "metadata.headers.Host"),
        ({"metadata": {"url": URL, "headers": {"a b": "x"}}}, "metadata.headers.a b"),
        ({"metadata": {"url": URL, "headers": {"a": "x\r\ny: z"}}}, "metadata.headers.a"),
        ({"metadata": {"url": URL, "headers": {"a": "1", "A": "2"}}}, "metadata.headers.A"),
        ({"metadata": {"url": URL, "headers": {"svix-id": "x"}}}, "metadata.headers.svix-id"),
        ({"metadata": {"url": URL, "headers": {"Webhook-Id": "x"}}}, "metadata.headers.Webhook-Id"),
        ({"metadata": {"url": URL, "headers": {"Content-Type": "x"}}}, "metadata.headers.Content-Type"),
        ({"secrets": {"unknown": "x"}}, "secrets.unknown"),
        ({"secrets": {"password": ""}}, "secrets.password"),
        ({"secrets": {"password": "x" * 16_385}}, "secrets.password"),
    ],
)
def test_refuses_what_no_destination_can_be_and_leaves_no_trace(
    board: Board, members: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        board.made(**members)
    assert [problem.path for problem in refused.value.details] == [path]
    assert board.count("destinations") == board.count("signing_keys") == 0
    assert board.events("destination") == []


def test_plain_http_is_let_through_where_the_operator_says_so(board: Board) -> None:
    assert board.made(metadata={"url": "http://127.0.0.1:9000/in"}).type == "webhook"


def test_a_name_is_taken_once_in_a_workspace(board: Board) -> None:
    first = board.made()
    with pytest.raises(DestinationNameTakenError):
        board.made()
    other = board.write(
        lambda tx, actor: workspaces.create_workspace(
            tx,
            actor,
            workspaces.CreateWorkspace(organization_id=first.organization_id, name="b", handle="b"),
        )
    )
    assert board.made(workspace_id=other.id).name == "hook"
    found = board.write(
        lambda tx, actor: [
            webhooks.resolve_destination(tx, actor, board.workspace_id, text).id
            for text in ("hook", f"whe_{first.id}")
        ]
    )
    assert found == [first.id, first.id]
    with pytest.raises(NotFoundError):
        board.write(lambda tx, actor: webhooks.resolve_destination(tx, actor, other.id, f"whe_{first.id}"))


def test_a_change_keeps_what_it_does_not_name(board: Board) -> None:
    row = board.made(metadata={"url": URL, "headers": {"a": "1"}, "region": "eu"})
    [key] = board.keys(row.id)
    assert board.changed(row.id, name="hook") == row
    renamed = board.changed(row.id, name="other", members={"region": None})
    assert (renamed.name, msgspec.json.decode(renamed.metadata)) == ("other", {"url": URL})
    assert board.headers(renamed) == {"a": "1"}
    without = board.changed(row.id, members={"headers": None})
    assert (board.headers(without), raw(board, "secrets")) == (None, [None])
    whole = board.changed(row.id, metadata={"url": f"{URL}/2", "headers": {"b": "2"}})
    assert (msgspec.json.decode(whole.metadata), board.headers(whole)) == ({"url": f"{URL}/2"}, {"b": "2"})
    assert board.keys(row.id) == [key]
    assert board.events("destination") == ["destination.created", *["destination.updated"] * 3]
    with pytest.raises(InvalidRequestError):
        board.changed(row.id, members={"url": None})


def test_a_secret_is_changed_by_itself_and_sealed_anew(board: Board) -> None:
    row = board.made("queue", **SQS)
    [before] = raw(board, "secrets")
    after = board.changed(row.id, secrets={"awsSecretKey": Secret("another secret")})
    assert after.generation == 2
    assert raw(board, "secrets") != [before]
    with pytest.raises(InvalidRequestError, match=r"secrets\.awsKeyId: is required"):
        board.changed(row.id, secrets={"awsKeyId": None})
    assert bootstrap.verify(board.instance.database, board.vault) == []


def test_another_type_has_another_kind_of_key(board: Board) -> None:
    row = board.made()
    board.changed(row.id, type="slack")
    assert board.keys(row.id) == []
    with pytest.raises(NotSignedError):
        board.rotate(row.id)
    board.changed(row.id, type="webhook")
    assert len(board.keys(row.id)) == 1
    with pytest.raises(InvalidRequestError, match=r"secrets\.awsKeyId"):
        board.changed(row.id, type="sqs", members={"queueUrl": URL})
    assert bootstrap.verify(board.instance.database, board.vault) == []


def test_rotating_signs_with_both_keys_until_the_overlap_ends(board: Board) -> None:
    row = board.made()
    [first] = board.keys(row.id)
    board.rotate(row.id)
    second, *older = board.keys(row.id)
    assert older == [first]
    assert second != first
    shown = board.write(lambda tx, actor: webhooks.reveal_signing_key(tx, actor, board.vault, row.id))
    assert shown.reveal() == second
    board.instance.clock.advance(timedelta(seconds=webhooks.OVERLAP_S))
    assert board.keys(row.id) == [second]
    assert board.instance.database.write_now(webhooks.forget_signing_keys) == 1
    assert board.count("signing_keys") == 1
    board.rotate(row.id, overlap_s=0)
    assert len(board.keys(row.id)) == 1
    assert board.events("destination.key") == [
        "destination.key_rotated",
        "destination.key_revealed",
        "destination.key_rotated",
    ]


def test_rotating_often_ends_the_oldest_keys(board: Board) -> None:
    row = board.made()
    made = board.keys(row.id)
    for _ in range(6):
        board.rotate(row.id)
        made.append(board.keys(row.id)[0])
    assert sorted(board.keys(row.id)) == sorted(made[-5:])
    for overlap in (-1, 31 * 86_400):
        with pytest.raises(InvalidRequestError):
            board.rotate(row.id, overlap_s=overlap)


def test_topics_and_routes_go_with_what_they_are_of(board: Board) -> None:
    hook, alerts, other = board.made(), board.topic(), board.topic("other")
    with pytest.raises(TopicNameTakenError):
        board.topic()

    def routed(tx: Any, actor: Any) -> None:
        for topic in (alerts, other):
            webhooks.create_topic_route(tx, actor, board.workspace_id, "connection.created", topic.id)
            webhooks.create_destination_route(tx, actor, board.workspace_id, topic.id, hook.id)

    board.write(routed)
    for again in (
        lambda tx, actor: webhooks.create_topic_route(
            tx, actor, board.workspace_id, "connection.created", alerts.id
        ),
        lambda tx, actor: webhooks.create_destination_route(
            tx, actor, board.workspace_id, alerts.id, hook.id
        ),
    ):
        with pytest.raises(RouteExistsError):
            board.write(again)
    with pytest.raises(InvalidRequestError):
        board.write(
            lambda tx, actor: webhooks.create_topic_route(tx, actor, board.workspace_id, "x.y", alerts.id)
        )
    board.write(lambda tx, actor: webhooks.delete_topic(tx, actor, board.workspace_id, alerts.id))
    assert (board.count("topic_routes"), board.count("destination_routes")) == (1, 1)
    board.write(lambda tx, actor: webhooks.delete_destination(tx, actor, hook.id))
    assert (board.count("topic_routes"), board.count("destination_routes")) == (1, 0)
    assert board.count("destinations") == board.count("signing_keys") == 0
    deleted = [one for one in board.events("topic", "destination") if one.endswith("deleted")]
    assert deleted == [
        "topic.deleted",
        "topic_route.deleted",
        "destination_route.deleted",
        "destination.deleted",
        "destination_route.deleted",
    ]
    caused = board.read(
        lambda tx: tx.column(
            "SELECT p.type FROM events e JOIN events p ON p.id = e.parent_id WHERE e.type LIKE '%route.deleted'"
            " ORDER BY e.id"
        )
    )
    assert caused == ["topic.deleted", "topic.deleted", "destination.deleted"]


def test_nobody_but_an_administrator_of_the_workspace_changes_anything(board: Board) -> None:
    row, topic = board.made(), board.topic()

    def add(tx: Any, actor: Any) -> str:
        request = access.CreateUser(organization_id=row.organization_id, email="ed@acme.example", name="Ed")
        user_id = access.create_user(tx, actor, request).id
        member = access.AddWorkspaceMember(workspace_id=row.workspace_id, user_id=user_id, role="editor")
        access.add_workspace_member(tx, actor, member)
        return user_id

    editor = board.write(add)
    stranger = board.instance.tenant("stranger").owner_id
    create = CreateDestination(workspace_id=row.workspace_id, name="b", type="webhook", metadata={"url": URL})
    writes = (
        lambda tx, actor: webhooks.create_destination(tx, actor, board.vault, POLICY, create),
        lambda tx, actor: webhooks.update_destination(
            tx, actor, board.vault, POLICY, webhooks.UpdateDestination(id=row.id, name="b")
        ),
        lambda tx, actor: webhooks.delete_destination(tx, actor, row.id),
        lambda tx, actor: webhooks.rotate_signing_key(tx, actor, board.vault, row.id),
        lambda tx, actor: webhooks.reveal_signing_key(tx, actor, board.vault, row.id),
        lambda tx, actor: webhooks.create_topic(tx, actor, row.workspace_id, "b"),
        lambda tx, actor: webhooks.rename_topic(tx, actor, row.workspace_id, topic.id, "b"),
        lambda tx, actor: webhooks.delete_topic(tx, actor, row.workspace_id, topic.id),
    )
    for write in writes:
        with pytest.raises(ForbiddenError):
            board.write(write, editor)
        with pytest.raises(NotFoundError):
            board.write(write, stranger)
    assert board.headers(row, board.read(lambda tx: access.act_as(tx, editor))) is None
    seen = board.write(lambda tx, actor: webhooks.list_destinations(tx, actor, ListQuery()).rows, editor)
    assert seen == [row]
    assert board.write(lambda tx, actor: webhooks.list_topics(tx, actor, ListQuery()).rows, stranger) == []


def test_a_purged_workspace_takes_everything_along(board: Board) -> None:
    board.made("queue", **SQS)
    hook, alerts = board.made(), board.topic()
    board.rotate(hook.id)

    def routed(tx: Any, actor: Any) -> None:
        webhooks.create_topic_route(tx, actor, board.workspace_id, "read.backfill.done", alerts.id)
        webhooks.create_destination_route(tx, actor, board.workspace_id, alerts.id, hook.id)

    board.write(routed)
    board.write(lambda tx, actor: workspaces.delete_workspace(tx, actor, board.workspace_id))
    board.write(lambda tx, actor: workspaces.restore_workspace(tx, actor, board.workspace_id))
    assert board.count("destinations") == 2
    board.write(lambda tx, actor: workspaces.delete_workspace(tx, actor, board.workspace_id))
    board.write(lambda tx, actor: workspaces.purge_workspace(tx, actor, board.workspace_id))
    for table in ("destinations", "signing_keys", "topics", "topic_routes", "destination_routes"):
        assert board.count(table) == 0
    payloads = board.instance.count(
        "SELECT count(*) FROM event_payloads p JOIN events e ON e.id = p.event_id"
        " WHERE e.subject_kind IN ('destination', 'topic', 'topic_route', 'destination_route')"
    )
    assert payloads == 0


def test_verify_finds_a_webhook_without_its_key_and_a_route_that_strays(board: Board) -> None:
    hook, alerts = board.made(), board.topic()
    route = board.write(
        lambda tx, actor: webhooks.create_destination_route(tx, actor, board.workspace_id, alerts.id, hook.id)
    )
    other = board.write(
        lambda tx, actor: workspaces.create_workspace(
            tx,
            actor,
            workspaces.CreateWorkspace(organization_id=hook.organization_id, name="b", handle="b"),
        )
    )

    def damage(tx: Any) -> None:
        tx.run("DELETE FROM signing_keys")
        tx.run("UPDATE topics SET workspace_id = :other", other=other.id)

    board.instance.database.write_now(damage)
    found = {(one.subject, one.message) for one in bootstrap.verify(board.instance.database, board.vault)}
    assert found == {
        (f"whe_{hook.id}", "it has not the one signing key it needs"),
        (f"dsr_{route.id}", "it leads out of its workspace"),
    }
