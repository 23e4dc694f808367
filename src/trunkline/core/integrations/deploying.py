"""A project's manifest becomes integrations: each object a member, each change a version `0.0.N`.

Deploying again finds the same integrations by name and the same entities by slug; what has not changed is not
written. Which objects an install takes is left to its configuration: members are off unless they are required,
which objects are that are `enabled: always`.

Source: reference of the Ampersand API, manifest and deploy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from msgspec import structs
from msgspec.json import decode

from trunkline.core import manifests, providers
from trunkline.core.access import require_workspace
from trunkline.core.entities import find_entities, hash_of
from trunkline.core.integrations.creating import CreateIntegration, create_integration, free_slug
from trunkline.core.integrations.errors import NameTakenError, NotDeployedError, ProviderUnknownError
from trunkline.core.integrations.manifest import source_of, spelled_source
from trunkline.core.integrations.own import publish_change
from trunkline.core.integrations.pins import live_sources
from trunkline.core.integrations.publish import draft_hash
from trunkline.core.integrations.queries import LIVE_NAMES, NAMED
from trunkline.core.integrations.reads import pinned_version, visible_integration
from trunkline.core.integrations.service import UpdateIntegration, delete_integration, update_integration
from trunkline.core.integrations.specs import IntegrationRow, VersionRow
from trunkline.core.integrations.upserting import (
    Progress,
    Verb,
    Wanted,
    declare,
    merge_members,
    put_entity,
)
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, Problem
from trunkline.kit.strictjson import content_hash
from trunkline.kit.text import MAX_NAME, is_slug

FIRST_REVISION = "0.0.1"
KINDS = ("sync", "action", "subscription")
_MARK = 16  # hexadecimal digits that stand for a slug too long to be written out


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What became of one integration of a manifest; its objects by member slug.

    Attributes:
        changed: there is a new version; otherwise nothing was written.
        removed: no longer declared, hence in no version from now on; the entities stay.
    """

    integration: IntegrationRow
    version: VersionRow
    changed: bool
    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Site:
    """Where it is deployed: the workspace, what entities it has, and how providers authenticate."""

    workspace_id: str
    entities: Mapping[str, dict[str, str]]
    schemes: Mapping[str, str]
    spec_version: str


def deploy_manifest(
    tx: Tx,
    actor: Actor,
    workspace_id: str,
    manifest: manifests.Manifest,
    *,
    prune: bool = False,
    progress: Progress | None = None,
) -> tuple[Deployed, ...]:
    """Make every integration of a manifest, or bring it to what the manifest says, and publish what changed.

    Args:
        tx: the transaction.
        actor: who deploys.
        workspace_id: the project.
        manifest: one that keeps the rules.
        prune: delete what was deployed there before and is declared no more; installs of it keep working.
        progress: told how many integrations are done, and of how many.

    Raises:
        NotFoundError: the workspace is absent or foreign.
        ForbiddenError: the caller is no editor there, or no admin of an integration that changed.
        ProviderUnknownError: a provider is in no catalog of this server.
        NotDeployedError: an integration of that name was made otherwise.
        InvalidRequestError: a name or definition breaks a rule of the platform.

    Source: reference of the Ampersand API, PUT /projects/{p}/integrations:batch.
    """
    organization_id = require_workspace(tx, actor, workspace_id, Tier.EDITOR)
    site = _Site(
        workspace_id,
        {kind: find_entities(tx, workspace_id, kind) for kind in KINDS},
        _schemes(tx, organization_id, manifest),
        manifest.spec_version,
    )
    deployed = []
    for done, integration in enumerate(manifest.integrations, start=1):
        deployed.append(_deploy(tx, actor, site, integration))
        if progress is not None:
            progress(done, len(manifest.integrations))
    if prune:
        _prune(tx, actor, workspace_id, {integration.name for integration in manifest.integrations})
    return tuple(deployed)


def deploy_integration(
    tx: Tx, actor: Actor, workspace_id: str, manifest: manifests.Manifest, *, name: str, new: bool
) -> Deployed:
    """`deploy_manifest` of the one integration of a manifest that has this name.

    Args:
        tx: the transaction.
        actor: who deploys.
        workspace_id: the project.
        manifest: one that keeps the rules.
        name: of the integration that is meant; others in the manifest are left alone.
        new: whether it must not exist yet.

    Raises:
        NameTakenError: it exists, and must not.
        InvalidRequestError: the manifest has none of that name; and as in `deploy_manifest`.
    """
    if new and tx.value(NAMED, workspace_id=workspace_id, name=name) is not None:
        raise NameTakenError(f"an integration named {name[:100]} exists in this project")
    meant = tuple(one for one in manifest.integrations if one.name == name)
    if not meant:
        raise InvalidRequestError.at("integrations", f"none is named {name[:100]}")
    only = structs.replace(manifest, integrations=meant)
    return deploy_manifest(tx, actor, workspace_id, only)[0]


def named_integration(tx: Tx, actor: Actor, workspace_id: str, name: str) -> IntegrationRow | None:
    """The live integration of a workspace with exactly this name, the oldest where several have it; None for none.

    Raises:
        NotFoundError: there is one, and it is outside the caller's scope.
    """
    found = tx.value(NAMED, workspace_id=workspace_id, name=name)
    return None if found is None else visible_integration(tx, actor, found)


