"""A small CRM: what is connected to, synced from and proxied to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline.kit.clock import parse_time
from trunkline.kit.errors import InvalidRequestError, UnauthenticatedError
from trunkline.simulator.accounts import ORGANIZATION
from trunkline.simulator.answers import NO_STORE, error_answer, json_answer
from trunkline.simulator.api import api_route
from trunkline.simulator.callers import API_KEY_PARAMETER, SESSION_HEADER, Caller
from trunkline.simulator.clients import READ, WRITE
from trunkline.simulator.credentials import SESSION_LIFE
from trunkline.simulator.incoming import read_json, read_number, simulator_of
from trunkline.simulator.profiles import HEADER, Place
from trunkline.simulator.records import Collection, Listing, filterable
from trunkline.simulator.statistics import Count
from trunkline.simulator.striking import struck_after, struck_before

LIMIT_MAX = 200  # records in one answer
LIMIT = 50
SESSIONS = "session"  # counts for callers who exchange a password

_PAGING = ("limit", "after", "page", "perPage", "updatedSince")

Operation = Callable[[Collection, Request, Caller], Awaitable[Response]]


class Login(Struct, frozen=True, forbid_unknown_fields=True):
    """What is exchanged for a session."""

    username: str
    password: str


async def health(_request: Request, _caller: Caller) -> Response:
    """The credential works."""
    return json_answer({"status": "ok"})


async def whoami(_request: Request, caller: Caller) -> Response:
    """Who calls."""
    return json_answer(caller.identity())


async def account(_request: Request, _caller: Caller) -> Response:
    """The organization whose data this is."""
    return json_answer(ORGANIZATION)


async def list_records(collection: Collection, request: Request, _caller: Caller) -> Response:
    """A list: with `page`, pages that are counted; otherwise, from cursor to cursor."""
    records = simulator_of(request).records
    query = _query(request, (*_PAGING, *filterable(collection)))
    listing = _listing(collection, query)
    if "page" in query or "perPage" in query:
        if "after" in query or "limit" in query:
            raise InvalidRequestError.at("page", "cannot be combined with limit and after")
        size = read_number(query.get("perPage"), "perPage", LIMIT, low=1, high=LIMIT_MAX)
        number = read_number(query.get("page"), "page", 1, low=1, high=10**9)
        total = records.count(collection, listing)
        paging = {"page": number, "perPage": size, "total": total, "pages": -(-total // size)}
        return json_answer({"data": records.page(collection, listing, number, size), "paging": paging})
    limit = read_number(query.get("limit"), "limit", LIMIT, low=1, high=LIMIT_MAX)
    found, after = records.after(collection, listing, query.get("after"), limit)
    return json_answer({"data": found, "paging": {"next": after}})


async def create_record(collection: Collection, request: Request, _caller: Caller) -> Response:
    """Add a record."""
    values = await read_json(request, dict[str, Any])
    made = simulator_of(request).records.create(collection, values)
    return json_answer(made, 201, {"location": f"/crm/{collection}/{made['id']}"})


async def get_record(collection: Collection, request: Request, _caller: Caller) -> Response:
    """One record."""
    return json_answer(simulator_of(request).records.get(collection, request.path_params["id"]))


async def update_record(collection: Collection, request: Request, _caller: Caller) -> Response:
    """Change some members of a record (PATCH) or all of them (PUT)."""
    values = await read_json(request, dict[str, Any])
    record_id, replace = request.path_params["id"], request.method == "PUT"
    return json_answer(simulator_of(request).records.update(collection, record_id, values, replace=replace))


async def delete_record(collection: Collection, request: Request, _caller: Caller) -> Response:
    """Remove a record."""
    simulator_of(request).records.delete(collection, request.path_params["id"])
    return Response(None, 204)


async def begin_session(request: Request) -> Response:
    """Exchange a user name and password for a token: the first of two steps."""
    simulator = simulator_of(request)
    profiles = simulator.faults.strike(Place.TOKEN, None, (), request.headers.get(HEADER))
    if (struck := await struck_before(simulator, profiles, SESSIONS)) is not None:
        simulator.statistics.count(Count.TOKEN_EXCHANGES, SESSIONS, struck[0])
        return struck[1]
    login = await read_json(request, Login)
    try:
        session = simulator.credentials.begin_session(login.username, login.password)
    except UnauthenticatedError as error:
        simulator.statistics.count(Count.TOKEN_EXCHANGES, SESSIONS, "refused")
        return error_answer(401, error.code, error.message)
    simulator.statistics.count(Count.TOKEN_EXCHANGES, SESSIONS, "issued")
    life_s = int(SESSION_LIFE.total_seconds())
    body = {"token": session.token, "header": SESSION_HEADER, "expiresIn": life_s}
    return await struck_after(simulator, profiles, SESSIONS, json_answer(body, 201, NO_STORE))


def _query(request: Request, known: tuple[str, ...]) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name == API_KEY_PARAMETER:
            continue
        if name not in known:
            raise InvalidRequestError.at(name[:40], f"is no parameter here; there are {', '.join(known)}")
        if name in query:
            raise InvalidRequestError.at(name, "is repeated")
        query[name] = value
    return query


def _listing(collection: Collection, query: dict[str, str]) -> Listing:
    since = query.get("updatedSince")
    updated_since = None if since is None else parse_time(since)
    if since is not None and updated_since is None:
        raise InvalidRequestError.at("updatedSince", "must be a time such as 2026-01-31T09:00:00Z")
    equal = tuple((name, query[name]) for name in filterable(collection) if name in query)
    return Listing(updated_since, equal)


def _collection_routes() -> Iterator[Route]:
    for collection in Collection:
        many = f"/crm/{collection}"
        one = f"{many}/{{id}}"
        operations: tuple[tuple[str, str, Operation, str], ...] = (
            ("GET", many, list_records, READ),
            ("POST", many, create_record, WRITE),
            ("GET", one, get_record, READ),
            ("PATCH", one, update_record, WRITE),
            ("PUT", one, update_record, WRITE),
            ("DELETE", one, delete_record, WRITE),
        )
        for method, path, operation, scope in operations:
            yield api_route(method, path, partial(operation, collection), scope)


ROUTES = [
    api_route("GET", "/crm/health", health),
    api_route("GET", "/crm/whoami", whoami),
    api_route("GET", "/crm/account", account),
    Route("/crm/sessions", begin_session, methods=["POST"]),
    *_collection_routes(),
]
