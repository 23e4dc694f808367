"""The manifest: the integrations of a project as one file declares them.

Members are spelled in camelCase on the wire; what was not given is UNSET and left out again.

Source: reference of the Ampersand API, manifest 1.0.0.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

SPEC_VERSION = "1.0.0"
NAME_MAX = 200  # characters
TEXT_MAX = 1_000
Name: TypeAlias = Annotated[str, Meta(max_length=NAME_MAX)]
Text: TypeAlias = Annotated[str, Meta(max_length=TEXT_MAX)]
Always: TypeAlias = Literal["always"]


class Field(Struct, frozen=True, kw_only=True, rename="camel"):
    """A field that is read: one the author names, or one that the customer chooses.

    Attributes:
        field_name: the provider's name of it; not given where the customer chooses.
        map_to_name: what it is called in what is delivered.
        map_to_display_name, prompt: what the customer is shown when choosing.
        default: what is chosen already.
    """

    field_name: Text | UnsetType = UNSET
    map_to_name: Text | UnsetType = UNSET
    map_to_display_name: Name | UnsetType = UNSET
    prompt: Text | UnsetType = UNSET
    default: Text | UnsetType = UNSET

    @property
    def is_chosen_by_customer(self) -> bool:
        """Whether the customer says which field of theirs is meant."""
        return self.field_name is UNSET


class Period(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far back the first read goes: some days, none for 0, or everything."""

    days: int | UnsetType = UNSET
    full_history: bool | UnsetType = UNSET


class Backfill(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the first read takes."""

    default_period: Period


class Delivery(Struct, frozen=True, kw_only=True, rename="camel"):
    """How what was read is delivered: on its own, or page by page on request."""

    mode: Literal["auto", "onRequest"] | UnsetType = UNSET
    page_size: int | UnsetType = UNSET


class ReadObject(Struct, frozen=True, kw_only=True, rename="camel"):
    """An object that is read, on a schedule or when triggered.

    Attributes:
        schedule: five cron fields; without it, reads must be triggered.
        optional_fields_auto: the customer may choose among all of the object's fields.
        enabled: read for every installation, chosen or not.
    """

    object_name: Name
    destination: Name
    schedule: Name | UnsetType = UNSET
    map_to_name: Name | UnsetType = UNSET
    map_to_display_name: Name | UnsetType = UNSET
    required_fields: tuple[Field, ...] | UnsetType = UNSET
    optional_fields: tuple[Field, ...] | UnsetType = UNSET
    optional_fields_auto: Literal["all"] | UnsetType = UNSET
    backfill: Backfill | UnsetType = UNSET
    delivery: Delivery | UnsetType = UNSET
    enabled: Always | UnsetType = UNSET


class ReadAction(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is read."""

    objects: tuple[ReadObject, ...] = ()


class ValueDefaults(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether customers may set defaults for what is written."""

    allow_any_fields: bool | UnsetType = UNSET


class WriteObject(Struct, frozen=True, kw_only=True, rename="camel"):
    """An object that may be written; its mapping may be that of the read object of the same name."""

    object_name: Name
    inherit_mapping: bool | UnsetType = UNSET
    value_defaults: ValueDefaults | UnsetType = UNSET


class WriteAction(Struct, frozen=True, kw_only=True, rename="camel"):
    """What may be written."""

    objects: tuple[WriteObject, ...] = ()


class Event(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether an event is subscribed to."""

    enabled: Always | UnsetType = UNSET


class UpdateEvent(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether updates are subscribed to, and of which fields."""

    enabled: Always | UnsetType = UNSET
    watch_fields_auto: Literal["all", "selected"] | UnsetType = UNSET
    required_watch_fields: tuple[Text, ...] | UnsetType = UNSET


class AssociationChangeEvent(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether changed associations are subscribed to, and whether whole records come with them."""

    enabled: Always | UnsetType = UNSET
    include_full_records: bool | UnsetType = UNSET


class SubscribeObject(Struct, frozen=True, kw_only=True, rename="camel"):
    """An object whose events are subscribed to."""

    object_name: Name
    destination: Name
    inherit_fields_and_mapping: bool | UnsetType = UNSET
    create_event: Event | UnsetType = UNSET
    update_event: UpdateEvent | UnsetType = UNSET
    delete_event: Event | UnsetType = UNSET
    association_change_event: AssociationChangeEvent | UnsetType = UNSET
    other_events: tuple[Text, ...] | UnsetType = UNSET


class SubscribeAction(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is subscribed to."""

    objects: tuple[SubscribeObject, ...] = ()


class Proxy(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether requests are passed on, to the provider's root or to the module's base URL."""

    enabled: bool | UnsetType = UNSET
    use_module: bool | UnsetType = UNSET


class SchemaEvent(Struct, frozen=True, kw_only=True, rename="camel"):
    """A change of a provider's schema that is told."""

    enabled: Always


class SchemaEvents(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which changes are told, of all objects."""

    field_created: SchemaEvent | UnsetType = UNSET
    field_deleted: SchemaEvent | UnsetType = UNSET
    field_changed: SchemaEvent | UnsetType = UNSET


class WatchSchema(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where changes of the provider's schema are told, and how often it is looked at."""

    destination: Name
    schedule: Name | UnsetType = UNSET
    all_objects: SchemaEvents


class Integration(Struct, frozen=True, kw_only=True, rename="camel"):
    """An integration with one provider."""

    name: Name
    provider: Name
    display_name: Name | UnsetType = UNSET
    module: Name | UnsetType = UNSET
    read: ReadAction | UnsetType = UNSET
    write: WriteAction | UnsetType = UNSET
    subscribe: SubscribeAction | UnsetType = UNSET
    proxy: Proxy | UnsetType = UNSET
    watch_schema: WatchSchema | UnsetType = UNSET


class Manifest(Struct, frozen=True, kw_only=True, rename="camel"):
    """All that one file declares."""

    spec_version: Name
    integrations: tuple[Integration, ...]
