"""Organizations (tenants), workspaces (units of access), groups and consumers, and what a deletion stamps."""

from trunkline.core.access import NO_TOMBSTONE, RETENTION_DAYS, Tombstone, tombstone
from trunkline.core.workspaces.cascade import (
    remove_with_workspace,
    revive_with_workspace,
    tombstone_with_workspace,
)
from trunkline.core.workspaces.consumers import (
    consumers_by_id,
    ensure_consumer,
    find_consumer,
    get_consumer,
    list_consumers,
)
from trunkline.core.workspaces.errors import (
    GroupExistsError,
    GroupsLeftError,
    HandleTakenError,
    InstanceExistsError,
    TooManyGroupsError,
)
from trunkline.core.workspaces.groups import ensure_group, find_group, groups_by_id, list_groups
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
from trunkline.core.workspaces.specs import (
    CONSUMER,
    ORGANIZATION,
    SPECS,
    WORKSPACE,
    ConsumerRow,
    OrganizationRow,
    WorkspaceRow,
)

__all__ = [
    "CONSUMER",
    "NO_TOMBSTONE",
    "ORGANIZATION",
    "RETENTION_DAYS",
    "SPECS",
    "WORKSPACE",
    "BootstrapInstance",
    "ConsumerRow",
    "CreateOrganization",
    "CreateWorkspace",
    "GroupExistsError",
    "GroupsLeftError",
    "HandleTakenError",
    "Instance",
    "InstanceExistsError",
    "OrganizationRow",
    "Tombstone",
    "TooManyGroupsError",
    "UpdateOrganization",
    "UpdateWorkspace",
    "WorkspaceRow",
    "bootstrap_instance",
    "consumers_by_id",
    "create_organization",
    "create_workspace",
    "delete_workspace",
    "ensure_consumer",
    "ensure_group",
    "expired_workspaces",
    "find_consumer",
    "find_group",
    "get_consumer",
    "get_organization",
    "get_workspace",
    "groups_by_id",
    "list_consumers",
    "list_groups",
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
