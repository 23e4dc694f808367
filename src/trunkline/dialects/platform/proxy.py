"""Requests with a connection's credential, passed through as they are, and the log of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from string import punctuation
from typing import Annotated
from urllib.parse import quote

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import proxy as core
from trunkline.dialects.platform.lists import ListPage, ListParameters, list_page, list_query
from trunkline.dialects.platform.wire_base import Wire, path_id, spell_id, spell_time
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_id
from trunkline.web import Call, FlowCall, Reply, Route

BODY_LIMIT = 10 * 1024 * 1024  # bytes
# What goes as it came. Some clients send the rest too, like letters of other alphabets, though no URL has it.
_QUERY = "".join(sorted(set(punctuation) - set("#\\")))


class ProxiedRequestWire(Wire, frozen=True, kw_only=True):
    """A request that went out with a connection's credential; neither its query nor its body is kept."""

    id: str
    workspace_id: str
    integration_id: str | None
    connection_id: str | None
    user_id: str
    request_id: str | None
    method: str
    host: str
    path: str
    status: Annotated[int | None, Meta(description="The upstream's; null where no answer came.")]
    error: Annotated[str | None, Meta(description="The code of what went wrong instead.")]
    attempts: Annotated[int, Meta(description="2 where the credential was refreshed in between.")]
    response_bytes: int
    duration_ms: int
    created_at: str


def spell(row: core.ProxiedRequestRow) -> ProxiedRequestWire:
    """A log entry in this dialect."""
    return ProxiedRequestWire(
        id=format_id("proxied_request", row.id),
        workspace_id=format_id("workspace", row.workspace_id),
        integration_id=spell_id("integration", row.integration_id),
        connection_id=spell_id("connection", row.connection_id),
        user_id=format_id("user", row.user_id),
        request_id=row.request_id,
        method=row.method,
        host=row.host,
        path=row.path,
        status=row.status,
        error=row.error,
        attempts=row.attempts,
        response_bytes=row.response_bytes,
        duration_ms=row.duration_ms,
        created_at=spell_time(row.created_at),
    )


class ProxiedRequestParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    workspace_id: str | UnsetType = UNSET
    integration_id: str | UnsetType = UNSET
    connection_id: str | UnsetType = UNSET
    user_id: str | UnsetType = UNSET
    request_id: str | UnsetType = UNSET
    method: str | UnsetType = UNSET
    status: int | UnsetType = UNSET
    error: str | UnsetType = UNSET


def look(call: Call) -> core.Sight:
    """The connection a request is to be sent with."""
    return call.services.proxy.look(call.tx, call.actor, path_id(call, "connection"))


async def forward(call: FlowCall) -> Reply:
    """ANY /api/connections/{id}/proxy/{path}."""
    given, sight = call.incoming, call.looked
    request = core.ProxyRequest(
        connection_id=sight.connection.row.id,
        method=given.method,
        url=_url(call.path["path"], given.query_string),
        headers=given.headers.items(),
        body=_body(call),
        length=_length(call),
        request_id=call.request_id,
    )
    answer = await call.services.proxy.forward(call.actor, request, sight)
    return Reply(status=answer.status, headers=answer.headers, body=answer.body)


def _url(path: str, query: bytes) -> str:
    return f"{path}?{quote(query, safe=_QUERY)}" if query else path


def _body(call: FlowCall) -> AsyncIterator[bytes] | None:
    headers = call.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return None
    return call.incoming.chunks(BODY_LIMIT)


def _length(call: FlowCall) -> int | None:
    declared = call.headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 16 else None


def list_requests(call: Call) -> ListPage[ProxiedRequestWire]:
    """GET /api/proxied-requests."""
    page = core.list_requests(call.tx, call.actor, list_query(call, core.PROXIED_REQUEST))
    return list_page(call, core.PROXIED_REQUEST, page, spell)


def get_request(call: Call) -> ProxiedRequestWire:
    """GET /api/proxied-requests/{id}."""
    return spell(core.get_request(call.tx, call.actor, path_id(call, "proxied_request")))


_TAGS = ("Proxy",)


def _proxying(method: str) -> Route:
    return Route(
        method=method,
        path="/api/connections/{id}/proxy/{path...}",
        handler=forward,
        operation_id=f"proxy{method.title()}",
        summary=f"Send a {method} request with the connection's credential.",
        description="The path is appended to the integration's base URL; query, body and headers go along,"
        " but for those that say who you are here. The upstream's answer comes back as it is, marked with"
        " `x-upstream-status`; an answer without that header is Trunkline's own. When the upstream refuses the"
        " credential with a 401, a fresh one is got and the request sent once more.",
        permission="connections:use",
        flow=True,
        look=look,
        raw=True,
        returns=bytes,
        media_type="*/*",
        errors=(
            ErrorKind.INVALID,
            ErrorKind.CONFLICT,
            ErrorKind.RATE_LIMITED,
            ErrorKind.BAD_GATEWAY,
            ErrorKind.GATEWAY_TIMEOUT,
        ),
        path_parameters={
            "id": "The connection's id, e.g. `con_0197…`.",
            "path": "What to append to the base URL, slashes included, as it shall be sent.",
        },
        tags=_TAGS,
    )


ROUTES = [
    *(_proxying(method) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")),
    Route(
        method="GET",
        path="/api/proxied-requests",
        handler=list_requests,
        operation_id="listProxiedRequests",
        summary="List the requests that went out from the caller's workspaces in the last 30 days.",
        permission="connections:read",
        query=ProxiedRequestParameters,
        returns=ListPage[ProxiedRequestWire],
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/proxied-requests/{id}",
        handler=get_request,
        operation_id="getProxiedRequest",
        summary="Get the log entry of a request.",
        permission="connections:read",
        returns=ProxiedRequestWire,
        inline=True,
        path_parameters={"id": "The entry's id, e.g. `req_0197…`."},
        tags=_TAGS,
    ),
]
