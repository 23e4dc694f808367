"""What a migration does to rows that are there."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from tests.databases import Databases
from tests.migrations.schema import engine_of, execute
from trunkline.infra.db import migrate

NOW = "2026-03-01T12:00:00.000000Z"
# Of each row: the connection's status and reason, then the health of its install before, after, and back again.
ROWS = {
    "works": ("ok", None, "healthy", "healthy", "healthy"),
    "flagged": ("ok", "refresh_failing", "healthy", "healthy", "healthy"),
    "rejected": ("ok", "client_rejected", "healthy", "unhealthy", "healthy"),
    "waiting": ("needs_reauth", "revoked", "unhealthy", "unhealthy", "unhealthy"),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> str:
    """The URL of a database of the release before the step."""
    on_sqlite = request.param == "sqlite"
    found = f"sqlite:///{tmp_path / 'rows.db'}" if on_sqlite else databases.postgresql(migrated=False)
    migrate.upgrade(found, "0006")
    return found


def health(url: str) -> dict[str, str]:
    engine = engine_of(url)
    with engine.connect() as connection:
        found = {row[0]: row[1] for row in connection.execute(text("SELECT id, health FROM installs"))}
    engine.dispose()
    return found


def statements(url: str) -> list[str]:
    """Rows without what they refer to, which is of no interest here."""
    apart = [] if url.startswith("sqlite") else ["SET session_replication_role = replica"]
    for name, (status, reason, before, _, _) in ROWS.items():
        told = "NULL" if reason is None else f"'{reason}'"
        apart.append(
            "INSERT INTO connections (id, organization_id, workspace_id, scheme, status, reason, name, hint,"
            " metadata, generation, created_by, created_at, updated_at)"
            f" VALUES ('{name}', 'o', 'w', 'oauth2', '{status}', {told}, 'n', '', '{{}}', 1, 'u', '{NOW}', '{NOW}')"
        )
        apart.append(
            "INSERT INTO installs (id, organization_id, workspace_id, integration_id, integration_version_id,"
            " variables, auth_state_id, member_policy, distinct_key, installed_by, installed_at, health)"
            f" VALUES ('{name}', 'o', 'w', '{name}', 'v', '{{}}', '{name}', 'auto_defaults', '', 'u', '{NOW}',"
            f" '{before}')"
        )
    return apart


def test_an_install_whose_client_is_rejected_becomes_unhealthy_and_back(url: str) -> None:
    execute(url, *statements(url))
    migrate.upgrade(url)
    assert health(url) == {name: after for name, (_, _, _, after, _) in ROWS.items()}
    migrate.downgrade(url, "0006")
    assert health(url) == {name: back for name, (_, _, _, _, back) in ROWS.items()}
