"""Rules about the manifest as a whole and about its integrations."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.core.manifests.manifest import NAME_MAX, SPEC_VERSION
from trunkline.core.manifests.places import Place, shown
from trunkline.core.manifests.rules import Complaint, Context, Rulebook, Scope
from trunkline.core.manifests.slugs import ACTIONS, WRITTEN_MAX, written_name

OBJECTS_MAX = 2_000  # of a manifest: all of them are written at once, and whoever else writes waits
SECTIONS = (*ACTIONS, "proxy", "watchSchema")

INTEGRATION = Rulebook()


@INTEGRATION.rule(
    "spec-version",
    "error",
    Scope.MANIFEST,
    sentence=f"`specVersion` is {SPEC_VERSION}.",
    remedy=f"Write `specVersion: {SPEC_VERSION}`.",
)
def spec_version(manifest: Place, _: Context) -> Iterator[Complaint]:
    """There is one version of the format."""
    given = manifest.get("specVersion")
    if given is not None and given.text and given.text != SPEC_VERSION:
        yield given, f"The version {shown(given.text)} of the format is not known."


@INTEGRATION.rule(
    "no-integrations",
    "error",
    Scope.MANIFEST,
    sentence="`integrations` lists at least one.",
    remedy="Add an integration with `name`, `provider` and something it does.",
)
def no_integrations(manifest: Place, _: Context) -> Iterator[Complaint]:
    """A manifest without integrations declares nothing."""
    given = manifest.get("integrations")
    if given is not None and given.node.kind == "list" and not given.node.items:
        yield given, "The manifest declares no integration."


@INTEGRATION.rule(
    "duplicate-integration",
    "error",
    Scope.MANIFEST,
    sentence="The name of an integration is its own.",
    remedy="Give one of the two another name.",
)
def duplicate_integration(manifest: Place, _: Context) -> Iterator[Complaint]:
    """Names address integrations, so no two share one."""
    yield from _repeated(manifest.items_at("integrations"), "name", "integration")


@INTEGRATION.rule(
    "integration-structure",
    "error",
    Scope.INTEGRATION,
    sentence="An integration reads, writes, subscribes, proxies or watches the schema.",
    remedy=f"Add at least one of {', '.join(f'`{name}`' for name in SECTIONS)}.",
)
def integration_structure(integration: Place, _: Context) -> Iterator[Complaint]:
    """An integration does something."""
    if integration.node.kind == "mapping" and not any(integration.get(name) for name in SECTIONS):
        yield integration, "The integration does nothing."


@INTEGRATION.rule(
    "no-objects",
    "error",
    Scope.INTEGRATION,
    sentence="`read`, `write` and `subscribe` list at least one object each.",
    remedy="Add an object to its `objects`, or remove the section.",
)
def no_objects(integration: Place, _: Context) -> Iterator[Complaint]:
    """An action has objects."""
    for action in ACTIONS:
        section = integration.get(action)
        if section is None or section.node.kind != "mapping":
            continue
        objects = section.get("objects")
        if objects is None or (objects.node.kind == "list" and not objects.node.items):
            yield objects or section, f"`{action}` names no object."


@INTEGRATION.rule(
    "duplicate-object",
    "error",
    Scope.INTEGRATION,
    sentence="An object stands once in an action.",
    remedy="Make one entry of the two.",
)
def duplicate_object(integration: Place, _: Context) -> Iterator[Complaint]:
    """Of two entries nobody could tell which holds."""
    for action in ACTIONS:
        yield from _repeated(integration.items_at(action, "objects"), "objectName", f"{action} object")


@INTEGRATION.rule(
    "object-name-length",
    "error",
    Scope.INTEGRATION,
    sentence=f"An object's name fits into a slug: {WRITTEN_MAX} characters, and three for each byte of a special one.",
    remedy="Read the object under a shorter name, if the provider has one.",
)
def object_name_length(integration: Place, _: Context) -> Iterator[Complaint]:
    """Each object becomes a member, whose slug holds its name."""
    for action in ACTIONS:
        for item in integration.items_at(action, "objects"):
            name = item.get("objectName")
            # What is longer than any name may be is an error already.
            if name is None or len(name.text) > NAME_MAX:
                continue
            if len(written_name(name.text)) > WRITTEN_MAX:
                yield name, f"The name {shown(name.text)} is too long for a slug."


@INTEGRATION.rule(
    "too-many-objects",
    "error",
    Scope.MANIFEST,
    sentence=f"A manifest has at most {OBJECTS_MAX:,} objects in all actions of its integrations.",
    remedy="Make several manifests of it, each of a project of its own.",
)
def too_many_objects(manifest: Place, _: Context) -> Iterator[Complaint]:
    """Each object becomes a member, and a manifest is deployed in one piece."""
    count = 0
    for integration in manifest.items_at("integrations"):
        count += sum(len(integration.items_at(action, "objects")) for action in ACTIONS)
        if count > OBJECTS_MAX:
            yield integration, f"With this integration, the manifest has {count:,} objects."
            return


def _repeated(items: list[Place], key: str, what: str) -> Iterator[Complaint]:
    lines: dict[str, int] = {}
    for item in items:
        name = item.get(key)
        if name is None or not name.text:
            continue
        if name.text in lines:
            yield name, f"The {what} {shown(name.text)} is declared on line {lines[name.text]} already."
        lines.setdefault(name.text, name.line)
