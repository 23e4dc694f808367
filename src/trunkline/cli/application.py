"""All commands together, and how the process ends: one exit code, never a trace."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence

from cyclopts import App, CycloptsError

from trunkline import __version__
from trunkline.cli.about import version
from trunkline.cli.activations import activation_app
from trunkline.cli.checking import check
from trunkline.cli.configuration import settings
from trunkline.cli.db import db_app
from trunkline.cli.demo import demo
from trunkline.cli.deploying import deploy
from trunkline.cli.doctor import doctor
from trunkline.cli.failures import Exit, explain
from trunkline.cli.importing import import_app
from trunkline.cli.install_keys import install_key_app
from trunkline.cli.keys import key_app
from trunkline.cli.providers import provider_app
from trunkline.cli.screen import Screen
from trunkline.cli.serve import serve, up
from trunkline.cli.setup import init
from trunkline.cli.simulator import simulator
from trunkline.cli.tenants import site_app, tenant_app
from trunkline.cli.users import user_app
from trunkline.cli.vault import vault_app
from trunkline.cli.verify import verify
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
COMMANDS: tuple[Callable[..., Exit] | App, ...] = (
    init,
    serve,
    up,
    demo,
    simulator,
    check,
    deploy,
    import_app,
    key_app,
    provider_app,
    user_app,
    tenant_app,
    site_app,
    activation_app,
    install_key_app,
    db_app,
    vault_app,
    verify,
    doctor,
    settings,
    version,
)
for command in COMMANDS:
    app.command(command)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code.

    Whatever goes wrong is printed as one sentence and a hint; only with TRUNKLINE_LOG_LEVEL=debug is the
    trace of an unexpected error printed too.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ✓ is no reason to fail
    # Until `serve` says otherwise; without it, events would be mixed into what is printed.
    configure_log(json_lines=False, level="warning")
    try:
        answer = app(list(arguments))
    except BrokenPipeError:
        # Whoever read our output has had enough, e.g. `| head`; nothing more can be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # the last line of defence
        failure = explain(error)
        if os.environ.get("TRUNKLINE_LOG_LEVEL") == "debug" and not isinstance(error, CycloptsError):
            traceback.print_exception(error)
        Screen(json="--json" in arguments).failure(failure)
        return failure.exit
    return answer if isinstance(answer, int) else Exit.OK
