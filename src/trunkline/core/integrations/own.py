"""What people of an organization publish: the integrations they may edit, and publishing with every change.

Source: seed 004; DESIGN section 4.12.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from trunkline.core.access import ActorScope, Permission, scope
from trunkline.core.integrations.publish import PublishIntegration, publish_version
from trunkline.core.integrations.reads import visible_integration
from trunkline.core.integrations.specs import INTEGRATION, IntegrationRow, VersionRow
from trunkline.infra.db import Mode, Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import NotFoundError
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.semver import parse

FIRST_VERSION = "1.0.0"


class MayEdit:
    """Integrations of the caller's organizations that the caller may edit: by role, share or ownership."""

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:  # noqa: ARG002  # same in both
        """An editor, inside the organization."""
        return self.at_least(scope, alias, Tier.EDITOR)

    def insider(self, scope: ActorScope, alias: str) -> str:
        """The same."""
        return self.at_least(scope, alias, Tier.EDITOR)

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        """That tier, inside the organization."""
        return f"({scope.in_organization(alias)} AND {scope.at_least(INTEGRATION, alias, tier)})"


OWN_INTEGRATION = replace(INTEGRATION, rule=MayEdit())


def list_own_integrations(tx: Tx, actor: Actor, query: ListQuery) -> Page[IntegrationRow]:
    """Live integrations of the caller's organizations that the caller may edit.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.INTEGRATIONS_READ)
    return lists.list_rows(tx, OWN_INTEGRATION, query, scope(actor, tx.specs))


def get_own_integration(tx: Tx, actor: Actor, integration_id: str) -> IntegrationRow:
    """One of them.

    Raises:
        NotFoundError: absent, deleted, or none the caller may edit.
    """
    actor.require(Permission.INTEGRATIONS_READ)
    return own_integration(tx, actor, integration_id)


def own_integration(tx: Tx, actor: Actor, integration_id: str) -> IntegrationRow:
    """One of them for use by another verb, whatever the key's scope.

    Raises:
        NotFoundError: absent, deleted, or none the caller may edit.
    """
    row = lists.get_row(tx, OWN_INTEGRATION, integration_id, scope(actor, tx.specs), deleted=False)
    if row is None:
        raise NotFoundError("integration")
    return row


def own_integrations(tx: Tx, actor: Actor, integration_ids: Iterable[str]) -> list[IntegrationRow]:
    """Those of some integrations that the caller may edit, however many are asked about."""
    return lists.get_rows(
        tx, OWN_INTEGRATION, sorted(set(integration_ids)), scope(actor, tx.specs), deleted=False
    )


def publish_change(tx: Tx, actor: Actor, integration_id: str, *, first: str = FIRST_VERSION) -> VersionRow:
    """Publish a draft as the patch that follows its current version, or as its `first` one.

    For those whose words know no versions: what they change is published with the change.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of it.
        InvalidRequestError: the draft does not resolve.
        ConflictError: it is deleted.
    """
    row = visible_integration(tx, actor, integration_id)
    current = None if row.current_version is None else parse(row.current_version)
    version = first if current is None else f"{current.major}.{current.minor}.{current.patch + 1}"
    return publish_version(tx, actor, PublishIntegration(integration_id=row.id, version=version))
