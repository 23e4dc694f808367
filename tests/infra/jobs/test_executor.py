from __future__ import annotations

from typing import Any

import pytest

from trunkline.infra.jobs import JobContext, backoff_s, describe, enqueue, run_job
from trunkline.kit.errors import ConflictError, InvalidRequestError
from trunkline.kit.secret import Secret

KEY = "AKIA" + "ABCDEFGHIJKLMNOP"


def longest(low: float, high: float) -> float:
    return high


def raising(error: BaseException) -> Any:
    def handler(context: JobContext) -> None:
        raise error

    return handler


def test_a_handler_gets_its_payload_and_acts_as_the_system_for_a_stated_reason(desk):
    seen: list[JobContext] = []
    desk.add(payload={"install_id": "i7"})
    run_job(desk.database, {"work": seen.append}, desk.one())
    [context] = seen
    assert context.payload == {"install_id": "i7"}
    assert context.actor.is_system
    assert context.actor.system_reason == "job work"
    assert context.database is desk.database
    assert context.clock is desk.clock
    assert desk.rows() == []


def test_a_handler_may_write_and_enqueue_on_its_own(desk):
    def handler(context: JobContext) -> None:
        context.database.write_now(lambda tx: enqueue(tx, "next", {"of": "this"}))

    desk.add()
    run_job(desk.database, {"work": handler}, desk.one())
    assert [row["kind"] for row in desk.rows()] == ["next"]


def test_a_failed_job_is_tried_again_with_growing_pauses(desk):
    desk.add()
    handlers = {"work": raising(ConflictError("the install is busy", code="busy"))}
    pauses = []
    for _ in range(9):
        run_job(desk.database, handlers, desk.one(), jitter=longest)
        row = desk.row()
        assert (row["state"], row["last_error"]) == ("ready", "busy: the install is busy")
        pauses.append(row["run_at"][11:19])
        desk.pass_time(hours=1)
    assert pauses == [
        "10:00:03", "11:00:09", "12:00:27", "13:01:21", "14:04:03", "15:12:09", "16:36:27", "18:00:00", "19:00:00"
    ]  # fmt: skip
    run_job(desk.database, handlers, desk.one(), jitter=longest)
    assert desk.row()["state"] == "parked"


@pytest.mark.parametrize("attempt", range(1, 11))
def test_pauses_lie_between_a_second_and_an_hour(attempt):
    drawn = [backoff_s(attempt) for _ in range(200)]
    assert min(drawn) >= 1
    assert max(drawn) <= min(3**attempt, 3600)
    assert len(set(drawn)) > 100


def test_a_kind_nobody_knows_is_parked_with_the_reason(desk):
    desk.add(kind="from.the.future")
    run_job(desk.database, {}, desk.one())
    row = desk.row()
    assert (row["state"], row["attempts"]) == ("parked", 1)
    assert row["last_error"] == ("no handler for jobs of kind from.the.future: they are another release's")


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), RecursionError(), MemoryError()])
def test_not_even_the_worst_error_gets_out(desk, error):
    desk.add()
    run_job(desk.database, {"work": raising(error)}, desk.one())
    assert desk.row()["state"] == "ready"
    assert desk.row()["last_error"].startswith(type(error).__name__)


def test_a_job_whose_lease_was_lost_stays_as_its_new_holder_has_it(desk):
    desk.add()
    lost = desk.one()
    desk.pass_time(seconds=60)
    desk.one()
    before = desk.row()
    run_job(desk.database, {"work": lambda context: None}, lost)
    run_job(desk.database, {"work": raising(ValueError())}, lost)
    run_job(desk.database, {}, lost)
    assert desk.row() == before


def test_foreign_errors_are_told_by_type_and_place_only(desk):
    desk.add()
    canary = "canary-" + "4c1d88"

    def handler(context: JobContext) -> None:
        raise ValueError(f"cannot parse {canary}")

    run_job(desk.database, {"work": handler}, desk.one())
    error = desk.row()["last_error"]
    line = handler.__code__.co_firstlineno + 1
    assert error == f"ValueError in tests.infra.jobs.test_executor, line {line}"
    assert canary not in str(desk.rows())


def test_our_own_errors_are_quoted_unless_they_hold_what_looks_like_a_credential():
    assert describe(ConflictError("it is taken", code="taken")) == "taken: it is taken"
    assert describe(InvalidRequestError(f"{KEY} is no name")) == "invalid_request"
    assert (
        describe(InvalidRequestError(f"{Secret('abc')} is no name"))
        == "invalid_request: Secret(***) is no name"
    )
    assert describe(InvalidRequestError("x" * 600)) == f"invalid_request: {'x' * 483}"
