"""Reads what seed 004 shows: the requests it types, and the answers below them."""

from __future__ import annotations

import json
import re
from typing import Any

REQUEST = re.compile(
    r"^\$ http -jv(?P<credential> -a <accesskey>:)? (?P<method>[A-Z]+) https://[^/\s]+(?P<path>/\S*)(?P<query>.*)$",
    re.MULTILINE,
)
STATUS = re.compile(r"^(20[0-9]) ", re.MULTILINE)
BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)


def requests(text: str) -> list[dict[str, Any]]:
    """Every request the document types, with the status and the answer it shows for it, if any."""
    heads = list(REQUEST.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    return [_request(head, text[head.end() : end]) for head, end in zip(heads, ends, strict=True)]


def _request(head: re.Match[str], section: str) -> dict[str, Any]:
    status, block = STATUS.search(section), BLOCK.search(section)
    return {
        "method": head["method"],
        "path": head["path"],
        "query": dict(pair.split("==") for pair in head["query"].split()),
        "with_access_key": head["credential"] is not None,
        "status": None if status is None else int(status[1]),
        "answer": None if block is None else json.loads(block[1]),
    }
