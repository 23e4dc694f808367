"""Where commands get a password from: the terminal, unseen, or standard input; never from a flag."""

from __future__ import annotations

import sys
from getpass import getpass

from trunkline.cli.failures import CommandError, Exit
from trunkline.infra.vault.passwords import PASSWORD_MAX, PasswordHash, hash_password
from trunkline.kit.secret import Secret


def ask_password(*, stdin: bool, what: str) -> PasswordHash:
    """The hash of the password that is typed in, twice, or that stands on standard input.

    Args:
        stdin: read standard input to its end; one line break there is no part of the password.
        what: whose password, for the question.

    Raises:
        CommandError: there is no terminal to ask on, or the two differ.
        InvalidRequestError: it is too short or too long, or no UTF-8.
    """
    return hash_password(_from_stdin() if stdin else _typed(what))


def _from_stdin() -> Secret:
    # A little more than is allowed tells that it is too long, however long it is.
    data = sys.stdin.buffer.read(PASSWORD_MAX + 3)
    return Secret(data.removesuffix(b"\n").removesuffix(b"\r"))


def _typed(what: str) -> Secret:
    if not sys.stdin.isatty():
        raise CommandError(
            "no_terminal",
            "there is no terminal to ask for a password on",
            "pass it on standard input, with --password-stdin",
            exit_code=Exit.USAGE,
        )
    first = Secret(getpass(f"Password for {what}: ", stream=sys.stderr))
    if first != Secret(getpass("Once more: ", stream=sys.stderr)):
        raise CommandError("passwords_differ", "the two are not the same; nothing was changed")
    return first
