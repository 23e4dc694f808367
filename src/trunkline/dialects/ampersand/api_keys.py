"""API keys of a project. A key is shown when it is made, and addressed by its own text ever after.

Source: ampersand reference section 1.11.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, UnsetType, field

from trunkline.core import access as core
from trunkline.dialects.ampersand.lists import ListParameters, list_page, list_query
from trunkline.dialects.ampersand.masks import masked
from trunkline.dialects.ampersand.projects import PROJECT
from trunkline.dialects.ampersand.references import project
from trunkline.dialects.ampersand.wire_base import Body, UpdateMask, Wire, sent
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import format_uuid
from trunkline.kit.secret import Secret
from trunkline.web import Call, Reply, Route

MASKS: Final = ("active", "label", "scopes")

_Label = Annotated[str, Meta(description="For people to tell keys apart.")]
_Scopes = Annotated[
    list[str],
    Meta(description="What it is for; `frontend` alone narrows it to what a page in a browser may do."),
]


class ApiKeyWire(Wire, frozen=True, kw_only=True):
    """A key of a project. In lists `key` is the end of it, so that its owner recognises it."""

    key: str
    label: str
    scopes: list[str]
    project_id: str
    active: bool


def spell(row: core.ProjectKeyRow, shown: str | None = None) -> ApiKeyWire:
    """A key in this dialect; no more than its hint unless the whole is `shown`."""
    return ApiKeyWire(
        key=row.hint if shown is None else shown,
        label=row.label,
        scopes=list(row.scopes),
        project_id=format_uuid(row.workspace_id),
        active=row.active,
    )


class ApiKeyParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    active: Annotated[bool, Meta(description="Only keys that open something.")] = False


class ApiKeyBody(Body, frozen=True, kw_only=True):
    """A new key."""

    label: _Label
    scopes: _Scopes = field(default_factory=list)


class ApiKeyChanges(Body, frozen=True, kw_only=True):
    """What of a key may be changed."""

    label: _Label | UnsetType = UNSET
    active: Annotated[bool, Meta(description="Whether it opens anything.")] | UnsetType = UNSET
    scopes: _Scopes | UnsetType = UNSET


class UpdateApiKeyBody(Body, frozen=True, kw_only=True):
    """Changes to a key. Masks: `active`, `label`, `scopes`."""

    update_mask: UpdateMask
    api_key: ApiKeyChanges


def list_api_keys(call: Call) -> Reply:
    """GET /projects/{project}/api-keys."""
    asked: ApiKeyParameters = call.query
    only = (Compare("active", Op.EQ, True),) if asked.active else ()
    query = list_query(call, core.PROJECT_KEY, *only)
    return list_page(
        call, core.PROJECT_KEY, core.list_project_keys(call.tx, call.actor, project(call).id, query), spell
    )


def create_api_key(call: Call) -> ApiKeyWire:
    """POST /projects/{project}/api-keys."""
    body: ApiKeyBody = call.body
    request = core.CreateProjectKey(workspace_id=project(call).id, label=body.label, scopes=body.scopes)
    issued = core.create_project_key(call.tx, call.actor, request, pepper=call.services.pepper)
    return spell(issued.row, issued.secret.reveal())


def get_api_key(call: Call) -> ApiKeyWire:
    """GET /projects/{project}/api-keys/{key}."""
    row = core.get_project_key(
        call.tx, call.actor, project(call).id, Secret(call.path["key"]), pepper=call.services.pepper
    )
    return spell(row, call.path["key"])


def update_api_key(call: Call) -> ApiKeyWire:
    """PATCH /projects/{project}/api-keys/{key}."""
    body: UpdateApiKeyBody = call.body
    changes: dict[str, Any] = masked(sent(body.api_key), body.update_mask, MASKS, "apiKey")
    request = core.UpdateProjectKey(workspace_id=project(call).id, key=Secret(call.path["key"]), **changes)
    row = core.update_project_key(call.tx, call.actor, request, pepper=call.services.pepper)
    return spell(row, call.path["key"])


def delete_api_key(call: Call) -> None:
    """DELETE /projects/{project}/api-keys/{key}."""
    core.delete_project_key(
        call.tx, call.actor, project(call).id, Secret(call.path["key"]), pepper=call.services.pepper
    )


_TAGS = ("API keys",)
_KEY: Final = {**PROJECT, "key": "The key itself."}

ROUTES = [
    Route(
        method="GET",
        path="/v1/projects/{project}/api-keys",
        handler=list_api_keys,
        operation_id="listApiKeys",
        summary="List a project's keys, the oldest first; of each no more than its end.",
        permission="keys:read",
        query=ApiKeyParameters,
        returns=list[ApiKeyWire],
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/v1/projects/{project}/api-keys",
        handler=create_api_key,
        operation_id="createApiKey",
        summary="Make a key of a project; it is shown this once.",
        permission="keys:write",
        body=ApiKeyBody,
        returns=ApiKeyWire,
        status=201,
        one_time_secret=True,
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/v1/projects/{project}/api-keys/{key}",
        handler=get_api_key,
        operation_id="getApiKey",
        summary="Get a key of a project by its text.",
        permission="keys:read",
        returns=ApiKeyWire,
        inline=True,
        path_parameters=_KEY,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/v1/projects/{project}/api-keys/{key}",
        handler=update_api_key,
        operation_id="updateApiKey",
        summary="Rename a key, change its scopes, or have it refused or accepted.",
        permission="keys:write",
        body=UpdateApiKeyBody,
        returns=ApiKeyWire,
        also={422: "A path of the mask has no value."},
        resource=get_api_key,
        path_parameters=_KEY,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/v1/projects/{project}/api-keys/{key}",
        handler=delete_api_key,
        operation_id="deleteApiKey",
        summary="End a key from the next request on.",
        permission="keys:write",
        status=204,
        resource=get_api_key,
        path_parameters=_KEY,
        tags=_TAGS,
    ),
]
