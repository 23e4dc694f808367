"""Deploying a project's manifest, and what that does to installs: nothing, unless it is to be destructive.

Installs stay at their version until somebody upgrades or configures them. A destructive deploy pauses the reads of
objects that the new version no longer declares, everywhere: few installs at once, many in the background, piece by
piece, each piece with the job for the next.

Source: reference of the Ampersand API, PUT /projects/{p}/integrations:batch?destructive=.
"""

from __future__ import annotations

from dataclasses import replace

from trunkline.core import manifests
from trunkline.core.installs.config_content import (
    configured_objects,
    declared_objects,
    effective_config,
    with_paused,
)
from trunkline.core.installs.config_rows import (
    GivenConfig,
    current_content,
    version_source,
    write_config,
)
from trunkline.core.installs.configs import own_source, tell_configured
from trunkline.core.installs.errors import NotConfigurableError
from trunkline.core.installs.queries import CONFIGURED_AFTER
from trunkline.core.installs.reads import visible_install
from trunkline.core.integrations import (
    Deployed,
    Progress,
    deploy_integration,
    deploy_manifest,
    visible_integration,
)
from trunkline.infra.db import Tx
from trunkline.infra.jobs import JobContext, enqueue
from trunkline.kit.actor import Actor, system_actor
from trunkline.kit.errors import NotFoundError
from trunkline.kit.ids import format_id

PAUSE_DROPPED_JOB = "installs.pause_dropped"
BATCH = 100  # installs of one transaction
_CREATED_BY = "api:deploy"


def deploy_project(
    tx: Tx,
    actor: Actor,
    workspace_id: str,
    manifest: manifests.Manifest,
    *,
    destructive: bool = False,
    prune: bool = False,
    progress: Progress | None = None,
) -> tuple[Deployed, ...]:
    """`deploy_manifest`, and the reads paused that a new version drops, where that is asked for.

    Raises:
        NotFoundError: the workspace is absent or foreign.
        ForbiddenError: the caller is no editor there, or no admin of an integration that changed.
        ProviderUnknownError: a provider is in no catalog of this server.
        NotDeployedError: an integration of that name was made otherwise.
        InvalidRequestError: a name or definition breaks a rule of the platform.
    """
    deployed = deploy_manifest(tx, actor, workspace_id, manifest, prune=prune, progress=progress)
    if destructive:
        for one in deployed:
            _pause_or_enqueue(tx, actor, one)
    return deployed


def deploy_revision(
    tx: Tx,
    actor: Actor,
    integration_id: str,
    manifest: manifests.Manifest,
    *,
    destructive: bool = False,
) -> Deployed:
    """Deploy the integration of a manifest that has the name of this one, and leave the others alone.

    Raises:
        NotFoundError: the integration is absent, deleted, or outside the caller's scope.
        InvalidRequestError: the manifest has none of its name; and as in `deploy_project`.
    """
    row = visible_integration(tx, actor, integration_id)
    if row.deleted_at is not None:
        raise NotFoundError("integration")
    deployed = deploy_integration(tx, actor, row.workspace_id, manifest, name=row.name, new=False)
    if destructive:
        _pause_or_enqueue(tx, actor, deployed)
    return deployed


def run_pause_dropped(context: JobContext) -> None:
    """The job: one piece, and the job for the next in the same transaction."""
    payload = context.payload

    def work(tx: Tx) -> None:
        last = pause_dropped(
            tx, context.actor, payload["integrationId"], payload["versionId"], after=payload["after"]
        )
        if last is not None:
            enqueue(tx, PAUSE_DROPPED_JOB, {**payload, "after": last})

    context.database.write_now(work)


def pause_dropped(
    tx: Tx, actor: Actor, integration_id: str, version_id: str, *, after: str = ""
) -> str | None:
    """Pause, in a piece of an integration's installs, what a version no longer reads.

    Safe to repeat: what is paused already is left alone.

    Args:
        tx: the transaction.
        actor: the system; installs may be anybody's.
        integration_id: the integration.
        version_id: the version that reads less.
        after: the last install of the piece before.

    Returns:
        The last install of this piece, None where there are no more.
    """
    source = version_source(tx, version_id)
    declared = {} if source is None else declared_objects(source.content, "read")
    found = tx.column(CONFIGURED_AFTER, integration_id=integration_id, after=after, limit=BATCH)
    for install_id in found:
        install = visible_install(tx, actor, install_id)
        try:
            own = own_source(tx, install)
        except NotConfigurableError:
            continue  # it went on to a version that no manifest declares: there is nothing to pause
        content = current_content(tx, install) or {}
        here = configured_objects(effective_config(own, content), "read")
        paused = with_paused(own, content, [name for name in here if name not in declared], paused=True)
        if paused != content:
            given = GivenConfig(paused, _CREATED_BY)
            write_config(tx, install, install.integration_version_id, given)
            tell_configured(tx, actor, install, install.integration_version_id)
    return str(found[-1]) if len(found) == BATCH else None


def _pause_or_enqueue(tx: Tx, actor: Actor, deployed: Deployed) -> None:
    if not deployed.changed:
        return
    integration_id, version_id = deployed.integration.id, deployed.version.id
    reason = f"{format_id('integration', integration_id)} was deployed without objects that were read"
    # Installs may be in other tenants, where whoever deploys holds no tier.
    system = replace(system_actor(reason), request_id=actor.request_id)
    last = pause_dropped(tx, system, integration_id, version_id)
    if last is not None:
        payload = {"integrationId": integration_id, "versionId": version_id, "after": last}
        enqueue(tx, PAUSE_DROPPED_JOB, payload)
