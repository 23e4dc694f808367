"""Connections: what an install authenticates with. A workspace secret is one with scheme `secret`.

Beside them stand the half-finished authorizations, the client secrets of integrations, and the tokens of
ended connections that are still to be revoked at their provider.
"""

from __future__ import annotations

from sqlalchemy import Index, Table
from sqlalchemy import text as sql

from trunkline.infra.db.schema import (
    deletion_columns,
    flag,
    id_column,
    integer,
    json_text,
    metadata,
    moment,
    one_of,
    ref,
    text,
)

SCHEMES = ("oauth2", "api_key", "basic", "bearer", "token_exchange", "custom", "none", "secret")
MODES = ("per_user", "shared")
STATUSES = ("pending", "ok", "needs_reauth", "suspended", "disconnected")
REVOCATIONS = ("queued", "done", "failed", "unsupported")
SECRET_LIVE = sql("scheme = 'secret' AND deleted_at IS NULL")
DUE = sql("due_at IS NOT NULL")
QUEUED = sql("state = 'queued'")
FOR_CONSUMER = sql("consumer_id IS NOT NULL")

connections = Table(
    "connections",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("integration_id", "integrations", nullable=True),  # null where it is one of the provider itself …
    text("provider", nullable=True),  # … and of neither, once what it was made to is gone
    ref("user_id", "users", nullable=True),  # whose it is; null where the workspace shares it
    text("scheme"),
    text("grant_type", nullable=True),  # of oauth2: how its tokens are got
    text("mode", default="shared"),
    text("status", default="ok"),
    text("reason", nullable=True),  # why it is not ok, or what of it is not; see `reasons`
    text("name"),
    text("hint"),
    json_text("metadata"),
    json_text("account", nullable=True),  # whose account it is at the provider
    json_text("scopes", default="[]"),  # what was granted
    json_text("origins", default="[]"),  # what the owner consented to
    json_text("parameters", default="{}"),  # what the owner filled into the URLs: a subdomain, a shop
    text("credential", nullable=True),  # sealed by the vault; null once destroyed
    integer("generation"),  # bound into the seal, so that an older credential cannot be put back
    moment("refreshed_at", nullable=True),  # when the present credential was got
    moment("access_expires_at", nullable=True),
    moment("refresh_expires_at", nullable=True),
    moment("stale_at", nullable=True),  # from when on a fresh token is got before it is used; null for never
    flag("refreshable"),  # whether a fresh token can be got without the owner
    moment("due_at", nullable=True),  # when the background job must look at it
    text("lease_owner", nullable=True),  # who is getting a fresh token now
    moment("lease_until", nullable=True),
    text("intent", nullable=True),  # the generation whose refresh token was sent and not yet answered for
    integer("failures", default=0),  # refreshes that failed in a row
    moment("retry_at", nullable=True),  # no refresh before; nor, after a refusal, a question about it
    # Generations in a row got because the upstream refused the one before; of what nobody can refresh, its
    # refusals in a row that count.
    integer("refusals", default=0),
    moment("last_authorized_at", nullable=True),  # by its owner
    moment("last_used_at", nullable=True),  # within a minute
    text("revocation", nullable=True),  # what became of the token at the provider, once disconnected
    text("created_by"),
    moment("created_at"),
    moment("updated_at"),
    *deletion_columns(),
    ref("consumer_id", "consumers", nullable=True),  # for whom its publisher had it connected
    one_of("scheme", SCHEMES),
    one_of("mode", MODES),
    one_of("status", STATUSES),
    one_of("revocation", REVOCATIONS),
    Index(
        "ux_connections_secret_name",
        "workspace_id",
        "name",
        unique=True,
        sqlite_where=SECRET_LIVE,
        postgresql_where=SECRET_LIVE,
    ),
    Index("ix_connections_workspace", "workspace_id", "created_at", "id"),
    Index("ix_connections_organization", "organization_id", "created_at", "id"),
    Index("ix_connections_integration", "integration_id", "workspace_id", "user_id"),
    Index("ix_connections_user_id", "user_id"),
    Index("ix_connections_due", "due_at", "id", sqlite_where=DUE, postgresql_where=DUE),
    Index("ix_connections_purge_after", "purge_after"),
    Index(
        "ix_connections_consumer",
        "consumer_id",
        "created_at",
        "id",
        sqlite_where=FOR_CONSUMER,
        postgresql_where=FOR_CONSUMER,
    ),
)

oauth_states = Table(
    "oauth_states",
    metadata,
    id_column(),  # digest of the state; the state itself is in nobody's hands but the browser's
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("integration_id", "integrations", nullable=True),  # what is connected; null where it is a provider
    ref("user_id", "users"),
    ref("connection_id", "connections", nullable=True, ondelete="CASCADE"),  # the one to be authorized anew
    text("binding", nullable=True),  # digest of the browser session it was started in
    text("configuration"),  # digest of where the code would go; another one by then is refused
    text("redirect_uri"),
    text("return_to", nullable=True),
    text("verifier"),  # PKCE's, sealed
    text("nonce", nullable=True),  # digest of OpenID's
    json_text("request"),  # what the connection is to be: name, mode, parameters
    moment("created_at"),
    moment("expires_at"),
    text("provider", nullable=True),
    text("opener", nullable=True),  # origin of the page that began it, to be told how it ended
    Index("ix_oauth_states_expires_at", "expires_at"),
    Index("ix_oauth_states_workspace_id", "workspace_id"),
    Index("ix_oauth_states_integration_id", "integration_id"),
)

integration_secrets = Table(
    "integration_secrets",
    metadata,
    id_column(),  # the integration's
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    text("client_secret", nullable=True),  # sealed
    text("api_key", nullable=True),  # sealed
    json_text("origins", default="{}"),  # whom each was given for, once the integration names somebody
    integer("generation"),
    text("updated_by"),
    moment("created_at"),
    moment("updated_at"),
    Index("ix_integration_secrets_workspace_id", "workspace_id"),
)

connection_revocations = Table(
    "connection_revocations",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    # No foreign keys: the connection, its integration and its workspace may be purged before this is done.
    text("workspace_id"),
    text("connection_id"),
    text("integration_id", nullable=True),
    text("home_id"),  # the integration's workspace, whose provider app is used where there is no client id
    text("provider", nullable=True),
    text("url"),
    text("client_id", nullable=True),
    text("token_auth"),
    text(
        "credential", nullable=True
    ),  # sealed, moved here from the connection; null once revoked or given up
    integer("generation"),  # the connection's, for which the credential was sealed
    text("client_organization_id", nullable=True),  # the publisher, for whom the client's secret is sealed
    text("client_secret", nullable=True),  # sealed, copied from the integration
    integer("client_generation", default=0),
    text("state"),
    integer("attempts", default=0),
    text("last_error", nullable=True),
    moment("next_at", nullable=True),
    moment("created_at"),
    moment("finished_at", nullable=True),
    one_of("state", ("queued", "done", "failed")),
    Index("ix_connection_revocations_due", "next_at", sqlite_where=QUEUED, postgresql_where=QUEUED),
    Index("ux_connection_revocations", "connection_id", "generation", unique=True),
    Index("ix_connection_revocations_organization", "organization_id", "created_at", "id"),
)
