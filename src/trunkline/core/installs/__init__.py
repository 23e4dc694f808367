"""Installs: versions pinned in workspaces, their members, upgrades, and the solutions that group them."""

from trunkline.core.installs.install import InstallIntegration, install_integration
from trunkline.core.installs.members import detach_member
from trunkline.core.installs.reads import (
    InstallConfig,
    MemberState,
    get_install,
    list_installs,
    list_members,
)
from trunkline.core.installs.specs import (
    INSTALL,
    MEMBER,
    SOLUTION,
    SOLUTION_MEMBER,
    SPECS,
    InstallRow,
    MemberRow,
    SolutionMemberRow,
    SolutionRow,
)
from trunkline.core.installs.uninstall import purge_install, restore_install, uninstall
from trunkline.core.installs.upgrade import UpgradeResult, upgrade_install

__all__ = [
    "INSTALL",
    "MEMBER",
    "SOLUTION",
    "SOLUTION_MEMBER",
    "SPECS",
    "InstallConfig",
    "InstallIntegration",
    "InstallRow",
    "MemberRow",
    "MemberState",
    "SolutionMemberRow",
    "SolutionRow",
    "UpgradeResult",
    "detach_member",
    "get_install",
    "install_integration",
    "list_installs",
    "list_members",
    "purge_install",
    "restore_install",
    "uninstall",
    "upgrade_install",
]
