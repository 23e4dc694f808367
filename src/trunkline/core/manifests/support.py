"""What a provider is known to do; a manifest is held against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from msgspec import Struct


class ProviderSupport(Struct, frozen=True, kw_only=True):
    """What a provider can do; None where nobody knows, and then nothing is held against it.

    Attributes:
        modules: its modules by name, with what each of them can do.
    """

    read: bool | None = None
    write: bool | None = None
    subscribe: bool | None = None
    proxy: bool | None = None
    modules: Mapping[str, ProviderSupport] | None = None

    def allows(self, action: str) -> bool | None:
        """Whether it can do `read`, `write`, `subscribe` or `proxy`."""
        known = {"read": self.read, "write": self.write, "subscribe": self.subscribe, "proxy": self.proxy}
        return known.get(action)


ProviderLookup: TypeAlias = Callable[[str], ProviderSupport | None]
