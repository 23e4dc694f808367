"""All commands together, and how the process ends: one exit code, never a trace."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence

from cyclopts import App, CycloptsError

from trunkline import __version__
from trunkline.cli.failures import Exit
from trunkline.cli.screen import Screen
from trunkline.infra.log import configure_log

HELP = """\
Trunkline: a self-hosted integration platform.

Start with `trunkline demo` to look around, or `trunkline up` for an instance of your own.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 unhealthy (doctor, verify, db status, vault), 130 interrupted.
"""

app = App(
    name="trunkline",
    help=HELP,
    help_format="markdown",
    version=__version__,
    exit_on_error=False,
    print_error=False,
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)
# Where each command is; imported when it is named, or all of them when they are to be listed.
COMMANDS = {
    "init": "setup:init",
    "serve": "serve:serve",
    "up": "serve:up",
    "demo": "demo:demo",
    "simulator": "simulator:simulator",
    "check": "checking:check",
    "deploy": "deploying:deploy",
    "import": "importing:import_app",
    "key": "keys:key_app",
    "provider": "providers:provider_app",
    "user": "users:user_app",
    "tenant": "tenants:tenant_app",
    "site": "tenants:site_app",
    "activation": "activations:activation_app",
    "install-key": "install_keys:install_key_app",
    "db": "db:db_app",
    "vault": "vault:vault_app",
    "verify": "verify:verify",
    "doctor": "doctor:doctor",
    "settings": "configuration:settings",
    "version": "about:version",
}
for name, place in COMMANDS.items():
    app.command(f"trunkline.cli.{place}", name=name)


def run(arguments: Sequence[str], *, loaded: Callable[[], None] = lambda: None) -> int:
    """Run one command line; the exit code.

    Whatever goes wrong is printed as one sentence and a hint; only with TRUNKLINE_LOG_LEVEL=debug is the
    trace of an unexpected error printed too.

    Args:
        arguments: what comes after the program's name.
        loaded: called once what the command needs is imported, before it runs.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ✓ is no reason to fail
    # Until `serve` says otherwise; without it, events would be mixed into what is printed.
    configure_log(json_lines=False, level="warning")
    try:
        named, _, _ = app.parse_commands(list(arguments))  # imports the command
        if not named or named[0] in app.help_flags:
            app.resolved_commands()  # all are listed, each with the first line of its own help
        loaded()
        answer = app(list(arguments))
    except BrokenPipeError:
        # Whoever read our output has had enough, e.g. `| head`; nothing more can be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # the last line of defence
        from trunkline.cli.explanations import explain  # noqa: PLC0415  # only failures pay for it

        failure = explain(error)
        if os.environ.get("TRUNKLINE_LOG_LEVEL") == "debug" and not isinstance(error, CycloptsError):
            traceback.print_exception(error)
        Screen(json="--json" in arguments).failure(failure)
        return failure.exit
    return answer if isinstance(answer, int) else Exit.OK
