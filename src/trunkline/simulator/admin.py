"""The admin face: what the simulator knows, has counted, and should do next. It asks for no credential."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline.kit.clock import stamp
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.simulator.accounts import ACCOUNTS, find_account
from trunkline.simulator.answers import json_answer
from trunkline.simulator.clients import Client, new_id
from trunkline.simulator.credentials import Credential, Kind
from trunkline.simulator.incoming import read_json, read_number, simulator_of
from trunkline.simulator.issued import Family
from trunkline.simulator.profiles import Faults, Place, Profile
from trunkline.simulator.tokens import granted_body

HELD_TIMEOUT_S = 30.0
DONE = {"ok": True}


class _Command(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A body of the admin face; unknown members are refused."""


class Whom(_Command, frozen=True):
    """One client, or everybody."""

    client_id: str | None = None


class Expire(Whom, frozen=True):
    """Whose tokens are to end now; refresh tokens only if told."""

    refresh_tokens: bool = False


class Advance(_Command, frozen=True):
    """How far to put the clock forward."""

    seconds: float


class Limit(_Command, frozen=True):
    """How many API requests a credential may make in a minute."""

    per_minute: int


class GrantTokens(_Command, frozen=True):
    """Tokens to make without anybody being asked."""

    client_id: str
    account: str = ""
    scopes: tuple[str, ...] | UnsetType = UNSET


class Remove(_Command, frozen=True):
    """A credential: the user name of `basic`, otherwise the secret itself."""

    kind: Kind
    name: str


async def overview(request: Request) -> Response:
    """Where everything is, and what there is to choose from."""
    simulator = simulator_of(request)
    return json_answer(
        {
            "now": stamp(simulator.clock.now()),
            "clients": [one.client_id for one in simulator.clients.list()],
            "accounts": ACCOUNTS,
            "profiles": list(Profile),
            "places": list(Place),
            "assigned": simulator.faults.assigned(),
            "held": simulator.gate.held,
        }
    )


async def list_clients(request: Request) -> Response:
    """The registered clients, with their secrets: they guard made-up data."""
    return json_answer({"data": simulator_of(request).clients.list()})


async def register_client(request: Request) -> Response:
    """Register a client; id and secret are made up where they are left out, `"public": true` has no secret."""
    values = await read_json(request, dict[str, Any])
    is_public = values.pop("public", False)
    made_up = {"clientId": new_id("client-")} | ({} if is_public else {"clientSecret": new_id("secret-")})
    return _put_client(request, made_up | values, 201)


async def put_client(request: Request) -> Response:
    """Make or replace the client with this id; without a secret it is public."""
    values = await read_json(request, dict[str, Any])
    return _put_client(request, values | {"clientId": request.path_params["id"]}, 200)


async def remove_client(request: Request) -> Response:
    """Forget a client; its tokens are good until they expire."""
    simulator_of(request).clients.remove(request.path_params["id"])
    return json_answer(DONE)


async def assign_faults(request: Request) -> Response:
    """Choose what strikes a client, or everybody, from now on."""
    faults = await read_json(request, Faults)
    simulator = simulator_of(request)
    if faults.client_id is not None:
        _known_client(request, faults.client_id)
    simulator.faults.assign(faults)
    return json_answer(DONE)


async def expire(request: Request) -> Response:
    """End access tokens now; refresh tokens stay good unless told otherwise."""
    asked = await read_json(request, Expire)
    number = simulator_of(request).grants.expire(asked.client_id, refresh_tokens=asked.refresh_tokens)
    return json_answer({"expired": number})


async def withdraw(request: Request) -> Response:
    """Take consent back, as an owner does in the service's own settings."""
    asked = await read_json(request, Whom)
    return json_answer({"withdrawn": simulator_of(request).grants.withdraw(asked.client_id)})


async def advance(request: Request) -> Response:
    """Put the clock forward: tokens age, quotas begin anew."""
    asked = await read_json(request, Advance)
    simulator = simulator_of(request)
    simulator.clock.advance(asked.seconds)
    return json_answer({"now": stamp(simulator.clock.now())})


async def limit(request: Request) -> Response:
    """Change how many API requests a credential may make."""
    asked = await read_json(request, Limit)
    if asked.per_minute < 0:
        raise InvalidRequestError.at("perMinute", "must not be negative")
    simulator_of(request).quota.limit_to(asked.per_minute)
    return json_answer(DONE)


