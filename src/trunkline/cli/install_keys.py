"""`trunkline install-key …`: access keys of installations."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number
from msgspec import Struct
from rich.text import Text

from trunkline.cli.failures import CommandError, Exit
from trunkline.cli.opening import opened
from trunkline.cli.options import NO_FLAGS, Common
from trunkline.cli.screen import table
from trunkline.core import installs as core
from trunkline.infra.db import Tx
from trunkline.kit.actor import system_actor
from trunkline.kit.ids import format_id, parse_id
from trunkline.kit.pages import ListQuery

_HOUR_S = 3_600

install_key_app = App(
    name="install-key", help="Access keys of installations: make, list, replace and revoke them."
)


class ShownInstallKey(Struct, frozen=True, rename="camel"):
    """An access key as its list shows it."""

    id: str
    install_id: str
    hint: str
    created_at: str
    expires_at: str | None
    last_active_at: str | None


class MadeInstallKey(Struct, frozen=True, rename="camel"):
    """A new access key; the key itself this once."""

    id: str
    install_id: str
    key: str


@install_key_app.command
def create(install: str, *, common: Common = NO_FLAGS) -> Exit:
    """Make an access key of an installation and print it, this once.

    **Examples**

        trunkline install-key create inst_0197a1b2c3d4e5f60718293a4b5c6d7e

        trunkline install-key create inst_0197a1b2c3d4e5f60718293a4b5c6d7e --json

    Args:
        install: the installation's id, as `trunkline activation list` shows it.
        common: the flags of every command.
    """
    install_id = _install_id(install)
    actor = system_actor("access key of an installation made on the command line")
    with opened(common.settings()) as platform:
        pepper = platform.services.pepper
        issued = platform.database.write_now(
            lambda tx: core.create_install_key(tx, actor, install_id, pepper=pepper)
        )
    return _show(issued, common)


@install_key_app.command(name="list")
def list_(install: str, *, common: Common = NO_FLAGS) -> Exit:
    """List an installation's access keys, the last changed first; what they are is not kept.

    **Examples**

        trunkline install-key list inst_0197a1b2c3d4e5f60718293a4b5c6d7e --json

    Args:
        install: the installation's id, as `trunkline activation list` shows it.
        common: the flags of every command.
    """
    install_id = _install_id(install)
    actor = system_actor("access keys of an installation listed on the command line")

    def work(tx: Tx) -> list[core.InstallKeyRow]:
        everything = ListQuery(limit=2 * core.KEYS_MAX, count=False)
        return core.list_install_keys(tx, actor, everything, install_id=install_id).rows

    with opened(common.settings()) as platform:
        shown = [_shown(row) for row in platform.database.read_now(work)]
    lines = [
        (key.id, key.hint[-4:], key.created_at[:10], _moment(key.last_active_at), _moment(key.expires_at))
        for key in shown
    ]
    heads = ("id", "ends in", "made", "last used", "ends")
    common.screen.result(shown, table(heads, lines) if lines else Text("no access keys"))
    return Exit.OK


@install_key_app.command
def rotate(
    key: str,
    *,
    overlap_hours: Annotated[
        int, Parameter(validator=Number(gte=0, lte=core.OVERLAP_MAX_S // _HOUR_S))
    ] = core.OVERLAP_S // _HOUR_S,
    common: Common = NO_FLAGS,
) -> Exit:
    """Make the access key that replaces another one, and print it, this once.

    **Examples**

        trunkline install-key rotate ikey_0197a1b2c3d4e5f60718293a4b5c6d7e

        trunkline install-key rotate ikey_0197a1b2c3d4e5f60718293a4b5c6d7e --overlap-hours 0

    Args:
        key: the id of the key to replace, as `trunkline install-key list` shows it.
        overlap_hours: how long the replaced key is still good for; 0 ends it at once.
        common: the flags of every command.
    """
    key_id = _key_id(key)
    actor = system_actor("access key of an installation replaced on the command line")
    with opened(common.settings()) as platform:
        pepper = platform.services.pepper
        issued = platform.database.write_now(
            lambda tx: core.rotate_install_key(
                tx, actor, key_id, pepper=pepper, overlap_s=overlap_hours * _HOUR_S
            )
        )
    return _show(issued, common)


@install_key_app.command
def revoke(key: str, *, common: Common = NO_FLAGS) -> Exit:
    """End an access key of an installation from the next request on.

    **Examples**

        trunkline install-key revoke ikey_0197a1b2c3d4e5f60718293a4b5c6d7e

    Args:
        key: its id, as `trunkline install-key list` shows it.
        common: the flags of every command.
    """
    key_id = _key_id(key)
    actor = system_actor("access key of an installation revoked on the command line")
    with opened(common.settings()) as platform:
        row = platform.database.write_now(lambda tx: core.revoke_install_key(tx, actor, key_id))
    common.screen.result(_shown(row), f"the key that ends in {row.ending} is revoked")
    return Exit.OK


def _show(issued: core.IssuedInstallKey, common: Common) -> Exit:
    made = MadeInstallKey(
        id=format_id("install_key", issued.row.id),
        install_id=format_id("install", issued.row.install_id),
        key=issued.secret.reveal(),
    )
    common.screen.result(made, f"access key  {made.key}")
    common.screen.note(
        f"It is shown this once. Revoke it with: trunkline install-key revoke {made.id}{common.flags()}"
    )
    return Exit.OK


def _install_id(text: str) -> str:
    found = parse_id("install", text)
    if found is None:
        hint = "it looks like inst_ and 32 characters; `trunkline activation list` shows all of a workspace"
        raise CommandError("invalid_id", "that is no id of an installation", hint, exit_code=Exit.USAGE)
    return found


def _key_id(text: str) -> str:
    found = parse_id("install_key", text)
    if found is None:
        hint = (
            "it looks like ikey_ and 32 characters; `trunkline install-key list` shows all of an installation"
        )
        raise CommandError("invalid_id", "that is no id of an access key", hint, exit_code=Exit.USAGE)
    return found


def _shown(row: core.InstallKeyRow) -> ShownInstallKey:
    return ShownInstallKey(
        id=format_id("install_key", row.id),
        install_id=format_id("install", row.install_id),
        hint=core.mask(row.ending),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_active_at=row.last_active_at,
    )


def _moment(stored: str | None) -> str:
    return "" if stored is None else stored[:16].replace("T", " ")
