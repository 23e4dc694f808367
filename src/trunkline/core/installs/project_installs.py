"""Installs of a project's integrations in the groups of the project: made for a group, and read with what they are of.

Source: seed 002; reference of the Ampersand API, installations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from msgspec.json import decode

from trunkline.core.access import Permission, scope
from trunkline.core.connections import CONNECTION, ConnectionRow
from trunkline.core.installs.config_content import effective_config
from trunkline.core.installs.config_rows import ConfigRow, GivenConfig, configs_of
from trunkline.core.installs.errors import ConnectionMissingError
from trunkline.core.installs.install import InstallIntegration, install_integration
from trunkline.core.installs.queries import DEFAULT_CONNECTION
from trunkline.core.installs.specs import INSTALL, InstallRow
from trunkline.core.integrations import IntegrationRow, needs_auth, sources_of, visible_integration
from trunkline.core.workspaces import (
    ConsumerRow,
    WorkspaceRow,
    consumers_by_id,
    ensure_group,
    find_group,
    groups_by_id,
)
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, system_actor
from trunkline.kit.errors import NotFoundError
from trunkline.kit.filters import All, Compare, Node, Op, Quantifier, Related
from trunkline.kit.pages import ListQuery, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallForGroup:
    """The request to install an integration for a group, made on its first use.

    Attributes:
        group_ref: what the project's publisher calls the group.
        connection_id: the group's default connection when None: one to the provider, that works, the newest.
    """

    project_id: str
    integration_id: str
    group_ref: str
    connection_id: str | None
    config: GivenConfig


@dataclass(frozen=True, slots=True)
class ProjectInstall:
    """An install with what it is of.

    Attributes:
        config: its configuration as it was written; None where it takes none.
        content: what that comes to; only the provider where it takes none.
        connection: None for an install that needs none or has a workspace secret, and where it is the own of
            somebody else.
        consumer: whom the connection was made for, where anybody in particular.
    """

    install: InstallRow
    group: WorkspaceRow | None
    config: ConfigRow | None
    content: Mapping[str, Any]
    connection: ConnectionRow | None
    consumer: ConsumerRow | None


def install_for_group(tx: Tx, actor: Actor, request: InstallForGroup) -> InstallRow:
    """Install an integration for a group, once; the group is made where it is named for the first time.

    Raises:
        NotFoundError: the project, the integration or the connection is absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the groups.
        ConnectionMissingError: the group has no connection to the provider, and none is named.
        InvalidRequestError: the group's ref is malformed, or the configuration does not fit.
        ConflictError: it is installed for the group, or nothing of it is published.
    """
    actor.require(Permission.INSTALLS_WRITE)
    integration = project_integration(tx, actor, request.project_id, request.integration_id)
    group = ensure_group(tx, actor, request.project_id, request.group_ref)
    connection_id = request.connection_id
    if connection_id is None:
        place = {"workspace_id": group.id, "provider": provider_named(integration)}
        connection_id = tx.value(DEFAULT_CONNECTION, **place)
        if connection_id is None and needs_auth(decode(integration.auth_config)):
            message = f"{group.name} has no connection to {provider_named(integration)}; connect one first"
            raise ConnectionMissingError.at("connectionId", message)
    wanted = InstallIntegration(
        integration_id=integration.id,
        workspace_id=group.id,
        auth_state_id=connection_id,
        exclusive=True,
        config=request.config,
    )
    return install_integration(tx, actor, wanted)


def project_integration(tx: Tx, actor: Actor, project_id: str, integration_id: str) -> IntegrationRow:
    """A live integration of a project.

    Raises:
        NotFoundError: absent, deleted, of another project, or outside the caller's scope.
    """
    row = visible_integration(tx, actor, integration_id)
    if row.workspace_id != project_id or row.deleted_at is not None:
        raise NotFoundError("integration")
    return row


def provider_named(integration: IntegrationRow) -> str:
    """The provider of an integration's connections; what kind of system it connects to where it names none."""
    provider = decode(integration.auth_config).get("provider")
    return provider if isinstance(provider, str) and provider else integration.driver


