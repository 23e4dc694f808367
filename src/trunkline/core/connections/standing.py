"""A connection as the machinery sees it: how it stands, what it is configured to do, and its opened credential."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from msgspec import Struct, json

from trunkline.core.connections.clients import api_key_of
from trunkline.core.connections.configuration import Configuration, Source, configuration_of, provided
from trunkline.core.connections.credential import Credential, open_credential
from trunkline.core.connections.errors import (
    ConnectionPendingError,
    ConnectionSuspendedError,
    CredentialDestroyedError,
    NeedsReauthError,
    NotConnectableError,
)
from trunkline.core.connections.freshness import CALM_S, IDLE_S, seconds_until
from trunkline.core.connections.queries import STANDING
from trunkline.core.connections.reasons import SENTENCES, Reason
from trunkline.infra.db import Tx
from trunkline.infra.db.moments import shared_now
from trunkline.infra.vault import SealError, UnknownKeyError, Vault
from trunkline.kit.errors import InvalidRequestError, NotFoundError, Problem, TrunklineError

REFUSALS_FREE = 2  # upstream refusals in a row that are believed at once
PENDING, OK, NEEDS_REAUTH, SUSPENDED, DISCONNECTED = (
    "pending",
    "ok",
    "needs_reauth",
    "suspended",
    "disconnected",
)


class UnreadableError(Exception):
    """A connection's stored credential does not open; flows leave the connection to its owner."""

    def __init__(self, standing: Standing) -> None:
        super().__init__("the stored credential does not open")
        self.standing = standing


