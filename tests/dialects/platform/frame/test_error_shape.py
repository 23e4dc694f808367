from __future__ import annotations

import msgspec
import pytest

from tests.asgi import call
from trunkline.dialects.platform.errors import render_error
from trunkline.kit.errors import (
    ConflictError,
    ErrorKind,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    Problem,
    RateLimitedError,
    TrunklineError,
    UnauthenticatedError,
    UnavailableError,
)
from trunkline.web import Application


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (InvalidRequestError("bad"), 400, {}),
        (UnauthenticatedError("who?"), 401, {"www-authenticate": "Bearer"}),
        (ForbiddenError("no"), 403, {}),
        (NotFoundError("install"), 404, {}),
        (ConflictError("taken"), 409, {}),
        (RateLimitedError("slow down", 7), 429, {"retry-after": "7"}),
        (TrunklineError("oh"), 500, {}),
        (UnavailableError("busy", 3), 503, {"retry-after": "3"}),
    ],
)
def test_a_failure_has_its_status_and_headers(
    error: TrunklineError, status: int, headers: dict[str, str]
) -> None:
    assert render_error(error, "r-1")[:2] == (status, headers)


def test_a_failure_names_every_place_and_the_request() -> None:
    error = InvalidRequestError(
        "two mistakes", Problem("filter.AND[0].nam", "unknown field"), Problem("limit", "expected an integer")
    )
    assert msgspec.json.decode(render_error(error, "r-1")[2]) == {
        "error": {
            "code": "invalid_request",
            "message": "two mistakes",
            "details": [
                {"path": "filter.AND[0].nam", "message": "unknown field"},
                {"path": "limit", "message": "expected an integer"},
            ],
            "requestId": "r-1",
        }
    }


def test_no_kind_is_a_422() -> None:
    assert 422 not in {kind.status for kind in ErrorKind}


def test_an_unknown_path_is_spelled_in_this_shape(app: Application) -> None:
    answer = call(app, "GET", "/platform/api/nothing", {"x-request-id": "r-2"})
    assert answer.status == 404
    assert answer.json == {
        "error": {"code": "not_found", "message": "path not found", "details": [], "requestId": "r-2"}
    }
