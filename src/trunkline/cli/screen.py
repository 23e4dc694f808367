"""What commands print: results on standard output, everything else on standard error.

With --json a result is one JSON value on one line and an error one object; nothing else is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from trunkline.cli.failures import Failure

PIPE_WIDTH = 200  # columns, where nobody looks: tables are not cut to an imagined terminal

Step = Callable[[int, int], None]
"""Told how much is done, and of how much."""


class Screen:
    """Where one command prints.

    Attributes:
        json: answer machines instead of people.
    """

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self._out = _console(stderr=False)
        self._err = _console(stderr=True)

    def result(self, value: Any, *lines: str | Text | Table) -> None:
        """Print what the command was for: `value` for machines, `lines` for people."""
        if self.json:
            self._out.out(msgspec.json.encode(value).decode(), highlight=False)
            self._out.file.flush()
            return
        for line in lines:
            self._out.print(line, soft_wrap=not isinstance(line, Table), markup=False, highlight=False)
        self._out.file.flush()

    def note(self, text: str) -> None:
        """Tell people something beside the result."""
        if not self.json:
            self._err.print(Text(text, style="dim"), soft_wrap=True)

    def warn(self, text: str) -> None:
        """Tell people something they should act on."""
        if not self.json:
            self._err.print(Text.assemble(("warning: ", "yellow"), text), soft_wrap=True)

    def failure(self, failure: Failure) -> None:
        """Print why the command failed."""
        if self.json:
            error = {"code": failure.code, "message": failure.message}
            if failure.hint:
                error["hint"] = failure.hint
            self._err.out(msgspec.json.encode({"error": error}).decode(), highlight=False)
            return
        self._err.print(Text.assemble(("error: ", "bold red"), (failure.message, "red")), soft_wrap=True)
        if failure.hint:
            self._err.print(Text(f"hint: {failure.hint}", style="dim"), soft_wrap=True)

    @contextmanager
    def progress(self, what: str) -> Iterator[Step]:
        """A bar for long work, where somebody watches; otherwise the steps go nowhere."""
        if self.json or not self._err.is_terminal:
            yield lambda _done, _total: None
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._err, transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Rows under headings, without colour or markup in the cells."""
    drawn = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        drawn.add_column(heading, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    return drawn


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=PIPE_WIDTH)
