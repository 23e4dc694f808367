"""The OAuth client a workspace authorizes with: its own app for a provider, else its organization's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Struct, ValidationError, json

from trunkline.core.access import default_workspace
from trunkline.core.providers.queries import APP_FOR, ORGANIZATION_OF
from trunkline.core.providers.sealed import CLIENT_SECRET
from trunkline.infra.db import Tx
from trunkline.infra.vault import Vault
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.kit.secret import Secret


class _Said(Struct, rename="camel"):
    auth_query_params: dict[str, list[str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderApp:
    """An OAuth client ready to be used.

    Attributes:
        scopes: empty for the provider's defaults.
        authorize_params: what its authorizations say besides, by name.
    """

    id: str
    client_id: str
    client_secret: Secret
    scopes: list[str]
    authorize_params: Mapping[str, str]


def app_of(tx: Tx, vault: Vault, workspace_id: str, provider: str) -> ProviderApp | None:
    """The client for a provider: the workspace's own, else that of its organization's default workspace.

    None where neither has a live one, or the workspace is absent or deleted. Asks nobody's permission: whoever
    calls it has decided that the workspace may connect.

    Raises:
        VaultError: what is stored does not open.
    """
    organization_id = tx.value(ORGANIZATION_OF, id=workspace_id)
    if organization_id is None:
        return None
    own = _app_in(tx, vault, organization_id, workspace_id, provider)
    if own is not None:
        return own
    shared = default_workspace(tx, organization_id)
    if shared is None or shared == workspace_id:
        return None
    return _app_in(tx, vault, organization_id, shared, provider)


def _app_in(
    tx: Tx, vault: Vault, organization_id: str, workspace_id: str, provider: str
) -> ProviderApp | None:
    found = tx.fetch(APP_FOR, {"workspace_id": workspace_id, "provider": provider})
    if not found:
        return None
    app_id, client_id, sealed, generation, scopes, metadata = found[0]
    place = CLIENT_SECRET.place(app_id, generation)
    return ProviderApp(
        id=app_id,
        client_id=client_id,
        client_secret=vault.open(DatabaseKeyStore(tx), organization_id, place, sealed),
        scopes=json.decode(scopes, type=list[str]),
        authorize_params=_authorize_params(metadata),
    )


def _authorize_params(metadata: str | None) -> Mapping[str, str]:
    """Nothing where the notes beside the app are somebody else's.

    A name is said once, several values of it with spaces between them, as scopes are.

    Source: ampersand reference section 1.3 (`metadata.authQueryParams`); RFC 6749 sections 3.1 and 3.3.
    """
    try:
        said = _Said() if metadata is None else json.decode(metadata, type=_Said)
    except ValidationError:
        return {}
    return {name: " ".join(values) for name, values in said.auth_query_params.items()}
