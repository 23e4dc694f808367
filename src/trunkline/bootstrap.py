"""Composition root: the one module that knows every capability, its specs, its reactions and its jobs."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from trunkline.app import create_app
from trunkline.core import (
    access,
    connections,
    entities,
    events,
    installs,
    integrations,
    providers,
    proxy,
    uploads,
    webhooks,
    workspaces,
)
from trunkline.core.connections import handlers as connection_handlers
from trunkline.core.connections.invariants import connection_findings
from trunkline.core.connections.tables import connections as connection_rows
from trunkline.core.entities.invariants import entity_findings
from trunkline.core.entities.tables import entities as entity_rows
from trunkline.core.entities.tables import entity_versions
from trunkline.core.installs import handlers as install_handlers
from trunkline.core.installs.health import follow_connection
from trunkline.core.installs.invariants import install_findings
from trunkline.core.installs.tables import (
    install_configs,
    install_keys,
    members,
    solution_members,
    solutions,
)
from trunkline.core.installs.tables import installs as install_rows
from trunkline.core.integrations import handlers as integration_handlers
from trunkline.core.integrations.invariants import integration_findings
from trunkline.core.integrations.tables import integration_icons, integration_tags
from trunkline.core.integrations.tables import integrations as integration_rows
from trunkline.core.journal import forget_expired_answers, journal_findings
from trunkline.core.providers import handlers as provider_handlers
from trunkline.core.providers.tables import provider_apps as provider_app_rows
from trunkline.core.proxy import handlers as proxy_handlers
from trunkline.core.webhooks import handlers as webhook_handlers
from trunkline.core.webhooks.invariants import webhook_findings
from trunkline.core.workspaces import remove_with_workspace, revive_with_workspace, tombstone_with_workspace
from trunkline.core.workspaces.cascade import Reaction
from trunkline.core.workspaces.invariants import group_findings
from trunkline.infra.db import Catalog, Database, Specs, Tx, open_database, revisions
from trunkline.infra.db.integrity import integrity_findings
from trunkline.infra.http import Egress, EgressPolicy, InvalidUrlError, egress_policy
from trunkline.infra.jobs import Handler, JobContext, Periodic
from trunkline.infra.vault import SealedColumn, Vault, derive
from trunkline.infra.vault.answers import KEPT_ANSWER, VaultAnswerSeal
from trunkline.infra.vault.invariants import vault_findings
from trunkline.infra.vault.store import unlock
from trunkline.infra.vault.tending import Tending
from trunkline.kit.actor import Actor
from trunkline.kit.clock import Clock, SystemClock
from trunkline.kit.cursors import CursorCodec
from trunkline.kit.findings import Finding
from trunkline.settings import Settings, SettingsError
from trunkline.web import Application
from trunkline.worker import Worker
from trunkline.worker.retention import Purger, Retention

CAPABILITIES = (
    "journal",
    "access",
    "workspaces",
    "entities",
    "providers",
    "integrations",
    "connections",
    "installs",
    "proxy",
    "uploads",
    "webhooks",
)
MECHANICS = ("vault", "jobs")

SPECS: Specs = MappingProxyType(
    {
        **access.SPECS,
        **workspaces.SPECS,
        **entities.SPECS,
        **providers.SPECS,
        **integrations.SPECS,
        **connections.SPECS,
        **installs.SPECS,
        **proxy.SPECS,
        **webhooks.SPECS,
        **events.SPECS,
    }
)

# Every column with sealed values: rotation, status and checks go through these and nothing else.
SEALED: tuple[SealedColumn, ...] = (
    KEPT_ANSWER,
    *providers.SEALED,
    *connections.SEALED,
    *webhooks.SEALED,
)

# Everything in a workspace that carries a tombstone of its own.
_TOMBSTONED = (
    install_rows,
    members,
    solutions,
    solution_members,
    connection_rows,
    integration_rows,
    provider_app_rows,
    entity_rows,
)


def _of_entities(what: str, *reactions: Reaction) -> dict[str, tuple[Reaction, ...]]:
    return {f"{kind}.{what}": reactions for kind in entities.KINDS}


# Whatever makes a connection usable or unusable, so that the health of installs follows.
_TURNS = (
    *(
        f"connection.{verb}"
        for verb in ("needs_reauth", "suspended", "resumed", "reconnected", "disconnected")
    ),
    "secret.deleted",
    "secret.restored",
)

REACTIONS: Mapping[str, Sequence[Reaction]] = MappingProxyType(
    {
        **dict.fromkeys(_TURNS, (follow_connection,)),
        **_of_entities("updated", install_handlers.detach_edited_clone),
        **_of_entities("deleted", install_handlers.remove_deleted_entity),
        **_of_entities("restored", install_handlers.revive_restored_entity),
        **_of_entities(
            "purged", integration_handlers.keep_pinned_entity, install_handlers.forget_purged_entity
        ),
        "integration.removed": (connection_handlers.end_with_removed_integration,),
        "integration.purged": (
            install_handlers.keep_installed_integration,
            connection_handlers.end_with_integration,
        ),
        "secret.purged": (install_handlers.keep_used_connection,),
        "connection.purged": (install_handlers.keep_used_connection,),
        "user.updated": (connection_handlers.follow_user,),
        "organization_member.deleted": (connection_handlers.end_with_membership,),
        "team.deleted": (integration_handlers.inherit_from_team,),
        "workspace.deleted": (
            tombstone_with_workspace(*_TOMBSTONED),
            install_handlers.suspend_workspace_loans,
        ),
        "workspace.restored": (
            revive_with_workspace(*_TOMBSTONED),
            install_handlers.revive_workspace_loans,
            install_handlers.refresh_workspace_health,
        ),
        # Whatever points at a row goes before it.
        "workspace.purging": (
            install_handlers.keep_installed_workspace,
            install_handlers.end_workspace_loans,
            webhook_handlers.purge_with_workspace,
            proxy_handlers.forget_workspace_requests,
            remove_with_workspace(
                install_keys, install_configs, solution_members, members, install_rows, solutions
            ),
            connection_handlers.purge_with_workspace,
            provider_handlers.purge_with_workspace,
            integration_handlers.remove_workspace_versions,
            remove_with_workspace(
                integration_tags, integration_icons, integration_rows, entity_versions, entity_rows
            ),
        ),
    }
)


def _entity_purger(kind: str) -> Purger:
    def find(tx: Tx, limit: int) -> Sequence[str]:
        return entities.expired_entities(tx, kind, limit)

    def purge(tx: Tx, actor: Actor, entity_id: str) -> None:
        entities.purge_entity(tx, actor, kind, entity_id)

    return Purger(kind, find, purge)


# Whatever points at an object before the object.
PURGERS = (
    Purger("install", installs.expired_installs, installs.purge_install),
    Purger("solution_member", installs.expired_solution_members, installs.purge_solution_member),
    Purger("solution", installs.expired_solutions, installs.purge_solution),
    Purger("integration", integrations.expired_integrations, integrations.purge_integration),
    *(_entity_purger(kind) for kind in entities.KINDS),
    Purger("connection", connections.expired_connections, connections.purge_connection),
    Purger("secret", connections.expired_secrets, connections.purge_secret),
    Purger("provider_app", providers.expired_provider_apps, providers.purge_provider_app),
    Purger("grant", access.expired_grants, access.purge_grant),
    Purger("workspace", workspaces.expired_workspaces, workspaces.purge_workspace),
)


def _number_events(context: JobContext) -> None:
    while context.database.write_now(lambda tx: events.assign_sequence(tx, events.BATCH)) == events.BATCH:
        pass


def _forget_answers(context: JobContext) -> None:
    context.database.write_now(forget_expired_answers)


def _forget_requests(context: JobContext) -> None:
    context.database.write_now(proxy.forget_requests)


def _forget_uploads(context: JobContext) -> None:
    context.database.write_now(uploads.forget_uploads)


def _forget_signing_keys(context: JobContext) -> None:
    context.database.write_now(webhooks.forget_signing_keys)


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "events.number": _number_events,
        "answers.forget": _forget_answers,
        "proxy.forget": _forget_requests,
        "uploads.forget": _forget_uploads,
        "webhooks.forget": _forget_signing_keys,
        "retention.purge": Retention(PURGERS).run,
        installs.PAUSE_DROPPED_JOB: installs.run_pause_dropped,
    }
)
PERIODICS: Mapping[str, Periodic] = MappingProxyType(
    {
        "events.number": Periodic(1, needed=events.has_unnumbered),
        "answers.forget": Periodic(3_600),
        "proxy.forget": Periodic(3_600),
        "uploads.forget": Periodic(3_600),
        "webhooks.forget": Periodic(3_600),
        "retention.purge": Periodic(900),
        "vault.tend": Periodic(3_600),
        **connections.PERIODICS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformServices:
    """What handlers get beside their transaction; implements `web.Services`."""

    pepper: bytes
    answers: VaultAnswerSeal
    cursors: CursorCodec
    vault: Vault
    egress: Egress
    logins: access.Logins
    public_url: str
    proxy: proxy.Proxy
    activity: installs.KeyActivity


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """An open instance."""

    settings: Settings
    database: Database
    services: PlatformServices
    worker: Worker

    def close(self) -> None:
        """Let go of the database; the worker must be stopped before."""
        self.services.logins.close()
        self.database.close()


def handlers(services: PlatformServices) -> Mapping[str, Handler]:
    """What runs the jobs of each kind, those included that need more than the database."""
    return {
        **HANDLERS,
        "vault.tend": Tending(services.vault, SEALED),
        **connections.job_handlers(services.vault, services.egress),
    }


def load_tables() -> None:
    """Declare every table on the shared metadata, for migrations and drift checks."""
    for name in CAPABILITIES:
        importlib.import_module(f"trunkline.core.{name}.tables")
    for name in MECHANICS:
        importlib.import_module(f"trunkline.infra.{name}.tables")


def catalog(clock: Clock | None = None) -> Catalog:
    """What every transaction carries."""
    return Catalog(specs=SPECS, reactions=REACTIONS, clock=clock or SystemClock())


def open_platform(
    settings: Settings, *, migrate_schema: bool = False, clock: Clock | None = None
) -> Platform:
    """Open the database and its vault.

    Args:
        settings: say where they are.
        migrate_schema: bring all up to what this release needs first, making what there is not: data
            directory, key file, schema and built-in providers. Otherwise nothing is changed.
        clock: the machine's unless given.

    Raises:
        SchemaError: the schema is not the one this code needs.
        WrongKeyError, KeyFileError: the key file is missing, unsafe, or another database's.
        SettingsError: `egress_allow` names something that is no host and port.
        RuntimeError: a database too old to be trusted.
    """
    _allowed(settings)  # before anything is made
    if migrate_schema:
        _migrate(settings)
    revisions.require_current(settings.database_url)
    database = open_database(settings.database_url, catalog(clock))
    try:
        platform = platform_on(database, settings, clock=clock)
        if migrate_schema:
            providers.update_built_in(database)
    except BaseException:
        database.close()
        raise
    return platform


def _migrate(settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not revisions.status(settings.database_url).is_current:
        from trunkline.infra.db.migrate import upgrade  # noqa: PLC0415  # Alembic, only where it has work

        upgrade(settings.database_url)


def platform_on(database: Database, settings: Settings, *, clock: Clock | None = None) -> Platform:
    """An instance on a database that is open, migrated and carries our catalog.

    Raises:
        WrongKeyError, KeyFileError: the key file is missing, unsafe, or another database's.
        SettingsError: `egress_allow` names something that is no host and port.
    """
    egress = Egress(_allowed(settings))
    unlocked = unlock(database, settings.vault_key)
    env = connections.FlowServices(
        database, unlocked.vault, egress, settings.base_url(), clock or SystemClock()
    )
    services = PlatformServices(
        pepper=derive(unlocked.root, "pepper"),
        answers=VaultAnswerSeal(unlocked.vault),
        cursors=CursorCodec(derive(unlocked.root, "cursor")),
        vault=unlocked.vault,
        egress=egress,
        logins=access.Logins(clock or SystemClock()),
        public_url=env.public_url,
        proxy=proxy.Proxy(env, proxy.RequestLog(database)),
        activity=installs.KeyActivity(database),
    )
    return Platform(
        settings=settings,
        database=database,
        services=services,
        worker=Worker(database, handlers(services), PERIODICS),
    )


def _allowed(settings: Settings) -> EgressPolicy:
    try:
        return egress_policy(settings.egress_allow)
    except InvalidUrlError as error:
        raise SettingsError(
            f"egress_allow: {error.message}", "write host:port, e.g. crm.internal:8443"
        ) from error


def application(platform: Platform) -> Application:
    """The server's ASGI application; the worker lives as long as it does.

    The database's built-in providers become those of this release: what is served is served whole, also
    where a release brought new ones without a new schema.

    Raises:
        SettingsError: `default_dialect` is no dialect that is served.
    """
    providers.update_built_in(platform.database)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        platform.worker.start()
        platform.services.proxy.log.start()
        platform.services.activity.start()
        try:
            yield
        finally:
            await platform.worker.stop()
            await platform.services.proxy.log.stop()
            await platform.services.activity.stop()
            # A token that is being fetched is stored before its connection goes.
            await connections.in_flight(platform.database).settle(platform.database)
            await platform.services.egress.close()

    return create_app(
        platform.database,
        platform.services,
        default_dialect=platform.settings.default_dialect,
        lifespan=lifespan,
    )


def verify(database: Database, vault: Vault | None = None) -> list[Finding]:
    """Check every invariant on one snapshot; an empty list means the instance is whole.

    Args:
        database: what to look at.
        vault: opens everything sealed too; without it, only that each value's data key is there is checked.
    """
    checks = (
        integrity_findings,
        journal_findings,
        group_findings,
        entity_findings,
        integration_findings,
        connection_findings,
        install_findings,
        webhook_findings,
        partial(vault_findings, columns=SEALED, vault=vault),
    )
    return database.check_now(lambda tx: [finding for check in checks for finding in check(tx)])