def _schemes(tx: Tx, organization_id: str, manifest: manifests.Manifest) -> dict[str, str]:
    """How each provider of the manifest authenticates, by its name."""
    schemes: dict[str, str] = {}
    problems = []
    for i, integration in enumerate(manifest.integrations):
        name = integration.provider
        if name not in schemes:
            provider = providers.find_provider(tx, organization_id, name)
            if provider is None:
                message = f"{name[:100]} is in no catalog of this server; define the provider first"
                problems.append(Problem(f"integrations[{i}].provider", message))
                continue
            schemes[name] = provider.auth.scheme
    if problems:
        raise ProviderUnknownError(f"{problems[0].path}: {problems[0].message}", *problems)
    return schemes


def _deploy(tx: Tx, actor: Actor, site: _Site, integration: manifests.Integration) -> Deployed:
    row = named_integration(tx, actor, site.workspace_id, integration.name)
    old = {} if row is None else decode(row.manifest)
    if row is not None and source_of(old) is None and (old.get("members") or row.current_version_id):
        raise NotDeployedError(
            f"an integration named {integration.name} exists that was made otherwise; rename one of the two"
        )
    new = CreateIntegration(
        workspace_id=site.workspace_id, name=integration.name, driver=integration.provider
    )
    slug = free_slug(tx, actor, new) if row is None else row.slug
    objects = manifests.objects_of(integration)
    ids, verbs = _put_objects(tx, actor, site, slug, objects)
    declared = [
        declare(
            one.slug,
            one.kind,
            ids[one.slug],
            required=one.required,
            defaultEnabled=False,
            forkOnInstall=True,
        )
        for one in objects
    ]
    members, removed = merge_members(old, declared)
    draft = {
        **old,
        "members": members,
        "defaults": {**old.get("defaults", {}), "memberPolicy": "manual"},
        "source": spelled_source(site.spec_version, manifests.content_of(integration)),
    }
    provider = integration.provider
    auth = {"type": site.schemes[provider], "provider": provider, "mode": "shared"}
    if row is None:
        new = replace(new, slug=slug, manifest=draft, auth_config=auth)
        row = create_integration(tx, actor, new)
    else:
        row = _put_draft(tx, actor, row, draft, auth)
    version, changed = _publish(tx, actor, row)
    return Deployed(
        integration=visible_integration(tx, actor, row.id) if changed else row,
        version=version,
        changed=changed,
        created=tuple(slug for slug, verb in verbs.items() if verb == "created"),
        updated=tuple(slug for slug, verb in verbs.items() if verb == "updated"),
        removed=removed,
    )


def _put_objects(
    tx: Tx, actor: Actor, site: _Site, prefix: str, objects: tuple[manifests.ManifestObject, ...]
) -> tuple[dict[str, str], dict[str, Verb]]:
    """Entity ids of an integration's objects, and what became of each, by member slug."""
    slugs = {one.slug: _entity_slug(prefix, one.slug) for one in objects}
    known = {one.slug: site.entities[one.kind].get(slugs[one.slug]) for one in objects}
    live = live_sources(tx, site.workspace_id, [found for found in known.values() if found])
    ids: dict[str, str] = {}
    verbs: dict[str, Verb] = {}
    for one in objects:
        found = known[one.slug]
        ids[one.slug] = found or tx.new_id()
        name = one.name[:MAX_NAME]
        if found and live[found].content_hash == hash_of(name, None, one.definition):
            verbs[one.slug] = "unchanged"
            continue
        wanted = Wanted(
            kind=one.kind, slug=slugs[one.slug], name=name, description=None, definition=one.definition
        )
        verbs[one.slug] = put_entity(
            tx, actor, site.workspace_id, wanted, ids[one.slug], exists=found is not None
        )
    return ids, verbs


def _entity_slug(prefix: str, slug: str) -> str:
    """The slug of an object's entity: two integrations of a project may have objects of the same name."""
    whole = f"{prefix}:{slug}"
    if is_slug(whole):
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_MARK]
    return f"{whole[: 127 - _MARK]}~{digest}"


def _put_draft(
    tx: Tx, actor: Actor, row: IntegrationRow, manifest: dict[str, Any], auth: dict[str, str]
) -> IntegrationRow:
    old_auth = decode(row.auth_config)
    # What people added to how it connects stays as long as it is the same provider.
    wanted_auth = {**(old_auth if old_auth.get("provider") == auth["provider"] else {}), **auth}
    changes: dict[str, Any] = {}
    if content_hash(decode(row.manifest)) != content_hash(manifest):
        changes["manifest"] = manifest
    if content_hash(old_auth) != content_hash(wanted_auth):
        changes["auth_config"] = wanted_auth
    if row.driver != auth["provider"]:
        changes["driver"] = auth["provider"]
    return update_integration(tx, actor, UpdateIntegration(id=row.id, **changes)) if changes else row


def _publish(tx: Tx, actor: Actor, row: IntegrationRow) -> tuple[VersionRow, bool]:
    """The version that holds what the draft says, and whether it had to be published first."""
    if row.current_version_id is not None:
        current = pinned_version(tx, row.current_version_id)
        if current.content_hash == draft_hash(tx, row):
            return current, False
    return publish_change(tx, actor, row.id, first=FIRST_REVISION), True


def _prune(tx: Tx, actor: Actor, workspace_id: str, kept: set[str]) -> None:
    for integration_id, name in tx.fetch(LIVE_NAMES, {"workspace_id": workspace_id}):
        row = None if name in kept else visible_integration(tx, actor, integration_id)
        if row is not None and source_of(decode(row.manifest)) is not None:
            delete_integration(tx, actor, row.id)
