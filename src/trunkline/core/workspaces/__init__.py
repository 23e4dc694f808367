"""Organizations (tenants) and workspaces (units of access), and what a deletion in them stamps."""

from trunkline.core.access import NO_TOMBSTONE, RETENTION_DAYS, Tombstone, tombstone
from trunkline.core.workspaces.cascade import (
    remove_with_workspace,
    revive_with_workspace,
    tombstone_with_workspace,
)
from trunkline.core.workspaces.errors import HandleTakenError, InstanceExistsError
from trunkline.core.workspaces.instance import BootstrapInstance, Instance, bootstrap_instance
from trunkline.core.workspaces.organizations import (
    CreateOrganization,
    UpdateOrganization,
    create_organization,
    get_organization,
    list_organizations,
    update_organization,
)
from trunkline.core.workspaces.service import (
    CreateWorkspace,
    UpdateWorkspace,
    create_workspace,
    delete_workspace,
    expired_workspaces,
    get_workspace,
    list_workspaces,
    purge_workspace,
    restore_workspace,
    update_workspace,
)
from trunkline.core.workspaces.specs import ORGANIZATION, SPECS, WORKSPACE, OrganizationRow, WorkspaceRow

__all__ = [
    "NO_TOMBSTONE",
    "ORGANIZATION",
    "RETENTION_DAYS",
    "SPECS",
    "WORKSPACE",
    "BootstrapInstance",
    "CreateOrganization",
    "CreateWorkspace",
    "HandleTakenError",
    "Instance",
    "InstanceExistsError",
    "OrganizationRow",
    "Tombstone",
    "UpdateOrganization",
    "UpdateWorkspace",
    "WorkspaceRow",
    "bootstrap_instance",
    "create_organization",
    "create_workspace",
    "delete_workspace",
    "expired_workspaces",
    "get_organization",
    "get_workspace",
    "list_organizations",
    "list_workspaces",
    "purge_workspace",
    "remove_with_workspace",
    "restore_workspace",
    "revive_with_workspace",
    "tombstone",
    "tombstone_with_workspace",
    "update_organization",
    "update_workspace",
]