def list_project_installs(
    tx: Tx,
    actor: Actor,
    project_id: str,
    query: ListQuery,
    *,
    integration_id: str | None = None,
    group_ref: str | None = None,
) -> Page[InstallRow]:
    """Live installs of a project's integrations in its groups, of one integration or for one group where asked.

    A group that is not there has no installs.

    Args:
        tx: the transaction.
        actor: an actor of the project.
        project_id: the project.
        query: the page asked for.
        integration_id: one of the project's.
        group_ref: what the project's publisher calls the group.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope.
        InvalidRequestError: a bad place.
    """
    actor.require(Permission.INSTALLS_READ)
    where: list[Node] = []
    if integration_id is not None:
        row = project_integration(tx, actor, project_id, integration_id)
        where.append(Compare("integration_id", Op.EQ, row.id))
    else:
        of_project = Compare("workspace_id", Op.EQ, project_id)
        where.append(Related("integration", Quantifier.ONE, of_project))
    if group_ref is not None:
        # Whoever may list installs may say for whom.
        group = find_group(tx, replace(actor, operations=None), project_id, group_ref)
        if group is None:
            query = replace(query, ids=())
        else:
            where.append(Compare("workspace_id", Op.EQ, group.id))
    else:
        owned = Compare("owner_workspace_id", Op.EQ, project_id)
        where.append(Related("workspace", Quantifier.ONE, owned))
    asked = replace(query, where=All(tuple(where)))
    return lists.list_rows(tx, INSTALL, asked, scope(actor, tx.specs))


def project_install(
    tx: Tx, actor: Actor, project_id: str, integration_id: str, install_id: str
) -> ProjectInstall:
    """One live install of an integration of a project in one of its groups, with what it is of.

    Raises:
        NotFoundError: absent, deleted, of something else, or outside the caller's scope.
    """
    actor.require(Permission.INSTALLS_READ)
    found = find_project_install(tx, actor, project_id, integration_id, install_id)
    return with_details(tx, actor, [found])[0]


def find_project_install(
    tx: Tx, actor: Actor, project_id: str, integration_id: str, install_id: str
) -> InstallRow:
    """The install alone, for use by another verb, whatever the key's scope.

    Raises:
        NotFoundError: absent, deleted, of something else, or outside the caller's scope.
    """
    integration = project_integration(tx, actor, project_id, integration_id)
    row = lists.get_row(tx, INSTALL, install_id, scope(actor, tx.specs), deleted=False)
    if row is None or row.integration_id != integration.id:
        raise NotFoundError("installation")
    return row


def group_install(tx: Tx, actor: Actor, project_id: str, integration_id: str, group_ref: str) -> InstallRow:
    """The live install of an integration for a group, for use by another verb.

    Raises:
        NotFoundError: there is none, or it is outside the caller's scope.
    """
    query = ListQuery(limit=1, count=False)
    found = list_project_installs(
        tx, actor, project_id, query, integration_id=integration_id, group_ref=group_ref
    )
    if not found.rows:
        raise NotFoundError("installation")
    return found.rows[0]


def _connections_of(tx: Tx, actor: Actor, rows: Sequence[InstallRow]) -> dict[str, ConnectionRow]:
    """The connections of installs the caller was shown, but for what is another user's own.

    They are in the installs' workspaces, so whoever sees those may see these; asking for that again, row by row,
    would look at every connection there is.
    """
    wanted = dict.fromkeys(row.auth_state_id for row in rows if row.auth_state_id is not None)
    everything = scope(system_actor("what installs that were shown are connected with"), tx.specs)
    found = lists.get_rows(tx, CONNECTION, list(wanted), everything)
    return {row.id: row for row in found if row.user_id in {None, actor.user_id}}


def with_details(tx: Tx, actor: Actor, rows: Sequence[InstallRow]) -> list[ProjectInstall]:
    """Installs the caller was shown with what they are of, in as many statements however many they are."""
    groups = groups_by_id(tx, actor, [row.workspace_id for row in rows])
    configs = configs_of(tx, rows)
    sources = sources_of(tx, [row.integration_version_id for row in rows])
    connections = _connections_of(tx, actor, rows)
    for_whom = [one.consumer_id for one in connections.values() if one.consumer_id is not None]
    consumers = consumers_by_id(tx, for_whom)
    found = []
    for row in rows:
        connection = connections.get(row.auth_state_id or "")
        config, source = configs.get(row.id), sources.get(row.integration_version_id)
        if config is None or source is None:
            integration = visible_integration(tx, actor, row.integration_id)
            content = {"provider": provider_named(integration)}
        else:
            content = effective_config(source.content, decode(config.content))
        found.append(
            ProjectInstall(
                install=row,
                group=groups.get(row.workspace_id),
                config=config,
                content=content,
                connection=connection,
                consumer=consumers.get((connection and connection.consumer_id) or ""),
            )
        )
    return found
