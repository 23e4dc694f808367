from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from trunkline.infra.log import configure_log, request_context
from trunkline.kit.secret import Secret

TOKEN = "sec_" + "a1B2" * 10 + "xyz"


@pytest.fixture(autouse=True)
def log_settings_kept() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, configured = list(root.handlers), root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configured)


def lines(capture: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    out, err = capture.readouterr()
    assert out == ""
    return [json.loads(line) for line in err.splitlines()]


def test_an_event_is_one_json_object_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    configure_log(json_lines=True, level="info")
    structlog.get_logger("trunkline.web").info("published", version="1.0.0", members=257)
    structlog.get_logger("trunkline.web").debug("too little to tell")
    [event] = lines(capsys)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "published",
        "version": "1.0.0",
        "members": 257,
        "level": "info",
        "logger": "trunkline.web",
    }


def test_events_inside_a_request_carry_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    configure_log(json_lines=True, level="info")
    log = structlog.get_logger("trunkline.web")
    with request_context("0197"):
        log.info("inside")
        logging.getLogger("library").warning("inside too")
    log.info("outside")
    assert [event.get("request_id") for event in lines(capsys)] == ["0197", "0197", None]


def test_libraries_come_out_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure_log(json_lines=True, level="info")
    logging.getLogger("library").warning("%s is late", "it", extra={"seconds": 3})
    logging.getLogger("alembic").info("chatter")
    [event] = lines(capsys)
    assert (event["event"], event["level"], event["seconds"]) == ("it is late", "warning", 3)


@pytest.mark.parametrize("json_lines", [True, False])
def test_no_secret_comes_out_however_it_got_in(
    capsys: pytest.CaptureFixture[str], *, json_lines: bool
) -> None:
    configure_log(json_lines=json_lines, level="info")
    log = structlog.get_logger("trunkline.web")
    password = "canary"
    log.info(TOKEN, password="canary", header="Bearer canary-canary", url="postgresql://u:canary@h/d")
    log.info("nested", body={"apiKey": "canary", "list": [{"client_secret": "canary"}, Secret("canary")]})
    logging.getLogger("library").warning("sent %s", TOKEN, extra={"authorization": "canary"})
    try:
        _refuse(password)
    except ValueError:
        log.exception("failed")
    shown = capsys.readouterr().err
    assert "canary" not in shown
    assert TOKEN not in shown
    assert "sec_…2xyz" in shown
    assert "ValueError: refused sec_…2xyz" in shown


def _refuse(password: str) -> None:
    raise ValueError(f"refused {TOKEN} and {len(password)} characters")


def test_configuring_again_replaces_what_was_set(capsys: pytest.CaptureFixture[str]) -> None:
    configure_log(json_lines=False, level="error")
    configure_log(json_lines=True, level="info")
    structlog.get_logger("trunkline.web").info("once")
    assert [event["event"] for event in lines(capsys)] == ["once"]
