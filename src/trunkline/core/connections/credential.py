"""A connection's credential in memory, and how it is kept: one sealed JSON text for each generation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from msgspec import Struct, json

from trunkline.core.connections.sealed import CONNECTION_CREDENTIAL
from trunkline.infra.db import Tx
from trunkline.infra.vault import Vault
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.kit.secret import Secret

_NOTHING: Mapping[str, Secret] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What authenticates requests.

    Attributes:
        given: what the owner typed in, by name: `apiKey`, `username`, `password`, `token`, `clientId`,
            `clientSecret`, or the inputs of a token exchange.
        access: the token that goes out with requests, where one was got.
        refresh: what a fresh one is got with.
    """

    given: Mapping[str, Secret] = field(default_factory=lambda: _NOTHING)
    access: Secret | None = None
    refresh: Secret | None = None

    def text(self, name: str) -> str:
        """One of the things given, to be sent now; empty where it was not given."""
        found = self.given.get(name)
        return "" if found is None else found.reveal()


class _Stored(Struct, omit_defaults=True):
    given: dict[str, str] = {}
    access: str | None = None
    refresh: str | None = None


def seal_credential(
    tx: Tx, vault: Vault, organization_id: str, connection_id: str, generation: int, credential: Credential
) -> str:
    """The credential as it is stored, bound to its row and generation.

    Raises:
        VaultError: the vault's key cannot be used.
    """
    stored = _Stored(
        given={name: value.reveal() for name, value in credential.given.items()},
        access=_text(credential.access),
        refresh=_text(credential.refresh),
    )
    place = CONNECTION_CREDENTIAL.place(connection_id, generation)
    return vault.seal(DatabaseKeyStore(tx), organization_id, place, Secret(json.encode(stored)))


def open_credential(
    tx: Tx, vault: Vault, organization_id: str, connection_id: str, generation: int, sealed: str
) -> Credential:
    """The credential of one generation of a connection.

    Raises:
        VaultError: what is stored does not open, or belongs to another row or generation.
    """
    place = CONNECTION_CREDENTIAL.place(connection_id, generation)
    return read_credential(vault.open(DatabaseKeyStore(tx), organization_id, place, sealed))


def read_credential(text: Secret) -> Credential:
    """The credential that a sealed text holds once it is open."""
    stored = json.decode(text.reveal(), type=_Stored)
    return Credential(
        given={name: Secret(value) for name, value in stored.given.items()},
        access=_secret(stored.access),
        refresh=_secret(stored.refresh),
    )


def _text(value: Secret | None) -> str | None:
    return None if value is None else value.reveal()


def _secret(value: str | None) -> Secret | None:
    return None if value is None else Secret(value)
