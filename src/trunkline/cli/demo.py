"""`trunkline demo`: a server with something to look at."""

from __future__ import annotations

import secrets

from msgspec import structs

from trunkline.bootstrap import Platform
from trunkline.cli.example import CUSTOMERS, SLUG, find_example, make_example
from trunkline.cli.failures import CommandError, Exit
from trunkline.cli.listening import reserved
from trunkline.cli.lookups import first_workspace
from trunkline.cli.opening import created
from trunkline.cli.options import NO_FLAGS, NO_SERVER_FLAGS, Common, Server
from trunkline.cli.screen import Screen
from trunkline.cli.serve import servable, serve_announced
from trunkline.cli.setup import Credentials, Names, set_up, show_credentials
from trunkline.core.access import list_users
from trunkline.infra.db import Tx
from trunkline.infra.vault.passwords import hash_password
from trunkline.kit.actor import Actor, system_actor
from trunkline.kit.filters import Compare, Op
from trunkline.kit.pages import ListQuery
from trunkline.kit.secret import Secret
from trunkline.settings import Settings

NAMES = Names(organization="Acme", workspace="Acme Studio", email="demo@acme.example", name="Demo")

PASSWORD_BYTES = 12  # random; 16 characters to type


def demo(*, common: Common = NO_FLAGS, server: Server = NO_SERVER_FLAGS) -> Exit:
    """Make an instance with example data, and serve it.

    The example is an integration "acme-crm" with two published versions, installed in two workspaces of
    which one has been upgraded. Starting it again adds nothing twice. An instance that `init` or `up` made is
    refused: example data does not belong into it.

    **Examples**

        trunkline demo

        trunkline demo --data-dir ./data --port 8081
    """
    settings, screen = servable(common, server), common.screen
    with reserved(settings) as address:
        base_url = settings.base_url(address.port)
        with created(settings) as platform:
            credentials = _set_up(platform, settings, base_url)
            is_new = add_example(platform)
        _introduce(screen, base_url, credentials, common, is_new=is_new)
        return serve_announced(settings, address, screen)


def _set_up(platform: Platform, settings: Settings, base_url: str) -> Credentials | None:
    """The first objects, with a password that is made up, as nobody is there to think of one."""
    password = Secret(secrets.token_urlsafe(PASSWORD_BYTES))
    made = set_up(platform, settings, NAMES.request(), base_url=base_url, password=hash_password(password))
    return None if made is None else structs.replace(made, password=password.reveal())


def add_example(platform: Platform) -> bool:
    """Put the example into the oldest workspace; False where it is there already.

    Raises:
        CommandError: the instance is somebody's own: nothing was changed.
    """

    def work(tx: Tx) -> bool:
        actor = system_actor("demo")
        workspace = first_workspace(tx, actor)
        if find_example(tx, actor, workspace) is not None:
            return False
        if not _is_ours(tx, actor):
            raise CommandError(
                "not_a_demo",
                "this instance was not made by `trunkline demo`: example data does not belong into it",
                "name a directory of the demo's own, e.g. trunkline demo --data-dir ./demo; serve this one with"
                " trunkline up",
                exit_code=Exit.USAGE,
            )
        make_example(tx, workspace)
        return True

    return platform.database.write_now(work)


def _is_ours(tx: Tx, actor: Actor) -> bool:
    query = ListQuery(where=Compare("email", Op.EQ, NAMES.email), limit=1, count=False)
    return bool(list_users(tx, actor, query).rows)


def _introduce(
    screen: Screen, base_url: str, credentials: Credentials | None, common: Common, *, is_new: bool
) -> None:
    if credentials is not None:
        show_credentials(screen, credentials)
    else:
        screen.note(
            f"The key was shown at the first start; make another: trunkline key create{common.flags()}"
        )
    token = "$TRUNKLINE_TOKEN" if credentials is None else credentials.token
    customers = " and ".join(name for name, _ in CUSTOMERS)
    screen.note(
        f"\n{SLUG} 1.1.0 is {'' if is_new else 'still '}published and installed for {customers}; the second is"
        " one version behind:\n"
        f"  curl -H 'Authorization: Bearer {token}' {base_url}/api/integration-installs\n"
        f"\nOpen  {base_url}/docs      the API reference, with every operation\n"
    )
