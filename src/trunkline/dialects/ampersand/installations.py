"""Installations: a project's integrations, installed for groups and configured.

Source: seed 002; ampersand reference sections 1.5 and 1.10 (pause and unpause).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import installs as core
from trunkline.dialects.ampersand.errors import as_unprocessable
from trunkline.dialects.ampersand.installations_wire import InstallationWire, spell
from trunkline.dialects.ampersand.integrations import INTEGRATION, integration_in
from trunkline.dialects.ampersand.lists import ListParameters, list_query, listed
from trunkline.dialects.ampersand.projects import PROJECT
from trunkline.dialects.ampersand.references import project, project_actor
from trunkline.dialects.ampersand.wire_base import Body, Query, UpdateMask, member_id, path_id
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ErrorKind, InvalidRequestError
from trunkline.kit.filters import OrderKey
from trunkline.web import Call, Reply, Route

CREATED_BY: Final = "api:create-installation"
UPDATED_BY: Final = "api:update-installation"
_OLDEST_FIRST: Final = (OrderKey("installed_at"),)

_Content = Annotated[dict[str, Any], Meta(description="What is read, written and subscribed to, and how.")]
_CreatedBy = Annotated[
    str, Meta(description="`consumer:…`, `builder:…` or `api:…`; who this is done by, as the caller says.")
]
_GroupRef = Annotated[str, Meta(min_length=1, max_length=255)]


class InstallationParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the lists."""

    group_ref: Annotated[str, Meta(description="Only installations of this group.")] | UnsetType = UNSET


class SamplingParameters(Query, frozen=True, kw_only=True):
    """Parameters of what configures."""

    skip_sampling: Annotated[
        bool, Meta(description="Has no effect yet: nothing is read to try a configuration.")
    ] = False


class NewConfigBody(Body, frozen=True, kw_only=True):
    """What to do; the rest is filled in from the integration's latest revision."""

    content: _Content
    created_by: _CreatedBy = CREATED_BY


class CreateInstallationBody(Body, frozen=True, kw_only=True):
    """A new installation; the group is made where it is named for the first time."""

    group_ref: _GroupRef
    connection_id: (
        Annotated[str, Meta(description="The group's newest working connection unless given.")] | UnsetType
    ) = UNSET
    config: NewConfigBody


class ConfigChangesBody(Body, frozen=True, kw_only=True):
    """What of a configuration is given."""

    content: _Content | UnsetType = UNSET
    created_by: _CreatedBy | UnsetType = UNSET


class InstallationChangesBody(Body, frozen=True, kw_only=True):
    """What of an installation is given."""

    connection_id: str | UnsetType = UNSET
    config: ConfigChangesBody | UnsetType = UNSET


class UpdateInstallationBody(Body, frozen=True, kw_only=True):
    """Changes to an installation; only what a mask names is taken from it."""

    update_mask: UpdateMask
    installation: InstallationChangesBody


class ChangeBody(Body, frozen=True, kw_only=True):
    """One change of RFC 6902."""

    op: Literal["add", "remove", "replace"]
    path: Annotated[str, Meta(description="A JSON pointer into the object's configuration.")]
    value: Annotated[Any, Meta(description="Not of `remove`.")] = UNSET


class ObjectChangesBody(Body, frozen=True, kw_only=True):
    """Changes to how one object is read, written or subscribed to, for a group or by the installation's id."""

    group_ref: str | UnsetType = UNSET
    installation_id: str | UnsetType = UNSET
    action: Literal["read", "subscribe", "write"]
    changes: Annotated[list[ChangeBody], Meta(min_length=1, max_length=1_000)]


class PauseBody(Body, frozen=True, kw_only=True):
    """Which reads, and why."""

    objects: (
        Annotated[list[str], Meta(max_length=5_000, description="All of them unless given.")] | UnsetType
    ) = UNSET
    note: str | UnsetType = UNSET


def list_installations(call: Call) -> Reply:
    """GET /projects/{project}/integrations/{integration}/installations."""
    return _list(call, integration_in(call, project_actor(call)).id)


def list_project_installations(call: Call) -> Reply:
    """GET /projects/{project}/installations."""
    return _list(call, None)


