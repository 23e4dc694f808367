from __future__ import annotations

from tests.core.access.fixtures import still_world, world

__all__ = ["still_world", "world"]
