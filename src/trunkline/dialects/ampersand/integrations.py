"""Integrations and their revisions: deployed from manifests, each change a revision.

Source: ampersand reference section 1.4.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, UnsetType
from msgspec.json import decode

from trunkline.core import connections, installs
from trunkline.core import integrations as core
from trunkline.dialects.ampersand.connections_wire import connections_of
from trunkline.dialects.ampersand.errors import as_unprocessable
from trunkline.dialects.ampersand.integrations_hydrated import hydrated
from trunkline.dialects.ampersand.integrations_sources import read_content, read_source
from trunkline.dialects.ampersand.lists import ListParameters, list_query, listed
from trunkline.dialects.ampersand.projects import PROJECT
from trunkline.dialects.ampersand.references import project, project_actor
from trunkline.dialects.ampersand.wire_base import Body, Query, Time, Wire, parameter_id, path_id, updated
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ErrorKind, NotFoundError
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import format_uuid, parse_id
from trunkline.kit.text import MAX_NAME
from trunkline.web import Call, Reply, Route

SPEC_VERSION: Final = "1.0.0"  # of what was made otherwise, which has no document of its own

_Content = Annotated[dict[str, Any], Meta(description="The integration as its manifest declares it.")]


class RevisionWire(Wire, frozen=True, kw_only=True):
    """A published version."""

    id: str
    spec_version: str
    create_time: Time
    content: _Content


class IntegrationWire(Wire, frozen=True, kw_only=True):
    """An integration with its current revision."""

    id: str
    project_id: str
    name: str
    provider: str
    create_time: Time
    update_time: Time | UnsetType = UNSET
    latest_revision: RevisionWire


class RevisionBody(Body, frozen=True, kw_only=True):
    """The content of a first revision."""

    spec_version: str
    content: _Content


class CreateIntegrationBody(Body, frozen=True, kw_only=True):
    """A new integration; its name and provider count, whatever its content says."""

    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
    provider: str
    latest_revision: RevisionBody


class SourceBody(Body, frozen=True, kw_only=True):
    """A manifest: as text, or in an archive that was uploaded."""

    source_yaml: Annotated[str, Meta(description="The text of amp.yaml.")] | UnsetType = UNSET
    source_zip_url: Annotated[str, Meta(description="`gs://<bucket>/<path>` of an upload.")] | UnsetType = (
        UNSET
    )


class DeployParameters(Query, frozen=True, kw_only=True):
    """How to deploy."""

    destructive: Annotated[
        bool, Meta(description="Pause the reads of objects that a new revision no longer declares.")
    ] = False


class HydrateParameters(Query, frozen=True, kw_only=True):
    """Through which connection to look."""

    connection_id: str


def list_integrations(call: Call) -> Reply:
    """GET /projects/{project}/integrations."""
    found, actor = project(call), project_actor(call)
    query = list_query(
        call,
        core.INTEGRATION,
        Compare("workspace_id", Op.EQ, found.id),
        Compare("embedded", Op.EQ, False),
        Compare("current_version", Op.NEQ, None),
    )
    page = core.list_integrations(call.tx, actor, query)
    return listed(call, core.INTEGRATION, page, _spell_all(call, actor, page.rows))


def get_integration(call: Call) -> IntegrationWire:
    """GET /projects/{project}/integrations/{integration}."""
    actor = project_actor(call)
    row = core.get_integration(call.tx, actor, integration_in(call, actor).id)
    if row.current_version_id is None:
        raise NotFoundError("integration")
    return _spell_all(call, actor, [row])[0]


def create_integration(call: Call) -> Reply:
    """POST /projects/{project}/integrations."""
    body: CreateIntegrationBody = call.body
    found, actor = project(call), project_actor(call)
    manifest = read_content(
        call,
        found.organization_id,
        name=body.name,
        provider=body.provider,
        spec_version=body.latest_revision.spec_version,
        content=body.latest_revision.content,
    )
    with as_unprocessable():
        core.deploy_integration(call.tx, actor, found.id, manifest, name=body.name, new=True)
    return Reply(status=201)


def delete_integration(call: Call) -> None:
    """DELETE /projects/{project}/integrations/{integration}."""
    actor = project_actor(call)
    installs.withdraw_integration(call.tx, actor, integration_in(call, actor).id)


def deploy_all(call: Call) -> list[IntegrationWire]:
    """PUT /projects/{project}/integrations:batch."""
    body: SourceBody = call.body
    found, actor = project(call), project_actor(call)
    manifest = read_source(
        call, actor, found.organization_id, source_yaml=body.source_yaml, zip_url=body.source_zip_url
    )
    with as_unprocessable():
        deployed = installs.deploy_project(
            call.tx, actor, found.id, manifest, destructive=_is_destructive(call)
        )
    return [_spell(one.integration, one.version) for one in deployed]


def create_revision(call: Call) -> Reply:
    """POST /projects/{project}/integrations/{integration}/revisions."""
    body: SourceBody = call.body
    found, actor = project(call), project_actor(call)
    row = integration_in(call, actor)
    manifest = read_source(
        call, actor, found.organization_id, source_yaml=body.source_yaml, zip_url=body.source_zip_url
    )
    with as_unprocessable():
        installs.deploy_revision(call.tx, actor, row.id, manifest, destructive=_is_destructive(call))
    return Reply(status=201)


def hydrate_revision(call: Call) -> RevisionWire:
    """GET /projects/{project}/integrations/{integration}/revisions/{revision}:hydrate."""
    asked: HydrateParameters = call.query
    actor = project_actor(call)
    row = integration_in(call, actor)
    version = core.get_version(call.tx, actor, path_id(call, "version", "revision"))
    if version.integration_id != row.id:
        raise NotFoundError("revision")
    connection_id = parameter_id("connection", asked.connection_id, "connectionId")
    # Also one that has ended: the vendor's client asks once more when it has uninstalled.
    connection = connections.get_connection(call.tx, actor, connection_id)
    if not connections_of(call.tx, actor, row.workspace_id, [connection]):
        raise NotFoundError("connection")
    spec_version, content = _document(row, version)
    return _spell_revision(version, spec_version, hydrated(content))


def integration_in(call: Call, actor: Actor) -> core.IntegrationRow:
    """The live integration of the project in the path, by its id or its exact name.

    Raises:
        NotFoundError: absent, deleted, of another project, or outside the caller's scope.
    """
    found, text = project(call), call.path["integration"]
    integration_id = parse_id("integration", text)
    if integration_id is not None:
        return installs.project_integration(call.tx, actor, found.id, integration_id)
    row = core.named_integration(call.tx, actor, found.id, text) if len(text) <= MAX_NAME else None
    if row is None:
        raise NotFoundError("integration")
    return row


def _is_destructive(call: Call) -> bool:
    asked: DeployParameters | None = call.query
    return asked is not None and asked.destructive


def _spell_all(call: Call, actor: Actor, rows: list[core.IntegrationRow]) -> list[IntegrationWire]:
    versions = core.current_versions(call.tx, actor, rows)
    return [_spell(row, versions[row.id]) for row in rows if row.id in versions]


def _spell(row: core.IntegrationRow, version: core.VersionRow) -> IntegrationWire:
    spec_version, content = _document(row, version)
    return IntegrationWire(
        id=format_uuid(row.id),
        project_id=format_uuid(row.workspace_id),
        name=row.name,
        provider=content["provider"],
        create_time=row.created_at,
        update_time=updated(row.created_at, row.updated_at),
        latest_revision=_spell_revision(version, spec_version, content),
    )


def _spell_revision(version: core.VersionRow, spec_version: str, content: dict[str, Any]) -> RevisionWire:
    return RevisionWire(
        id=format_uuid(version.id),
        spec_version=spec_version,
        create_time=version.published_at,
        content=content,
    )


def _document(row: core.IntegrationRow, version: core.VersionRow) -> tuple[str, dict[str, Any]]:
    """What a version was deployed from; of one that was made otherwise, its name and provider."""
    source = core.source_of(decode(version.manifest))
    if source is None:
        return SPEC_VERSION, {"name": row.name, "provider": installs.provider_named(row)}
    return source.spec_version, source.content


_TAGS = ("Integrations",)
INTEGRATION: Final = {**PROJECT, "integration": "The integration's id, or its exact name."}
_ALL: Final = "/v1/projects/{project}/integrations"
_ONE: Final = "/v1/projects/{project}/integrations/{integration}"
_REFUSED: Final = {422: "The manifest breaks a rule; `issues` name the lines."}

ROUTES = [
    Route(
        method="GET",
        path=_ALL,
        handler=list_integrations,
        operation_id="listIntegrations",
        summary="List a project's integrations that have a revision, the oldest first.",
        permission="integrations:read",
        query=ListParameters,
        returns=list[IntegrationWire],
        errors=(ErrorKind.NOT_FOUND,),
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path=_ALL,
        handler=create_integration,
        operation_id="createIntegration",
        summary="Make an integration and publish its first revision.",
        permission="integrations:write",
        body=CreateIntegrationBody,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        also=_REFUSED,
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="PUT",
        path=f"{_ALL}:batch",
        handler=deploy_all,
        operation_id="batchUpsertIntegrations",
        summary="Deploy a manifest: make or update its integrations; deploying it again changes nothing.",
        description="Installations stay at their revision until they are configured or upgraded. Unknown keys in"
        " the manifest are ignored; whatever else is wrong with it is told with its line.",
        permission="integrations:write",
        body=SourceBody,
        query=DeployParameters,
        returns=list[IntegrationWire],
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        also=_REFUSED,
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path=_ONE,
        handler=get_integration,
        operation_id="getIntegration",
        summary="Get an integration.",
        permission="integrations:read",
        returns=IntegrationWire,
        inline=True,
        path_parameters=INTEGRATION,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path=_ONE,
        handler=delete_integration,
        operation_id="deleteIntegration",
        summary="Delete an integration and all its installations.",
        permission="integrations:write",
        status=204,
        errors=(ErrorKind.NOT_FOUND,),
        path_parameters=INTEGRATION,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path=f"{_ONE}/revisions",
        handler=create_revision,
        operation_id="createRevision",
        summary="Publish what a manifest says of this integration; its other integrations are left alone.",
        permission="integrations:write",
        body=SourceBody,
        query=DeployParameters,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        also=_REFUSED,
        path_parameters=INTEGRATION,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path=f"{_ONE}/revisions/{{revision}}:hydrate",
        handler=hydrate_revision,
        operation_id="getHydratedRevision",
        summary="Get a revision with what is known of its objects and fields.",
        description="The provider is not asked yet: display names are those of the manifest, else the names"
        " themselves, and fields are those that it names.",
        permission="integrations:read",
        query=HydrateParameters,
        returns=RevisionWire,
        errors=(ErrorKind.NOT_FOUND,),
        path_parameters={**INTEGRATION, "revision": "The revision's id."},
        tags=_TAGS,
    ),
]
