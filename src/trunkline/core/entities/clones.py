"""What installs do with entities, many at a time: clone, bring forward, take away, lend.

Clones live in a namespace of their own (the install's id), so that any number of installs may bring the
same slugs into one workspace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trunkline.core.access import NO_TOMBSTONE, Tombstone
from trunkline.core.entities.queries import (
    ACTIVE_LOANS_IN,
    ALL_LOANS_OF_INSTALL,
    BY_DELETION,
    HELD_BY,
    IN_NAMESPACE,
    LIVE_BY_ID,
    LIVE_IN_NAMESPACE,
    LOANS_IN,
    LOANS_IN_NAMESPACE,
    LOANS_OF_INSTALL,
    MOVE,
    VERSIONS_IN_NAMESPACE,
)
from trunkline.core.entities.tables import entities, entity_loans, entity_versions
from trunkline.infra.db import Tx

_ENTITY_COLUMNS = (
    "id",
    "organization_id",
    "workspace_id",
    "kind",
    "namespace",
    "slug",
    "name",
    "description",
    "version_id",
    "created_by",
    "created_at",
    "updated_at",
)
_VERSION_COLUMNS = (
    "id",
    "organization_id",
    "workspace_id",
    "entity_id",
    "number",
    "name",
    "description",
    "definition",
    "content_hash",
    "created_by",
    "created_at",
)
_LOAN_COLUMNS = ("id", "organization_id", "workspace_id", "entity_id", "version_id", "holder_id")


@dataclass(frozen=True, slots=True)
class Home:
    """Where clones are made and by whom.

    Attributes:
        namespace: the install's id.
        user_id: recorded as creator.
    """

    organization_id: str
    workspace_id: str
    namespace: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Clone:
    """The content a clone has, or is to have; `number` counts its versions."""

    entity_id: str
    version_id: str
    number: int
    kind: str
    slug: str
    name: str
    description: str | None
    definition: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class Loan:
    """The publisher's entity readable at one version because member `holder_id` references it."""

    entity_id: str
    version_id: str
    holder_id: str


def create_clones(tx: Tx, home: Home, clones: Sequence[Clone]) -> None:
    """Add entities with their first versions."""
    place = (home.organization_id, home.workspace_id)
    tx.insert_many(
        entities,
        _ENTITY_COLUMNS,
        [
            (c.entity_id, *place, c.kind, home.namespace, c.slug, c.name, c.description, c.version_id)
            + (home.user_id, tx.now, tx.now)
            for c in clones
        ],
    )
    _add_versions(tx, home, clones)


def advance_clones(tx: Tx, home: Home, clones: Sequence[Clone]) -> None:
    """Give existing clones a new version; their ids stay and the content they had is kept."""
    _add_versions(tx, home, clones)
    tx.run_many(
        MOVE,
        [
            {"id": c.entity_id, "version_id": c.version_id, "name": c.name, "description": c.description}
            | {"now": tx.now}
            for c in clones
        ],
    )


def _add_versions(tx: Tx, home: Home, clones: Sequence[Clone]) -> None:
    place = (home.organization_id, home.workspace_id)
    tx.insert_many(
        entity_versions,
        _VERSION_COLUMNS,
        [
            (c.version_id, *place, c.entity_id, c.number, c.name, c.description, c.definition)
            + (c.content_hash, home.user_id, tx.now)
            for c in clones
        ],
    )


def tombstone_clone(tx: Tx, entity_id: str, stamp: Tombstone) -> None:
    """Tombstone one clone, if it is live."""
    tx.update(entities, LIVE_BY_ID, {"id": entity_id}, **stamp.columns())


def tombstone_namespace(tx: Tx, namespace: str, stamp: Tombstone) -> None:
    """Tombstone every live clone of an install."""
    tx.update(entities, LIVE_IN_NAMESPACE, {"namespace": namespace}, **stamp.columns())


def revive(tx: Tx, deletion_id: str) -> None:
    """Bring back exactly the entities one deletion took."""
    tx.update(entities, BY_DELETION, {"deletion_id": deletion_id}, **NO_TOMBSTONE)


def purge_namespace(tx: Tx, namespace: str) -> None:
    """Remove an install's clones, live or not, with all their versions."""
    tx.delete(entity_loans, LOANS_IN_NAMESPACE, namespace=namespace)
    tx.delete(entity_versions, VERSIONS_IN_NAMESPACE, namespace=namespace)
    tx.delete(entities, IN_NAMESPACE, namespace=namespace)


def lend(tx: Tx, home: Home, loans: Sequence[Loan]) -> None:
    """Make the publisher's entities readable in a workspace, each at one version."""
    tx.insert_many(
        entity_loans,
        _LOAN_COLUMNS,
        [
            (
                tx.new_id(),
                home.organization_id,
                home.workspace_id,
                loan.entity_id,
                loan.version_id,
                loan.holder_id,
            )
            for loan in loans
        ],
    )


def end_loan(tx: Tx, holder_id: str) -> None:
    """Take back what one member was lent."""
    tx.delete(entity_loans, HELD_BY, holder_id=holder_id)


def suspend_loans(tx: Tx, install_id: str, deletion_id: str) -> None:
    """Stop lending what an install's members were lent; `revive_loans` resumes it."""
    tx.update(entity_loans, LOANS_OF_INSTALL, {"install_id": install_id}, deletion_id=deletion_id)


def revive_loans(tx: Tx, deletion_id: str) -> None:
    """Resume exactly the loans one deletion suspended."""
    tx.update(entity_loans, BY_DELETION, {"deletion_id": deletion_id}, deletion_id=None)


def end_loans(tx: Tx, install_id: str) -> None:
    """Take back everything an install's members were lent."""
    tx.delete(entity_loans, ALL_LOANS_OF_INSTALL, install_id=install_id)


def suspend_loans_in(tx: Tx, workspace_id: str, deletion_id: str) -> None:
    """Stop lending anything to a workspace; `revive_loans` resumes it."""
    tx.update(entity_loans, ACTIVE_LOANS_IN, {"workspace_id": workspace_id}, deletion_id=deletion_id)


def end_loans_in(tx: Tx, workspace_id: str) -> None:
    """Take back everything a workspace was lent."""
    tx.delete(entity_loans, LOANS_IN, workspace_id=workspace_id)
