"""The first organization, workspace and user of a new instance."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.core.workspaces.errors import InstanceExistsError
from trunkline.core.workspaces.organizations import CreateOrganization, create_organization
from trunkline.core.workspaces.queries import ANY_ORGANIZATION
from trunkline.core.workspaces.service import CreateWorkspace, create_workspace
from trunkline.infra.db import Tx
from trunkline.kit.actor import system_actor


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapInstance:
    """What the first organization, its first workspace and its owner are called."""

    organization_name: str
    organization_handle: str
    workspace_name: str
    workspace_handle: str
    owner_email: str
    owner_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """What was made: ids of 32 hex digits each."""

    organization_id: str
    workspace_id: str
    user_id: str


def bootstrap_instance(tx: Tx, request: BootstrapInstance) -> Instance:
    """Set up an empty instance: an organization with one workspace, owned by a user who is operator.

    Done by the system itself, and journalled as such.

    Raises:
        InstanceExistsError: there is an organization already.
        InvalidRequestError: a name, handle or the e-mail address is malformed.
    """
    if tx.value(ANY_ORGANIZATION) is not None:
        raise InstanceExistsError("this instance is set up already")
    actor = system_actor("instance set up")
    organization = create_organization(
        tx,
        actor,
        CreateOrganization(
            name=request.organization_name,
            handle=request.organization_handle,
            owner_email=request.owner_email,
            owner_name=request.owner_name,
            owner_operator=True,
        ),
    )
    workspace = create_workspace(
        tx,
        actor,
        CreateWorkspace(
            organization_id=organization.id,
            name=request.workspace_name,
            handle=request.workspace_handle,
            owner_id=organization.owner_id,
        ),
    )
    return Instance(organization_id=organization.id, workspace_id=workspace.id, user_id=organization.owner_id)
