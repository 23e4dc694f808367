"""The published APIs Trunkline speaks, one sub-package each; nothing lists them."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from trunkline.web import Dialect


def discover() -> list[Dialect]:
    """Every sub-package's `DIALECT`, by name.

    Raises:
        TypeError: a sub-package defines none, or one under another name than its own.
    """
    found = []
    for module in pkgutil.iter_modules(__path__):
        dialect = getattr(import_module(f"{__name__}.{module.name}"), "DIALECT", None)
        if not isinstance(dialect, Dialect) or dialect.name != module.name:
            raise TypeError(f"the package {__name__}.{module.name} defines no DIALECT called {module.name}")
        found.append(dialect)
    return sorted(found, key=lambda dialect: dialect.name)
