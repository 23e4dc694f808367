"""The rules that ruff, mypy and import-linter cannot say. Each takes a module and yields what offends."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from tests.architecture.source import Module

Rule: TypeAlias = Callable[[Module], Iterator[str]]

MODULE_LINES = 500
FUNCTION_LINES = 80
NAMELESS = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}
SQL_HOMES = ("trunkline.infra.db", "trunkline.infra.jobs", "trunkline.migrations")
SQL = re.compile(r"\s*(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s")
DRIVERS = {"apsw", "psycopg", "psycopg_pool", "sqlite3", "alembic"}
CLIENTS = {"aiohttp", "httpx", "requests", "urllib3", "aiohappyeyeballs", "yarl"}
MARKS = re.compile("#.*\\b(?:" + "TO" + "DO|FIX" + "ME|XX" + "X|HA" + "CK)\\b")
# What is imported only where it is needed, by whom: commands that do without it start sooner.
LATE = {
    "trunkline.__main__": {"trunkline.cli.application"},
    "trunkline.bootstrap": {"trunkline.infra.db.migrate"},
    "trunkline.cli.application": {"trunkline.cli.explanations"},
    "trunkline.infra.db": {"trunkline.infra.db.postgres"},
    "trunkline.infra.db.revisions": {"psycopg"},
    "trunkline.infra.http.client": {
        "trunkline.infra.http.connecting",
        "trunkline.infra.http.exchange",
        "trunkline.infra.http.line",
    },
}
FACES_OPEN_TO = ("trunkline.bootstrap",)  # the composition root also names tables, specs, handlers and jobs


def modules_stay_short(module: Module) -> Iterator[str]:
    lines = module.text.count("\n")
    if lines > MODULE_LINES and not module.is_below("trunkline.migrations"):
        yield f"{module.name} has {lines} lines"


def functions_stay_short(module: Module) -> Iterator[str]:
    if module.is_below("trunkline.migrations"):
        return
    for function in module.functions():
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES:
            yield f"{module.name}:{function.lineno} {function.name} has {lines} lines"


def modules_are_named_for_what_they_hold(module: Module) -> Iterator[str]:
    if NAMELESS & set(module.name.split(".")):
        yield module.name


def imports_stand_at_the_top(module: Module) -> Iterator[str]:
    late = {line for line, imported, _ in module.imports() if imported in LATE.get(module.name, ())}
    for function in module.functions():
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom) and node.lineno not in late:
                yield f"{module.name}:{node.lineno} imports inside {function.name}"


def sql_stays_in_its_homes(module: Module) -> Iterator[str]:
    if module.is_below(*SQL_HOMES) or _is_queries(module):
        return
    for line, text in module.texts():
        if SQL.match(text):
            yield f"{module.name}:{line} {text.strip()[:40]!r}"


def drivers_stay_in_infra_db(module: Module) -> Iterator[str]:
    if module.is_below("trunkline.infra.db", "trunkline.migrations"):
        return
    for line, imported, _ in module.imports():
        if imported.partition(".")[0] in DRIVERS:
            yield f"{module.name}:{line} imports {imported}"


def one_client_speaks_to_other_servers(module: Module) -> Iterator[str]:
    """What else sends would send without the checks of `infra.http`."""
    if module.is_below("trunkline.infra.http"):
        return
    for line, imported, name in module.imports():
        whole = f"{imported}.{name}" if name else imported
        if imported.partition(".")[0] in CLIENTS or whole.startswith("urllib.request"):
            yield f"{module.name}:{line} imports {imported}"


def sqlalchemy_only_declares_tables(module: Module) -> Iterator[str]:
    if module.is_below("trunkline.infra.db", "trunkline.migrations") or module.name.endswith(".tables"):
        return
    for line, imported, name in module.imports():
        if imported.partition(".")[0] == "sqlalchemy" and (imported, name) != ("sqlalchemy", "Table"):
            yield f"{module.name}:{line} imports {imported} {name}".rstrip()


def only_the_database_commits(module: Module) -> Iterator[str]:
    if module.is_below("trunkline.infra.db"):
        return
    for node in module.nodes:
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in {"commit", "rollback"}:
            yield f"{module.name}:{called.lineno} calls {called.attr}()"


def capabilities_are_used_through_their_faces(module: Module) -> Iterator[str]:
    if module.is_below(*FACES_OPEN_TO):
        return
    for line, imported, name in module.imports():
        parts = imported.split(".")
        if parts[:2] != ["trunkline", "core"] or len(parts) < 3:
            continue
        capability = ".".join(parts[:3])
        if module.is_below(capability):
            continue
        if len(parts) > 3:
            yield f"{module.name}:{line} reaches into {imported} for {name}"
        elif name in {"tables", "queries", "specs", "errors", "handlers", "service", "flows", "jobs"}:
            yield f"{module.name}:{line} reaches into {imported}.{name}"


def migrations_stand_alone(module: Module) -> Iterator[str]:
    if not module.is_below("trunkline.migrations"):
        return
    for line, imported, _ in module.imports():
        if imported.partition(".")[0] == "trunkline":
            yield f"{module.name}:{line} imports {imported}"


def nothing_is_left_for_later(module: Module) -> Iterator[str]:
    for number, line in enumerate(module.text.splitlines(), 1):
        if MARKS.search(line):
            yield f"{module.name}:{number} {line.strip()[:60]}"
    for node in module.nodes:
        if isinstance(node, ast.Raise) and "NotImplementedError" in ast.unparse(node):
            yield f"{module.name}:{node.lineno} raises NotImplementedError"


def tenant_patterns_are_not_compiled(module: Module) -> Iterator[str]:
    """`re` gets literals and module constants only: a tenant's pattern could run for hours."""
    for node in module.nodes:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.args):
            continue
        if node.func.attr != "escape" and not _is_fixed(node.args[0]):
            yield f"{module.name}:{node.lineno} re.{node.func.attr}({ast.unparse(node.args[0])[:40]})"


