"""The server: every dialect that is found, the health checks and the reference pages, as one ASGI application."""

from __future__ import annotations

from collections.abc import Sequence

from trunkline.dialects import discover
from trunkline.infra.db import Database
from trunkline.settings import SettingsError
from trunkline.web import Application, Dialect, Services
from trunkline.web.application import Lifespan
from trunkline.web.docs import Docs
from trunkline.web.health import health_pages
from trunkline.web.resolver import DialectResolver

DEFAULT_DIALECT = "platform"


def create_app(
    database: Database,
    services: Services,
    dialects: Sequence[Dialect] | None = None,
    *,
    default_dialect: str = DEFAULT_DIALECT,
    lifespan: Lifespan | None = None,
) -> Application:
    """Assemble the application.

    Args:
        database: open and migrated; its owner closes it.
        services: handed to every handler.
        dialects: what to serve, by default everything `discover` finds. The first one (the platform's own,
            where it is served) also spells the errors of paths that belong to none.
        default_dialect: answers an operation that several have at the root when nothing tells which is meant.
        lifespan: entered before the first request and left after the last.

    Raises:
        SettingsError: the default is not among what is found.
        ValueError: two operations claim the same place.
    """
    served = sorted(discover() if dialects is None else dialects, key=lambda one: one.name != DEFAULT_DIALECT)
    if dialects is None and default_dialect not in {one.name for one in served}:
        raise SettingsError(
            f"default_dialect: {default_dialect} is not served",
            f"name one of {', '.join(one.name for one in served)}",
        )
    pages = {**health_pages(database), **Docs(served).pages()}
    resolver = DialectResolver(database, services, default_dialect)
    return Application(database, services, served, pages=pages, resolver=resolver, lifespan=lifespan)
