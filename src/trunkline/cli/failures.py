"""How commands fail: one sentence, a hint what to do, and an exit code that scripts can rely on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """What the process answers its caller; documented, hence stable."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNHEALTHY = 3
    INTERRUPTED = 130


class CommandError(Exception):
    """A command that cannot do what it was asked for.

    Attributes:
        code: stable, for programs.
        hint: what to do about it; may be empty.
        exit: the process's answer.
    """

    def __init__(self, code: str, message: str, hint: str = "", *, exit_code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.exit = exit_code


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as it is shown."""

    code: str
    message: str
    hint: str = ""
    exit: Exit = Exit.FAILED
