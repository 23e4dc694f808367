"""Reads the operations a seed document shows: paths, parameters, body and answer shapes."""

from __future__ import annotations

import json
import re
from typing import Any


def operations(text: str) -> list[dict[str, Any]]:
    """Every `## METHOD /path` section with its query parameters, request and response shapes."""
    found = []
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        head, _, rest = section.partition("\n")
        method, path = head.split()
        shapes = dict(
            re.findall(r"\*\*(Request body|Response)\*\*\n+```json\n(.*?)```", rest, flags=re.DOTALL)
        )
        query = re.search(r"\*\*Query parameters\*\*\n+(.*?)(?:\n\n\*\*|\Z)", rest, flags=re.DOTALL)
        found.append(
            {
                "method": method,
                "path": path,
                "query": re.findall(r"^- `(\w+)`", query[1], flags=re.MULTILINE) if query else [],
                "body": json.loads(shapes["Request body"]) if "Request body" in shapes else None,
                "answer": json.loads(shapes["Response"]),
            }
        )
    return found
