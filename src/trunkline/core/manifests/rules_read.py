"""Rules about the objects an integration reads."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.core.manifests.places import Place
from trunkline.core.manifests.rules import Complaint, Context, Rulebook, Scope

PAGE_SIZE_LEAST, PAGE_SIZE_MOST = 50, 500  # records

READ = Rulebook()


def is_always_enabled(item: Place) -> bool:
    """Whether an object is read for every installation."""
    return item.text_at("enabled") == "always"


@READ.rule(
    "schedule-missing",
    "warning",
    Scope.READ_OBJECT,
    sentence="An object that is read has a schedule; without one, it is read only when triggered.",
    remedy='Add a schedule such as "*/10 * * * *" if it is to be read regularly.',
)
def schedule_missing(item: Place, _: Context) -> Iterator[Complaint]:
    """Allowed, but easily forgotten."""
    if item.node.kind == "mapping" and "schedule" not in item.node.members and not is_always_enabled(item):
        yield item, "The object has no schedule: it is read only when triggered."


@READ.rule(
    "no-fields",
    "warning",
    Scope.READ_OBJECT,
    sentence="An object that is read names fields, or lets the customer choose among all.",
    remedy="Add `requiredFields`, `optionalFields`, or `optionalFieldsAuto: all`.",
)
def no_fields(item: Place, _: Context) -> Iterator[Complaint]:
    """Without fields, there is nothing to deliver."""
    named = item.items_at("requiredFields") or item.items_at("optionalFields")
    if item.node.kind != "mapping" or named or item.get("optionalFieldsAuto") is not None:
        return
    if not is_always_enabled(item):  # of which it is an error
        yield item, "No field of the object can be read."


@READ.rule(
    "always-enabled-schedule",
    "error",
    Scope.READ_OBJECT,
    sentence="An object with `enabled: always` has a schedule.",
    remedy='Add a schedule such as "*/10 * * * *".',
)
def always_enabled_schedule(item: Place, _: Context) -> Iterator[Complaint]:
    """Nobody chooses it, so nobody would trigger it."""
    if is_always_enabled(item) and not item.text_at("schedule"):
        yield item.key("enabled"), "The object is always read, but has no schedule."


@READ.rule(
    "always-enabled-fields",
    "error",
    Scope.READ_OBJECT,
    sentence="An object with `enabled: always` has required fields.",
    remedy="Add at least one field to `requiredFields`.",
)
def always_enabled_fields(item: Place, _: Context) -> Iterator[Complaint]:
    """Nobody chooses its fields either."""
    if is_always_enabled(item) and not item.items_at("requiredFields"):
        yield item.key("enabled"), "The object is always read, but has no required field."


@READ.rule(
    "always-enabled-mapping",
    "error",
    Scope.READ_OBJECT,
    sentence="The required fields of an object with `enabled: always` are not mapped.",
    remedy="Give `fieldName` only.",
)
def always_enabled_mapping(item: Place, _: Context) -> Iterator[Complaint]:
    """A mapping may need the customer's choice."""
    if is_always_enabled(item):
        for field in item.items_at("requiredFields"):
            if field.get("mapToName") is not None:
                yield field.key("mapToName"), "The object is always read, so its field cannot be mapped."


@READ.rule(
    "backfill-period",
    "error",
    Scope.READ_OBJECT,
    sentence="`defaultPeriod` of a backfill has either `days` or `fullHistory`.",
    remedy="Keep one: `days: 30`, or `fullHistory: true`.",
)
def backfill_period(item: Place, _: Context) -> Iterator[Complaint]:
    """Both would contradict each other, none would say nothing."""
    backfill = item.get("backfill")
    period = backfill.get("defaultPeriod") if backfill is not None else None
    if period is None or period.node.kind != "mapping":
        return
    days, full_history = period.get("days"), period.get("fullHistory")
    if days is not None and full_history is not None:
        yield max((days, full_history), key=lambda one: one.line), "Both `days` and `fullHistory` are given."
    elif days is None and full_history is None:
        yield period, "Neither `days` nor `fullHistory` is given."


@READ.rule(
    "backfill-days",
    "error",
    Scope.READ_OBJECT,
    sentence="`days` of a backfill is 0 or more; 0 reads nothing of before.",
    remedy="Give the number of days to look back.",
)
def backfill_days(item: Place, _: Context) -> Iterator[Complaint]:
    """Days are counted back from today."""
    backfill = item.get("backfill")
    period = backfill.get("defaultPeriod") if backfill is not None else None
    days = period.get("days") if period is not None else None
    if days is not None and (days.number or 0) < 0:
        yield days, f"A backfill cannot take {days.number} days."


@READ.rule(
    "delivery-page-size",
    "error",
    Scope.READ_OBJECT,
    sentence=f"Delivery `onRequest` has a `pageSize` of {PAGE_SIZE_LEAST} to {PAGE_SIZE_MOST} records.",
    remedy="Give a number between the two, such as `pageSize: 100`.",
)
def delivery_page_size(item: Place, _: Context) -> Iterator[Complaint]:
    """Whoever asks for pages says how large."""
    delivery = item.get("delivery")
    if delivery is None or delivery.text_at("mode") != "onRequest":
        return
    size = delivery.get("pageSize")
    if size is None:
        yield delivery, "Delivery on request has no `pageSize`."
    elif size.number is not None and not PAGE_SIZE_LEAST <= size.number <= PAGE_SIZE_MOST:
        yield size, f"A page cannot have {size.number} records."


@READ.rule(
    "delivery-auto-page-size",
    "error",
    Scope.READ_OBJECT,
    sentence="Only delivery `onRequest` has a `pageSize`.",
    remedy="Remove `pageSize`, or set `mode: onRequest`.",
)
def delivery_auto_page_size(item: Place, _: Context) -> Iterator[Complaint]:
    """What is delivered by itself is cut by the platform."""
    delivery = item.get("delivery")
    if delivery is None or delivery.get("pageSize") is None:
        return
    if delivery.text_at("mode") in ("", "auto"):
        yield delivery.key("pageSize"), "Automatic delivery takes no `pageSize`."
