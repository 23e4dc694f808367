"""Integrations and installations of the ampersand dialect."""

from __future__ import annotations

from typing import Any

from tests.conformance.ampersand_connections import connected
from tests.conformance.ampersand_parts import Part
from tests.conformance.holdings import Holdings, provider_name
from tests.conformance.vocabulary import Example
from trunkline.core import access, installs, integrations, providers
from trunkline.core.manifests import read_manifest
from trunkline.infra.db import Tx
from trunkline.kit.ids import format_uuid

OBJECT = "contact"
READING = {"objectName": OBJECT, "selectedFields": {"email": True}}


def _open_provider(held: Holdings) -> str:
    """A provider that needs no account, so that nothing must be connected first."""

    def work(tx: Tx) -> str:
        auth = providers.ProviderAuth(scheme="none")
        request = providers.CreateProvider(
            organization_id=held.organization_id,
            name=held.name("open"),
            auth=auth,
            base_url="https://api.example.com",
        )
        return providers.create_provider(tx, held.actor(tx), request).name

    return str(held.write(work))


def _manifest(held: Holdings, name: str | None = None) -> str:
    return f"""\
specVersion: 1.0.0
integrations:
  - name: {name or held.name("integration")}
    provider: {_open_provider(held)}
    read:
      objects:
        - objectName: {OBJECT}
          destination: {held.name("destination")}
          schedule: "0 * * * *"
          optionalFieldsAuto: all
    write:
      objects:
        - objectName: {OBJECT}
    proxy:
      enabled: true
"""


def _deployed(held: Holdings) -> integrations.Deployed:
    manifest = read_manifest(_manifest(held)).manifest
    assert manifest is not None

    def work(tx: Tx) -> integrations.Deployed:
        return integrations.deploy_manifest(tx, held.actor(tx), held.workspace_id, manifest)[0]

    found: integrations.Deployed = held.write(work)
    return found


def _installed(held: Holdings) -> tuple[str, str, str]:
    """Ids of an integration and its installation, and the group it is for."""
    deployed, ref = _deployed(held), held.name("group")

    def work(tx: Tx) -> str:
        actor = access.bind_to_project(tx, held.actor(tx), held.workspace_id)
        content = {"read": {"objects": {OBJECT: READING}}}
        request = installs.InstallForGroup(
            project_id=held.workspace_id,
            integration_id=deployed.integration.id,
            group_ref=ref,
            connection_id=None,
            config=installs.GivenConfig(content, "api:test"),
        )
        return installs.install_for_group(tx, actor, request).id

    return deployed.integration.id, held.write(work), ref


def _path(held: Holdings, integration_id: str, **more: str) -> dict[str, str]:
    return {
        "project": format_uuid(held.workspace_id),
        "integration": format_uuid(integration_id),
        **more,
    }


def _of_integration(held: Holdings, body: dict[str, Any] | None = None) -> Example:
    return Example(_path(held, _deployed(held).integration.id), body=body)


def _of_installation(held: Holdings, body: dict[str, Any] | None = None) -> Example:
    integration_id, install_id, _ = _installed(held)
    return Example(_path(held, integration_id, installation=format_uuid(install_id)), body=body)


def _unpause(held: Holdings) -> Example:
    """Of an installation that is paused: going on with what goes on changes nothing."""
    integration_id, install_id, _ = _installed(held)

    def work(tx: Tx) -> None:
        actor = access.bind_to_project(tx, held.actor(tx), held.workspace_id)
        installs.pause_reads(tx, actor, install_id, "api:test", paused=True)

    held.write(work)
    path = _path(held, integration_id, installation=format_uuid(install_id))
    return Example(path, body={"objects": [OBJECT], "note": "quota"})


def _create(held: Holdings) -> Example:
    content = {"read": {"objects": {OBJECT: READING}}, "write": {"objects": {OBJECT: {"objectName": OBJECT}}}}
    body = {"groupRef": held.name("group"), "config": {"content": content, "createdBy": "api:test"}}
    return _of_integration(held, body)


def _update(held: Holdings) -> Example:
    masks = [f"config.content.read.objects.{OBJECT}", "config.createdBy"]
    content = {"read": {"objects": {OBJECT: {**READING, "schedule": "0 6 * * *"}}}}
    config = {"content": content, "createdBy": f"api:{held.name('who')}"}
    return _of_installation(held, {"updateMask": masks, "installation": {"config": config}})


def _change(held: Holdings) -> Example:
    integration_id, _, ref = _installed(held)
    changes = [{"op": "add", "path": "/selectedFields/phone", "value": True}]
    body = {"groupRef": ref, "action": "read", "changes": changes}
    return Example(_path(held, integration_id, object=OBJECT), body=body)


def _revision(held: Holdings) -> Example:
    deployed = _deployed(held)
    text = _manifest(held, deployed.integration.name)
    return Example(_path(held, deployed.integration.id), body={"sourceYaml": text})


def _hydrate(held: Holdings) -> Example:
    deployed = _deployed(held)
    path = _path(held, deployed.integration.id, revision=format_uuid(deployed.version.id))
    return Example(path, query={"connectionId": format_uuid(connected(held))})


def _new(held: Holdings) -> Example:
    """In a project of its own: any text is a name, and names stand for ids in the project they are in."""
    content = {"read": {"objects": [{"objectName": OBJECT, "destination": "d", "schedule": ""}]}}
    body = {
        "name": held.name("integration"),
        "provider": provider_name(held),
        "latestRevision": {"specVersion": "1.0.0", "content": content},
    }
    return Example({"project": format_uuid(held.make("workspace"))}, body=body)


PART = Part(
    kinds={
        "integration": ("integration",),
        "installation": ("install",),
        "revision": ("version",),
        "connectionId": ("connection",),
        "installationId": ("install",),
        "installations": ("install",),
        "integrations": ("integration",),
    },
    plain=frozenset(
        {
            "action",
            "createdBy",
            "groupRef",
            "note",
            "objects",
            "op",
            "pageToken",
            "path",
            "sourceYaml",
            "sourceZipUrl",
            "specVersion",
        }
    ),
    free=frozenset({"content", "value"}),
    words=frozenset({"object"}),
    bodies={
        "batchUpsertIntegrations": lambda held: {"sourceYaml": _manifest(held)},
    },
    wholes={
        "createIntegration": _new,
        "getIntegration": _of_integration,
        "deleteIntegration": _of_integration,
        "createRevision": _revision,
        "getHydratedRevision": _hydrate,
        "listInstallations": _of_integration,
        "createInstallation": _create,
        "getInstallation": _of_installation,
        "updateInstallation": _update,
        "deleteInstallation": _of_installation,
        "patchObjectConfigContent": _change,
        "pauseReads": lambda held: _of_installation(held, {"objects": [OBJECT], "note": "quota"}),
        "unpauseReads": _unpause,
        "listOperations": _of_installation,
    },
)
