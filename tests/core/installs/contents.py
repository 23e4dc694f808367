"""Contents of configurations that fit the manifest in `crm`, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

FIELDS = ("email", "id", "phone", "city")
MAPPED = ("externalId", "tier", "phoneNumber", "region")
NAMES = ("f1", "f2", "Custom__c")
SCHEDULES = ("*/15 * * * *", "0 6 * * *", "")
EVENTS = st.sampled_from(["always", "never"])


def some_of(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            name: value if isinstance(value, st.SearchStrategy) else st.just(value)
            for name, value in required.items()
        },
        optional=optional,
    )


PERIODS = st.one_of(
    st.builds(lambda days: {"days": days}, st.integers(0, 400)), st.just({"fullHistory": True})
)
FILTERS = st.lists(
    st.builds(
        lambda name, value: {"fieldName": name, "operator": "eq", "value": value},
        st.sampled_from(NAMES),
        st.one_of(st.text(max_size=3), st.booleans(), st.integers(-9, 9)),
    ),
    unique_by=lambda one: one["fieldName"],
    max_size=2,
)


def fields_of(name: str) -> st.SearchStrategy[dict[str, bool]]:
    if name == "contact":
        # What the integration requires cannot be deselected.
        yes = st.fixed_dictionaries({}, optional={"email": st.just(True), "id": st.just(True)})
        others = st.fixed_dictionaries({}, optional={"phone": st.booleans(), "city": st.booleans()})
        return st.builds(lambda one, two: {**one, **two}, yes, others)
    if name == "deal.line":
        return st.dictionaries(st.sampled_from(NAMES), st.booleans(), max_size=3)
    return st.just({})


def read_object(name: str) -> st.SearchStrategy[dict[str, Any]]:
    mapped = MAPPED if name == "contact" else ()
    mappings: st.SearchStrategy[Any] = st.just({})
    if mapped:
        mappings = st.dictionaries(st.sampled_from(mapped), st.sampled_from(FIELDS), max_size=4)
    return some_of(
        {},
        {
            "objectName": st.just(name),
            "schedule": st.sampled_from(SCHEDULES),
            "disabled": st.booleans(),
            "destination": st.sampled_from(["elsewhere", "contacts"]),
            "selectedFields": fields_of(name),
            "selectedFieldMappings": mappings,
            "selectedValueMappings": st.just({"stage": {"won": "closed_won"}}),
            "backfill": st.builds(lambda period: {"defaultPeriod": period}, PERIODS),
            "fieldFilters": FILTERS,
            "somethingNew": st.just({"deep": [1, 2]}),
        },
    )


def write_object(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return some_of(
        {},
        {
            "objectName": st.just(name),
            "deletionSettings": st.builds(lambda on: {"enabled": on}, st.booleans()),
            "selectedFieldSettings": st.just(
                {"a": {"default": {"stringValue": "x"}, "writeOnUpdate": "never"}}
            ),
        },
    )


SUBSCRIBED = some_of(
    {},
    {
        "objectName": st.just("contact"),
        "destination": st.just("mine"),
        "inheritFieldsAndMappings": st.booleans(),
        "createEvent": st.builds(lambda one: {"enabled": one}, EVENTS),
        "updateEvent": some_of({"enabled": EVENTS}, {"watchFieldsAuto": st.just("all")}),
        "otherEvents": st.just(["merged"]),
    },
)


def section(objects: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={"objects": st.fixed_dictionaries({}, optional=objects)})


CONTENTS = some_of(
    {},
    {
        "provider": st.just("hubspot"),
        "read": section({name: read_object(name) for name in ("contact", "deal.line", "owner")}),
        "write": section({name: write_object(name) for name in ("contact", "note")}),
        "subscribe": section({"contact": SUBSCRIBED}),
        "proxy": st.fixed_dictionaries({}, optional={"enabled": st.booleans()}),
    },
)
"""Configurations that fit, from nothing at all to something of everything."""
