"""What every request to the API goes through: who calls, what strikes it, what it may do, how often; and its count."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline.kit.errors import TrunklineError
from trunkline.simulator.answers import error_answer, json_answer
from trunkline.simulator.callers import Caller, caller_of
from trunkline.simulator.clients import READ
from trunkline.simulator.incoming import simulator_of
from trunkline.simulator.profiles import HEADER, Place, Profile, Profiles
from trunkline.simulator.statistics import Count
from trunkline.simulator.striking import struck_after, struck_before

Operation = Callable[[Request, Caller], Awaitable[Response]]


def api_route(method: str, path: str, operation: Operation, scope: str = READ) -> Route:
    """A route of the API that needs a credential with `scope`."""
    answer = partial(_answered, operation=operation, route=f"{method} {path}", scope=scope)
    return Route(path, answer, methods=[method])


async def _answered(request: Request, *, operation: Operation, route: str, scope: str) -> Response:
    simulator = simulator_of(request)
    caller = caller_of(request)
    client = caller.client
    profiles = simulator.faults.strike(
        Place.API,
        client.client_id if client else None,
        client.profiles if client else (),
        request.headers.get(HEADER),
    )
    struck = await struck_before(simulator, profiles, caller.name)
    answer = struck[1] if struck else await _done(request, caller, operation, scope, profiles)
    simulator.statistics.count(Count.API_CALLS, caller.name, route, str(answer.status_code))
    return answer if struck else await struck_after(simulator, profiles, caller.name, answer)


async def _done(
    request: Request, caller: Caller, operation: Operation, scope: str, profiles: Profiles
) -> Response:
    if not caller.is_good:
        return _unauthenticated(caller, profiles)
    simulator = simulator_of(request)
    allowance = simulator.quota.take(caller.credential, simulator.clock.now())
    if allowance.refused:
        message = f"more than {allowance.limit} requests in a minute"
        return error_answer(429, "rate_limited", message, allowance.headers())
    if scope not in caller.scopes:
        asking = {"www-authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
        return error_answer(403, "insufficient_scope", f"this needs the scope {scope}", asking)
    try:
        answer = await operation(request, caller)
    except TrunklineError as error:
        answer = error_answer(error.kind.status, error.code, error.message)
    answer.headers.update(allowance.headers())
    return answer


def _unauthenticated(caller: Caller, profiles: Profiles) -> Response:
    if caller.client is None:
        asking = {"www-authenticate": 'Bearer realm="simulator", Basic realm="simulator"'}
        return error_answer(401, "unauthenticated", "a valid credential is needed", asking)
    message = "the access token has expired or was revoked"
    if Profile.REFUSED_AS_200 in profiles:
        return json_answer({"ok": False, "error": "token_expired", "error_description": message})
    if Profile.EXPIRED_AS_400 in profiles:
        return error_answer(400, "invalid_token", message)
    if Profile.EXPIRED_AS_403 in profiles:
        return error_answer(403, "invalid_token", message)
    asking = {
        "www-authenticate": f'Bearer realm="simulator", error="invalid_token", error_description="{message}"'
    }
    return error_answer(401, "invalid_token", message, asking)