async def grant_tokens(request: Request) -> Response:
    """Make tokens for a client as if somebody had agreed; nothing is counted."""
    asked = await read_json(request, GrantTokens)
    client, person = _known_client(request, asked.client_id), find_account(asked.account)
    if person is None:
        raise InvalidRequestError.at("account", "is no account of this simulator")
    scopes = client.scopes if isinstance(asked.scopes, UnsetType) else asked.scopes
    return json_answer(granted_body(simulator_of(request).grants.grant(client, person, scopes)), 201)


async def list_grants(request: Request) -> Response:
    """What was granted, and what has become of it; no token is shown."""
    families = simulator_of(request).grants.families(request.query_params.get("clientId"))
    return json_answer({"data": [_family(one) for one in families]})


async def statistics(request: Request) -> Response:
    """Every counter, of one client or of all."""
    return json_answer(simulator_of(request).statistics.report(request.query_params.get("clientId")))


async def add_credential(request: Request) -> Response:
    """Add an API key, a user or a fixed token."""
    simulator_of(request).credentials.put(await read_json(request, Credential))
    return json_answer(DONE, 201)


async def remove_credential(request: Request) -> Response:
    """Make an API key, a user or a fixed token worthless."""
    asked = await read_json(request, Remove)
    if not simulator_of(request).credentials.remove(asked.kind, asked.name):
        raise NotFoundError("credential")
    return json_answer(DONE)


async def end_sessions(request: Request) -> Response:
    """End the sessions that passwords were exchanged for."""
    return json_answer({"ended": simulator_of(request).credentials.end_sessions()})


async def held(request: Request) -> Response:
    """How many requests are held; with `atLeast`, once so many are, or after half a minute."""
    number = read_number(request.query_params.get("atLeast"), "atLeast", 0, low=0, high=100_000)
    return json_answer({"held": await simulator_of(request).gate.wait_for(number, HELD_TIMEOUT_S)})


async def release(request: Request) -> Response:
    """Let the requests go on that are held."""
    return json_answer({"released": simulator_of(request).gate.release()})


async def reset(request: Request) -> Response:
    """Go back to the start, and let the requests go on that are held."""
    simulator = simulator_of(request)
    simulator.reset()
    simulator.gate.release()
    return json_answer(DONE)


def _put_client(request: Request, values: dict[str, Any], status: int) -> Response:
    try:
        client = msgspec.convert(values, Client)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(str(error)) from error
    simulator_of(request).clients.put(client)
    return json_answer(client, status)


def _known_client(request: Request, client_id: str) -> Client:
    client = simulator_of(request).clients.get(client_id)
    if client is None:
        raise InvalidRequestError.at("clientId", "is no client of this simulator")
    return client


def _family(family: Family) -> dict[str, Any]:
    return {
        "id": family.id,
        "clientId": family.client_id,
        "account": family.account.id,
        "scopes": family.scopes,
        "createdAt": stamp(family.created_at),
        "generation": family.generation,
        "revoked": family.revoked,
    }


ROUTES = [
    Route("/simulator", overview, methods=["GET"]),
    Route("/simulator/clients", list_clients, methods=["GET"]),
    Route("/simulator/clients", register_client, methods=["POST"]),
    Route("/simulator/clients/{id}", put_client, methods=["PUT"]),
    Route("/simulator/clients/{id}", remove_client, methods=["DELETE"]),
    Route("/simulator/faults", assign_faults, methods=["PUT"]),
    Route("/simulator/expire", expire, methods=["POST"]),
    Route("/simulator/withdraw", withdraw, methods=["POST"]),
    Route("/simulator/advance", advance, methods=["POST"]),
    Route("/simulator/limit", limit, methods=["PUT"]),
    Route("/simulator/grants", list_grants, methods=["GET"]),
    Route("/simulator/grants", grant_tokens, methods=["POST"]),
    Route("/simulator/statistics", statistics, methods=["GET"]),
    Route("/simulator/credentials", add_credential, methods=["POST"]),
    Route("/simulator/credentials/remove", remove_credential, methods=["POST"]),
    Route("/simulator/sessions/end", end_sessions, methods=["POST"]),
    Route("/simulator/held", held, methods=["GET"]),
    Route("/simulator/release", release, methods=["POST"]),
    Route("/simulator/reset", reset, methods=["POST"]),
]
