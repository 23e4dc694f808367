"""`trunkline vault …`: the keys that seal credentials: look at them, replace them, take old ones out."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter
from msgspec import Struct

from trunkline.bootstrap import SEALED, Platform
from trunkline.cli.failures import CommandError, Exit
from trunkline.cli.opening import opened
from trunkline.cli.options import NO_FLAGS, Common
from trunkline.cli.screen import Screen
from trunkline.cli.vault_status import advice, counted, drawn, is_lossy, status_of
from trunkline.infra.vault import KeyInUseError, KeyRing, UnknownKeyError
from trunkline.infra.vault.retiring import retire as retire_key
from trunkline.infra.vault.rotation import Moved, Rotation, polite
from trunkline.infra.vault.stock import take_stock
from trunkline.kit.clock import SystemClock, stamp

SHOWN_UNREADABLE = 5

vault_app = App(name="vault", help="The keys that seal credentials: look at them and rotate them.")


class Rotated(Struct, frozen=True, rename="camel"):
    """What a rotation did; `unreadable` says what does not open and was left alone."""

    active_key: str
    data_keys_rewrapped: int
    root_rewrapped: bool
    data_keys_made: int
    values_resealed: int
    unreadable: list[str]


@vault_app.command
def status(*, common: Common = NO_FLAGS) -> Exit:
    """Show which key wraps what, and what is still under an older one; exit code 3 if something is lost.

    Changes nothing and may run beside a server.

    **Examples**

        trunkline vault status

        trunkline vault status --json | jq '.values'
    """
    screen = common.screen
    with opened(common.settings()) as platform:
        ring = platform.services.vault.ring()
        stock = platform.database.check_now(lambda tx: take_stock(tx, ring, SEALED))
    found = status_of(ring, stock, SystemClock().now())
    screen.result(found, f"key file  {found.key_file}", "", *drawn(found))
    for sentence, command in advice(found):
        screen.note(f"\n{sentence}: {command}{common.flags()}")
    if not is_lossy(found):
        return Exit.OK
    screen.warn("some of it cannot be opened any more: `trunkline verify` names what")
    return Exit.UNHEALTHY


@vault_app.command
def rotate(
    *,
    data_keys: Annotated[bool, Parameter(negative="")] = False,
    without_rewrap: Annotated[bool, Parameter(negative="")] = False,
    common: Common = NO_FLAGS,
) -> Exit:
    """Make a new key-encryption key and wrap every data key under it; or replace the data keys themselves.

    Servers go on meanwhile and find the new key by themselves. May be stopped at any moment: everything stays
    open, and `trunkline vault rewrap` finishes it. Copy the key file afterwards.

    **Examples**

        trunkline vault rotate

        trunkline vault rotate --data-keys

        trunkline vault rotate --without-rewrap

    Args:
        data_keys: give every organization a new data key and seal every value anew.
        without_rewrap: only add the key to the file, to be copied to other machines before the re-wrapping.
        common: the flags of every command.
    """
    if data_keys and without_rewrap:
        hint = "--without-rewrap is about the key file, which --data-keys leaves as it is"
        raise CommandError(
            "usage", "--data-keys and --without-rewrap exclude each other", hint, exit_code=Exit.USAGE
        )
    with opened(common.settings()) as platform:
        if data_keys:
            return _rotate_data_keys(platform, common)
        before = platform.services.vault.ring().active_id
        ring = KeyRing.add_key(platform.settings.vault_key)
        moved = Moved() if without_rewrap else _rewrapped(platform, common.screen)
    lines = [f"{ring.active_id} in {ring.path} is the active key now."]
    if without_rewrap:
        lines.append(
            "Nothing is wrapped under it yet: copy the file to every machine, then run vault rewrap."
        )
    else:
        lines.append(f"{counted(moved.count, 'data key')} and the instance root are wrapped under it.")
    exit_code = _told(common, ring, moved, Moved(), 0, *lines)
    common.screen.note(
        f"Copy the key file now. Once no backup from before is needed: trunkline vault retire {before}"
        f"{common.flags()}"
    )
    return exit_code


@vault_app.command
def rewrap(*, common: Common = NO_FLAGS) -> Exit:
    """Finish what a rotation left: wrap under the active key, and seal under each newest data key.

    Finds out by itself what there is to do, and does nothing where there is nothing.

    **Examples**

        trunkline vault rewrap
    """
    with opened(common.settings()) as platform:
        moved = _rewrapped(platform, common.screen)
        resealed = _resealed(platform, common.screen)
        ring = platform.services.vault.ring()
    done = moved.count or moved.root or resealed.count
    what = f"{counted(moved.count, 'data key')} and {counted(resealed.count, 'value')} were moved."
    return _told(common, ring, moved, resealed, 0, what if done else "There was nothing to do.")


@vault_app.command
def retire(key: str, *, common: Common = NO_FLAGS) -> Exit:
    """Take a key that wraps nothing out of the key file, for good.

    Backups of the database made before it was replaced open with this key alone: keep an old copy of the
    key file for as long as you keep them.

    **Examples**

        trunkline vault retire kek_1

    Args:
        key: its id, as `trunkline vault status` shows it.
        common: the flags of every command.
    """
    with opened(common.settings()) as platform:
        ring = platform.services.vault.ring()
        if not ring.holds(key):
            known = f"it holds {', '.join(ring.ids)}"
            raise CommandError("key_not_found", f"the key file {ring.path} holds no {key}", known)
        if key == ring.active_id:
            hint = f"replace it first with: trunkline vault rotate{common.flags()}"
            raise CommandError("key_in_use", f"{key} is the active key", hint)
        try:
            retire_key(platform.database, ring, key)
        except KeyInUseError as error:
            hint = f"move it to the active key with: trunkline vault rewrap{common.flags()}"
            raise CommandError("key_in_use", str(error), hint) from error
        except UnknownKeyError as error:
            raise CommandError("key_not_found", str(error)) from error
        left = platform.services.vault.ring()
    common.screen.result(
        {"retired": key, "keys": list(left.ids)},
        f"{key} is gone from {left.path}; left: {', '.join(left.ids)}",
    )
    return Exit.OK


def _rotate_data_keys(platform: Platform, common: Common) -> Exit:
    rotation = _rotation(platform)
    with common.screen.progress("Making data keys") as step:
        made = rotation.add_data_keys(stamp(SystemClock().now()), step)
    resealed = _resealed(platform, common.screen)
    line = f"{counted(made, 'data key')} made, {counted(resealed.count, 'value')} sealed anew."
    return _told(common, platform.services.vault.ring(), Moved(), resealed, made, line)


def _rotation(platform: Platform) -> Rotation:
    return Rotation(platform.database, platform.services.vault, SEALED, rest=polite(platform.database))


def _rewrapped(platform: Platform, screen: Screen) -> Moved:
    with screen.progress("Wrapping data keys") as step:
        return _rotation(platform).rewrap(step)


def _resealed(platform: Platform, screen: Screen) -> Moved:
    with screen.progress("Sealing values") as step:
        return _rotation(platform).reseal(step)


def _told(common: Common, ring: KeyRing, wrapped: Moved, resealed: Moved, made: int, *lines: str) -> Exit:
    unreadable = wrapped.unreadable + resealed.unreadable
    done = Rotated(
        active_key=ring.active_id,
        data_keys_rewrapped=wrapped.count,
        root_rewrapped=wrapped.root,
        data_keys_made=made,
        values_resealed=resealed.count,
        unreadable=unreadable,
    )
    common.screen.result(done, *lines)
    for sentence in unreadable[:SHOWN_UNREADABLE]:
        common.screen.warn(sentence)
    if unreadable:
        common.screen.warn(
            f"{len(unreadable)} do not open and were left alone; `trunkline verify` names them"
        )
    return Exit.UNHEALTHY if unreadable else Exit.OK
