"""Integrations: drafts that publishers edit, and the immutable versions they publish."""

from trunkline.core.integrations.errors import NothingPublishedError
from trunkline.core.integrations.importing import (
    ImportOpenApi,
    ImportResult,
    entity_slug,
    import_openapi,
    merge_manifest,
)
from trunkline.core.integrations.manifest import Manifest, needs_auth, read_manifest
from trunkline.core.integrations.publish import (
    PublishIntegration,
    VersionMember,
    members_of,
    preview_members,
    publish_version,
    slugs_of,
)
from trunkline.core.integrations.reads import (
    expired_integrations,
    get_integration,
    get_version,
    is_namespace_pinned,
    is_older,
    list_integrations,
    list_versions,
    pinned_version,
    version_snapshot,
    visible_integration,
    visible_version,
)
from trunkline.core.integrations.service import (
    CreateIntegration,
    UpdateIntegration,
    create_integration,
    delete_integration,
    purge_integration,
    restore_integration,
    update_integration,
)
from trunkline.core.integrations.specs import INTEGRATION, SPECS, VERSION, IntegrationRow, VersionRow

__all__ = [
    "INTEGRATION",
    "SPECS",
    "VERSION",
    "CreateIntegration",
    "ImportOpenApi",
    "ImportResult",
    "IntegrationRow",
    "Manifest",
    "NothingPublishedError",
    "PublishIntegration",
    "UpdateIntegration",
    "VersionMember",
    "VersionRow",
    "create_integration",
    "delete_integration",
    "entity_slug",
    "expired_integrations",
    "get_integration",
    "get_version",
    "import_openapi",
    "is_namespace_pinned",
    "is_older",
    "list_integrations",
    "list_versions",
    "members_of",
    "merge_manifest",
    "needs_auth",
    "pinned_version",
    "preview_members",
    "publish_version",
    "purge_integration",
    "read_manifest",
    "restore_integration",
    "slugs_of",
    "update_integration",
    "version_snapshot",
    "visible_integration",
    "visible_version",
]
