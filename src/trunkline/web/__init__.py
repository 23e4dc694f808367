"""Shared HTTP, in no dialect's words: routes, the request pipeline, routing, conditional requests, documents.

An ASGI server calls `Application` (request id, 404, 405, 500), which asks its `Router` for an `Endpoint`.
That one admits the caller by the dialect's authentication and the route's permission, decodes the body, and
then does everything else in one transaction: admit again, replay a repeated request, check If-Match, run
the handler, encode, keep the answer.
"""

from trunkline.web.application import Application, Resolver
from trunkline.web.dialect import Dialect, SecurityScheme
from trunkline.web.incoming import Incoming
from trunkline.web.openapi import openapi_document
from trunkline.web.route import Call, Headers, Reply, Route
from trunkline.web.services import AnswerSeal, CursorCodec, Services

__all__ = [
    "AnswerSeal",
    "Application",
    "Call",
    "CursorCodec",
    "Dialect",
    "Headers",
    "Incoming",
    "Reply",
    "Resolver",
    "Route",
    "SecurityScheme",
    "Services",
    "openapi_document",
]
