"""The log: what happened, one event a line, on standard error; for people or as JSON.

    structlog.get_logger("trunkline.web").info("published", version="1.0.0")
    2026-11-22T10:00:00.000000Z info published version=1.0.0 request_id=…

Log events, ids and counts; never bodies, headers or settings. What looks like a credential is masked all the
same, and traces carry no values of variables. Libraries that use the standard library's `logging` come out
the same way.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars
from structlog.typing import Processor

from trunkline.kit.keys import hint
from trunkline.kit.secret import Secret

MASK = "***"
QUIET = {
    "alembic": logging.WARNING,
    "aiohttp.access": logging.WARNING,
    "_granian": logging.WARNING,
    "psycopg": logging.ERROR,  # warns of every lost race that is about to be run again
    "psycopg.pool": logging.WARNING,
}
"""Libraries that are chattier than they are useful."""

_SLOTS = re.compile(
    r"password|passwd|secret|token|authorization|cookie|api_?key|private_?key|credential|dsn", re.IGNORECASE
)
_KEY = re.compile(r"(?:sec|pub|tok|prv|ses|inf)_[0-9A-Za-z]{43}|ak_[0-9A-Za-z]{32}", re.ASCII)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_URL_PASSWORD = re.compile(r"(?P<head>://[^\s/:@]*:)[^\s/@]+(?=@)")


def configure_log(*, json_lines: bool, level: str) -> None:
    """Send every log event of the process to standard error; calling it again replaces what was set.

    Args:
        json_lines: one JSON object per line instead of lines for people.
        level: `debug`, `info`, `warning` or `error`: the least that is written.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%S.%fZ", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        mask_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(shared, json_lines=json_lines))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(least, root.level))


@contextmanager
def request_context(request_id: str) -> Iterator[None]:
    """Every event logged inside, on this task, carries the request's id."""
    with bound_contextvars(request_id=request_id):
        yield


def mask_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Masks members named like a credential and text that looks like one, at any depth."""
    for name, value in event.items():
        event[name] = _masked(name, value)
    return event


def _masked(name: str, value: Any) -> Any:
    if isinstance(value, Secret) or (
        _SLOTS.search(name) and isinstance(value, (str, bytes, dict, list, tuple))
    ):
        return MASK
    if isinstance(value, str):
        return _masked_text(value)
    if isinstance(value, dict):
        return {inner: _masked(str(inner), item) for inner, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked("", item) for item in value]
    return value


def _masked_text(text: str) -> str:
    text = _KEY.sub(lambda found: hint(found[0]), text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    return _URL_PASSWORD.sub(rf"\g<head>{MASK}", text)


def _formatter(shared: list[Processor], *, json_lines: bool) -> logging.Formatter:
    renderer: Processor
    if json_lines:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False, default=repr)
    else:
        # The plain formatter: the rich one would print the values of local variables.
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
