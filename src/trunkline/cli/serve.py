"""`trunkline serve` and `trunkline up`."""

from __future__ import annotations

from msgspec import Struct

from trunkline.cli.failures import Exit
from trunkline.cli.listening import Address, reserved
from trunkline.cli.opening import created, require_database
from trunkline.cli.options import NO_FLAGS, NO_SERVER_FLAGS, Common, Server
from trunkline.cli.screen import Screen
from trunkline.cli.serving import serve_instance
from trunkline.cli.setup import DEFAULT_NAMES, Names, set_up, show_credentials
from trunkline.cli.workers import check_workers, serve_in_workers
from trunkline.settings import Settings, check_exposure


class Listening(Struct, frozen=True, rename="camel"):
    """What is printed when the server accepts connections: where, and where clients come from outside."""

    url: str
    public_url: str | None


def serve(*, common: Common = NO_FLAGS, server: Server = NO_SERVER_FLAGS) -> Exit:
    """Serve the API until SIGTERM or Ctrl-C, finishing what is under way.

    Prints one line when it listens. It is ready when GET /health/ready answers 200. The database must have
    been made (`init`) and be current (`db upgrade`).

    **Examples**

        trunkline serve

        trunkline serve --data-dir /var/lib/trunkline --host 0.0.0.0 --public-url https://hub.example.com

        trunkline serve --database-url postgresql://trunkline@db/trunkline --workers 4
    """
    settings, screen = servable(common, server), common.screen
    require_database(settings)
    with reserved(settings) as address:
        return serve_announced(settings, address, screen)


def up(*, names: Names = DEFAULT_NAMES, common: Common = NO_FLAGS, server: Server = NO_SERVER_FLAGS) -> Exit:
    """Make the instance if there is none, bring its schema up to date, and serve it.

    **Examples**

        trunkline up

        trunkline up --data-dir ./data --port 8081
    """
    settings, screen = servable(common, server), common.screen
    request = names.request()
    with reserved(settings) as address:
        with created(settings) as platform:
            credentials = set_up(platform, settings, request, base_url=settings.base_url(address.port))
        if credentials is not None:
            show_credentials(screen, credentials)
        return serve_announced(settings, address, screen)


def servable(common: Common, server: Server) -> Settings:
    """The settings of a command that serves, refused before it makes anything.

    Raises:
        SettingsError: an unknown name or a malformed value anywhere, or keys would travel readable.
        CommandError: several workers where only one can be.
    """
    settings = common.settings(server)
    check_exposure(settings)
    check_workers(settings)
    return settings


def serve_announced(settings: Settings, address: Address, screen: Screen) -> Exit:
    """Serve, printing where once it listens."""
    url = address.url
    where = url if settings.public_url is None else f"{url} for {settings.public_url}"
    listening = Listening(url, settings.public_url)
    begin = serve_instance if settings.workers == 1 else serve_in_workers
    return begin(settings, address, lambda: screen.result(listening, f"Trunkline is listening on {where}"))
