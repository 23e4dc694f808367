"""Reading a manifest: its text, its shape, its rules; everything that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from msgspec import Struct, convert, structs

from trunkline.core.manifests.document import LINE_BREAK, DocumentError, read_document
from trunkline.core.manifests.findings import Finding
from trunkline.core.manifests.ignoring import Ignored
from trunkline.core.manifests.manifest import Manifest
from trunkline.core.manifests.places import Node, Place, root_place
from trunkline.core.manifests.rulebook import BY_SCOPE
from trunkline.core.manifests.rules import Context, Scope
from trunkline.core.manifests.rules_schedule import READ_INTERVAL_LEAST, WATCH_INTERVAL_LEAST
from trunkline.core.manifests.rules_text import FINDINGS_MAX, TOO_MANY_FINDINGS
from trunkline.core.manifests.shape import Shaping
from trunkline.core.manifests.slugs import ACTIONS
from trunkline.core.manifests.support import ProviderLookup

_OBJECT_SCOPES = {
    "read": Scope.READ_OBJECT,
    "write": Scope.WRITE_OBJECT,
    "subscribe": Scope.SUBSCRIBE_OBJECT,
}


class ReadManifest(Struct, frozen=True):
    """What a text came to.

    Attributes:
        manifest: None where a finding is an error.
        findings: by their places in the text.
    """

    manifest: Manifest | None
    findings: tuple[Finding, ...]


def read_manifest(text: str, *, is_provider: ProviderLookup | None = None) -> ReadManifest:
    """Read and check a manifest; whatever the text is, this answers and does not raise.

    Args:
        text: YAML; bytes that are not UTF-8 may be passed on as surrogates (`errors="surrogateescape"`).
        is_provider: what the provider of a name can do, None where there is no such provider; without it,
            nothing is said about providers.

    Source: reference of the Ampersand API, manifest and its rules.
    """
    text = text.removeprefix("\ufeff")
    try:
        document = read_document(text)
    except DocumentError as error:
        return ReadManifest(None, _within(text, (error.finding,)))
    shaping = Shaping()
    root = root_place(document.root)
    values = shaping.read(root, Manifest)
    found = [*document.findings, *shaping.findings, *_broken(root, is_provider)]
    is_refused = any(finding.severity == "error" for finding in found)
    ignored = Ignored(text, document)
    told = [finding for finding in found if not ignored.covers(finding)]
    return ReadManifest(None if is_refused else convert(values, Manifest), _within(text, _shortened(told)))


def _within(text: str, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The same, with none below the last line: the parser ends a text with a line break of its own."""
    lines = LINE_BREAK.split(text)
    end = {"line": len(lines), "column": len(lines[-1]) + 1}
    return tuple(structs.replace(one, **end) if one.line > len(lines) else one for one in findings)


def _broken(root: Place, is_provider: ProviderLookup | None) -> Iterator[Finding]:
    yield from _of(Scope.MANIFEST, root, Context(root))
    for integration in root.items_at("integrations"):
        context = _context(integration, is_provider)
        yield from _of(Scope.INTEGRATION, integration, context)
        for action in ACTIONS:
            for item in integration.items_at(action, "objects"):
                yield from _of(_OBJECT_SCOPES[action], item, context)
        for schedule, least in _schedules(integration):
            yield from _of(Scope.SCHEDULE, schedule, replace(context, interval_least=least))


def _of(scope: Scope, place: Place, context: Context) -> Iterator[Finding]:
    for rule in BY_SCOPE[scope]:
        yield from rule.findings(place, context)


def _context(integration: Place, is_provider: ProviderLookup | None) -> Context:
    read_objects = frozenset(
        name for item in integration.items_at("read", "objects") if (name := item.text_at("objectName"))
    )
    name = integration.text_at("provider")
    if is_provider is None or not name:
        return Context(integration, read_objects)
    support = is_provider(name)
    if support is None:
        return Context(integration, read_objects, is_provider_known=False)
    modules = support.modules
    return Context(
        integration,
        read_objects,
        support=(modules or {}).get(integration.text_at("module"), support),
        modules=None if modules is None else frozenset(modules),
        is_provider_known=True,
    )


def _schedules(integration: Place) -> Iterator[tuple[Place, int]]:
    for item in integration.items_at("read", "objects"):
        schedule = item.get("schedule")
        if schedule is not None and schedule.text:
            yield schedule, READ_INTERVAL_LEAST
    watch = integration.get("watchSchema")
    schedule = watch.get("schedule") if watch is not None else None
    if schedule is not None and schedule.text:
        yield schedule, WATCH_INTERVAL_LEAST


def _shortened(findings: list[Finding]) -> tuple[Finding, ...]:
    found = sorted(findings, key=lambda one: (one.line, one.column, one.rule, one.path))
    # Values behind an alias are looked at wherever it stands; what is wrong with them is wrong in one place.
    found = list({(one.rule, one.line, one.column, one.message): one for one in reversed(found)}.values())[
        ::-1
    ]
    errors = [one for one in found if one.severity == "error"]
    warnings = [one for one in found if one.severity == "warning"]
    kept = {id(one) for one in (*errors[:FINDINGS_MAX], *warnings[:FINDINGS_MAX])}
    shown = [one for one in found if id(one) in kept]
    if len(shown) < len(found):
        last = shown[-1]
        end = Place(Node("null", last.line, last.column, last.line), "", last.line, last.column)
        shown.append(TOO_MANY_FINDINGS.at(end, f"{len(found) - len(shown)} more findings are not shown."))
    return tuple(shown)
