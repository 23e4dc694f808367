"""What pages of other origins may ask of a dialect, and how browsers are told.

Whoever asks brings a key in a header: nothing that a browser sends along by itself opens anything here, so any
page may ask, and none is given leave to have cookies sent.

Source: Fetch Standard, section 3.3 (CORS protocol).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trunkline.web.answer import Answer
from trunkline.web.incoming import Incoming


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """Leave for pages of any origin, without credentials of the browser's own.

    Attributes:
        allowed: headers a page may send. Each is named: `*` never stands for Authorization.
        exposed: headers of answers a page may read.
        max_age_s: how long a browser may remember it.
    """

    allowed: tuple[str, ...]
    exposed: tuple[str, ...] = ()
    max_age_s: int = 7_200

    def headers(self) -> Mapping[str, str]:
        """What every answer carries."""
        found = {"access-control-allow-origin": "*"}
        if self.exposed:
            found["access-control-expose-headers"] = ", ".join(self.exposed)
        return found

    def preflight(self, methods: Iterable[str]) -> Answer:
        """The answer to a browser that asks what it may send to a path of these methods."""
        told = {
            "access-control-allow-methods": ", ".join(sorted(methods)),
            "access-control-allow-headers": ", ".join(self.allowed),
            "access-control-max-age": str(self.max_age_s),
        }
        return Answer(204, told)


def is_preflight(incoming: Incoming) -> bool:
    """Whether a browser asks on its own what a page may send."""
    asked = {"origin", "access-control-request-method"}
    return incoming.method == "OPTIONS" and all(name in incoming.headers for name in asked)
