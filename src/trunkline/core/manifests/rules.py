"""What a rule is, and how the modules `rules_*` write theirs down: name, severity, sentence, remedy, check.

A rule's name is stable: people name it in comments, programs look for it. Its sentence says what holds where the
rule is kept; the check yields each place that breaks it, with what is wrong there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from trunkline.core.manifests.findings import Finding, Severity
from trunkline.core.manifests.places import Place
from trunkline.core.manifests.support import ProviderSupport


class Scope(StrEnum):
    """What a rule looks at, one after the other."""

    TEXT = "text"
    SHAPE = "shape"
    MANIFEST = "manifest"
    INTEGRATION = "integration"
    READ_OBJECT = "read object"
    WRITE_OBJECT = "write object"
    SUBSCRIBE_OBJECT = "subscribe object"
    SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True)
class Context:
    """What a check may know beside the place it looks at.

    Attributes:
        integration: where the place belongs; the manifest itself for rules about that.
        read_objects: names of the objects the integration reads.
        support: what the provider, or the module that is named, can do; None where nobody knows.
        modules: the provider's modules; None where nobody knows.
        is_provider_known: None where there was no catalog to ask.
        interval_least: minutes between two runs of the schedule looked at.
    """

    integration: Place
    read_objects: frozenset[str] = frozenset()
    support: ProviderSupport | None = None
    modules: frozenset[str] | None = None
    is_provider_known: bool | None = None
    interval_least: int = 0


Complaint: TypeAlias = tuple[Place, str]
Check: TypeAlias = Callable[[Place, Context], Iterator[Complaint]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule; without a check where the reader itself keeps it, as it cannot read on otherwise."""

    name: str
    severity: Severity
    scope: Scope
    sentence: str
    remedy: str
    check: Check | None = None

    def at(self, place: Place, message: str, remedy: str = "") -> Finding:
        """The finding that this rule is broken at a place."""
        return Finding(
            self.name, self.severity, place.line, place.column, place.path, message, remedy or self.remedy
        )

    def findings(self, place: Place, context: Context) -> Iterator[Finding]:
        """Every finding about a place of this rule's scope."""
        if self.check is not None:
            for found, message in self.check(place, context):
                yield self.at(found, message)


class Rulebook:
    """The rules of one module, in the order they are written."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def declare(self, name: str, severity: Severity, scope: Scope, sentence: str, remedy: str) -> Rule:
        """Write down a rule that the reader keeps."""
        rule = Rule(name, severity, scope, sentence, remedy)
        self.rules.append(rule)
        return rule

    def rule(
        self, name: str, severity: Severity, scope: Scope, *, sentence: str, remedy: str
    ) -> Callable[[Check], Check]:
        """Write down a rule with the function below as its check."""

        def register(check: Check) -> Check:
            self.rules.append(Rule(name, severity, scope, sentence, remedy, check))
            return check

        return register
