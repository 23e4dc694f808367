"""Who sees installs and their access keys beside the workspace they are in: the integration's publisher."""

from __future__ import annotations

from trunkline.core.access import ActorScope, InWorkspace
from trunkline.core.installs.queries import PUBLISHED_BY
from trunkline.core.integrations import INTEGRATION
from trunkline.infra.db import Mode
from trunkline.kit.actor import Tier


class ByPublisher:
    """Rows with `integration_id`: seen by who may edit the integration in an organization of theirs.

    What is behind a deleted integration is nobody's to see as its publisher.
    """

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:  # noqa: ARG002  # same in both
        """An editor of the live integration."""
        return self.at_least(scope, alias, Tier.EDITOR)

    def insider(self, scope: ActorScope, alias: str) -> str:
        """The same."""
        return self.at_least(scope, alias, Tier.EDITOR)

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        """That tier on the integration, and no lower one than editor."""
        publisher = f"{alias}_p"
        held = scope.at_least(INTEGRATION, publisher, max(tier, Tier.EDITOR))
        return PUBLISHED_BY.format(
            a=alias, p=publisher, held=f"{scope.in_organization(publisher)} AND {held}"
        )


class ByBothSides:
    """Rows about an install: seen by editors of its workspace, and by who may edit its integration."""

    def visible(self, scope: ActorScope, alias: str, mode: Mode) -> str:  # noqa: ARG002  # same in both
        """An editor on either side."""
        return self.at_least(scope, alias, Tier.EDITOR)

    def insider(self, scope: ActorScope, alias: str) -> str:
        """The same."""
        return self.at_least(scope, alias, Tier.EDITOR)

    def at_least(self, scope: ActorScope, alias: str, tier: Tier) -> str:
        """That tier on either side, and no lower one than editor."""
        wanted = max(tier, Tier.EDITOR)
        here = InWorkspace().at_least(scope, alias, wanted)
        return f"({here} OR {ByPublisher().at_least(scope, alias, wanted)})"
