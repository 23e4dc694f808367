"""Reads what seed 002 shows: the request it types, and the answer below it."""

from __future__ import annotations

import json
import re
from typing import Any

COMMAND = re.compile(
    r"curl --request (?P<method>[A-Z]+) \\\s+--url https://[^/\s]+/v1(?P<path>/\S+) \\\s+--header '(?P<header>[^:]+):"
)
QUERY = re.compile(r"^Query Parameters\n\n(?P<names>.*?)^Response$", re.MULTILINE | re.DOTALL)


def request(text: str) -> dict[str, Any]:
    """The one request of the document, and the answer it shows."""
    head = COMMAND.search(text)
    query = QUERY.search(text)
    assert head is not None
    assert query is not None
    start = text.index("[\n", head.end())
    answer, _ = json.JSONDecoder().raw_decode(text[start:])
    names = re.findall(r"^([A-Za-z]+)\nstring$", query["names"], re.MULTILINE)
    return {
        "method": head["method"],
        "path": head["path"],
        "header": head["header"],
        "query": names,
        "answer": answer,
    }
