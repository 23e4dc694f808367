"""The secrets of an integration itself: its OAuth client's, and an API key it brings for all its connections.

They are sealed at once and bound to the servers the integration names when they are given: one who may edit the
endpoints afterwards, but not read the secrets, cannot have them sent elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, UnsetType, json

from trunkline.core.access import DeletedError, Permission, require_tier
from trunkline.core.connections.configuration import Configuration, configuration_of
from trunkline.core.connections.errors import NotConnectableError
from trunkline.core.connections.queries import BY_ID, CLIENT_SECRETS
from trunkline.core.connections.sealed import API_KEY, CLIENT_SECRET
from trunkline.core.connections.sources import source_for
from trunkline.core.connections.tables import integration_secrets
from trunkline.core.integrations import IntegrationRow, visible_integration
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx
from trunkline.infra.vault import SealedColumn, Vault
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.secret import Secret
from trunkline.kit.strictjson import encode

MAX_SECRET = 16 * 1024  # bytes of UTF-8
COLUMNS = {"client_secret": CLIENT_SECRET, "api_key": API_KEY}
_MEMBERS = {"client_secret": "clientSecret", "api_key": "apiKey"}


@dataclass(frozen=True, slots=True)
class IntegrationSecrets:
    """Which secrets an integration has; never what they are."""

    client_secret: bool
    api_key: bool


def integration_secrets_of(tx: Tx, actor: Actor, integration_id: str) -> IntegrationSecrets:
    """Which secrets an integration has, for those who may change them.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of it.
    """
    actor.require(Permission.INTEGRATIONS_READ)
    row = visible_integration(tx, actor, integration_id)
    require_tier(tx, actor, row, Tier.EDITOR, "integration")
    return _present(tx, integration_id)


def set_integration_secrets(
    tx: Tx,
    actor: Actor,
    vault: Vault,
    integration_id: str,
    client_secret: Secret | UnsetType | None = UNSET,
    api_key: Secret | UnsetType | None = UNSET,
) -> IntegrationSecrets:
    """Give or take away an integration's secrets; UNSET leaves one as it is, None takes it away.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of it.
        DeletedError: it is deleted.
        InvalidRequestError: a secret is empty or too long.
        VaultError: the vault's key cannot be used.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    row = visible_integration(tx, actor, integration_id)
    require_tier(tx, actor, row, Tier.EDITOR, "integration")
    if row.deleted_at is not None:
        raise DeletedError("restore the integration before editing it")
    given = {
        name: value
        for name, value in (("client_secret", client_secret), ("api_key", api_key))
        if not isinstance(value, UnsetType)
    }
    for name, value in given.items():
        if value is not None and not 1 <= len(value.reveal().encode()) <= MAX_SECRET:
            raise InvalidRequestError.at(_MEMBERS[name], f"must be 1-{MAX_SECRET} bytes")
    if given:
        _store(tx, actor, vault, row, given)
    return _present(tx, integration_id)


def bind_secrets(tx: Tx, configuration: Configuration) -> None:
    """Bind secrets that were given before the integration named any server to those it names now."""
    integration_id = configuration.source.integration_id
    if integration_id is None:
        return
    found = tx.fetch(CLIENT_SECRETS, {"id": integration_id})
    if not found:
        return
    _, client_secret, api_key, _, bound = found[0]
    held = {"client_secret": client_secret, "api_key": api_key}
    origins: dict[str, list[str]] = json.decode(bound)
    loose = [name for name, sealed in held.items() if sealed is not None and name not in origins]
    named = _named(configuration)
    added = {name: named[name] for name in loose if named[name]}
    if added:
        tx.update(integration_secrets, BY_ID, {"id": integration_id}, origins=encode({**origins, **added}))


def _store(tx: Tx, actor: Actor, vault: Vault, row: IntegrationRow, given: dict[str, Secret | None]) -> None:
    found = tx.fetch(CLIENT_SECRETS, {"id": row.id})
    held: dict[str, str | None] = dict.fromkeys(COLUMNS)
    generation, origins = 0, {}
    if found:
        _, held["client_secret"], held["api_key"], generation, bound = found[0]
        origins = json.decode(bound, type=dict[str, list[str]])
    named = _named_now(tx, row)
    columns: dict[str, Any] = {}
    for name, column in COLUMNS.items():
        # Both are sealed for one generation, so what stays is sealed anew.
        value = given[name] if name in given else _opened(tx, vault, row, column, generation, held[name])
        columns[name] = None if value is None else _sealed(tx, vault, row, column, generation + 1, value)
        if name in given:
            origins.pop(name, None)
            if value is not None and named[name]:
                origins[name] = named[name]
    columns |= {
        "origins": encode(origins),
        "generation": generation + 1,
        "updated_by": actor.user_id,
        "updated_at": tx.now,
    }
    if found:
        tx.update(integration_secrets, BY_ID, {"id": row.id}, **columns)
    else:
        place = {"organization_id": row.organization_id, "workspace_id": row.workspace_id}
        tx.insert(integration_secrets, id=row.id, **place, created_at=tx.now, **columns)
    change = Change(
        type="integration.updated",
        subject_kind="integration",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=tuple(_MEMBERS[name] for name in given),
    )
    record(tx, actor, change)


def _present(tx: Tx, integration_id: str) -> IntegrationSecrets:
    found = tx.fetch(CLIENT_SECRETS, {"id": integration_id})
    held = found[0][1:3] if found else (None, None)
    return IntegrationSecrets(client_secret=held[0] is not None, api_key=held[1] is not None)


def _named_now(tx: Tx, row: IntegrationRow) -> dict[str, list[str]]:
    try:
        return _named(configuration_of(tx, source_for(tx, row.id, row.workspace_id), {}))
    except (NotConnectableError, InvalidRequestError):
        return {name: [] for name in COLUMNS}


def _named(configuration: Configuration) -> dict[str, list[str]]:
    """Whom each secret would be shown to."""
    return {
        "client_secret": sorted(map(str, configuration.client_origins)),
        "api_key": sorted(map(str, configuration.api_origins)),
    }


def _opened(
    tx: Tx, vault: Vault, row: IntegrationRow, column: SealedColumn, generation: int, sealed: str | None
) -> Secret | None:
    if sealed is None:
        return None
    return vault.open(DatabaseKeyStore(tx), row.organization_id, column.place(row.id, generation), sealed)


def _sealed(
    tx: Tx, vault: Vault, row: IntegrationRow, column: SealedColumn, generation: int, value: Secret
) -> str:
    return vault.seal(DatabaseKeyStore(tx), row.organization_id, column.place(row.id, generation), value)