def create_installation(call: Call) -> InstallationWire:
    """POST /projects/{project}/integrations/{integration}/installations."""
    body: CreateInstallationBody = call.body
    found, actor = project(call), project_actor(call)
    integration_id = integration_in(call, actor).id
    request = core.InstallForGroup(
        project_id=found.id,
        integration_id=integration_id,
        group_ref=body.group_ref,
        connection_id=_connection_id(body.connection_id, "connectionId"),
        config=core.GivenConfig(body.config.content, body.config.created_by),
    )
    with _fitting():
        made = core.install_for_group(call.tx, actor, request)
    return _shown(call, actor, made)


def get_installation(call: Call) -> InstallationWire:
    """GET /projects/{project}/integrations/{integration}/installations/{installation}."""
    found, actor = project(call), project_actor(call)
    integration_id = integration_in(call, actor).id
    install_id = path_id(call, "install", "installation")
    return spell(core.project_install(call.tx, actor, found.id, integration_id, install_id), found.id)


def update_installation(call: Call) -> InstallationWire:
    """PATCH /projects/{project}/integrations/{integration}/installations/{installation}."""
    body: UpdateInstallationBody = call.body
    actor = project_actor(call)
    row = installation_in(call, actor)
    given, config = body.installation, body.installation.config
    content: Mapping[str, Any] = {}
    if config is not UNSET and config.content is not UNSET:
        content = config.content
    request = core.ChangeInstallation(
        install_id=row.id,
        masks=body.update_mask,
        content=content,
        auth_state_id=_connection_id(given.connection_id, "installation.connectionId") or UNSET,
        created_by=UNSET if config is UNSET else config.created_by,
        stated_by=UPDATED_BY,
    )
    with _fitting():
        done = core.change_installation(call.tx, actor, request)
    return _shown(call, actor, done)


def change_object(call: Call) -> InstallationWire:
    """PATCH /projects/{project}/integrations/{integration}/objects/{object}/config-content."""
    body: ObjectChangesBody = call.body
    actor = project_actor(call)
    row = _meant(call, actor, body)
    changes = [core.ObjectChange(one.op, one.path, one.value) for one in body.changes]
    name = call.path["object"]
    done = core.change_object(call.tx, actor, row.id, body.action, name, changes, UPDATED_BY)
    return _shown(call, actor, done)


def delete_installation(call: Call) -> None:
    """DELETE /projects/{project}/integrations/{integration}/installations/{installation}."""
    actor = project_actor(call)
    core.remove_install(call.tx, actor, installation_in(call, actor).id)


def pause_reads(call: Call) -> None:
    """POST /projects/{project}/integrations/{integration}/installations/{installation}:pause."""
    _pause(call, paused=True)


def unpause_reads(call: Call) -> None:
    """POST /projects/{project}/integrations/{integration}/installations/{installation}:unpause."""
    _pause(call, paused=False)


def _list(call: Call, integration_id: str | None) -> Reply:
    asked: InstallationParameters = call.query
    found, actor = project(call), project_actor(call)
    page = core.list_project_installs(
        call.tx,
        actor,
        found.id,
        list_query(call, core.INSTALL, order=_OLDEST_FIRST),
        integration_id=integration_id,
        group_ref=None if asked.group_ref is UNSET else asked.group_ref,
    )
    items = [spell(one, found.id) for one in core.with_details(call.tx, actor, page.rows)]
    return listed(call, core.INSTALL, page, items)


def installation_in(call: Call, actor: Actor) -> core.InstallRow:
    """The live installation in the path, of the integration and the project there.

    Raises:
        NotFoundError: absent, deleted, of something else, or outside the caller's scope.
    """
    integration_id = integration_in(call, actor).id
    install_id = path_id(call, "install", "installation")
    return core.find_project_install(call.tx, actor, project(call).id, integration_id, install_id)


def _meant(call: Call, actor: Actor, body: ObjectChangesBody) -> core.InstallRow:
    """The installation that a body names."""
    found, integration_id = project(call), integration_in(call, actor).id
    if body.installation_id is not UNSET:
        install_id = member_id("install", body.installation_id, "installationId")
        return core.find_project_install(call.tx, actor, found.id, integration_id, install_id)
    if body.group_ref is UNSET:
        raise InvalidRequestError.at("groupRef", "give either groupRef or installationId")
    return core.group_install(call.tx, actor, found.id, integration_id, body.group_ref)


@contextmanager
def _fitting() -> Iterator[None]:
    """What is well-formed and does not fit is answered 422, as the document has it.

    Raises:
        UnprocessableError: the configuration does not fit, or there is nothing to connect with.
    """
    try:
        yield
    except (core.InvalidConfigError, core.ConnectionMissingError):
        with as_unprocessable():
            raise


