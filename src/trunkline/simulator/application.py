"""The simulator as an ASGI application."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from trunkline.kit.errors import TrunklineError
from trunkline.simulator import admin, authorize, crm, exercises, tokens
from trunkline.simulator.answers import error_answer
from trunkline.simulator.state import Simulator


def simulator_app(simulator: Simulator) -> Starlette:
    """Serve a simulator; several applications may serve the same one on one event loop."""
    app = Starlette(
        routes=[*authorize.ROUTES, *tokens.ROUTES, *crm.ROUTES, *exercises.ROUTES, *admin.ROUTES],
        exception_handlers={TrunklineError: _refused, HTTPException: _no_such_place},
    )
    app.router.redirect_slashes = False
    app.state.simulator = simulator
    return app


async def _refused(_request: Request, error: Any) -> Response:
    return error_answer(error.kind.status, error.code, error.message)


async def _no_such_place(_request: Request, error: Any) -> Response:
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid_request")
    return error_answer(error.status_code, code, error.detail, error.headers)
