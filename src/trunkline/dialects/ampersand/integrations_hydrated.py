"""A revision with what is known of its objects and fields.

Deviation: nothing is asked of the provider yet, so display names are those of the manifest, else the names
themselves, and the fields are those it names. No object carries an error for that.

Source: ampersand reference section 1.4 (`:hydrate`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_PASSED_ON: Final = (
    "objectName",
    "mapToName",
    "mapToDisplayName",
    "destination",
    "schedule",
    "optionalFieldsAuto",
    "backfill",
)


def hydrated(content: Mapping[str, Any]) -> dict[str, Any]:
    """A revision's content with display names, and the fields of its objects."""
    found = {name: content[name] for name in ("name", "displayName", "module", "provider") if name in content}
    if "read" in content:
        found["read"] = {"objects": [_read_object(item) for item in content["read"].get("objects", ())]}
    if "write" in content:
        found["write"] = {"objects": [_write_object(item) for item in content["write"].get("objects", ())]}
    if "proxy" in content:
        found["proxy"] = dict(content["proxy"])
    return found


def _read_object(item: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: item[name] for name in _PASSED_ON if name in item}
    found["displayName"] = item.get("mapToDisplayName") or item["objectName"]
    found.setdefault("schedule", "")
    fields = {}
    for member in ("requiredFields", "optionalFields"):
        if member in item:
            found[member] = [_field(field) for field in item[member]]
            fields.update({field["fieldName"]: field for field in item[member] if "fieldName" in field})
    known = {name: {"fieldName": name, "displayName": name} for name in fields}
    return {**found, "allFieldsMetadata": known, "allFields": list(known.values())}


def _write_object(item: Mapping[str, Any]) -> dict[str, Any]:
    found = {"objectName": item["objectName"], "displayName": item["objectName"]}
    return {**found, "valueDefaults": item["valueDefaults"]} if "valueDefaults" in item else found


def _field(field: Mapping[str, Any]) -> dict[str, Any]:
    """A field the author names has a display name; one that the customer chooses is told as it is."""
    name = field.get("fieldName")
    return dict(field) if name is None else {"displayName": name, **field}
