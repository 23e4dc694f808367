"""Reading integrations and versions: every read starts from the caller's scope and hides other people's drafts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from msgspec import Raw, structs
from msgspec.json import decode

from trunkline.core.access import Permission, scope
from trunkline.core.integrations.manifest import Source, source_of
from trunkline.core.integrations.queries import EXPIRED, MANIFESTS, PINS_NAMESPACE, SNAPSHOTS, VERSION_ROW
from trunkline.core.integrations.search import having_words
from trunkline.core.integrations.specs import INTEGRATION, VERSION, IntegrationRow, VersionRow
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor
from trunkline.kit.errors import NotFoundError
from trunkline.kit.filters import All, Compare, Op, both
from trunkline.kit.ids import parse_id
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.semver import parse
from trunkline.kit.text import is_slug

_EMPTY = Raw(b"{}")


def list_integrations(
    tx: Tx, actor: Actor, query: ListQuery, *, text: str | None = None
) -> Page[IntegrationRow]:
    """Integrations the caller may see: their workspaces', granted and publicly listed ones.

    Args:
        tx: the transaction.
        actor: who asks.
        query: the page asked for.
        text: words that the name or the description must have.

    Raises:
        InvalidRequestError: an unknown field or operator, a bad place, or too many words.
    """
    actor.require(Permission.INTEGRATIONS_READ)
    words = None if text is None else having_words(text)
    if words is not None:
        query = replace(query, where=both(words, query.where))
    page = lists.list_rows(tx, INTEGRATION, query, scope(actor, tx.specs))
    return replace(page, rows=as_seen(tx, page.rows))


def get_integration(tx: Tx, actor: Actor, integration_id: str) -> IntegrationRow:
    """One integration; outsiders see what is published instead of the draft.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    actor.require(Permission.INTEGRATIONS_READ)
    return visible_integration(tx, actor, integration_id)


def find_integration(
    tx: Tx, actor: Actor, ref: str, *, organization_id: str | None = None, workspace_id: str | None = None
) -> IntegrationRow:
    """A live integration by its id or, where only slugs are known, by its slug.

    Args:
        tx: the transaction.
        actor: who asks.
        ref: an id in any spelling, or a slug.
        organization_id: whose slugs are meant; ids are looked for in all that the caller sees.
        workspace_id: the only place to look.

    Raises:
        NotFoundError: absent, deleted or outside the caller's scope; or two have that slug, and better none is
            found than the wrong one.
    """
    actor.require(Permission.INTEGRATIONS_READ)
    seen = scope(actor, tx.specs)
    integration_id = parse_id("integration", ref)
    found: list[IntegrationRow] = []
    if integration_id is not None:
        row = lists.get_row(tx, INTEGRATION, integration_id, seen, deleted=False)
        found += [] if row is None else [row]
    elif is_slug(ref):
        places = {"slug": ref, "organization_id": organization_id, "workspace_id": workspace_id}
        where = [Compare(name, Op.EQ, value) for name, value in places.items() if value is not None]
        query = ListQuery(where=All(tuple(where)), limit=2, count=False)
        found = lists.list_rows(tx, INTEGRATION, query, seen).rows
    if workspace_id is not None:
        found = [row for row in found if row.workspace_id == workspace_id]
    if len(found) != 1:
        raise NotFoundError("integration")
    return as_seen(tx, found)[0]


def visible_integration(tx: Tx, actor: Actor, integration_id: str) -> IntegrationRow:
    """One integration for use by another verb, whatever the key's scope.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    row = lists.get_row(tx, INTEGRATION, integration_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("integration")
    return as_seen(tx, [row])[0]


def as_seen(tx: Tx, rows: list[IntegrationRow]) -> list[IntegrationRow]:
    """The draft for those it belongs to, the published snapshot for everybody else; at most one statement."""
    published = {row.current_version_id for row in rows if not row.insider}
    if not published:
        return rows
    snapshots = {version_id: texts for version_id, *texts in tx.fetch_for(SNAPSHOTS, published)}
    return [row if row.insider else _published(row, snapshots.get(row.current_version_id)) for row in rows]


def _published(row: IntegrationRow, texts: list[str] | None) -> IntegrationRow:
    manifest, variables_schema, auth_config = (_EMPTY,) * 3 if texts is None else map(Raw, texts)
    return structs.replace(
        row, manifest=manifest, variables_schema=variables_schema, auth_config=auth_config, data=_EMPTY
    )


def list_versions(tx: Tx, actor: Actor, query: ListQuery) -> Page[VersionRow]:
    """Published versions of every integration the caller may see.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.VERSIONS_READ)
    return lists.list_rows(tx, VERSION, query, scope(actor, tx.specs))


def pinned_version(tx: Tx, version_id: str) -> VersionRow:
    """A version an install is pinned to, for the verbs that serve the install; never handed to a caller.

    Raises:
        NotFoundError: there is no such version.
    """
    row = tx.one(VersionRow, VERSION_ROW, id=version_id)
    if row is None:
        raise NotFoundError("integration version")
    return row


def version_snapshot(tx: Tx, version_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The variables schema and auth configuration of a version an install is pinned to, decoded."""
    version = pinned_version(tx, version_id)
    return decode(version.variables_schema), decode(version.auth_config)


def sources_of(tx: Tx, version_ids: Iterable[str]) -> dict[str, Source]:
    """What versions that installs are pinned to were deployed from, by version; one statement for up to 500."""
    found = {}
    for version_id, manifest in tx.fetch_for(MANIFESTS, dict.fromkeys(version_ids)):
        source = source_of(decode(manifest))
        if source is not None:
            found[version_id] = source
    return found


def current_versions(tx: Tx, actor: Actor, rows: Iterable[IntegrationRow]) -> dict[str, VersionRow]:
    """The current versions of integrations the caller was shown, by integration; one statement."""
    ids = [row.current_version_id for row in rows if row.current_version_id is not None]
    found = lists.get_rows(tx, VERSION, ids, scope(actor, tx.specs))
    return {row.integration_id: row for row in found}


def is_older(version: VersionRow, than: VersionRow) -> bool:
    """Whether a version comes before another of the same integration."""
    left, right = parse(version.version), parse(than.version)
    return left is not None and right is not None and left < right


def is_namespace_pinned(tx: Tx, namespace: str) -> bool:
    """Whether some published version pins an entity of this namespace."""
    return tx.value(PINS_NAMESPACE, namespace=namespace) is not None


def get_version(tx: Tx, actor: Actor, version_id: str) -> VersionRow:
    """One published version.

    Raises:
        NotFoundError: absent, or its integration is outside the caller's scope.
    """
    actor.require(Permission.VERSIONS_READ)
    return visible_version(tx, actor, version_id)


def expired_integrations(tx: Tx, limit: int) -> list[str]:
    """Ids of deleted integrations whose retention is over, the longest overdue first; for the retention job."""
    return tx.column(EXPIRED, now=tx.now, limit=limit)


def visible_version(tx: Tx, actor: Actor, version_id: str) -> VersionRow:
    """One published version for use by another verb, whatever the key's scope.

    Raises:
        NotFoundError: absent, or its integration is outside the caller's scope.
    """
    row = lists.get_row(tx, VERSION, version_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("integration version")
    return row
