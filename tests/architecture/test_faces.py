"""What a capability promises in `__all__` is there, and is all that it shows."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import pytest

from trunkline import core

CAPABILITIES = [found.name for found in iter_modules(core.__path__)]


@pytest.mark.parametrize("name", CAPABILITIES)
def test_face_is_exactly_what_is_exported(name: str) -> None:
    face = import_module(f"trunkline.core.{name}")
    shown = {
        attribute
        for attribute, value in vars(face).items()
        if not attribute.startswith("_") and not isinstance(value, ModuleType)
    }
    assert sorted(face.__all__) == sorted(shown)
