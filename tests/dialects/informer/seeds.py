"""Reads the operations that seed 003 shows: paths, parameters, members, examples, statuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

OPERATION = re.compile(r"^(GET|POST|PUT|DELETE) (/api/\S+)$", re.MULTILINE)
# The tables lost what stood between their columns.
ROW = re.compile(r"^([A-Za-z]+?)(string|boolean|object)(?: \(UUID\))?(Yes|No)?[-A-Z]", re.MULTILINE)
TABLE = re.compile(
    r"^(Query Parameters|Path Parameters|Request Body):$(.*?)(?=^\S[^\n]*:$|^Custom Headers|\Z)",
    re.MULTILINE | re.DOTALL,
)
STATUS = re.compile(r"^(20[0-9]) [A-Z]", re.MULTILINE)


def operations(text: str) -> list[dict[str, Any]]:
    """Every operation, in the order of the document."""
    heads = list(OPERATION.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return [
        _operation(head[1], head[2], text[head.end() : end]) for head, end in zip(heads, ends, strict=True)
    ]


def _operation(method: str, path: str, section: str) -> dict[str, Any]:
    tables = {name: ROW.findall(rows) for name, rows in TABLE.findall(section)}
    before, _, after = section.partition("\nResponse:\n")
    status = STATUS.search(after)
    answers = list(_examples(after))
    return {
        "method": method,
        "path": path,
        "query": [name for name, _type, _required in tables.get("Query Parameters", ())],
        "body": {name: [kind, required == "Yes"] for name, kind, required in tables.get("Request Body", ())},
        "requests": [one for one in _examples(before) if isinstance(one, dict) and {"name"} <= one.keys()],
        "status": int(status[1]) if status else 200,
        "answer": answers[0] if answers else None,
    }


def _examples(text: str) -> Iterator[Any]:
    """The JSON values that begin a line."""
    at = 0
    while (found := re.compile(r"^[\[{]", re.MULTILINE).search(text, at)) is not None:
        value, at = json.JSONDecoder().raw_decode(text, found.start())
        yield value
