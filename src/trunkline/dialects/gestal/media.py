"""Media types: JSON, and the vendor's names for it, with or without a version.

Source: informer-gestal reference B2; RFC 9110 section 12.5.1 (Accept).
"""

from __future__ import annotations

import re
from typing import Final

from trunkline.kit.errors import NotAcceptableError
from trunkline.web import Headers

JSON: Final = "application/json"
VENDOR: Final = "application/vnd.gestal+json"
LATEST: Final = "application/vnd.gestal.v1+json"
PROBLEM: Final = "application/problem+json"

_SERVED: Final = {JSON: JSON, VENDOR: VENDOR, LATEST: LATEST, "application/*": JSON, "*/*": JSON}
_VERSIONED = re.compile(r"application/vnd\.gestal\.[^+;,\s]*\+json", re.ASCII)
_WEIGHT = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)


def negotiate(headers: Headers) -> str:
    """The name the client likes best for what is JSON in any case.

    Raises:
        NotAcceptableError: it accepts nothing but versions of this API that there are not.
    """
    ranges = _ranges(headers)
    wanted = [one for one in ranges if one in _SERVED and ranges[one] > 0]
    if wanted:
        return _SERVED[max(wanted, key=lambda one: ranges[one])]
    if any(_VERSIONED.fullmatch(one) and one != LATEST for one in ranges):
        raise NotAcceptableError(f"there is no such version of this API; the latest is {LATEST}")
    return JSON


def negotiate_error(headers: Headers) -> str:
    """Problem details for who asks for them by name, JSON for everybody else."""
    ranges = _ranges(headers)
    weight = ranges.get(PROBLEM, 0.0)
    return PROBLEM if weight > 0 and weight >= ranges.get(JSON, 0.0) else JSON


def _ranges(headers: Headers) -> dict[str, float]:
    """What is accepted, in the order it is written, each with its weight."""
    if "accept" not in headers:
        return {}
    return dict(_range(part) for part in ",".join(headers.getlist("accept")).split(",") if part.strip())


def _range(part: str) -> tuple[str, float]:
    essence, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weights = [piece[2:].strip() for piece in parameters if piece.startswith("q=")]
    if not weights:
        return essence, 1.0
    return essence, float(weights[0]) if _WEIGHT.fullmatch(weights[0]) else 0.0
