"""`trunkline tenant …` and `trunkline site …`: organizations and their workspaces, made by who runs the instance."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter
from msgspec import Struct
from rich.text import Text

from trunkline.cli.failures import Exit
from trunkline.cli.lookups import find_organization, handle_of
from trunkline.cli.opening import opened
from trunkline.cli.options import NO_FLAGS, Common
from trunkline.cli.screen import table
from trunkline.core import workspaces as core
from trunkline.core.access import act_as
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, system_actor
from trunkline.kit.filters import Compare, Op, OrderKey
from trunkline.kit.ids import format_id
from trunkline.kit.pages import ListQuery, Position

OLDEST_FIRST = (OrderKey("created_at"),)

tenant_app = App(name="tenant", help="Tenants (organizations): make and list them.")
site_app = App(name="site", help="Sites (workspaces) of a tenant: make and list them.")
_Tenant = Annotated[str | None, Parameter(name=("--tenant", "--organization"))]


class ShownTenant(Struct, frozen=True, rename="camel"):
    """An organization as commands show it."""

    id: str
    handle: str
    name: str
    owner_id: str
    created_at: str


class ShownSite(Struct, frozen=True, rename="camel"):
    """A workspace as commands show it."""

    id: str
    organization_id: str
    handle: str
    name: str
    created_at: str


@tenant_app.command(name="create")
def create_tenant(
    name: str,
    *,
    owner: str,
    handle: str | None = None,
    owner_name: str | None = None,
    common: Common = NO_FLAGS,
) -> Exit:
    """Make a tenant and the user who owns it.

    **Examples**

        trunkline tenant create "Green Farm" --owner grace@farm.example

        trunkline tenant create "Green Farm" --handle farm --owner grace@farm.example --json

    Args:
        name: what people call it.
        owner: the e-mail address of its owner, who is made with it.
        handle: its short name, unique in the instance; by default made of the name.
        owner_name: what its owner is called; by default the part of the address before the @.
        common: the flags of every command.
    """
    actor = system_actor("tenant made on the command line")
    request = core.CreateOrganization(
        name=name,
        handle=handle or handle_of(name),
        owner_email=owner,
        owner_name=owner_name or owner.partition("@")[0],
    )
    with opened(common.settings()) as platform:
        row = platform.database.write_now(lambda tx: core.create_organization(tx, actor, request))
    common.screen.result(_tenant(row), f"{row.handle} ({format_id('organization', row.id)}) is made")
    common.screen.note(
        f"Give it a site with: trunkline site create NAME --tenant {row.handle}{common.flags()}"
    )
    return Exit.OK


@tenant_app.command(name="list")
def list_tenants(*, common: Common = NO_FLAGS) -> Exit:
    """List the tenants of the instance, the oldest first.

    **Examples**

        trunkline tenant list --json

    Args:
        common: the flags of every command.
    """
    actor = system_actor("tenants listed on the command line")

    def work(tx: Tx) -> list[ShownTenant]:
        found: list[ShownTenant] = []
        after: Position | None = None
        while True:
            query = ListQuery(order=OLDEST_FIRST, after=after, count=False)
            page = core.list_organizations(tx, actor, query)
            found += [_tenant(row) for row in page.rows]
            if not page.has_next:
                return found
            after = page.end

    with opened(common.settings()) as platform:
        shown = platform.database.read_now(work)
    lines = [(one.id, one.handle, one.name, one.created_at[:10]) for one in shown]
    common.screen.result(
        shown, table(("id", "handle", "name", "made"), lines) if lines else Text("no tenants")
    )
    return Exit.OK


@site_app.command(name="create")
def create_site(
    name: str, *, tenant: _Tenant = None, handle: str | None = None, common: Common = NO_FLAGS
) -> Exit:
    """Make a site of a tenant, on behalf of the tenant's owner.

    **Examples**

        trunkline site create "North field" --tenant farm

        trunkline site create "North field" --tenant farm --handle farm-north --json

    Args:
        name: what people call it.
        tenant: the tenant's handle or id; may be left out where there is only one.
        handle: its short name, unique in the instance; by default made of the name.
        common: the flags of every command.
    """
    system = system_actor("site made on the command line")

    def work(tx: Tx) -> core.WorkspaceRow:
        organization = find_organization(tx, system, tenant)
        request = core.CreateWorkspace(
            organization_id=organization.id, name=name, handle=handle or handle_of(name)
        )
        return core.create_workspace(tx, act_as(tx, organization.owner_id), request)

    with opened(common.settings()) as platform:
        row = platform.database.write_now(work)
    common.screen.result(_site(row), f"{row.handle} ({format_id('workspace', row.id)}) is made")
    return Exit.OK


@site_app.command(name="list")
def list_sites(*, tenant: _Tenant = None, common: Common = NO_FLAGS) -> Exit:
    """List the sites of the instance, or of one tenant, the oldest first.

    **Examples**

        trunkline site list --tenant farm --json

    Args:
        tenant: only this tenant's, by its handle or id.
        common: the flags of every command.
    """
    actor = system_actor("sites listed on the command line")

    def work(tx: Tx) -> list[ShownSite]:
        where = None
        if tenant is not None:
            where = Compare("organization_id", Op.EQ, find_organization(tx, actor, tenant).id)
        return [_site(row) for row in _all_sites(tx, actor, where)]

    with opened(common.settings()) as platform:
        shown = platform.database.read_now(work)
    lines = [(one.id, one.handle, one.name, one.organization_id, one.created_at[:10]) for one in shown]
    heads = ("id", "handle", "name", "tenant", "made")
    common.screen.result(shown, table(heads, lines) if lines else Text("no sites"))
    return Exit.OK


def _all_sites(tx: Tx, actor: Actor, where: Compare | None) -> list[core.WorkspaceRow]:
    found: list[core.WorkspaceRow] = []
    after: Position | None = None
    while True:
        query = ListQuery(where=where, order=OLDEST_FIRST, after=after, count=False)
        page = core.list_workspaces(tx, actor, query)
        found += page.rows
        if not page.has_next:
            return found
        after = page.end


def _tenant(row: core.OrganizationRow) -> ShownTenant:
    return ShownTenant(
        id=format_id("organization", row.id),
        handle=row.handle,
        name=row.name,
        owner_id=format_id("user", row.owner_id),
        created_at=row.created_at,
    )


def _site(row: core.WorkspaceRow) -> ShownSite:
    return ShownSite(
        id=format_id("workspace", row.id),
        organization_id=format_id("organization", row.organization_id),
        handle=row.handle,
        name=row.name,
        created_at=row.created_at,
    )
