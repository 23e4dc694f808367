"""Consumers: whom a project's customers connect accounts for. They are names of the publisher's, never logins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from msgspec import structs

from trunkline.core.access import Permission, Project, bind_to_project, check_ref, scope
from trunkline.core.journal import Change, record
from trunkline.core.workspaces.first_use import called, require_maker, require_own
from trunkline.core.workspaces.queries import BY_ID, CONSUMER_OF, CONSUMERS_BY_ID, MAKE_CONSUMER
from trunkline.core.workspaces.specs import CONSUMER, ConsumerRow
from trunkline.core.workspaces.tables import consumers
from trunkline.infra.db import Tx, UniqueError, lists
from trunkline.kit.actor import Actor
from trunkline.kit.errors import NotFoundError
from trunkline.kit.filters import Compare, Op, both
from trunkline.kit.pages import ListQuery, Page


def ensure_consumer(tx: Tx, actor: Actor, project_id: str, ref: str, name: str | None = None) -> ConsumerRow:
    """The consumer that a project's publisher calls `ref`, made now if this is its first use.

    Two first uses at once end as one consumer: the loser of the race is run again and finds it.

    Args:
        tx: the transaction.
        actor: an actor of the project, or one who may become it.
        project_id: 32 hex digits.
        ref: 1-255 characters, compared as they are.
        name: what people call it; a new consumer without one is named like its ref, another is renamed.

    Raises:
        NotFoundError: the project is absent, deleted, itself a group, or the caller holds no tier there.
        ForbiddenError: the caller may neither connect nor install in the project's groups.
        OtherFrontEndError: the caller is a page of another consumer.
        InvalidRequestError: the ref or the name is malformed.
    """
    check_ref("consumerRef", ref)
    wanted = called("consumerName", name)
    project = require_maker(tx, actor, project_id)
    require_own(ref, actor.consumer_ref, "consumer")
    found = tx.one(ConsumerRow, CONSUMER_OF, project_id=project.id, ref=ref)
    if found is None:
        return _make(tx, project, ref, wanted or ref)
    if wanted is None or wanted == found.name:
        return found
    after = structs.replace(found, name=wanted, updated_at=tx.now)
    tx.update(consumers, BY_ID, {"id": found.id}, name=wanted, updated_at=tx.now)
    _journal(tx, actor, "updated", after, changed=("name",))
    return after


def find_consumer(tx: Tx, actor: Actor, project_id: str, ref: str) -> ConsumerRow | None:
    """The consumer that a project's publisher calls `ref`; None where there is none, or it is not the caller's.

    Raises:
        NotFoundError: the project is absent, deleted, itself a group, or the caller holds no tier there.
    """
    actor.require(Permission.WORKSPACES_READ)
    bound = bind_to_project(tx, actor, project_id)
    if bound.consumer_ref not in {None, ref}:
        return None
    return tx.one(ConsumerRow, CONSUMER_OF, project_id=project_id, ref=ref)


def get_consumer(tx: Tx, actor: Actor, consumer_id: str) -> ConsumerRow:
    """One consumer.

    Raises:
        NotFoundError: absent or outside the caller's scope; a page sees consumers by their refs only.
    """
    actor.require(Permission.WORKSPACES_READ)
    row = lists.get_row(tx, CONSUMER, consumer_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("consumer")
    return row


def list_consumers(tx: Tx, actor: Actor, project_id: str, query: ListQuery) -> Page[ConsumerRow]:
    """The consumers of a project; none for a page.

    Raises:
        NotFoundError: the project is absent, deleted, itself a group, or the caller holds no tier there.
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.WORKSPACES_READ)
    bound = bind_to_project(tx, actor, project_id)
    there = Compare("workspace_id", Op.EQ, project_id)
    where = both(there, query.where)
    return lists.list_rows(tx, CONSUMER, replace(query, where=where), scope(bound, tx.specs))


def consumers_by_id(tx: Tx, consumer_ids: Iterable[str]) -> dict[str, ConsumerRow]:
    """These consumers by id, for connections that the caller has been shown; one statement for up to 500."""
    rows = [ConsumerRow(*found) for found in tx.fetch_for(CONSUMERS_BY_ID, dict.fromkeys(consumer_ids))]
    return {row.id: row for row in rows}


def _make(tx: Tx, project: Project, ref: str, name: str) -> ConsumerRow:
    row = ConsumerRow(
        id=tx.new_id(),
        organization_id=project.organization_id,
        workspace_id=project.id,
        ref=ref,
        name=name,
        created_at=tx.now,
        updated_at=tx.now,
    )
    made = tx.run(
        MAKE_CONSUMER,
        id=row.id,
        organization_id=row.organization_id,
        project_id=project.id,
        ref=ref,
        name=name,
        now=tx.now,
    )
    if not made:
        raise UniqueError("somebody else has just made this consumer: try again")
    _journal(tx, project.actor, "created", row)
    return row


def _journal(tx: Tx, actor: Actor, verb: str, row: ConsumerRow, *, changed: tuple[str, ...] = ()) -> None:
    change = Change(
        type=f"consumer.{verb}",
        subject_kind="consumer",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=changed,
    )
    record(tx, actor, change)
