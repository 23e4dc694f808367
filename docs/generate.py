"""Writes the pages of docs/reference that are made from the code; `--check` only says which are out of date."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

from msgspec import Struct
from msgspec import inspect as shapes

import trunkline
from trunkline.cli.configuration import settings_reference
from trunkline.core.access import Permission
from trunkline.core.manifests import RULES, Manifest, Rule
from trunkline.dialects import discover
from trunkline.kit.errors import TrunklineError
from trunkline.web import Dialect

REFERENCE = Path(__file__).parent / "reference"
MADE = "<!-- Made from the code by `make docs`; edit the code. -->"
UNIMPORTABLE = re.compile(r"trunkline\.(?:__main__$|migrations\b)")  # they act when imported


@dataclass(frozen=True, slots=True)
class InlineError:
    """A code given where an error is raised, instead of by its class."""

    code: str
    status: int
    message: str


def errors_page() -> str:
    """Every error code a caller can meet."""
    rows = {error.code: (error.kind.status, _first_paragraph(error)) for error in raised_errors()}
    messages: dict[tuple[str, int], list[str]] = defaultdict(list)
    for found in inline_errors():
        if found.code not in rows:
            messages[found.code, found.status].append(found.message)
    for (code, status), said in messages.items():
        rows[code] = (status, "; or: ".join(dict.fromkeys(said)))
    table = _table(
        ("Code", "Status", "Meaning"),
        [(f"`{code}`", str(status), meaning) for code, (status, meaning) in sorted(rows.items())],
    )
    return _page(
        "Error codes",
        "A code is stable: it keeps its meaning and its status. The message beside it is for people and may be"
        " worded better in any release. An answer that refuses input lists every place it complains about.",
        table,
    )


def permissions_page() -> str:
    """Every permission, with the operations it opens."""
    opened: dict[str, list[str]] = defaultdict(list)
    for dialect in discover():
        for route in dialect.routes:
            if route.permission:
                opened[route.permission].append(f"- `{route.method} {route.path}` ({dialect.name})")
    sections = [f"## `{one.value}`\n\n" + "\n".join(opened[one.value]) for one in sorted(Permission)]
    return _page(
        "Permissions",
        "A permission is `resource:action`. A key may be narrowed to some of them; `resource:*`, `*:action` and"
        " `*` stand for several. A permission lets a call through to the object, where the caller's tier"
        " (viewer, editor, admin) decides: a key never allows more than the user it belongs to.",
        *sections,
    )


def settings_page() -> str:
    """Every setting, with its variable, its flag and its default."""
    return f"{MADE}\n\n{settings_reference()}"


def dialect_page(dialect: Dialect) -> str:
    """Every operation of one published API."""
    tags = dict.fromkeys(tag for route in dialect.routes for tag in route.tags)
    sections = []
    for tag in tags:
        rows = [
            (
                f"`{route.method} {route.path}`",
                f"`{route.permission}`" if route.permission else "",
                route.summary,
            )
            for route in dialect.routes
            if tag in route.tags
        ]
        sections.append(f"## {tag}\n\n{_table(('Operation', 'Permission', 'What it does'), rows)}")
    apart = [route for route in dialect.routes if route.mount_only]
    where = f"Served below `/{dialect.name}` and, verbatim, at the root"
    if apart:
        paths = dict.fromkeys(f"`{route.path}`" for route in apart)
        where += f"; below `/{dialect.name}` only: {', '.join(paths)}"
    return _page(
        dialect.title,
        dialect.description,
        f"{where}. A running server shows parameters, members, examples and statuses at `/docs/{dialect.name}`, and"
        f" gives the OpenAPI document at `/openapi/{dialect.name}.json`.",
        *sections,
    )


def manifest_page() -> str:
    """Every member of a manifest, and every rule it is held against."""
    sections = []
    for scope in dict.fromkeys(rule.scope for rule in RULES):
        rows = [_rule_row(rule) for rule in RULES if rule.scope is scope]
        sections.append(
            f"### {scope.capitalize()}\n\n{_table(('Rule', 'Severity', 'What holds', 'Remedy'), rows)}"
        )
    return _page(
        "The manifest",
        "What `amp.yaml` may hold, and the rules that `trunkline check` holds it against;"
        " [how to write one](../how-to/write-a-manifest.md) shows it at work.",
        f"## Members\n\n{_table(('Member', 'Type', 'Required'), list(_manifest_members(Manifest)))}",
        "## Rules\n\nA rule keeps its name. A manifest with an error is refused; a warning is silenced by a comment"
        " `# amp:ignore[rule]`.",
        *sections,
    )


PAGES: dict[str, Callable[[], str]] = {
    "errors.md": errors_page,
    "manifest.md": manifest_page,
    "permissions.md": permissions_page,
    "settings.md": settings_page,
    **{f"{dialect.name}.md": partial(dialect_page, dialect) for dialect in discover()},
}


def raised_errors() -> list[type[TrunklineError]]:
    """Every class below `TrunklineError`, by name."""
    _load_everything()
    found: set[type[TrunklineError]] = set()
    waiting = [TrunklineError]
    while waiting:
        below = [one for one in waiting.pop().__subclasses__() if one.__module__.startswith("trunkline.")]
        found.update(below)
        waiting.extend(below)
    return sorted(found, key=lambda error: (error.__name__, error.__module__))


def inline_errors() -> Iterator[InlineError]:
    """Every `SomeError(…, code="…")` of the source."""
    for module in _load_everything():
        for node in ast.walk(ast.parse(inspect.getsource(module) or "")):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            error = getattr(module, node.func.id, None)
            if not (isinstance(error, type) and issubclass(error, TrunklineError)):
                continue
            for keyword in node.keywords:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                    message = _message(node.args[0]) if node.args else _first_paragraph(error)
                    yield InlineError(str(keyword.value.value), error.kind.status, message)


def out_of_date() -> list[str]:
    """Names of the pages whose file is not what the code makes of it."""
    return [name for name, page in PAGES.items() if _read(REFERENCE / name) != page()]


def _rule_row(rule: Rule) -> tuple[str, ...]:
    return f"`{rule.name}`", rule.severity, rule.sentence, rule.remedy


def _manifest_members(shape: type[Struct], path: str = "") -> Iterator[tuple[str, ...]]:
    for field in shapes.type_info(shape).fields:  # type: ignore[attr-defined]  # a struct's type has them
        place = f"{path}{field.encode_name}"
        inner, what = _described(field.type)
        is_list = isinstance(field.type, shapes.VarTupleType)
        yield f"`{place}{'[]' * is_list}`", what, "yes" if field.required else ""
        if isinstance(inner, shapes.StructType):
            yield from _manifest_members(inner.cls, f"{place}{'[]' * is_list}.")


def _described(shape: shapes.Type) -> tuple[shapes.Type, str]:
    """What a member holds, and how it is called."""
    shape = shape.type if isinstance(shape, shapes.Metadata) else shape
    if isinstance(shape, shapes.VarTupleType):
        inner, what = _described(shape.item_type)
        plural = what.replace("text,", "texts, each") if what.startswith("text") else f"{what}s"
        return inner, f"list of {plural}"
    if isinstance(shape, shapes.LiteralType):
        return shape, " or ".join(f"`{value}`" for value in shape.values)
    if isinstance(shape, shapes.StrType):
        return shape, f"text, up to {shape.max_length:,} characters"
    called = {shapes.BoolType: "truth value", shapes.IntType: "whole number", shapes.StructType: "mapping"}
    return shape, called[type(shape)]


def _load_everything() -> list[Any]:
    names = [found.name for found in walk_packages(trunkline.__path__, "trunkline.")]
    return [import_module(name) for name in sorted(names) if not UNIMPORTABLE.match(name)]


def _first_paragraph(error: type[TrunklineError]) -> str:
    return " ".join((inspect.getdoc(error) or "").split("\n\n")[0].split())


def _message(sentence: ast.expr) -> str:
    if isinstance(sentence, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in sentence.values)
    return str(sentence.value) if isinstance(sentence, ast.Constant) else "…"


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [headings, tuple("---" for _ in headings), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _page(title: str, *blocks: str) -> str:
    return "\n\n".join([MADE, f"# {title}", *blocks]) + "\n"


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def main() -> int:
    """Write the pages, or with `--check` fail when one is out of date."""
    stale = out_of_date()
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"docs/reference/{name} is out of date: run `make docs`", file=sys.stderr)
        return 1 if stale else 0
    REFERENCE.mkdir(exist_ok=True)
    for name in stale:
        (REFERENCE / name).write_text(PAGES[name](), "utf-8")
        print(f"wrote docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
