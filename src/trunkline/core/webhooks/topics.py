"""Topics: names that events are gathered under and destinations take them from."""

from __future__ import annotations

from msgspec import structs

from trunkline.core.access import Permission, require_tier, require_workspace, scope
from trunkline.core.journal import Change, empty_payloads, record
from trunkline.core.webhooks.checks import check_plain_name
from trunkline.core.webhooks.errors import TopicNameTakenError
from trunkline.core.webhooks.queries import BY_ID, EVENT_ROUTES_OF_TOPIC, ROUTES_OF_TOPIC, TOPIC_NAMED
from trunkline.core.webhooks.routes import end_destination_route, end_topic_route, topic_in
from trunkline.core.webhooks.specs import TOPIC, DestinationRouteRow, TopicRouteRow, TopicRow
from trunkline.core.webhooks.tables import topics
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.pages import ListQuery, Page


def list_topics(tx: Tx, actor: Actor, query: ListQuery) -> Page[TopicRow]:
    """The topics of the caller's workspaces.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.WEBHOOKS_READ)
    return lists.list_rows(tx, TOPIC, query, scope(actor, tx.specs))


def create_topic(tx: Tx, actor: Actor, workspace_id: str, name: str) -> TopicRow:
    """Make a topic in a workspace.

    Raises:
        NotFoundError: the workspace is absent or foreign.
        ForbiddenError: the caller is no admin there.
        InvalidRequestError: the name is malformed.
        TopicNameTakenError: the workspace has one of this name.
    """
    actor.require(Permission.WEBHOOKS_WRITE)
    organization_id = require_workspace(tx, actor, workspace_id, Tier.ADMIN)
    _require_free(tx, workspace_id, check_plain_name("name", name))
    row = TopicRow(
        id=tx.new_id(),
        organization_id=organization_id,
        workspace_id=workspace_id,
        name=name,
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.insert(topics, **structs.asdict(row))
    _journal(tx, actor, "created", row)
    return row


def rename_topic(tx: Tx, actor: Actor, workspace_id: str, topic_id: str, name: str) -> TopicRow:
    """Give a topic another name; what goes there goes on.

    Raises:
        NotFoundError: absent, elsewhere, or outside the caller's scope.
        ForbiddenError: the caller is no admin there.
        InvalidRequestError: the name is malformed.
        TopicNameTakenError: the workspace has another of this name.
    """
    actor.require(Permission.WEBHOOKS_WRITE)
    before = _administered(tx, actor, workspace_id, topic_id)
    if name == before.name:
        return before
    _require_free(tx, workspace_id, check_plain_name("name", name))
    after = structs.replace(before, name=name, updated_at=tx.now)
    tx.update(topics, BY_ID, {"id": before.id}, name=name, updated_at=tx.now)
    _journal(tx, actor, "updated", after, changed=("name",))
    return after


def delete_topic(tx: Tx, actor: Actor, workspace_id: str, topic_id: str) -> None:
    """Remove a topic for good, with the routes to and from it.

    Raises:
        NotFoundError: absent, elsewhere, or outside the caller's scope.
        ForbiddenError: the caller is no admin there.
    """
    actor.require(Permission.WEBHOOKS_WRITE)
    row = _administered(tx, actor, workspace_id, topic_id)
    event_id = _journal(tx, actor, "deleted", row)
    for incoming in tx.all(TopicRouteRow, EVENT_ROUTES_OF_TOPIC, topic_id=row.id):
        end_topic_route(tx, actor, incoming, parent_id=event_id)
    for outgoing in tx.all(DestinationRouteRow, ROUTES_OF_TOPIC, topic_id=row.id):
        end_destination_route(tx, actor, outgoing, parent_id=event_id)
    tx.delete(topics, BY_ID, id=row.id)
    empty_payloads(tx, [row.id])


def _administered(tx: Tx, actor: Actor, workspace_id: str, topic_id: str) -> TopicRow:
    row = topic_in(tx, actor, workspace_id, topic_id)
    require_tier(tx, actor, row, Tier.ADMIN, "topic")
    return row


def _require_free(tx: Tx, workspace_id: str, name: str) -> None:
    if tx.value(TOPIC_NAMED, workspace_id=workspace_id, name=name) is not None:
        raise TopicNameTakenError(f"a topic called {name} exists in this project")


def _journal(tx: Tx, actor: Actor, verb: str, row: TopicRow, *, changed: tuple[str, ...] = ()) -> str:
    change = Change(
        type=f"topic.{verb}",
        subject_kind="topic",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=changed,
        data={"name": row.name},
    )
    return record(tx, actor, change)
