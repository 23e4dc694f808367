"""Comments that silence warnings: `# amp:ignore[rule, rule]`, or `# amp:ignore` for all of them.

Behind a value, a comment is about that value; on a line of its own, about what begins on the line below. What it
is about includes all that is inside.

Source: reference of the Ampersand API, suppression of warnings.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

from trunkline.core.manifests.document import LINE_BREAK, Document
from trunkline.core.manifests.findings import Finding
from trunkline.core.manifests.places import Node

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#[ \t]*amp:ignore(?:\[([^\[\]]*)\])?(?=[ \t]|$)")
_EVERY_RULE = "*"


class Ignored:
    """Which lines' warnings somebody does not want to hear about."""

    def __init__(self, text: str, document: Document) -> None:
        self._spans: dict[str, list[tuple[int, int]]] = {}
        if "amp:ignore" not in text:
            return
        spans = defaultdict(list)
        for rules, span in _directives(LINE_BREAK.split(text), document):
            for rule in rules:
                spans[rule].append(span)
        self._spans = {rule: _merged(found) for rule, found in spans.items()}

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is not to be told; an error always is."""
        if finding.severity == "error":
            return False
        return any(self._has(rule, finding.line) for rule in (finding.rule, _EVERY_RULE))

    def _has(self, rule: str, line: int) -> bool:
        spans = self._spans.get(rule, [])
        at = bisect_right(spans, line, key=lambda span: span[0]) - 1
        return at >= 0 and spans[at][1] >= line


def _directives(lines: list[str], document: Document) -> Iterator[tuple[list[str], tuple[int, int]]]:
    """Rules and the lines they are not to be told of, for every comment."""
    whole, members = _extents(document.root)
    next_line = _next_lines(lines)
    for number, line in enumerate(lines, 1):
        for found in _COMMENT.finditer(line):
            if _is_within(document, number, found.start() + 1):
                continue
            alone = not line[: found.start()].strip()
            target = next_line[number] if alone else number
            last = (whole if alone else members).get(target, target)
            named = [name.strip() for name in (found.group(1) or "").split(",")]
            yield [name for name in named if name] or [_EVERY_RULE], (target, last)


def _next_lines(lines: list[str]) -> list[int]:
    """By the number of a comment's line, that of the line it is above, past further comments; 0 above a blank."""
    found = [0] * (len(lines) + 1)
    for number in range(len(lines) - 1, 0, -1):
        below = lines[number].strip()
        if below:
            found[number] = found[number + 1] if below.startswith("#") else number + 1
    return found


def _extents(root: Node) -> tuple[dict[int, int], dict[int, int]]:
    """The last line of what begins on a line: of the widest value, and of the widest that is no list item.

    A comment behind the first member of an item is about that member; one above the item is about all of it.
    """
    whole: dict[int, int] = {}
    members: dict[int, int] = {}
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        for item in node.items:
            whole[item.line] = max(whole.get(item.line, 0), item.last_line)
            waiting.append(item)
        for entry in node.members.values():
            last = max(entry.line, entry.node.last_line)
            whole[entry.line] = max(whole.get(entry.line, 0), last)
            members[entry.line] = max(members.get(entry.line, 0), last)
            waiting.append(entry.node)
    return whole, members


def _is_within(document: Document, line: int, column: int) -> bool:
    """Whether a place is inside a key or a scalar, where `#` begins no comment."""
    at = bisect_right(document.scalars, (line, column), key=lambda extent: extent[0]) - 1
    return at >= 0 and (line, column) < document.scalars[at][1]


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
