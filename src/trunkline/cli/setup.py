"""`trunkline init`: the database, the first organization, workspace and user, and a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter
from msgspec import UNSET, Struct, UnsetType

from trunkline.bootstrap import Platform
from trunkline.cli.failures import CommandError, Exit
from trunkline.cli.lookups import handle_of
from trunkline.cli.opening import created
from trunkline.cli.options import NO_FLAGS, Common
from trunkline.cli.passwords import ask_password
from trunkline.cli.screen import Screen
from trunkline.core.access import CreateKey, create_key, get_user, set_password
from trunkline.core.workspaces import (
    BootstrapInstance,
    Instance,
    InstanceExistsError,
    UpdateOrganization,
    bootstrap_instance,
    update_organization,
)
from trunkline.infra.db import Tx
from trunkline.infra.vault.passwords import PasswordHash
from trunkline.kit.actor import system_actor
from trunkline.kit.ids import format_id
from trunkline.kit.secret import Secret
from trunkline.settings import Settings

KEY_NAME = "first key"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Names:
    """What the first objects are called.

    Attributes:
        organization: the name of the organization.
        workspace: the name of its first workspace.
        email: the address of its owner, who becomes operator.
        name: the owner's name.
    """

    organization: str = "My organization"
    workspace: str = "Main"
    email: str = "admin@localhost"
    name: Annotated[str, Parameter(name="--name")] = "Administrator"

    def request(self) -> BootstrapInstance:
        """The request to make them.

        Raises:
            CommandError: a name has nothing to make a handle of.
        """
        return BootstrapInstance(
            organization_name=self.organization,
            organization_handle=handle_of(self.organization),
            workspace_name=self.workspace,
            workspace_handle=handle_of(self.workspace),
            owner_email=self.email,
            owner_name=self.name,
        )


DEFAULT_NAMES = Names()


class Credentials(Struct, frozen=True, rename="camel"):
    """What `init` prints; the token this once, and the password only where it was made up."""

    base_url: str
    organization_id: str
    workspace_id: str
    user_id: str
    username: str
    token: str
    password: str | UnsetType = UNSET


def init(
    *,
    names: Names = DEFAULT_NAMES,
    password_stdin: Annotated[bool, Parameter(negative="")] = False,
    common: Common = NO_FLAGS,
) -> Exit:
    """Make a new instance: database, vault key, organization, workspace, owner and a secret key.

    The key is printed once and cannot be shown again. An instance that is set up already is left as it is.

    **Examples**

        trunkline init

        trunkline init --data-dir /var/lib/trunkline --organization "Acme" --email ops@acme.example

        trunkline init --json | jq -r .token

        trunkline init --password-stdin < password.txt

    Args:
        names: what the first objects are called.
        password_stdin: read the owner's password from standard input; by default they have none.
        common: the flags of every command.
    """
    settings, screen = common.settings(), common.screen
    request = names.request()
    hashed = ask_password(stdin=True, what=names.email) if password_stdin else None
    with created(settings) as platform:
        credentials = set_up(platform, settings, request, password=hashed)
    if credentials is None:
        raise CommandError(
            "instance_exists",
            "this instance is set up already",
            f"make another key with: trunkline key create{common.flags()}",
        )
    show_credentials(screen, credentials)
    screen.note(
        f"\nKeep a copy of {settings.vault_key} apart from the database: nothing sealed opens without it."
    )
    screen.note(f"Start the server with: trunkline serve{common.flags()}")
    return Exit.OK


def set_up(
    platform: Platform,
    settings: Settings,
    request: BootstrapInstance,
    *,
    base_url: str | None = None,
    password: PasswordHash | None = None,
) -> Credentials | None:
    """Make the first objects and a secret key in one transaction; None where that was done before.

    Args:
        platform: open and migrated.
        settings: decide the retention tier and the base URL.
        request: what the objects are called.
        base_url: where the server listens, if that is known better than from the settings.
        password: the owner's; None for none.
    """

    def work(tx: Tx) -> tuple[Instance, str, Secret]:
        instance = bootstrap_instance(tx, request)
        actor = system_actor("instance set up")
        tier = settings.retention_tier.value
        update_organization(tx, actor, UpdateOrganization(id=instance.organization_id, retention_tier=tier))
        if password is not None:
            set_password(tx, actor, instance.user_id, password)
        key = CreateKey(name=KEY_NAME, user_id=instance.user_id)
        secret = create_key(tx, actor, key, pepper=platform.services.pepper).secret
        return instance, get_user(tx, actor, instance.user_id).username, secret

    try:
        instance, username, secret = platform.database.write_now(work)
    except InstanceExistsError:
        return None
    return Credentials(
        base_url=base_url or settings.base_url(),
        organization_id=format_id("organization", instance.organization_id),
        workspace_id=format_id("workspace", instance.workspace_id),
        user_id=format_id("user", instance.user_id),
        username=username,
        token=secret.reveal(),
    )


def show_credentials(screen: Screen, credentials: Credentials) -> None:
    """Print what was made; this is the only time the token is seen."""
    screen.result(
        credentials,
        f"organization  {credentials.organization_id}",
        f"workspace     {credentials.workspace_id}",
        f"user          {credentials.user_id} ({credentials.username})",
        *([] if credentials.password is UNSET else [f"password      {credentials.password}"]),
        f"secret key    {credentials.token}",
        "",
        "The key is shown this once. Try it when the server runs:",
        f"  curl -H 'Authorization: Bearer {credentials.token}' {credentials.base_url}/api/workspaces",
    )
