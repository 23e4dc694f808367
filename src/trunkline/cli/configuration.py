"""`trunkline settings`: what is in force, and the reference page of all settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, get_type_hints

import msgspec
from cyclopts import Parameter

from trunkline.cli.failures import Exit
from trunkline.cli.options import NO_FLAGS, NO_SERVER_FLAGS, Common, Server
from trunkline.cli.screen import table
from trunkline.settings import FILE_NAME, Settings, flag_of, variable_of

_INTRODUCTION = f"""\
# Settings

Flags win over variables, variables over the file, the file over the defaults. The file is the one that `--config`
or `TRUNKLINE_CONFIG` names, else `{FILE_NAME}` in the data directory. Relative paths in the file start at the
file's directory. A name that is not listed here is an error. An empty variable counts as not set.

`TRUNKLINE_URL` and `TRUNKLINE_TOKEN` stand for `--url` and `--token` of the commands that speak to a server.

| In the file | Variable | Flag | Default | |
| --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True, slots=True)
class Documented:
    """A setting as the reference describes it."""

    name: str
    default: str
    description: str


def settings(
    *,
    markdown: Annotated[bool, Parameter(negative="")] = False,
    common: Common = NO_FLAGS,
    server: Server = NO_SERVER_FLAGS,
) -> Exit:
    """Show the settings in force, wherever they were set; passwords are masked.

    **Examples**

        trunkline settings

        TRUNKLINE_PORT=9000 trunkline settings --json

    Args:
        markdown: print the reference page of all settings instead.
        common: the flags of every command.
        server: the flags of the commands that serve.
    """
    screen = common.screen
    if markdown:
        screen.result({"markdown": settings_reference()}, settings_reference().rstrip("\n"))
        return Exit.OK
    values: dict[str, Any] = dict(common.settings(server).__rich_repr__())
    plain = msgspec.to_builtins(values, enc_hook=str)
    rows = [(name, "" if value is None else str(value)) for name, value in plain.items()]
    screen.result(plain, table(("setting", "value"), rows))
    return Exit.OK


def settings_reference() -> str:
    """The reference page of all settings, in Markdown."""
    rows = [
        f"| `{one.name}` | `{variable_of(one.name)}` | {_flag(one.name)} | {one.default} | {one.description} |"
        for one in documented()
    ]
    return _INTRODUCTION + "\n".join([*rows, ""])


def documented() -> Iterator[Documented]:
    """Every setting with its default and what it does, in the order of their declaration."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    for name, hint in get_type_hints(Settings, include_extras=True).items():
        [note] = [meta for meta in hint.__metadata__ if meta.description]
        default = (note.extra or {}).get("default") or _spelled(defaults[name])
        yield Documented(name, default, note.description)


def _spelled(default: Any) -> str:
    if default is None:
        return "none"
    return f"`{msgspec.json.encode(default).decode().strip(chr(34))}`"


def _flag(name: str) -> str:
    known = Common.__dataclass_fields__.keys() | Server.__dataclass_fields__.keys()
    return f"`{flag_of(name)}`" if name in known else ""
