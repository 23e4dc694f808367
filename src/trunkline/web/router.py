"""Paths to endpoints: one dictionary for fixed paths, a tree of segments for the others.

Fixed segments win over parameters, those that end in a verb over others, and any over one that takes the rest
of the path; where a path fits several patterns, the first that has the method wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from trunkline.web.endpoint import Endpoint

Candidates = tuple[Endpoint, ...]


@dataclass(slots=True)
class _Node:
    fixed: dict[str, _Node] = field(default_factory=dict)
    verbs: dict[str, _Node] = field(default_factory=dict)  # of parameters that end in one: `{id}:pause`
    parameter: _Node | None = None
    rest: _Node | None = None
    targets: dict[str, Candidates] = field(default_factory=dict)

    def child(self, segment: str) -> _Node:
        if not segment.startswith("{"):
            return _at(self.fixed, segment)
        if segment.endswith("...}"):
            self.rest = self.rest or _Node()
            return self.rest
        if not segment.endswith("}"):
            return _at(self.verbs, segment.partition("}")[2])
        if self.parameter is None:
            self.parameter = _Node()
        return self.parameter


def _at(nodes: dict[str, _Node], segment: str) -> _Node:
    node = nodes.get(segment)
    if node is None:
        node = nodes[segment] = _Node()
    return node


@dataclass(frozen=True, slots=True)
class Match:
    """A path that exists.

    Attributes:
        candidates: what answers it, or what answers its other methods; never empty. Several need a resolver.
        values: of the path's parameters.
        allow: the methods there are, when the asked one is not among them; else None.
        segments: of the path, the empty one before its first slash included.
    """

    candidates: Candidates
    values: tuple[str, ...] = ()
    allow: frozenset[str] | None = None
    segments: int = 0

    def parameters(self, endpoint: Endpoint, raw_path: str = "") -> Mapping[str, str]:
        """The path's values under the names this endpoint gives them.

        Args:
            endpoint: one of the candidates.
            raw_path: as it was sent; a parameter that takes the rest of the path takes it from there, because
                only there `%2F` can be told from `/`.
        """
        found = dict(zip(endpoint.route.parameters, self.values, strict=True))
        if raw_path and endpoint.route.path.endswith("...}"):
            rest = self.values[-1].count("/") + 1
            before = self.segments - rest
            found[endpoint.route.parameters[-1]] = "/".join(raw_path.split("/")[before:])
        return found


class Router:
    """Every path of the application and what answers it."""

    def __init__(self) -> None:
        self._root = _Node()
        self._fixed: dict[str, _Node] = {}

    def add(self, prefix: str, endpoint: Endpoint, *, shared: bool = False) -> None:
        """Serve an endpoint at its path below `prefix`.

        Args:
            prefix: e.g. `/platform`, or nothing for the root.
            endpoint: what answers.
            shared: endpoints of other dialects may stand at the same place; a resolver decides between them.

        Raises:
            ValueError: the place is taken.
        """
        path = prefix + endpoint.route.path
        node = self._root
        for segment in path.split("/")[1:]:
            node = node.child(segment)
        candidates = node.targets.get(endpoint.route.method, ())
        for other in candidates:
            if not shared or other.dialect is endpoint.dialect:
                raise ValueError(
                    f"{endpoint.route.method} {path} is both {other.dialect.name}.{other.route.operation_id}"
                    f" and {endpoint.dialect.name}.{endpoint.route.operation_id}"
                )
        node.targets[endpoint.route.method] = (*candidates, endpoint)
        if "{" not in path:
            self._fixed[path] = node

    def match(self, method: str, path: str) -> Match | None:
        """Find what answers; None when no method knows the path. HEAD finds what GET finds."""
        method = "GET" if method == "HEAD" else method
        node = self._fixed.get(path)
        if node is not None and method in node.targets:
            return Match(node.targets[method])
        others: dict[str, Candidates] = {}
        segments = path.split("/")
        for found, values in _walk(self._root, segments, 1, ()):
            if method in found.targets:
                return Match(found.targets[method], values, segments=len(segments))
            others = {**found.targets, **others}
        if not others:
            return None
        return Match(next(iter(others.values())), allow=_with_head(others))

    def methods(self, path: str) -> Mapping[str, Candidates]:
        """Everything a path is answered with, by method; empty where there is no such path."""
        found: dict[str, Candidates] = {}
        for node, _values in _walk(self._root, path.split("/"), 1, ()):
            found = {**node.targets, **found}
        return found


def _walk(
    node: _Node, segments: list[str], index: int, values: tuple[str, ...]
) -> Iterator[tuple[_Node, tuple[str, ...]]]:
    if index == len(segments):
        yield node, values
        return
    segment = segments[index]
    below = node.fixed.get(segment)
    if below is not None:
        yield from _walk(below, segments, index + 1, values)
    for verb, behind in node.verbs.items():
        if segment.endswith(verb) and segment != verb:
            yield from _walk(behind, segments, index + 1, (*values, segment.removesuffix(verb)))
    if node.parameter is not None and segment:
        yield from _walk(node.parameter, segments, index + 1, (*values, segment))
    if node.rest is not None:
        yield node.rest, (*values, "/".join(segments[index:]))


def _with_head(methods: Iterable[str]) -> frozenset[str]:
    allowed = frozenset(methods)
    return allowed | {"HEAD"} if "GET" in allowed else allowed
