"""The simulated service as a provider of the catalog, with an app registered in workspace `one`."""

from __future__ import annotations

from typing import Any

from tests.core.access.world import SYSTEM
from tests.core.connections.desk import Desk
from trunkline.core import providers, workspaces
from trunkline.kit.secret import Secret

KEY = "demo-api-key"


def define(
    desk: Desk, path: str = "/crm", *placeholders: str, suffix: str = "", account: bool = True, **auth: Any
) -> str:
    """Its name; without `account`, nobody can be asked about a credential."""
    name = f"simulated-{desk.client.id[-12:].lower().strip('-_')}{suffix}"
    url = desk.simulated.url
    oauth = {
        "scheme": "oauth2",
        "authorization_url": f"{url}/oauth/authorize",
        "token_url": f"{url}/oauth/token",
        "revocation_url": f"{url}/oauth/revoke",
        "default_scopes": ["crm.read"],
    }
    request = providers.CreateProvider(
        organization_id=desk.world.acme,
        name=name,
        auth=providers.ProviderAuth(**(auth if "scheme" in auth else {**oauth, **auth})),
        base_url=f"{url}{path}",
        substitutions=[providers.Substitution(name=name) for name in placeholders],
        account=providers.AccountRequest(path="/whoami", id="/id", email="/email") if account else None,
    )
    app = providers.CreateProviderApp(
        workspace_id=desk.world.one,
        provider=name,
        name="app",
        client_id=desk.client.id,
        client_secret=Secret(desk.client.secret),
    )
    desk.world.write(lambda tx: providers.create_provider(tx, SYSTEM, request))
    desk.world.write(lambda tx: providers.create_provider_app(tx, SYSTEM, desk.vault, app))
    return name


def group(desk: Desk, ref: str = "acme-customer") -> str:
    """A group of workspace `one`."""
    return desk.world.group(desk.world.one, ref).id


def consumer(desk: Desk, ref: str = "bob", project_id: str | None = None) -> str:
    """A consumer of workspace `one`."""
    project = project_id or desk.world.one
    return desk.world.write(lambda tx: workspaces.ensure_consumer(tx, SYSTEM, project, ref)).id


def by_key(desk: Desk, suffix: str = "") -> str:
    """A provider that takes an API key."""
    return define(desk, suffix=suffix, scheme="api_key")
