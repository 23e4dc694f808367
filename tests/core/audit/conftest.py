from __future__ import annotations

from tests.core.events.conftest import world

__all__ = ["world"]
