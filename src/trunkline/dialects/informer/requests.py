"""Requests with a connection's credential: the upstream's answer comes back as it is.

Source: informer-gestal reference A3 row 14, A4 (request proxy).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from trunkline.core import proxy
from trunkline.core.connections import ConnectionPendingError, NeedsReauthError
from trunkline.dialects.informer.connections import UPSTREAM
from trunkline.dialects.informer.flows import place
from trunkline.dialects.informer.integrations import ID
from trunkline.dialects.informer.wire_base import Body
from trunkline.kit.errors import InvalidRequestError, UnauthenticatedError
from trunkline.web import FlowCall, Reply, Route

MAX_BODY: Final = 10 * 1024 * 1024  # bytes
UPSTREAM_STATUS: Final = "x-upstream-status"
_FORM: Final = "application/x-www-form-urlencoded"
_Scalar = str | int | float | bool | None


class ReconnectError(UnauthenticatedError):
    """The connection itself must be authorized again; told apart from a missing session by its code."""

    code = "reconnect"


class RequestBody(Body, frozen=True, kw_only=True):
    """What to send. `data` goes out as JSON, a text as it is, and as a form where `headers` say so."""

    url: Annotated[
        str,
        Meta(
            description="A path below the integration's base URL; or a whole URL its connection is good for."
        ),
    ]
    method: Annotated[str | None, Meta(description="GET unless given.")] = None
    params: Annotated[dict[str, Any] | None, Meta(description="Added to the query; lists repeat.")] = None
    data: Any = None
    headers: dict[str, str] | None = None


async def send_request(call: FlowCall) -> Reply:
    """POST /api/integrations/{id}/request."""
    body: RequestBody = call.body
    content, media_type = _content(body)
    headers = dict(body.headers or {})
    if media_type is not None and not any(name.lower() == "content-type" for name in headers):
        headers["content-type"] = media_type
    forwarded = await forward(
        call,
        method=(body.method or "GET").upper(),
        url=body.url,
        params=list(_pairs(body.params or {}, "params")),
        headers=headers,
        body=content,
    )
    told = {**forwarded.headers, UPSTREAM_STATUS: str(forwarded.status)}
    return Reply(body=forwarded.body, status=forwarded.status, headers=told)


async def forward(
    call: FlowCall,
    *,
    method: str,
    url: str,
    params: list[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes | None,
) -> proxy.Forwarded:
    """Send a request with the caller's connection of the integration that `{id}` means.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope, or nothing is connected.
        ReconnectError: the connection must be authorized again.
        Others: as `core.proxy` does.
    """
    at = await place(call)
    request = proxy.ProxyRequest(
        integration_id=at.integration.id,
        workspace_id=at.workspace_id,
        method=method,
        url=url,
        params=params,
        headers=tuple(headers.items()),
        body=body,
        request_id=call.request_id,
    )
    try:
        return await call.services.proxy.forward(call.actor, request)
    except (NeedsReauthError, ConnectionPendingError) as error:
        raise ReconnectError(error.message) from error


def _content(body: RequestBody) -> tuple[bytes | None, str | None]:
    """The bytes to send, and what they are."""
    if body.data is None:
        return None, None
    if isinstance(body.data, str):
        return body.data.encode(), "text/plain; charset=utf-8"
    declared = [text for name, text in (body.headers or {}).items() if name.lower() == "content-type"]
    if isinstance(body.data, dict) and any(text.lower().startswith(_FORM) for text in declared):
        return urlencode(list(_pairs(body.data, "data"))).encode(), _FORM
    return msgspec.json.encode(body.data), "application/json"


def _pairs(values: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, _Scalar):
                raise InvalidRequestError.at(
                    f"{place}.{name[:100]}", "must be a text, a number, a boolean or a list of them"
                )
            if item is not None:
                yield name, str(item).lower() if isinstance(item, bool) else str(item)


_TAGS = ("Requests",)

ROUTES = [
    Route(
        method="POST",
        path="/api/integrations/{id}/request",
        handler=send_request,
        operation_id="sendRequest",
        summary="Send a request with the caller's connection.",
        description="Status, headers and body are the upstream's. `X-Upstream-Status` is in its answers and in"
        " none of ours: without it, a failure is this API's own.",
        permission="connections:use",
        flow=True,
        write=False,
        idempotent=False,
        body=RequestBody,
        returns=bytes,
        media_type="*/*",
        body_limit=MAX_BODY,
        errors=UPSTREAM,
        path_parameters=ID,
        tags=_TAGS,
    ),
]
