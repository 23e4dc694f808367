"""Whether a configuration's content is of its shape, and fits what the version's source declares.

What an install had already is not held against a version that no longer declares it: only what changes is checked.

Source: reference of the Ampersand API, config content.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType, structs

from trunkline.core.installs.config_content import (
    ACTIONS,
    Action,
    Content,
    InvalidConfigError,
    configured_objects,
    declared_objects,
    without_nulls,
)
from trunkline.core.manifests import ScheduleError, read_schedule
from trunkline.kit.errors import Problem
from trunkline.kit.strictjson import encode

CONTENT_MAX = 256 * 1024  # bytes of JSON
INTERVAL_LEAST = 10  # minutes between two reads of an object
NAMES_SHOWN = 10
_DOING: Mapping[Action, str] = {"read": "reads", "write": "writes", "subscribe": "subscribes to"}
_Always = Literal["always", "never"]


class _Shape(Struct, frozen=True, rename="camel"):
    """Base of what is looked at; members nobody knows are kept as they are."""


class _Filter(_Shape, frozen=True):
    field_name: str
    operator: Literal["eq"]
    value: str | bool | int | float | UnsetType = UNSET


class _Period(_Shape, frozen=True):
    days: int | UnsetType = UNSET
    full_history: bool | UnsetType = UNSET


class _Backfill(_Shape, frozen=True):
    default_period: _Period
    field_filters: list[_Filter] = []


class _MappedValue(_Shape, frozen=True):
    mapped_value: str
    mapped_display_value: str


class _Mapping(_Shape, frozen=True):
    map_to_name: str
    map_to_display_name: str | UnsetType = UNSET
    prompt: str | UnsetType = UNSET
    mapped_values: list[_MappedValue] = []
    field_name: str | UnsetType = UNSET


class _ReadObject(_Shape, frozen=True):
    object_name: str | UnsetType = UNSET
    schedule: str = ""
    disabled: bool = False
    destination: str = ""
    selected_fields: dict[str, bool] = {}
    selected_field_mappings: dict[str, str] = {}
    selected_value_mappings: dict[str, dict[str, str]] = {}
    dynamic_mappings_input: list[_Mapping] = []
    selected_fields_auto: Literal["all"] | UnsetType = UNSET
    backfill: _Backfill | UnsetType = UNSET
    field_filters: list[_Filter] = []


class _Default(_Shape, frozen=True):
    string_value: str | UnsetType = UNSET
    integer_value: int | UnsetType = UNSET
    boolean_value: bool | UnsetType = UNSET


class _FieldSetting(_Shape, frozen=True):
    default: _Default = _Default()
    write_on_create: _Always = "always"
    write_on_update: Literal["always", "never", "ifEmpty"] = "always"


class _ValueDefault(_Shape, frozen=True):
    value: str | bool | int
    apply_on_update: _Always = "always"


class _Deletion(_Shape, frozen=True):
    enabled: bool


class _WriteObject(_Shape, frozen=True):
    object_name: str | UnsetType = UNSET
    deletion_settings: _Deletion | UnsetType = UNSET
    selected_field_settings: dict[str, _FieldSetting] = {}
    selected_value_defaults: dict[str, _ValueDefault] = {}


class _Event(_Shape, frozen=True):
    enabled: _Always


class _UpdateEvent(_Shape, frozen=True):
    enabled: _Always
    watch_fields_auto: Literal["all"] | UnsetType = UNSET
    required_watch_fields: list[str] = []


class _Optimization(_Shape, frozen=True):
    enabled: bool


class _ProviderOptions(_Shape, frozen=True):
    quota_optimization: _Optimization | UnsetType = UNSET


class _SubscribeObject(_Shape, frozen=True):
    object_name: str | UnsetType = UNSET
    destination: str = ""
    inherit_fields_and_mappings: bool = False
    create_event: _Event | UnsetType = UNSET
    update_event: _UpdateEvent | UnsetType = UNSET
    delete_event: _Event | UnsetType = UNSET
    other_events: list[str] = []
    provider_options: _ProviderOptions | UnsetType = UNSET


class _Section(_Shape, frozen=True):
    objects: dict[str, dict[str, Any]] = {}


class _Proxy(_Shape, frozen=True):
    enabled: bool = False


class _Content(_Shape, frozen=True):
    provider: str = ""
    read: _Section = _Section()
    write: _Section = _Section()
    subscribe: _Section = _Section()
    proxy: _Proxy = _Proxy()


_OBJECTS: Mapping[Action, type[Struct]] = {
    "read": _ReadObject,
    "write": _WriteObject,
    "subscribe": _SubscribeObject,
}


def checked_content(
    source: Mapping[str, Any], content: Mapping[str, Any], before: Mapping[str, Any], path: str
) -> Content:
    """The content itself, without nulls, once it is known to fit.

    Args:
        source: what the version declares.
        content: what the install is to be configured with.
        before: what it is configured with; empty for a new install.
        path: where the content was written, as the beginning of every problem's path.

    Raises:
        InvalidConfigError: too large, of another shape, of another provider, or with objects, fields or mappings
            that are not declared.
    """
    result: Content = without_nulls(content)
    if len(encode(result).encode()) > CONTENT_MAX:
        raise InvalidConfigError.at(path, f"larger than {CONTENT_MAX // 1024} KiB")
    whole: Any = _shaped(result, _Content, path)
    problems = []
    if whole.provider not in ("", source["provider"]):
        problems.append(Problem(f"{path}.provider", f"must be {source['provider']}"))
    for action in ACTIONS:
        declared, held = declared_objects(source, action), configured_objects(before, action)
        for name, item in configured_objects(result, action).items():
            place = f"{path}.{action}.objects.{name[:100]}"
            shaped: Any = _shaped(item, _OBJECTS[action], place)
            if not (name in held and _same(item, held[name])):
                problems += _object_problems(action, name, shaped, declared, place)
    if whole.proxy.enabled and not source.get("proxy", {}).get("enabled"):
        problems.append(Problem(f"{path}.proxy.enabled", "the integration passes no requests on"))
    if problems:
        raise InvalidConfigError(f"{problems[0].path}: {problems[0].message}", *problems)
    return result


def _shaped(value: Any, struct: type[Struct], path: str) -> Struct:
    try:
        return msgspec.convert(value, struct)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        place = place.removesuffix("`").replace("[...]", "[]")
        raise InvalidConfigError.at(path + place, message[:1].lower() + message[1:]) from error


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two configurations of an object differ in nothing but whether it is paused."""
    return {**one, "disabled": None} == {**other, "disabled": None}


