"""`trunkline activation …`: which integrations a workspace has switched on."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter
from msgspec import Struct
from rich.text import Text

from trunkline.cli.failures import CommandError, Exit
from trunkline.cli.lookups import find_organization, find_user, find_workspace
from trunkline.cli.opening import opened
from trunkline.cli.options import NO_FLAGS, Common
from trunkline.cli.screen import table
from trunkline.core import installs as core
from trunkline.core.access import act_as
from trunkline.core.integrations import find_integration, get_integration
from trunkline.core.workspaces import WorkspaceRow
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, system_actor
from trunkline.kit.ids import format_id
from trunkline.kit.pages import ListQuery, Position

activation_app = App(
    name="activation", help="Activations: switch integrations on and off in a workspace, and list them."
)
_Workspace = Annotated[str | None, Parameter(name=("--workspace", "--site"))]


class ShownActivation(Struct, frozen=True, rename="camel"):
    """An install as commands show it."""

    id: str
    integration_id: str
    integration_name: str
    workspace_id: str
    installed_at: str


@activation_app.command
def on(
    integration: str,
    *,
    workspace: _Workspace = None,
    user: str | None = None,
    common: Common = NO_FLAGS,
) -> Exit:
    """Switch an integration on in a workspace; what it was before comes back under the same id.

    It must be visible to whoever it is done as: their own, shared with them, unlisted or public.

    **Examples**

        trunkline activation on int_0197a1b2c3d4e5f60718293a4b5c6d7e --site shop-main

        trunkline activation on acme-plus --workspace shop-main --user grace@shop.example --json

    Args:
        integration: its id, or the slug of one that is visible.
        workspace: the handle or id of the workspace; may be left out where there is only one.
        user: whom it is done as; by default the owner of the workspace's organization.
        common: the flags of every command.
    """

    def work(tx: Tx) -> ShownActivation:
        place, actor = _placed(tx, workspace, user)
        found = find_integration(tx, actor, integration)
        request = core.ActivateIntegration(integration_id=found.id, workspace_id=place.id)
        return _shown(core.activate_integration(tx, actor, request), found.name)

    with opened(common.settings()) as platform:
        shown = platform.database.write_now(work)
    common.screen.result(shown, f"{shown.integration_name} is on: {shown.id}")
    common.screen.note(f"Give it an access key with: trunkline install-key create {shown.id}{common.flags()}")
    return Exit.OK


@activation_app.command
def off(
    integration: str,
    *,
    workspace: _Workspace = None,
    user: str | None = None,
    common: Common = NO_FLAGS,
) -> Exit:
    """Switch an integration off in a workspace; its access keys open nothing until it is on again.

    **Examples**

        trunkline activation off int_0197a1b2c3d4e5f60718293a4b5c6d7e --site shop-main

    Args:
        integration: its id, or the slug of one that is visible.
        workspace: the handle or id of the workspace; may be left out where there is only one.
        user: whom it is done as; by default the owner of the workspace's organization.
        common: the flags of every command.
    """

    def work(tx: Tx) -> str:
        place, actor = _placed(tx, workspace, user)
        found = find_integration(tx, actor, integration)
        core.deactivate_integration(tx, actor, integration_id=found.id, workspace_id=place.id)
        return found.name

    with opened(common.settings()) as platform:
        name = platform.database.write_now(work)
    common.screen.result({"success": True}, f"{name} is off")
    return Exit.OK


@activation_app.command(name="list")
def list_(*, workspace: _Workspace = None, common: Common = NO_FLAGS) -> Exit:
    """List what is switched on in a workspace, the newest first.

    **Examples**

        trunkline activation list --site shop-main

        trunkline activation list --workspace shop-main --json

    Args:
        workspace: the handle or id of the workspace; may be left out where there is only one.
        common: the flags of every command.
    """
    actor = system_actor("activations listed on the command line")

    def work(tx: Tx) -> list[ShownActivation]:
        place = find_workspace(tx, actor, workspace)
        rows = _all_activations(tx, actor, place.id)
        return [_shown(row, get_integration(tx, actor, row.integration_id).name) for row in rows]

    with opened(common.settings()) as platform:
        shown = platform.database.read_now(work)
    lines = [(one.id, one.integration_name, one.integration_id, one.installed_at[:10]) for one in shown]
    heads = ("installation", "integration", "id", "since")
    common.screen.result(shown, table(heads, lines) if lines else Text("nothing is on"))
    return Exit.OK


def _placed(tx: Tx, workspace: str | None, user: str | None) -> tuple[WorkspaceRow, Actor]:
    """The workspace, and the person there as whom it is done: what they see and may do decides."""
    system = system_actor("activation on the command line")
    place = find_workspace(tx, system, workspace)
    if user is not None:
        return place, act_as(tx, find_user(tx, system, user).id)
    organization = find_organization(tx, system, format_id("organization", place.organization_id))
    if not organization.owner_id:
        raise CommandError("no_owner", f"{organization.handle} has no owner", "say --user")
    return place, act_as(tx, organization.owner_id)


def _all_activations(tx: Tx, actor: Actor, workspace_id: str) -> list[core.InstallRow]:
    rows: list[core.InstallRow] = []
    after: Position | None = None
    while True:
        page = core.list_activations(tx, actor, workspace_id, ListQuery(after=after, count=False))
        rows += page.rows
        if not page.has_next:
            return rows
        after = page.end


def _shown(row: core.InstallRow, name: str) -> ShownActivation:
    return ShownActivation(
        id=format_id("install", row.id),
        integration_id=format_id("integration", row.integration_id),
        integration_name=name,
        workspace_id=format_id("workspace", row.workspace_id),
        installed_at=row.installed_at,
    )
