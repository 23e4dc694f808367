"""Connecting by the provider's own page: where to send the window, and the page that it comes back to.

A window has no session with this instance that an authorization could be bound to: it is opened by a page of the
publisher's, at another origin. What keeps it is that its state is random, good once and for ten minutes, and that
the connection was fixed when it was started: project, provider, group and consumer. Where `enableCSRFProtection`
asks for more, the window passes a page of this instance first, which ties the authorization to its browser.

Source: ampersand reference section 1.8; RFC 6749 section 4.1; RFC 9700 section 4.7.
"""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import parse_qsl

from msgspec import UNSET, Meta, UnsetType, field

from trunkline.core import access, providers, workspaces
from trunkline.core import connections as core
from trunkline.dialects.ampersand.connections import (
    CONNECTION,
    SHARED,
    ConsumerRef,
    GroupRef,
    flow_services,
    found_connection,
    notes_given,
    place_of,
)
from trunkline.dialects.ampersand.connections_given import (
    ProviderMetadata,
    WorkspaceRef,
    as_given,
    known_provider,
    parameters_of,
)
from trunkline.dialects.ampersand.connections_wire import written
from trunkline.dialects.ampersand.errors import UnprocessableError
from trunkline.dialects.ampersand.oauth_page import failed, succeeded
from trunkline.dialects.ampersand.references import find_project
from trunkline.dialects.ampersand.wire_base import Body, member_id, path_id
from trunkline.infra.db import Tx
from trunkline.infra.http import InvalidUrlError, Origin
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ErrorKind, InvalidRequestError, NotFoundError, Problem
from trunkline.kit.ids import format_uuid
from trunkline.web import HTML, FlowCall, Headers, Reply, Route, known_browser

CALLBACK: Final = "/callbacks/v1/oauth"  # registered at providers, hence without the dialect's mount
TEXT: Final = "text/plain; charset=utf-8"

ProjectName = Annotated[str, Meta(description="The project's id, or its name in any case.")]


class OAuthConnectBody(Body, frozen=True, kw_only=True):
    """Whose account is to be connected to what."""

    project_id_or_name: ProjectName | None = None
    project_id: Annotated[str, Meta(description="As older clients call `projectIdOrName`.")] | None = None
    provider: str
    group_ref: GroupRef
    group_name: str | None = None
    consumer_ref: ConsumerRef
    consumer_name: str | None = None
    provider_workspace_ref: WorkspaceRef | UnsetType = UNSET
    provider_metadata: ProviderMetadata | UnsetType = UNSET
    provider_app_id: (
        Annotated[str, Meta(description="The project's app for the provider, which is used anyway.")]
        | UnsetType
    ) = UNSET
    enable_csrf_protection: Annotated[
        bool, Meta(description="Only the browser that opens the answered page first may end it.")
    ] = field(name="enableCSRFProtection", default=False)


async def oauth_connect(call: FlowCall) -> str:
    """POST /oauth-connect."""
    body: OAuthConnectBody = call.body
    notes = notes_given(body.provider_workspace_ref, body.provider_metadata)

    def prepare(tx: Tx) -> tuple[core.StartAuthorization, Actor]:
        found = asked_project(tx, call.actor, body.project_id_or_name, body.project_id)
        definition = known_provider(tx, found.organization_id, body.provider)
        if body.provider_app_id is not UNSET:
            _check_app(tx, call.actor, body.provider_app_id, found.id, body.provider)
        place = place_of(tx, call.actor, found.id, body)
        request = core.StartAuthorization(
            provider=body.provider,
            workspace_id=place.group.id,
            consumer_id=place.consumer.id,
            metadata=written(notes),
            parameters=parameters_of(definition, notes),
            mode=SHARED,
            singular=True,
            opener=opener_of(call.headers),
            redirect_path=CALLBACK,
            start_path=core.START_PATH if body.enable_csrf_protection else None,
        )
        return request, place.actor

    request, actor = await call.database.write(prepare)
    with as_given(None):
        return await core.start_authorization(flow_services(call), actor, request)


