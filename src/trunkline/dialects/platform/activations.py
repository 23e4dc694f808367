"""Activations: switching an integration on and off in a workspace, which keeps its install.

Beyond seeds 000 and 001; the same installs as everywhere. Source: DESIGN section 4.12.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from trunkline.core import installs as core
from trunkline.dialects.platform.installs import InstallWire, spell
from trunkline.dialects.platform.lists import ListPage, ListParameters, list_page, list_query
from trunkline.dialects.platform.wire_base import DONE, Body, Success, member_id, path_id
from trunkline.kit.errors import ErrorKind
from trunkline.web import Call, Route


class ActivationBody(Body, frozen=True, kw_only=True):
    """What a first install needs; ignored where the integration is on already or has been before."""

    variables: dict[str, Any] | None = None
    auth_state_id: Annotated[str, Meta(description="A connection.")] | None = None


def list_activations(call: Call) -> ListPage[InstallWire]:
    """GET /api/workspaces/{id}/activations."""
    workspace_id = path_id(call, "workspace")
    page = core.list_activations(call.tx, call.actor, workspace_id, list_query(call, core.INSTALL))
    return list_page(call, core.INSTALL, page, spell)


def activate(call: Call) -> InstallWire:
    """PUT /api/workspaces/{id}/activations/{integration_id}."""
    body: ActivationBody = call.body
    auth = body.auth_state_id
    request = core.ActivateIntegration(
        workspace_id=path_id(call, "workspace"),
        integration_id=path_id(call, "integration", "integration_id"),
        variables=body.variables,
        auth_state_id=None if auth is None else member_id("connection", auth, "authStateId"),
    )
    return spell(core.activate_integration(call.tx, call.actor, request))


def deactivate(call: Call) -> Success:
    """DELETE /api/workspaces/{id}/activations/{integration_id}."""
    core.deactivate_integration(
        call.tx,
        call.actor,
        workspace_id=path_id(call, "workspace"),
        integration_id=path_id(call, "integration", "integration_id"),
    )
    return DONE


_TAGS = ("Activations",)
_WORKSPACE = {"id": "The workspace's id, e.g. `wsp_0197…`."}
_BOTH = {**_WORKSPACE, "integration_id": "The integration's id, e.g. `int_0197…`."}

ROUTES = [
    Route(
        method="GET",
        path="/api/workspaces/{id}/activations",
        handler=list_activations,
        operation_id="listActivations",
        summary="List the live installs of a workspace.",
        permission="installs:read",
        query=ListParameters,
        returns=ListPage[InstallWire],
        path_parameters=_WORKSPACE,
        tags=_TAGS,
    ),
    Route(
        method="PUT",
        path="/api/workspaces/{id}/activations/{integration_id}",
        handler=activate,
        operation_id="activateIntegration",
        summary="Switch an integration on: its live install, the last one brought back, or a first one.",
        permission="installs:write",
        body=ActivationBody,
        returns=InstallWire,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=_BOTH,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/workspaces/{id}/activations/{integration_id}",
        handler=deactivate,
        operation_id="deactivateIntegration",
        summary="Switch an integration off: uninstall it, restorably; its access keys open nothing meanwhile.",
        permission="installs:write",
        returns=Success,
        path_parameters=_BOTH,
        tags=_TAGS,
    ),
]