def places_of_sealed_values_are_declared(module: Module) -> Iterator[str]:
    """`SealedColumn.place` says what a value is sealed for, so that no place is unknown to rotation."""
    if module.is_below("trunkline.infra.vault"):
        return
    names = {
        name
        for _, imported, name in module.imports()
        if imported.startswith("trunkline.infra.vault") and name == "Context"
    }
    for node in module.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield f"{module.name}:{node.lineno} makes a place of its own"


def _is_fixed(pattern: ast.expr) -> bool:
    if isinstance(pattern, ast.BinOp):
        return _is_fixed(pattern.left) and _is_fixed(pattern.right)
    if isinstance(pattern, ast.JoinedStr):
        return all(_is_fixed(piece) for piece in pattern.values)
    if isinstance(pattern, ast.FormattedValue):
        return _is_fixed(pattern.value)
    if isinstance(pattern, ast.Call):
        joins = isinstance(pattern.func, ast.Attribute) and isinstance(pattern.func.value, ast.Constant)
        return joins and all(_is_fixed(argument) for argument in pattern.args)
    if isinstance(pattern, ast.Name):
        return pattern.id.lstrip("_").isupper()
    return isinstance(pattern, ast.Constant)


def _is_queries(module: Module) -> bool:
    last = module.name.rpartition(".")[2]
    return last == "queries" and module.is_below("trunkline.core", "trunkline.infra")


RULES: tuple[Rule, ...] = (
    modules_stay_short,
    functions_stay_short,
    modules_are_named_for_what_they_hold,
    imports_stand_at_the_top,
    sql_stays_in_its_homes,
    drivers_stay_in_infra_db,
    one_client_speaks_to_other_servers,
    sqlalchemy_only_declares_tables,
    only_the_database_commits,
    capabilities_are_used_through_their_faces,
    migrations_stand_alone,
    nothing_is_left_for_later,
    tenant_patterns_are_not_compiled,
    places_of_sealed_values_are_declared,
)