def _pause(call: Call, *, paused: bool) -> None:
    body: PauseBody = call.body
    actor = project_actor(call)
    core.pause_reads(
        call.tx,
        actor,
        installation_in(call, actor).id,
        UPDATED_BY,
        paused=paused,
        objects=None if body.objects is UNSET else body.objects,
        note=None if body.note is UNSET else body.note,
    )


def _shown(call: Call, actor: Actor, row: core.InstallRow) -> InstallationWire:
    return spell(core.with_details(call.tx, actor, [row])[0], project(call).id)


def _connection_id(text: str | UnsetType, path: str) -> str | None:
    return None if text is UNSET else member_id("connection", text, path)


_TAGS = ("Installations",)
INSTALLATION: Final = {**INTEGRATION, "installation": "The installation's id."}
OBJECT: Final = {"object": "The provider's name of the object."}
_OF_INTEGRATION: Final = "/v1/projects/{project}/integrations/{integration}/installations"
ONE: Final = f"{_OF_INTEGRATION}/{{installation}}"
_MISFIT: Final = {422: "The configuration does not fit the integration; `issues` name the places."}
ROUTES = [
    Route(
        method="GET",
        path=_OF_INTEGRATION,
        handler=list_installations,
        operation_id="listInstallations",
        summary="List the installations of an integration, the oldest first.",
        permission="installs:read",
        query=InstallationParameters,
        returns=list[InstallationWire],
        errors=(ErrorKind.NOT_FOUND,),
        path_parameters=INTEGRATION,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/v1/projects/{project}/installations",
        handler=list_project_installations,
        operation_id="listInstallationsForProject",
        summary="List the installations of all integrations of a project, the oldest first.",
        permission="installs:read",
        query=InstallationParameters,
        returns=list[InstallationWire],
        errors=(ErrorKind.NOT_FOUND,),
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path=_OF_INTEGRATION,
        handler=create_installation,
        operation_id="createInstallation",
        summary="Install an integration for a group, at its latest revision; each group has one.",
        permission="installs:write",
        body=CreateInstallationBody,
        query=SamplingParameters,
        returns=InstallationWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT, ErrorKind.RATE_LIMITED),
        also=_MISFIT,
        path_parameters=INTEGRATION,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path=ONE,
        handler=get_installation,
        operation_id="getInstallation",
        summary="Get an installation, its configuration filled in from its revision.",
        permission="installs:read",
        returns=InstallationWire,
        path_parameters=INSTALLATION,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path=ONE,
        handler=update_installation,
        operation_id="updateInstallation",
        summary="Change an installation's configuration or connection, as masks say.",
        description="Masks: "
        + ", ".join(f"`{mask}`" for mask in core.ALLOWED_MASKS)
        + ". A configuration that"
        " changes brings the installation to the latest revision.",
        permission="installs:write",
        body=UpdateInstallationBody,
        query=SamplingParameters,
        returns=InstallationWire,
        errors=(ErrorKind.CONFLICT,),
        also=_MISFIT,
        resource=get_installation,
        path_parameters=INSTALLATION,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path=ONE,
        handler=delete_installation,
        operation_id="deleteInstallation",
        summary="Uninstall, and disconnect the connection that no other installation uses.",
        permission="installs:write",
        status=204,
        resource=get_installation,
        path_parameters=INSTALLATION,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/v1/projects/{project}/integrations/{integration}/objects/{object}/config-content",
        handler=change_object,
        operation_id="patchObjectConfigContent",
        summary="Change how one object is read, written or subscribed to.",
        permission="installs:write",
        body=ObjectChangesBody,
        returns=InstallationWire,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        path_parameters={**INTEGRATION, **OBJECT},
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path=f"{ONE}:pause",
        handler=pause_reads,
        operation_id="pauseReads",
        summary="Pause reading objects, or all of them; a repeat changes nothing.",
        permission="installs:write",
        body=PauseBody,
        status=204,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        path_parameters=INSTALLATION,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path=f"{ONE}:unpause",
        handler=unpause_reads,
        operation_id="unpauseReads",
        summary="Go on reading objects, or all of them; a repeat changes nothing.",
        permission="installs:write",
        body=PauseBody,
        status=204,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        path_parameters=INSTALLATION,
        tags=_TAGS,
    ),
]
