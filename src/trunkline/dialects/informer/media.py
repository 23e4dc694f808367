"""Which of its names an answer is labelled with: what is sent is HAL, and HAL is JSON.

Source: informer-gestal reference A2; RFC 9110 section 12.5.1 (Accept).
"""

from __future__ import annotations

from typing import Final

from trunkline.web import Headers

HAL: Final = "application/hal+json"
JSON: Final = "application/json"
VENDOR: Final = "application/vnd.trunkline.informer+json"

_LABELS: Final = (HAL, JSON, VENDOR)  # of equal ones the first is taken


def negotiate(headers: Headers) -> str:
    """HAL unless the client would rather have it called JSON; never a refusal, whatever it accepts."""
    accept = ",".join(headers.getlist("accept"))
    if not accept.strip():
        return HAL
    ranges = dict(_range(part) for part in accept.split(","))
    best = max(_LABELS, key=lambda label: _quality(ranges, label))
    return best if _quality(ranges, best) > 0 else HAL


def _quality(ranges: dict[str, float], label: str) -> float:
    """What the most specific range that fits says."""
    kind = label.partition("/")[0]
    return next((ranges[one] for one in (label, f"{kind}/*", "*/*") if one in ranges), 0.0)


def _range(part: str) -> tuple[str, float]:
    essence, *parameters = (piece.strip().lower() for piece in part.split(";"))
    weights = [text.partition("=")[2].strip() for text in parameters if text.partition("=")[0].strip() == "q"]
    return essence, _weight(weights[0]) if weights else 1.0


def _weight(text: str) -> float:
    whole, _, decimals = text.partition(".")
    digits = f"{whole}{decimals}"
    return float(text) if digits.isascii() and digits.isdigit() and len(text) <= len("0.000") else 0.0
