"""All rules, in the order in which they are documented."""

from __future__ import annotations

from trunkline.core.manifests.rules import Rule, Scope
from trunkline.core.manifests.rules_fields import FIELDS
from trunkline.core.manifests.rules_integration import INTEGRATION
from trunkline.core.manifests.rules_provider import PROVIDER
from trunkline.core.manifests.rules_read import READ
from trunkline.core.manifests.rules_schedule import SCHEDULE
from trunkline.core.manifests.rules_shape import SHAPE
from trunkline.core.manifests.rules_subscribe import SUBSCRIBE
from trunkline.core.manifests.rules_text import TEXT

_BOOKS = (TEXT, SHAPE, INTEGRATION, PROVIDER, READ, SCHEDULE, FIELDS, SUBSCRIBE)
RULES: tuple[Rule, ...] = tuple(rule for book in _BOOKS for rule in book.rules)
BY_SCOPE: dict[Scope, tuple[Rule, ...]] = {
    scope: tuple(rule for rule in RULES if rule.scope is scope) for scope in Scope
}