class Standing(Struct, frozen=True):
    """One row, its lease, and the integration and the project beside it, in the order of the statement's columns."""

    id: str
    organization_id: str
    workspace_id: str
    integration_id: str | None
    provider: str | None
    user_id: str | None
    scheme: str
    grant_type: str | None
    status: str
    reason: str | None
    name: str
    origins: str
    parameters: str
    scopes: str
    credential: str | None
    generation: int
    refreshed_at: str | None
    access_expires_at: str | None
    refresh_expires_at: str | None
    stale_at: str | None
    refreshable: bool
    due_at: str | None
    lease_owner: str | None
    lease_until: str | None
    intent: str | None
    failures: int
    retry_at: str | None
    refusals: int
    last_used_at: str | None
    deleted_at: str | None
    integration_name: str | None
    publisher_id: str | None
    home_id: str | None
    draft_config: str | None
    published_config: str | None
    owner_id: str | None

    def is_fresh(self, now: str, refused: int | None) -> bool:
        """Whether the credential is to be used as it is.

        Args:
            now: the moment.
            refused: the generation the upstream has just refused. It is believed, except where a row of
                fresh tokens was refused one after another: then something else is wrong, and it is believed
                at growing intervals only.
        """
        if refused == self.generation and self.refreshable:
            age = seconds_until(now, self.refreshed_at or now)
            calm = CALM_S * 2.0 ** min(self.refusals - REFUSALS_FREE, 10)
            return self.refusals >= REFUSALS_FREE and age < min(calm, IDLE_S)
        return self.stale_at is None or now < self.stale_at

    def is_valid(self, now: str, refused: int | None) -> bool:
        """Whether the access token can still be used where a fresh one cannot be got."""
        expired = self.access_expires_at is not None and self.access_expires_at <= now
        return refused != self.generation and not expired

    def is_leased(self, now: str) -> bool:
        """Whether somebody is getting a fresh token."""
        return self.lease_until is not None and self.lease_until > now

    def is_due(self, now: str) -> bool:
        """Whether the background must look at it."""
        return self.due_at is not None and self.due_at <= now

    @property
    def is_uncertain(self) -> bool:
        """Whether this generation's refresh token was sent and nobody knows what came of it."""
        return self.intent == str(self.generation)

    @property
    def source(self) -> Source:
        """The integration or the provider, as this connection sees it.

        Raises:
            NotConnectableError: the integration is gone, or nothing of it is published.
        """
        if self.integration_id is None and self.provider is not None:
            return provided(
                self.provider,
                organization_id=self.organization_id,
                workspace_id=self.workspace_id,
                owner_id=self.owner_id,
            )
        at_home = self.home_id == self.workspace_id
        config = self.draft_config if at_home else self.published_config
        if self.integration_id is None or config is None:
            raise NotConnectableError(
                f"the integration of the connection {self.name} is gone or not published"
            )
        return Source(
            integration_id=self.integration_id,
            name=self.integration_name or "",
            organization_id=self.publisher_id or "",
            home_id=self.home_id or "",
            auth_config=config,
        )

    @property
    def is_refused(self) -> bool:
        """Whether the provider has last refused the credential, which nobody can refresh."""
        return self.status == NEEDS_REAUTH and self.reason == Reason.CREDENTIAL_REFUSED

    def require_usable(self) -> None:
        """Refuse what its status forbids to use.

        What the provider refused is passed on all the same: it says itself what it thinks of it now, and one
        who can make it refuse a request cannot take the connection from everybody else.

        Raises:
            NeedsReauthError, ConnectionSuspendedError, ConnectionPendingError, CredentialDestroyedError: by
                status.
        """
        if (self.status == OK or self.is_refused) and self.credential is not None:
            return
        raise _objection(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A connection ready to be worked with.

    Attributes:
        now: the moment it was read, by the clock everybody shares where that was asked for.
    """

    standing: Standing
    configuration: Configuration
    credential: Credential
    now: str

    def with_standing(self, standing: Standing) -> Held:
        """The same with a newer look at its row."""
        return replace(self, standing=standing)


def read_standing(tx: Tx, connection_id: str) -> Standing:
    """How a connection stands.

    Raises:
        NotFoundError: absent, deleted, or a workspace secret.
    """
    row = tx.one(Standing, STANDING, id=connection_id)
    if row is None or row.deleted_at is not None:
        raise NotFoundError("connection")
    return row


def read_configuration(tx: Tx, standing: Standing) -> Configuration:
    """What a connection is configured to do now.

    Raises:
        NotConnectableError: its integration is gone, or can no longer be read.
    """
    try:
        return configuration_of(tx, standing.source, _parameters(standing.parameters))
    except InvalidRequestError as error:
        kind = "provider" if standing.integration_id is None else "integration"
        raise NotConnectableError(
            f"the {kind} of the connection {standing.name} asks for more than when it was connected:"
            f" {error.message}"
        ) from error


def hold(tx: Tx, vault: Vault, standing: Standing, *, shared_clock: bool = False) -> Held:
    """Open a usable connection.

    Raises:
        NeedsReauthError, ConnectionSuspendedError, ConnectionPendingError, CredentialDestroyedError: by
            status.
        NotConnectableError: its integration is gone, or can no longer be read.
        UnreadableError: its credential does not open.
        VaultError: the vault's key cannot be used.
    """
    if standing.status == SUSPENDED and standing.reason == Reason.ORIGIN_CHANGED:
        raise awaiting_consent(standing, read_configuration(tx, standing))
    standing.require_usable()
    configuration = read_configuration(tx, standing)
    credential = _opened(tx, vault, standing, configuration)
    now = shared_now(tx) if shared_clock else tx.now
    return Held(standing=standing, configuration=configuration, credential=credential, now=now)


def changed_origins(held_origins: str, configuration: Configuration) -> tuple[str, ...]:
    """Servers the configuration names and the owner has not consented to."""
    consented = _consented(held_origins)
    return tuple(one for one in configuration.origins if one not in consented)


def named_origins(configuration: Configuration) -> tuple[Problem, ...]:
    """Everybody the configuration names, as a program reads it from a refusal and gives it back as consent."""
    return tuple(Problem(f"origins[{i}]", one) for i, one in enumerate(configuration.origins))


def awaiting_consent(standing: Standing, configuration: Configuration) -> ConnectionSuspendedError:
    """Why a connection rests whose integration names servers that its owner has not consented to."""
    changed = changed_origins(standing.origins, configuration) or configuration.origins
    return ConnectionSuspendedError(
        f"the connection {standing.name} is suspended: its integration now names {', '.join(changed)};"
        " its owner must confirm that first",
        *named_origins(configuration),
    )


@lru_cache(maxsize=512)
def _parameters(stored: str) -> Mapping[str, str]:
    return MappingProxyType(json.decode(stored, type=dict[str, str]))


@lru_cache(maxsize=512)
def _consented(held_origins: str) -> frozenset[str]:
    return frozenset(json.decode(held_origins, type=list[str]))


def _opened(tx: Tx, vault: Vault, standing: Standing, configuration: Configuration) -> Credential:
    place = (standing.organization_id, standing.id, standing.generation)
    try:
        credential = open_credential(tx, vault, *place, standing.credential or "")
        if configuration.scheme == "api_key" and "apiKey" not in credential.given:
            shared = api_key_of(tx, vault, configuration)
            if shared is not None:
                return replace(credential, given={**credential.given, "apiKey": shared})
    except (SealError, UnknownKeyError) as error:
        raise UnreadableError(standing) from error
    return credential


def _objection(standing: Standing) -> TrunklineError:
    name = standing.name
    why = SENTENCES.get(standing.reason or "", "")
    because = f": {why}" if why else ""
    if standing.status == NEEDS_REAUTH:
        return NeedsReauthError(f"the connection {name} must be connected again{because}")
    if standing.status == SUSPENDED:
        return ConnectionSuspendedError(f"the connection {name} is suspended{because}")
    if standing.status == PENDING:
        return ConnectionPendingError(f"nobody has connected an account to the connection {name} yet")
    return CredentialDestroyedError(f"the connection {name} was disconnected: connect it again")
