"""Installs as others than their workspace's people see them: the integration's publisher, and the install itself.

A publisher learns where its integrations are installed, since when, and what the place is called; never
variables, members or the connection.
"""

from __future__ import annotations

from dataclasses import replace

from msgspec import Struct

from trunkline.core.access import Permission, scope
from trunkline.core.installs.queries import CURRENT_INSTALLATION
from trunkline.core.installs.rules import ByPublisher
from trunkline.core.integrations import own_integration
from trunkline.infra.db import Field, FieldKind, ListSpec, Tx, lists
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, NotFoundError
from trunkline.kit.filters import Compare, Op, OrderKey
from trunkline.kit.pages import ListQuery, Page


class InstallationRow(Struct, frozen=True):
    """A live install, as its integration's publisher sees it."""

    id: str
    organization_id: str
    workspace_id: str
    integration_id: str
    installed_at: str
    changed_at: str
    tenant_name: str
    site_name: str


class CurrentInstallation(Struct, frozen=True):
    """What an install that shows its access key sees of itself and of its site; columns of one statement."""

    id: str
    name: str
    homepage_url: str | None
    description: str | None
    trust_tier: str
    last_active_at: str | None
    workspace_id: str
    site_name: str


class InstallationRequiredError(ForbiddenError):
    """Only an install itself may ask for this, with one of its access keys."""

    code = "installation_required"


INSTALLATION = ListSpec(
    entity="installation",
    table="installs",
    row=InstallationRow,
    rule=ByPublisher(),
    columns={
        "changed_at": "coalesce({a}.updated_at, {a}.installed_at)",
        "tenant_name": "(SELECT s_o.name FROM organizations s_o WHERE s_o.id = {a}.organization_id)",
        "site_name": "(SELECT s_w.name FROM workspaces s_w WHERE s_w.id = {a}.workspace_id)",
    },
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("install",)),
        "integration_id": Field(kind=FieldKind.ID, id_kinds=("integration",)),
        "installed_at": Field(kind=FieldKind.TIME),
        "changed_at": Field(kind=FieldKind.TIME),
    },
    soft_delete=True,
    order=(OrderKey("changed_at", "desc"),),
)


def list_installations(
    tx: Tx, actor: Actor, query: ListQuery, *, integration_id: str | None = None
) -> Page[InstallationRow]:
    """Live installs of the integrations the caller may edit, or of one of them; the last changed first.

    Raises:
        NotFoundError: the integration is absent, deleted or none the caller may edit.
        InvalidRequestError: a bad place.

    Source: seed 004, GET /integrations/:integration_id/installations.
    """
    actor.require(Permission.INSTALLS_READ)
    if integration_id is not None:
        found = own_integration(tx, actor, integration_id)
        query = replace(query, where=Compare("integration_id", Op.EQ, found.id))
    return lists.list_rows(tx, INSTALLATION, query, scope(actor, tx.specs))


def visible_installation(tx: Tx, actor: Actor, install_id: str) -> InstallationRow:
    """One live install of an integration the caller may edit.

    Raises:
        NotFoundError: absent, deleted, or of no such integration.
    """
    row = lists.get_row(tx, INSTALLATION, install_id, scope(actor, tx.specs), deleted=False)
    if row is None:
        raise NotFoundError("installation")
    return row


def current_installation(tx: Tx, actor: Actor) -> CurrentInstallation:
    """The install whose access key the caller shows, and its site.

    Raises:
        InstallationRequiredError: the caller is no install.

    Source: seed 004, GET /integration.
    """
    actor.require(Permission.INSTALLATION_READ)
    found = tx.one(CurrentInstallation, CURRENT_INSTALLATION, key_id=actor.key_id or "")
    if found is None:
        raise InstallationRequiredError("this is for installations: authenticate with an access key")
    return found
