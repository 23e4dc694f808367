"""Connecting by the provider's own page: begin, and what browsers pass on the way there and come back to.

    POST …/authorize ──► GET /api/oauth/start ──302──► provider's page ──► GET /api/oauth/callback

Who begins is a program with a key. The page in between ties what it began to the browser that opens it, which then
is the only one to end it. It is a bare redirect, so that whatever opens a URL may open this one: it has no content,
and none of a page's headers by which a window would lose the one that opened it.

Source: RFC 9700 sections 2.1 and 4.7.
"""

from __future__ import annotations

from html import escape
from typing import Literal
from urllib.parse import parse_qsl

from trunkline.core import connections as core
from trunkline.dialects.platform.connecting import Provider, flow_services, integration_id
from trunkline.dialects.platform.wire_base import Body, Wire, member_id
from trunkline.kit.errors import ErrorKind, InvalidRequestError
from trunkline.kit.ids import format_id
from trunkline.web import (
    HTML,
    PAGE_HEADERS,
    FlowCall,
    Reply,
    Route,
    known_browser,
    page,
    remembered_browser,
)


class AuthorizeBody(Body, frozen=True, kw_only=True):
    """What to connect: an integration or a provider itself, by a new connection or with `connectionId` the same again.

    `returnTo` is where the browser goes in the end, with `connectionId`, or `error` and `message`, in its query:
    a URL of this instance, or one that the organization's settings list in `returnUrls`.
    """

    workspace_id: str
    integration_id: str | None = None
    provider: Provider | None = None
    connection_id: str | None = None
    return_to: str | None = None
    name: str | None = None
    mode: Literal["per_user", "shared"] | None = None
    parameters: dict[str, str] | None = None


class AuthorizeWire(Wire, frozen=True, kw_only=True):
    """Where to send the browser: a page of this instance, which leads to the provider's.

    Good for ten minutes and one use, in the first browser that opens it.
    """

    authorization_url: str


async def authorize(call: FlowCall) -> AuthorizeWire:
    """POST /api/connections/authorize."""
    body: AuthorizeBody = call.body
    connection_id = None
    if body.connection_id is not None:
        connection_id = member_id("connection", body.connection_id, "connectionId")
    request = core.StartAuthorization(
        integration_id=integration_id(body.integration_id),
        provider=body.provider,
        workspace_id=member_id("workspace", body.workspace_id, "workspaceId"),
        connection_id=connection_id,
        return_to=body.return_to,
        name=body.name,
        mode=body.mode,
        parameters=body.parameters or {},
        start_path=core.START_PATH,
    )
    url = await core.start_authorization(flow_services(call), call.actor, request)
    return AuthorizeWire(authorization_url=url)


async def start(call: FlowCall) -> Reply:
    """GET /api/oauth/start.

    Links collect parameters on their way, so unknown ones are no mistake here.
    """
    state = _query(call).get("state", "")
    try:
        browser, remembering = remembered_browser(call.headers, call.services.public_url)
        url = await core.open_authorization(flow_services(call), state, browser)
    except InvalidRequestError as error:
        return _page("Not connected", error.message, status=400)
    headers = {"location": url, "set-cookie": remembering, "referrer-policy": "no-referrer"}
    return Reply(status=302, headers=headers)


async def callback(call: FlowCall) -> Reply:
    """GET /api/oauth/callback.

    Providers add what they like, so unknown parameters are no mistake here.

    Source: RFC 6749 section 4.1.2, RFC 9207.
    """
    query = _query(call)
    try:
        finished = await core.finish_authorization(
            flow_services(call),
            core.Callback(
                state=query.get("state", ""),
                code=query.get("code"),
                error=query.get("error"),
                error_description=query.get("error_description"),
                iss=query.get("iss"),
                binding=known_browser(call.headers, call.services.public_url),
                redirect_path=core.CALLBACK_PATH,
            ),
        )
    except InvalidRequestError as error:
        return _page("Not connected", error.message, status=400)
    if finished.return_to is not None:
        return Reply(
            status=302,
            headers={**PAGE_HEADERS, "location": core.returning(finished.return_to, _told(finished))},
        )
    if finished.connection_id is None:
        return _page("Not connected", finished.message or finished.error or "")
    return _page("Connected", "The account is connected. You can close this window.")


def _query(call: FlowCall) -> dict[str, str]:
    return dict(parse_qsl(call.incoming.query_string.decode("latin-1")))


def _told(finished: core.Finished) -> dict[str, str]:
    if finished.connection_id is not None:
        return {"connectionId": format_id("connection", finished.connection_id)}
    return {"error": finished.error or "failed", "message": finished.message or ""}


def _page(title: str, sentence: str, *, status: int = 200) -> Reply:
    return page(title, f"<h1>{escape(title)}</h1><p>{escape(sentence)}</p>", status=status)


ROUTES = [
    Route(
        method="POST",
        path="/api/connections/authorize",
        handler=authorize,
        operation_id="authorizeConnection",
        summary="Begin to connect an account by the provider's own page.",
        permission="connections:write",
        flow=True,
        write=False,  # a beginning that nobody follows leaves nothing
        body=AuthorizeBody,
        returns=AuthorizeWire,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=("Connections",),
    ),
    Route(
        method="GET",
        path=core.START_PATH,
        handler=start,
        operation_id="openAuthorization",
        summary="The way to the provider's page, for the browser.",
        description="What `authorizationUrl` leads to. Remembers the browser by a cookie and sends it on; nothing"
        " to be called by a program.",
        public=True,
        flow=True,
        raw=True,
        also={
            302: "To the provider's page.",
            400: "A page: nothing of this kind was started here, it has run out, or another browser has opened it.",
        },
        returns=bytes,
        media_type=HTML,
        tags=("Connections",),
    ),
    Route(
        method="GET",
        path="/api/oauth/callback",
        handler=callback,
        operation_id="finishAuthorization",
        summary="Where browsers come back to from the provider's page.",
        description="Register it at the provider as the redirect URI. Answers with a page, or sends the browser on"
        " to `returnTo`.",
        public=True,
        flow=True,
        raw=True,
        also={
            302: "Back to `returnTo`, with the outcome in the query.",
            400: "A page: the authorization was not started here, was used already, or has run out.",
        },
        returns=bytes,
        media_type=HTML,
        tags=("Connections",),
    ),
]