def _object_problems(
    action: Action, name: str, item: Any, declared: Mapping[str, Mapping[str, Any]], path: str
) -> Iterator[Problem]:
    if name not in declared:
        yield Problem(path, f"the integration {_DOING[action]} {_among(declared)}, not this object")
        return
    if item.object_name not in (UNSET, name):
        yield Problem(f"{path}.objectName", f"must be {name[:100]}, the name it stands under")
    if action == "read":
        yield from _read_problems(item, declared[name], path)
    elif action == "write":
        yield from _write_problems(item, path)


def _read_problems(item: _ReadObject, declared: Mapping[str, Any], path: str) -> Iterator[Problem]:
    fields = [*declared.get("requiredFields", ()), *declared.get("optionalFields", ())]
    names = {field["fieldName"] for field in fields if "fieldName" in field}
    required = {f["fieldName"] for f in declared.get("requiredFields", ()) if "fieldName" in f}
    chooses_all = declared.get("optionalFieldsAuto") == "all"
    for name, selected in item.selected_fields.items():
        if not selected and name in required:
            yield Problem(f"{path}.selectedFields.{name[:100]}", "the integration requires this field")
        elif selected and not chooses_all and name not in names:
            yield Problem(f"{path}.selectedFields.{name[:100]}", f"must be one of {_among(names)}")
    if item.selected_fields_auto is not UNSET and not chooses_all:
        yield Problem(f"{path}.selectedFieldsAuto", "the integration names the fields that may be selected")
    mapped = {field["mapToName"] for field in fields if "mapToName" in field}
    mapped |= {one.map_to_name for one in item.dynamic_mappings_input}
    for name in item.selected_field_mappings:
        if name not in mapped:
            yield Problem(f"{path}.selectedFieldMappings.{name[:100]}", f"must be one of {_among(mapped)}")
    yield from _schedule_problems(item.schedule, f"{path}.schedule")
    yield from _filter_problems(item.field_filters, f"{path}.fieldFilters")
    if isinstance(item.backfill, _Backfill):
        yield from _backfill_problems(item.backfill, f"{path}.backfill")


def _schedule_problems(text: str, path: str) -> Iterator[Problem]:
    if not text:
        return
    try:
        schedule = read_schedule(text)
    except ScheduleError as error:
        yield Problem(path, f"is no schedule: {error}")
        return
    if schedule.never_fires:
        yield Problem(path, "never fires")
    elif schedule.every_minute or schedule.least_interval < INTERVAL_LEAST:
        yield Problem(path, f"two reads must be at least {INTERVAL_LEAST} minutes apart")


def _backfill_problems(backfill: _Backfill, path: str) -> Iterator[Problem]:
    period = backfill.default_period
    if (period.days is UNSET) == (period.full_history is UNSET):
        yield Problem(f"{path}.defaultPeriod", "must have either days or fullHistory")
    elif isinstance(period.days, int) and period.days < 0:
        yield Problem(f"{path}.defaultPeriod.days", "must be 0 or more")
    yield from _filter_problems(backfill.field_filters, f"{path}.fieldFilters")


def _filter_problems(filters: list[_Filter], path: str) -> Iterator[Problem]:
    for name, count in Counter(one.field_name for one in filters).items():
        if count > 1:
            yield Problem(path, f"{name[:100]} has more than one condition")
    for i, one in enumerate(filters):
        if one.value is UNSET:
            yield Problem(f"{path}[{i}].value", "is required")


def _write_problems(item: _WriteObject, path: str) -> Iterator[Problem]:
    for name, setting in item.selected_field_settings.items():
        given = [value for value in structs.astuple(setting.default) if value is not UNSET]
        if len(given) > 1:
            place = f"{path}.selectedFieldSettings.{name[:100]}.default"
            yield Problem(place, "must have one of stringValue, integerValue and booleanValue")


def _among(names: Collection[str]) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - NAMES_SHOWN} more" if len(shown) > NAMES_SHOWN else ""
    return (", ".join(name[:100] for name in shown[:NAMES_SHOWN]) or "nothing") + more
