"""Connecting by the provider's own page: the browser goes there, and comes back with a code.

    GET …/connect ──302──► provider's page ──► GET /oauth2/callback ──► a page of ours, or 302 to `returnTo`
                                 └─ shows a code ──► POST …/connect {code}

An authorization ends in the browser it was started in: the cookie set on the way out must be there on the way
back. Otherwise whoever is sent to a provider's page by somebody else would connect their account to that one's
user here.

Source: informer-gestal reference A3 rows 9 and 11, A4 (OAuth); RFC 9700 section 2.1.
"""

from __future__ import annotations

from html import escape
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from trunkline.core import connections as core
from trunkline.dialects.informer.connections import UPSTREAM
from trunkline.dialects.informer.flows import CALLBACK, place, services
from trunkline.dialects.informer.integrations import ID
from trunkline.dialects.informer.wire_base import Query
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.ids import format_uuid
from trunkline.web import HTML, FlowCall, Reply, Route, known_browser, page, remembered_browser


class NotConnectedError(InvalidRequestError):
    """The provider, or the person there, has not agreed, or what came back could not be used."""

    code = "not_connected"


class ConnectParameters(Query, frozen=True, kw_only=True):
    """Where the browser goes in the end."""

    return_to: (
        Annotated[str, Meta(description="A URL of this instance, or one that the organization has listed.")]
        | UnsetType
    ) = UNSET


class CallbackParameters(Query, frozen=True, kw_only=True):
    """What the provider sends the browser back with."""

    state: str
    code: str | UnsetType = UNSET
    error: str | UnsetType = UNSET
    error_description: str | UnsetType = field(name="error_description", default=UNSET)
    iss: str | UnsetType = UNSET


async def start(call: FlowCall) -> Reply:
    """GET /api/integrations/{id}/connect."""
    asked: ConnectParameters = call.query
    at = await place(call)
    binding, remembering = remembered_browser(call.headers, call.services.public_url)
    request = core.StartAuthorization(
        integration_id=at.integration.id,
        workspace_id=at.workspace_id,
        return_to=None if asked.return_to is UNSET else asked.return_to,
        binding=binding,
        singular=True,
        redirect_path=CALLBACK,
    )
    url = await core.start_authorization(services(call), call.actor, request)
    headers = {
        "location": url,
        "set-cookie": remembering,
        "referrer-policy": "no-referrer",
    }
    return Reply(status=302, headers=headers)


async def finish(call: FlowCall) -> Reply:
    """GET /oauth2/callback."""
    asked: CallbackParameters = call.query
    callback = core.Callback(
        state=asked.state,
        code=_optional(asked.code),
        error=_optional(asked.error),
        error_description=_optional(asked.error_description),
        iss=_optional(asked.iss),
        binding=known_browser(call.headers, call.services.public_url),
        redirect_path=CALLBACK,
    )
    try:
        finished = await core.finish_authorization(services(call), callback)
    except (core.InvalidStateError, core.IssuerMismatchError) as error:
        return _refused(call, error)
    if finished.return_to is not None:
        return Reply(status=302, headers={"location": _returning(finished), "referrer-policy": "no-referrer"})
    if finished.connection_id is None:
        return _refused(call, NotConnectedError(finished.message or "the provider refused"))
    return page("Connected", "<h1>Connected</h1><p>You can close this window.</p>")


def _refused(call: FlowCall, error: InvalidRequestError) -> Reply:
    """A page for people, the dialect's usual words for everybody else."""
    if "text/html" not in call.headers.get("accept", ""):
        raise error
    told = f"<h1>Not connected</h1><p>{escape(error.message)}</p><p>You can close this window.</p>"
    return page("Not connected", told, status=error.kind.status)


def _returning(finished: core.Finished) -> str:
    told = {} if finished.integration_id is None else {"integrationId": format_uuid(finished.integration_id)}
    if finished.connection_id is not None:
        told["connectionId"] = format_uuid(finished.connection_id)
    else:
        told["error"] = finished.error or "not_connected"
    return core.returning(finished.return_to or "", told)


def _optional(text: str | UnsetType) -> str | None:
    return None if text is UNSET else text


_TAGS = ("Connections",)

ROUTES = [
    Route(
        method="GET",
        path="/api/integrations/{id}/connect",
        handler=start,
        operation_id="startAuthorization",
        summary="Send the browser to the provider's page, to connect an account there.",
        permission="connections:write",
        flow=True,
        query=ConnectParameters,
        status=302,
        errors=UPSTREAM,
        path_parameters=ID,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path=CALLBACK,
        handler=finish,
        operation_id="finishAuthorization",
        summary="Take the browser back from the provider's page; this is the URL to register there.",
        public=True,
        flow=True,
        query=CallbackParameters,
        returns=bytes,
        media_type=HTML,
        also={302: "Back to where the authorization was started from, with the outcome in the query."},
        tags=_TAGS,
    ),
]
