"""Operations of installations: what was read, written and subscribed to. There are none until the platform does that.

Source: ampersand reference section 1.9.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, UnsetType

from trunkline.dialects.ampersand.installations import INSTALLATION, OBJECT, ONE, installation_in
from trunkline.dialects.ampersand.projects import PROJECT
from trunkline.dialects.ampersand.references import project_actor
from trunkline.dialects.ampersand.wire_base import Query, Wire
from trunkline.kit.errors import ErrorKind, NotFoundError
from trunkline.web import Call, FlowCall, Route


class OperationParameters(Query, frozen=True, kw_only=True):
    """Parameters of the list."""

    page_size: Annotated[int, Meta(ge=1, le=1_000)] = 200
    page_token: str | UnsetType = UNSET


class Pagination(Wire, frozen=True, kw_only=True):
    """Whether the list ends here."""

    done: bool


class Operations(Wire, frozen=True, kw_only=True):
    """Operations; there are none until the platform reads and writes by itself."""

    results: list[dict[str, Any]]
    pagination: Pagination


def list_operations(call: Call) -> Operations:
    """GET /projects/{project}/integrations/{integration}/installations/{installation}/operations."""
    installation_in(call, project_actor(call))
    return Operations(results=[], pagination=Pagination(done=True))


async def no_operation(_call: FlowCall) -> None:
    """GET /projects/{project}/operations/{operation} and its logs."""
    raise NotFoundError("operation")


async def no_backfill(_call: FlowCall) -> None:
    """GET …/installations/{installation}/objects/{object}/backfill-progress."""
    raise NotFoundError("backfill")


_TAGS = ("Operations",)
_OPERATION: Final = {**PROJECT, "operation": "The operation's id."}
_ABSENT: Final = (
    (
        "/v1/projects/{project}/operations/{operation}",
        no_operation,
        "getOperation",
        "Get an operation; there are none yet.",
        _OPERATION,
    ),
    (
        "/v1/projects/{project}/operations/{operation}/logs",
        no_operation,
        "listOperationLogs",
        "List what an operation logged; there are none yet.",
        _OPERATION,
    ),
    (
        f"{ONE}/objects/{{object}}/backfill-progress",
        no_backfill,
        "getBackfillProgress",
        "How far an object's backfill is; there are none yet.",
        {**INSTALLATION, **OBJECT},
    ),
)

ROUTES = [
    Route(
        method="GET",
        path=f"{ONE}/operations",
        handler=list_operations,
        operation_id="listOperations",
        summary="List an installation's operations; there are none yet.",
        permission="installs:read",
        query=OperationParameters,
        returns=Operations,
        errors=(ErrorKind.NOT_FOUND,),
        path_parameters=INSTALLATION,
        tags=_TAGS,
    ),
    *(
        # Nothing is looked up, so nothing can be told from the answer, whatever is asked about.
        Route(
            method="GET",
            path=path,
            handler=handler,
            operation_id=operation_id,
            summary=summary,
            permission="installs:read",
            flow=True,
            raw=True,
            errors=(ErrorKind.NOT_FOUND,),
            path_parameters=parameters,
            tags=_TAGS,
        )
        for path, handler, operation_id, summary, parameters in _ABSENT
    ),
]
