"""The columns of this capability that hold what the vault sealed; `bootstrap` registers them for rotation.

Seal and open with `<COLUMN>.place(row id, generation)`, so that what is declared is what is done.
"""

from __future__ import annotations

from trunkline.infra.vault import SealedColumn

CONNECTION_CREDENTIAL = SealedColumn(table="connections", column="credential")
STATE_VERIFIER = SealedColumn(table="oauth_states", column="verifier", generation=0)
CLIENT_SECRET = SealedColumn(table="integration_secrets", column="client_secret")
API_KEY = SealedColumn(table="integration_secrets", column="api_key")
# Moved and copied as they were sealed, so that ending a connection opens nothing.
REVOKED_CREDENTIAL = SealedColumn(
    table="connection_revocations",
    column="credential",
    home=CONNECTION_CREDENTIAL,
    home_row="connection_id",
)
REVOKED_CLIENT_SECRET = SealedColumn(
    table="connection_revocations",
    column="client_secret",
    tenant="client_organization_id",  # the integration may be another tenant's
    generation="client_generation",
    home=CLIENT_SECRET,
    home_row="integration_id",
)

SEALED = (
    CONNECTION_CREDENTIAL,
    STATE_VERIFIER,
    CLIENT_SECRET,
    API_KEY,
    REVOKED_CREDENTIAL,
    REVOKED_CLIENT_SECRET,
)
