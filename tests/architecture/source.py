"""The product's own code, parsed once for the rules about it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "trunkline"
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """A module of the product (or of a planted example).

    Attributes:
        name: dotted, from `trunkline` on.
        text: its source.
        is_package: it is an `__init__`.
    """

    name: str
    text: str
    is_package: bool = False

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.text)

    @property
    def nodes(self) -> tuple[ast.AST, ...]:
        return _nodes(self.text)

    def is_below(self, *prefixes: str) -> bool:
        return any(self.name == prefix or self.name.startswith(f"{prefix}.") for prefix in prefixes)

    def imports(self) -> Iterator[tuple[int, str, str]]:
        """Line, module and name of everything imported; the name is empty for `import module`."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node.lineno, alias.name, ""
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield node.lineno, self._absolute(node), alias.name

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        above = self.name.split(".") if self.is_package else self.name.split(".")[:-1]
        kept = above[: len(above) - node.level + 1]
        return ".".join([*kept, node.module] if node.module else kept)

    def functions(self) -> Iterator[Function]:
        for node in self.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def texts(self) -> Iterator[tuple[int, str]]:
        """Line and value of every string that is not a docstring; of an f-string, its first piece."""
        skipped = {id(text) for text in _docstrings(self.nodes)}
        for node in self.nodes:
            if isinstance(node, ast.JoinedStr):
                skipped |= {id(piece) for piece in node.values[1:]}
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
                yield node.lineno, node.value


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def _nodes(text: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(_parsed(text)))


def _docstrings(nodes: Iterable[ast.AST]) -> Iterator[ast.expr]:
    for node in nodes:
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            yield body[0].value


@cache
def modules() -> tuple[Module, ...]:
    """Every module below `src/trunkline`."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found.append(Module(name, path.read_text("utf-8"), is_package))
    return tuple(found)
