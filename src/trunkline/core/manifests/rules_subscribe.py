"""Rules about what is written and subscribed to, and about the watch on a schema."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.core.manifests.places import Place, shown
from trunkline.core.manifests.rules import Complaint, Context, Rulebook, Scope

SALESFORCE_OBJECTS_MAX = 5  # what it lets a connected app subscribe to
RECORD_EVENTS = ("createEvent", "updateEvent", "deleteEvent", "associationChangeEvent")
SCHEMA_EVENTS = ("fieldCreated", "fieldDeleted", "fieldChanged")

SUBSCRIBE = Rulebook()


@SUBSCRIBE.rule(
    "inherit-read-object",
    "warning",
    Scope.WRITE_OBJECT,
    sentence="`inheritMapping: true` stands where the same object is read.",
    remedy="Read the object, too, or remove `inheritMapping`.",
)
def inherit_read_object(item: Place, context: Context) -> Iterator[Complaint]:
    """There is a mapping to inherit."""
    inherits = item.get("inheritMapping")
    name = item.text_at("objectName")
    if inherits is not None and inherits.is_true and name and name not in context.read_objects:
        yield inherits, f"No object {shown(name)} is read, so there is no mapping to inherit."


@SUBSCRIBE.rule(
    "subscribe-requires-read",
    "error",
    Scope.INTEGRATION,
    sentence="An integration that subscribes also reads.",
    remedy="Add a `read` section with the objects.",
)
def subscribe_requires_read(integration: Place, _: Context) -> Iterator[Complaint]:
    """Fields and mappings of events are those of the read objects."""
    if integration.get("subscribe") is not None and integration.get("read") is None:
        yield integration.key("subscribe"), "The integration subscribes, but reads nothing."


@SUBSCRIBE.rule(
    "subscribe-read-object",
    "warning",
    Scope.SUBSCRIBE_OBJECT,
    sentence="`inheritFieldsAndMapping: true` stands where the same object is read.",
    remedy="Read the object, too.",
)
def subscribe_read_object(item: Place, context: Context) -> Iterator[Complaint]:
    """There are fields to inherit; where nothing is read at all, that is an error of its own."""
    inherits = item.get("inheritFieldsAndMapping")
    name = item.text_at("objectName")
    if inherits is None or not inherits.is_true or not name or not context.read_objects:
        return
    if name not in context.read_objects:
        yield inherits, f"No object {shown(name)} is read, so there are no fields to inherit."


@SUBSCRIBE.rule(
    "subscribe-minimum-events",
    "error",
    Scope.SUBSCRIBE_OBJECT,
    sentence="An object is subscribed to for at least one event.",
    remedy="Add for example `createEvent` with `enabled: always`.",
)
def subscribe_minimum_events(item: Place, _: Context) -> Iterator[Complaint]:
    """A subscription to nothing is none."""
    if item.node.kind != "mapping" or item.items_at("otherEvents"):
        return
    given = [event for name in RECORD_EVENTS if (event := item.get(name)) is not None]
    # A malformed event is an error already.
    if not any(event.get("enabled") or event.node.kind != "mapping" for event in given):
        yield item, "No event of the object is subscribed to."


@SUBSCRIBE.rule(
    "subscribe-inherit-fields",
    "error",
    Scope.SUBSCRIBE_OBJECT,
    sentence="An object with other events than `otherEvents` has `inheritFieldsAndMapping: true`.",
    remedy="Set `inheritFieldsAndMapping: true`.",
)
def subscribe_inherit_fields(item: Place, _: Context) -> Iterator[Complaint]:
    """Records of events have no fields of their own."""
    if not any(item.get(name) for name in RECORD_EVENTS):
        return
    inherits = item.get("inheritFieldsAndMapping")
    if inherits is None or (inherits.node.kind == "boolean" and not inherits.is_true):
        yield inherits or item, "The object's events do not inherit the fields of what is read."


@SUBSCRIBE.rule(
    "update-event-watch-fields",
    "error",
    Scope.SUBSCRIBE_OBJECT,
    sentence="`updateEvent` has either `watchFieldsAuto` or `requiredWatchFields`.",
    remedy="Keep one: `watchFieldsAuto: all`, or a list of fields.",
)
def update_event_watch_fields(item: Place, _: Context) -> Iterator[Complaint]:
    """It is clear which changes count."""
    event = item.get("updateEvent")
    if event is None or event.node.kind != "mapping":
        return
    auto, required = event.get("watchFieldsAuto"), event.get("requiredWatchFields")
    is_empty = required is not None and required.node.kind == "list" and not required.node.items
    if auto is not None and required is not None:
        later = max((auto, required), key=lambda one: one.line)
        yield later, "Both `watchFieldsAuto` and `requiredWatchFields` are given."
    elif auto is None and (required is None or is_empty):
        yield required or event, "The update event watches no field."


@SUBSCRIBE.rule(
    "watch-fields-no-nesting",
    "error",
    Scope.SUBSCRIBE_OBJECT,
    sentence="Watched fields are not nested: their names have no dots and no brackets.",
    remedy="Watch the outermost field.",
)
def watch_fields_no_nesting(item: Place, _: Context) -> Iterator[Complaint]:
    """Providers tell which of their fields changed, not what in them."""
    for field in item.items_at("updateEvent", "requiredWatchFields"):
        if any(char in field.text for char in ".[]"):
            yield field, f"{shown(field.text)} is nested and cannot be watched."


@SUBSCRIBE.rule(
    "salesforce-subscribe-limit",
    "error",
    Scope.INTEGRATION,
    sentence=f"An integration with Salesforce subscribes to at most {SALESFORCE_OBJECTS_MAX} objects.",
    remedy="Subscribe to fewer objects.",
)
def salesforce_subscribe_limit(integration: Place, _: Context) -> Iterator[Complaint]:
    """Salesforce limits what changes are told of."""
    objects = integration.items_at("subscribe", "objects")
    if integration.text_at("provider") == "salesforce" and len(objects) > SALESFORCE_OBJECTS_MAX:
        yield objects[SALESFORCE_OBJECTS_MAX], f"This is one of {len(objects)} subscribed objects."


@SUBSCRIBE.rule(
    "watch-schema-events",
    "warning",
    Scope.INTEGRATION,
    sentence="`watchSchema` tells of at least one kind of change.",
    remedy="Add for example `fieldCreated` with `enabled: always`.",
)
def watch_schema_events(integration: Place, _: Context) -> Iterator[Complaint]:
    """A watch that tells nothing is of no use."""
    watch = integration.get("watchSchema")
    told = watch.get("allObjects") if watch is not None else None
    if told is not None and told.node.kind == "mapping" and not any(told.get(name) for name in SCHEMA_EVENTS):
        yield told, "No change of the schema is told of."
