"""Shared HTTP, in no dialect's words: routes, the request pipeline, routing, conditional requests, documents.

An ASGI server calls `Application` (request id, 404, 405, 500), which asks its `Router` for an `Endpoint`.
That one admits the caller by the dialect's authentication and the route's permission, decodes the body, and
then does everything else in one transaction: admit again, replay a repeated request, check If-Match, run
the handler, encode, keep the answer.
"""

from trunkline.web.application import Application, Resolver
from trunkline.web.browsers import known_browser, read_cookie, remembered_browser
from trunkline.web.cors import Cors
from trunkline.web.dialect import Claims, Credentials, Dialect, SecurityScheme
from trunkline.web.incoming import Incoming
from trunkline.web.openapi import openapi_document
from trunkline.web.page import HTML, PAGE_HEADERS, page
from trunkline.web.route import Call, FlowCall, Headers, Reply, Route
from trunkline.web.services import AnswerSeal, CursorCodec, Services
from trunkline.web.uploads import Upload

__all__ = [
    "HTML",
    "PAGE_HEADERS",
    "AnswerSeal",
    "Application",
    "Call",
    "Claims",
    "Cors",
    "Credentials",
    "CursorCodec",
    "Dialect",
    "FlowCall",
    "Headers",
    "Incoming",
    "Reply",
    "Resolver",
    "Route",
    "SecurityScheme",
    "Services",
    "Upload",
    "known_browser",
    "openapi_document",
    "page",
    "read_cookie",
    "remembered_browser",
]
