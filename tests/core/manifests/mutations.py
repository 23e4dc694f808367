"""One mistake at a time, made in any manifest that has the place for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MARK = "§"  # begins the line that the mistake is to be found on

Edit = Callable[[list[str]], "list[str] | None"]


@dataclass(frozen=True)
class Mutation:
    """A mistake and the rule it breaks; `edit` gives the lines with the mistake, or None where there is no place."""

    rule: str
    edit: Edit


@dataclass(frozen=True)
class Mutated:
    """A manifest with a mistake, and the line it is on."""

    text: str
    line: int


def mutate(text: str, mutation: Mutation) -> Mutated | None:
    lines = mutation.edit(text.splitlines())
    if lines is None:
        return None
    (line,) = [number for number, one in enumerate(lines, 1) if MARK in one]
    return Mutated("\n".join(lines).replace(MARK, "") + "\n", line)


def swap(pattern: str, *new: str, section: str = "") -> Edit:
    """Write other lines for the first that matches, at its indentation; `{}` stands for the line itself."""

    def edit(lines: list[str]) -> list[str] | None:
        at = _find(lines, pattern, section)
        if at is None:
            return None
        line = lines[at].lstrip()
        indent = " " * (len(lines[at]) - len(line))
        written = [indent + one.replace("{}", line) for one in new]
        return [*lines[:at], *written, *lines[at + 1 :]]

    return edit


def drop(pattern: str, found_at: str, *, section: str = "") -> Edit:
    """Leave out the first line that matches; the nearest line above that matches `found_at` is to blame."""

    def edit(lines: list[str]) -> list[str] | None:
        at = _find(lines, pattern, section)
        if at is None:
            return None
        above = [number for number in range(at) if re.match(found_at, lines[number])]
        if not above:
            return None
        marked = [MARK * (number == above[-1]) + line for number, line in enumerate(lines)]
        return [*marked[:at], *marked[at + 1 :]]

    return edit


def append(*new: str) -> Edit:
    """Add lines at the end, where integrations are written at the usual indentation."""
    return lambda lines: [*lines, *new] if any(line.startswith("  - name:") for line in lines) else None


def both(first: Edit, second: Edit) -> Edit:
    """One edit after the other."""

    def edit(lines: list[str]) -> list[str] | None:
        between = first(lines)
        return None if between is None else second(between)

    return edit


def _find(lines: list[str], pattern: str, section: str) -> int | None:
    start = 0
    if section:
        heads = [number for number, line in enumerate(lines) if re.match(rf"\s+{section}:\s*(#.*)?$", line)]
        if not heads:
            return None
        start = heads[0]
    return next((at for at in range(start, len(lines)) if re.match(pattern, lines[at])), None)


_SCHEDULE = r'\s+schedule: *"'
_OBJECT = r"\s+- objectName: "
_DAYS = r"\s+days: "
_FULL = r"\s+fullHistory: "
_FIELD = r"\s+- fieldName: \w+$"
_NAME = r"\s*- name: "
_PROVIDER = r"\s+provider: "
_DESTINATION = r"\s+destination: "


def _schedule(text: str) -> Edit:
    return swap(_SCHEDULE, f'§schedule: "{text}"')


def _again(lines: list[str]) -> list[str] | None:
    at = _find(lines, r"  - name: \w+$", "")
    if at is None:
        return None
    name = lines[at].removeprefix("  - name: ")
    return [*lines, f"  - §name: {name}", "    provider: hubspot", "    proxy: {enabled: true}"]


MUTATIONS: dict[str, Mutation] = {
    name: Mutation(rule, edit)
    for name, rule, edit in (
        ("another version", "spec-version", swap("specVersion:", "§specVersion: 2.0.0")),
        ("a version that is a number", "wrong-type", swap("specVersion:", "§specVersion: 1.0")),
        ("an empty version", "required-field", swap("specVersion:", "§specVersion:")),
        ("no name", "required-field", swap(_NAME, "§- x-was: a name")),
        ("a blank name", "required-field", swap(_NAME, '§- name: "  "')),
        ("a name that is a number", "wrong-type", swap(_NAME, "§- name: 42")),
        ("a name that is too long", "text-length", swap(_NAME, f"§- name: {'n' * 201}")),
        ("no provider", "required-field", drop(_PROVIDER, r"\s*- name:")),
        ("a provider that is a list", "wrong-type", swap(_PROVIDER, "§provider: [one, two]")),
        ("nothing to do", "integration-structure", append("  - §name: mutated", "    provider: hubspot")),
        ("a name twice", "duplicate-integration", _again),
        ("a key twice", "duplicate-key", swap(_PROVIDER, "{}", "§provider: other")),
        ("a key that is a number", "key-not-text", swap(_PROVIDER, "{}", "§7: other")),
        ("a tag", "yaml-tag", swap(_PROVIDER, "§provider: !!str hubspot")),
        ("an alias of nothing", "yaml-alias", swap(_PROVIDER, "§provider: *nothing")),
        ("a quote left open", "yaml-syntax", lambda lines: [*lines, '§x: "y']),
        ("a tab for indentation", "yaml-syntax", swap(_PROVIDER, "{}", "§\tmodule: x")),
        ("a control character", "unreadable-character", swap(_PROVIDER, "§provider: hub\x07spot")),
        ("an escaped control character", "unreadable-character", swap(_PROVIDER, '§provider: "hub\\x07spot"')),
        ("a second document", "one-document", lambda lines: [*lines, "§---", "a: b"]),
        ("no objects", "no-objects", append("  - name: mutated", "    provider: hubspot", "    write:", "      §objects: []")),
        ("objects as a mapping", "wrong-type", append("  - name: mutated", "    provider: hubspot", "    write:", "      §objects: {a: b}")),
        ("an object without a name", "required-field", append("  - name: mutated", "    provider: hubspot", "    write:", "      objects:", "        §- inheritMapping: false")),
        ("an object twice", "duplicate-object", swap(_OBJECT, "- objectName: mutated", "  destination: d", '  schedule: "0 * * * *"', "  optionalFieldsAuto: all", "§- objectName: mutated", "  destination: d", '  schedule: "0 * * * *"', "  optionalFieldsAuto: all", "{}", section="read")),
        ("a written object twice", "duplicate-object", swap(_OBJECT, "- objectName: mutated", "§- objectName: mutated", "{}", section="write")),
        ("an object's name too long for a slug", "object-name-length", append("  - name: mutated", "    provider: hubspot", "    write:", "      objects:", f"        - §objectName: {'/' * 60}")),
        ("no destination", "required-field", drop(_DESTINATION, _OBJECT, section="read")),
        ("a destination that is true", "wrong-type", swap(_DESTINATION, "§destination: true")),
        ("delivery as a text", "wrong-type", swap(_DESTINATION, "{}", "§delivery: auto")),
        ("six fields of cron", "schedule-syntax", _schedule("0 */10 * * * *")),
        ("four fields of cron", "schedule-syntax", _schedule("*/10 * * *")),
        ("a minute beyond 59", "schedule-syntax", _schedule("60 * * * *")),
        ("an hour backwards", "schedule-syntax", _schedule("0 22-6 * * *")),
        ("a name for a schedule", "schedule-syntax", _schedule("@hourly")),
        ("every minute", "schedule-every-minute", _schedule("* * * * *")),
        ("every minute of one hour", "schedule-every-minute", _schedule("* 3 * * *")),
        ("every 5 minutes", "schedule-interval", _schedule("*/5 * * * *")),
        ("every 9 minutes", "schedule-interval", _schedule("*/9 * * * *")),
        ("every 7 minutes past 10", "schedule-interval", _schedule("10/7 * * * *")),
        ("close minutes", "schedule-interval", _schedule("0,9 * * * *")),
        ("close across the hour", "schedule-interval", _schedule("1,55 * * * *")),
        ("close across midnight", "schedule-interval", _schedule("0,55 0,23 * * *")),
        ("30 February", "schedule-never", _schedule("0 0 30 2 *")),
        ("a schedule that is a number", "wrong-type", swap(_SCHEDULE, "§schedule: 10")),
        ("both periods", "backfill-period", swap(_FULL, "{}", "§days: 7")),
        ("both periods, days first", "backfill-period", swap(_DAYS, "{}", "§fullHistory: true")),
        ("a period that is empty", "backfill-period", swap(r"\s+defaultPeriod:", "§defaultPeriod: { }", "x-was:")),
        ("days of the past before", "backfill-days", swap(_DAYS, "§days: -1")),
        ("half a day", "wrong-type", swap(_DAYS, "§days: 0.5")),
        ("days in quotes", "wrong-type", swap(_DAYS, '§days: "30"')),
        ("history of yes", "wrong-type", swap(_FULL, "§fullHistory: yes")),
        ("a backfill without a period", "required-field", swap(r"\s+backfill:", "§backfill: { }", "x-was:")),
        ("pages too small", "delivery-page-size", swap(_DESTINATION, "{}", "delivery:", "  mode: onRequest", "  §pageSize: 49")),
        ("pages too large", "delivery-page-size", swap(_DESTINATION, "{}", "delivery:", "  mode: onRequest", "  §pageSize: 501")),
        ("pages of no size", "delivery-page-size", swap(_DESTINATION, "{}", "§delivery:", "  mode: onRequest")),
        ("pages without asking", "delivery-auto-page-size", swap(_DESTINATION, "{}", "delivery:", "  mode: auto", "  §pageSize: 100")),
        ("a mode nobody knows", "unknown-value", swap(_DESTINATION, "{}", "delivery:", "  §mode: streaming")),
        ("all fields but how", "unknown-value", swap(r"\s+optionalFieldsAuto:", "§optionalFieldsAuto: some")),
        ("sometimes enabled", "unknown-value", swap(_DESTINATION, "{}", "§enabled: sometimes")),
        ("a field without a name", "field-name", swap(_FIELD, "§- mapToDisplayName: Mutated", "{}")),
        ("a field that is a text", "wrong-type", swap(_FIELD, "§- mutated", "{}")),
        ("a path with dots", "field-path", swap(_FIELD, "§- fieldName: $.a.b", "{}")),
        ("a path left open", "field-path", swap(_FIELD, "§- fieldName: $['a'", "{}")),
        ("a path without quotes", "field-path", swap(_FIELD, "- fieldName: mut", "  §mapToName: $[a]", "{}")),
        ("a target twice", "duplicate-mapping", swap(_FIELD, "- fieldName: mut_a", "  mapToName: mut", "- fieldName: mut_b", "  §mapToName: mut", "{}")),
        ("a target inside another", "duplicate-mapping", swap(_FIELD, "- fieldName: mut_a", "  mapToName: mut", "- fieldName: mut_b", "  §mapToName: $['mut']['b']", "{}")),
        ("a target around another", "duplicate-mapping", swap(_FIELD, "- fieldName: mut_a", "  mapToName: $['mut']['b']", "- fieldName: mut_b", "  §mapToName: mut", "{}")),
        ("a field twice", "duplicate-field", swap(_FIELD, "- fieldName: mut", "§- fieldName: mut", "{}")),
        ("a choice nobody explains", "field-prompt", swap(_FIELD, "§- mapToName: mutated", "{}")),
        ("a prompt for nothing", "field-prompt", swap(_FIELD, "- fieldName: mut", "  §prompt: Which?", "{}")),
        ("a misspelled key", "unknown-key", swap(_DESTINATION, "{}", "§destinatoin: x")),
        ("a key of another place", "unknown-key", swap(_PROVIDER, "{}", "§schedule: x")),
        ("an empty watch", "empty-value", swap(_PROVIDER, "{}", "§watchSchema:")),
        ("a proxy without a module", "proxy-module", append("  - name: mutated", "    provider: hubspot", "    proxy:", "      enabled: true", "      §useModule: true")),
        ("a mapping of nothing read", "inherit-read-object", append("  - name: mutated", "    provider: hubspot", "    write:", "      objects:", "        - objectName: a", "          §inheritMapping: true")),
        ("events without reading", "subscribe-requires-read", append("  - name: mutated", "    provider: hubspot", "    §subscribe:", "      objects:", "        - objectName: a", "          destination: d", "          otherEvents: [x]")),
        ("events of nothing read", "subscribe-read-object", both(swap(_OBJECT, "- objectName: mutated", section="subscribe"), swap(r"\s+inheritFieldsAndMapping:", "§{}"))),
        ("no inheritance", "subscribe-inherit-fields", swap(r"\s+inheritFieldsAndMapping:", "§inheritFieldsAndMapping: false")),
        ("no word of inheritance", "subscribe-inherit-fields", drop(r"\s+inheritFieldsAndMapping:", _OBJECT)),
        ("no events", "subscribe-minimum-events", swap(_OBJECT, "§- objectName: contacts_mutated", "  destination: d", "{}", section="subscribe")),
        ("an event now and then", "unknown-value", swap(r"\s+enabled: always", "§enabled: sometimes", section="subscribe")),
        ("both kinds of watched fields", "update-event-watch-fields", swap(r"\s+watchFieldsAuto:", "{}", "§requiredWatchFields: [a]", section="updateEvent")),
        ("no watched fields", "update-event-watch-fields", drop(r"\s+watchFieldsAuto:", r"\s+updateEvent:", section="updateEvent")),
        ("watched fields in others", "watch-fields-no-nesting", swap(r"\s+requiredWatchFields:", "{}", "  §- a.b")),
        ("watched fields in brackets", "watch-fields-no-nesting", swap(r"\s+requiredWatchFields:", "{}", "  §- $['a']['b']")),
        ("a watch on a schema too often", "schedule-interval", swap(_PROVIDER, "{}", "watchSchema:", "  destination: d", '  §schedule: "*/30 * * * *"', "  allObjects: {fieldCreated: {enabled: always}}")),
        ("a watch on nothing", "watch-schema-events", swap(_PROVIDER, "{}", "watchSchema:", "  destination: d", "  §allObjects: { }")),
        ("a watch without a destination", "required-field", swap(_PROVIDER, "{}", "§watchSchema:", "  allObjects: {fieldCreated: {enabled: always}}")),
        ("always, without a schedule", "always-enabled-schedule", swap(_OBJECT, "- objectName: mutated", "  destination: d", "  §enabled: always", "  requiredFields: [{fieldName: a}]", "{}", section="read")),
        ("always, without fields", "always-enabled-fields", swap(_OBJECT, "- objectName: mutated", "  destination: d", '  schedule: "0 * * * *"', "  §enabled: always", "{}", section="read")),
        ("always, with a mapping", "always-enabled-mapping", swap(_OBJECT, "- objectName: mutated", "  destination: d", '  schedule: "0 * * * *"', "  enabled: always", "  requiredFields:", "    - fieldName: a", "      §mapToName: b", "{}", section="read")),
        ("no schedule", "schedule-missing", drop(_SCHEDULE, _OBJECT)),
        ("an empty schedule", "empty-value", swap(_SCHEDULE, '§schedule: ""')),
        ("no value", "empty-value", swap(_DESTINATION, "{}", "§mapToDisplayName:")),
    )
}  # fmt: skip
