"""`trunkline simulator`: something to connect to, on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import uvloop
from cyclopts import Group, Parameter
from cyclopts.validators import Number
from msgspec import Struct

from trunkline.cli.failures import Exit
from trunkline.cli.listening import reserved
from trunkline.cli.options import NO_FLAGS, Common, Server
from trunkline.cli.screen import Screen
from trunkline.cli.serving import serve_application
from trunkline.settings import is_loopback
from trunkline.simulator import (
    ACCESS_TOKEN_MAX_S,
    DEMO_API_KEY,
    DEMO_BEARER_TOKEN,
    DEMO_CLIENT,
    DEMO_PASSWORD,
    DEMO_SECRET,
    DEMO_USER,
    Options,
    Profile,
    Simulator,
    simulator_app,
)

PORT = 9000
DEFAULTS = Options()

_listening = Group("Listening", sort_key=40)
_simulated = Group("What is simulated", sort_key=50)


@Parameter(name="*", group=_listening)
@dataclass(frozen=True, kw_only=True)
class Listen:
    """Where the simulator listens.

    Attributes:
        host: the address to listen on.
        port: the port to listen on; 0 picks a free one and prints it.
    """

    host: str = "127.0.0.1"
    port: int = PORT


@Parameter(name="*", group=_simulated)
@dataclass(frozen=True, kw_only=True)
class Simulation:
    """How the simulator behaves.

    Attributes:
        profile: how it misbehaves towards everybody; may be given several times.
        redirect_uri: where the built-in clients may send codes; may be given several times.
        auto_approve: give codes without showing the consent page.
        issuer: what the authorization server calls itself; by default the address it is reached at.
        token_life: how many seconds access tokens live.
        slow: how many seconds the profile `slow` waits.
        rate_limit: API requests that a credential may make in a minute.
        contacts: how many contacts there are at the start.
        seed: another number makes other data.
    """

    profile: Annotated[tuple[Profile, ...], Parameter(negative="", show_default=False)] = ()
    redirect_uri: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = ()
    auto_approve: Annotated[bool, Parameter(negative="")] = False
    issuer: str | None = None
    token_life: Annotated[int, Parameter(validator=Number(gte=1, lte=ACCESS_TOKEN_MAX_S))] = (
        DEFAULTS.access_token_s
    )
    slow: Annotated[float, Parameter(validator=Number(gte=0, lte=3600))] = DEFAULTS.slow_s
    rate_limit: Annotated[int, Parameter(validator=Number(gte=0))] = DEFAULTS.rate_limit
    contacts: Annotated[int, Parameter(validator=Number(gte=0, lte=1_000_000))] = DEFAULTS.contacts
    seed: int = DEFAULTS.seed

    def options(self) -> Options:
        """The same, as the simulator takes it."""
        return Options(
            issuer=self.issuer,
            auto_approve=self.auto_approve,
            redirect_uris=self.redirect_uri,
            profiles=self.profile,
            access_token_s=self.token_life,
            slow_s=self.slow,
            rate_limit=self.rate_limit,
            contacts=self.contacts,
            seed=self.seed,
        )


HERE = Listen()
NOTHING_SPECIAL = Simulation()


class Simulated(Struct, frozen=True, rename="camel"):
    """What is printed when it listens: all that a connection to it needs."""

    url: str
    authorization_url: str
    token_url: str
    revocation_url: str
    api_url: str
    admin_url: str
    client_id: str
    client_secret: str
    api_key: str
    bearer_token: str
    username: str
    password: str


def simulator(
    *,
    listen: Listen = HERE,
    simulation: Simulation = NOTHING_SPECIAL,
    common: Common = NO_FLAGS,
) -> Exit:
    """Serve an OAuth authorization server and a small CRM to try connections with, until Ctrl-C.

    The people, their data and the credentials are made up; nothing is kept. A fault profile makes it fail
    in a way that real services do: for everybody with --profile, or for one request with the header
    X-Simulator-Profile.

    **Examples**

        trunkline simulator

        trunkline simulator --port 0 --json

        trunkline simulator --auto-approve --redirect-uri http://127.0.0.1:8080/callback

        trunkline simulator --token-life 10 --profile dropped-refresh-token --profile slow
    """
    screen = common.screen
    state = Simulator(simulation.options())
    settings = common.settings(Server(host=listen.host, port=listen.port))
    if not is_loopback(settings.host):
        screen.warn("the simulator asks nobody for a credential before it does what it is told")
    with reserved(settings) as address:
        app = simulator_app(state)
        return uvloop.run(serve_application(app, address, lambda: _announce(screen, address.url)))


def _announce(screen: Screen, url: str) -> None:
    simulated = Simulated(
        url=url,
        authorization_url=f"{url}/oauth/authorize",
        token_url=f"{url}/oauth/token",
        revocation_url=f"{url}/oauth/revoke",
        api_url=f"{url}/crm",
        admin_url=f"{url}/simulator",
        client_id=DEMO_CLIENT,
        client_secret=DEMO_SECRET,
        api_key=DEMO_API_KEY,
        bearer_token=DEMO_BEARER_TOKEN,
        username=DEMO_USER,
        password=DEMO_PASSWORD,
    )
    screen.result(
        simulated,
        f"The simulator is listening on {url}",
        f"  authorization  {simulated.authorization_url}",
        f"  token          {simulated.token_url}",
        f"  revocation     {simulated.revocation_url}",
        f"  API            {simulated.api_url}",
        f"  administration {simulated.admin_url}",
        f"  OAuth client   {DEMO_CLIENT} / {DEMO_SECRET}",
        f"  API key        X-API-Key: {DEMO_API_KEY}",
        f"  bearer token   {DEMO_BEARER_TOKEN}",
        f"  user           {DEMO_USER} / {DEMO_PASSWORD}",
    )