async def oauth_update(call: FlowCall) -> str:
    """PATCH /projects/{project}/connections/{connection}:oauth-update."""

    def prepare(tx: Tx) -> tuple[core.StartAuthorization, Actor]:
        found = find_project(tx, call.actor, call.path["project"])
        actor = access.bind_to_project(tx, call.actor, found.id)
        row = found_connection(tx, actor, found.id, path_id(call, "connection", "connection"))
        request = core.StartAuthorization(
            connection_id=row.id,
            integration_id=row.integration_id,
            provider=row.provider if row.integration_id is None else None,
            workspace_id=row.workspace_id,
            opener=opener_of(call.headers),
            redirect_path=CALLBACK,
        )
        return request, actor

    request, actor = await call.database.read(prepare)
    return await core.start_authorization(flow_services(call), actor, request)


async def callback(call: FlowCall) -> Reply:
    """GET /callbacks/v1/oauth.

    Providers add what they like, so unknown parameters are no mistake here.

    Source: RFC 6749 section 4.1.2, RFC 9207.
    """
    query = dict(parse_qsl(call.incoming.query_string.decode("latin-1")))
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
                redirect_path=CALLBACK,
            ),
        )
    except InvalidRequestError as error:
        return failed(error.code, _sentence(error.message), None, status=error.kind.status)
    if finished.connection_id is None:
        error_code = finished.error or "not_connected"
        return failed(error_code, _sentence(finished.message or error_code), finished.opener)
    return succeeded(format_uuid(finished.connection_id), finished.opener)


def asked_project(tx: Tx, actor: Actor, name: str | None, alias: str | None) -> workspaces.WorkspaceRow:
    """The project that a body names, in one or both of the spellings that clients use.

    Raises:
        InvalidRequestError: it names none, or two.
        NotFoundError: absent, deleted, or outside the caller's reach.
    """
    found = [find_project(tx, actor, text) for text in (name, alias) if text]
    if not found:
        raise InvalidRequestError.at("projectIdOrName", "is required")
    if found[0].id != found[-1].id:
        raise InvalidRequestError.at("projectId", "is another project than projectIdOrName")
    return found[0]


def opener_of(headers: Headers) -> str | None:
    """Origin of the page that asks, as its browser says; None where nothing in a browser does."""
    for name in ("origin", "referer"):
        try:
            return str(Origin.of(headers.get(name, "")))
        except InvalidUrlError:
            continue
    return None


def _check_app(tx: Tx, actor: Actor, text: str, project_id: str, provider: str) -> None:
    """Refuse another app than the one that is used: a project has one for each provider."""
    try:
        app = providers.get_provider_app(tx, actor, member_id("provider_app", text, "providerAppId"))
    except NotFoundError:
        app = None
    place = None if app is None or app.deleted_at is not None else (app.workspace_id, app.provider)
    if place != (project_id, provider):
        sentence = f"is no provider app of the project for {provider}"
        raise UnprocessableError(f"providerAppId: {sentence}", Problem("providerAppId", sentence))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."


_TAGS = ("OAuth",)
_ERRORS: Final = (ErrorKind.NOT_FOUND, ErrorKind.CONFLICT)

ROUTES = [
    Route(
        method="POST",
        path="/v1/oauth-connect",
        handler=oauth_connect,
        operation_id="oauthConnect",
        summary="Begin to connect an account by the provider's own page: the URL to open in a window.",
        description="Good for ten minutes and one use. The window ends on a page that posts"
        " `AUTHORIZATION_SUCCEEDED` or `AUTHORIZATION_FAILED` to the page that opened it.",
        permission="connections:write",
        flow=True,
        idempotent=False,  # a URL that is good once would be answered twice
        body=OAuthConnectBody,
        returns=str,
        media_type=TEXT,
        errors=(*_ERRORS, ErrorKind.RATE_LIMITED),
        also={422: "The provider app is another one, or a value for the provider's URLs is missing."},
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/v1/projects/{project}/connections/{connection}:oauth-update",
        handler=oauth_update,
        operation_id="oauthUpdate",
        summary="Begin to authorize a connection anew: the URL to open in a window.",
        permission="connections:write",
        flow=True,
        write=False,  # a beginning that nobody follows leaves nothing
        returns=str,
        media_type=TEXT,
        errors=_ERRORS,
        path_parameters=CONNECTION,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path=CALLBACK,
        handler=callback,
        operation_id="finishOAuth",
        summary="Where windows come back to from the provider's page.",
        description="Register it at the provider as the redirect URI: below the instance's own URL, without the"
        " dialect's mount.",
        public=True,
        flow=True,
        raw=True,
        also={400: "A page: the authorization was not started here, was used already, or has run out."},
        returns=bytes,
        media_type=HTML,
        tags=_TAGS,
    ),
]
