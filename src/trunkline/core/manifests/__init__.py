"""Manifests: the file `amp.yaml`, in which a project declares its integrations. Pure: text in, structs out."""

from trunkline.core.manifests.fields import FieldPathError, is_nested, read_field_path
from trunkline.core.manifests.findings import Finding, Severity
from trunkline.core.manifests.manifest import (
    SPEC_VERSION,
    AssociationChangeEvent,
    Backfill,
    Delivery,
    Event,
    Field,
    Integration,
    Manifest,
    Period,
    Proxy,
    ReadAction,
    ReadObject,
    SchemaEvent,
    SchemaEvents,
    SubscribeAction,
    SubscribeObject,
    UpdateEvent,
    ValueDefaults,
    WatchSchema,
    WriteAction,
    WriteObject,
)
from trunkline.core.manifests.members import ManifestObject, content_of, objects_of
from trunkline.core.manifests.reading import ReadManifest, read_manifest
from trunkline.core.manifests.rulebook import RULES
from trunkline.core.manifests.rules import Rule, Scope
from trunkline.core.manifests.schedules import Schedule, ScheduleError, read_schedule
from trunkline.core.manifests.slugs import object_of_slug, object_slug
from trunkline.core.manifests.support import ProviderLookup, ProviderSupport

__all__ = [
    "RULES",
    "SPEC_VERSION",
    "AssociationChangeEvent",
    "Backfill",
    "Delivery",
    "Event",
    "Field",
    "FieldPathError",
    "Finding",
    "Integration",
    "Manifest",
    "ManifestObject",
    "Period",
    "ProviderLookup",
    "ProviderSupport",
    "Proxy",
    "ReadAction",
    "ReadManifest",
    "ReadObject",
    "Rule",
    "Schedule",
    "ScheduleError",
    "SchemaEvent",
    "SchemaEvents",
    "Scope",
    "Severity",
    "SubscribeAction",
    "SubscribeObject",
    "UpdateEvent",
    "ValueDefaults",
    "WatchSchema",
    "WriteAction",
    "WriteObject",
    "content_of",
    "is_nested",
    "object_of_slug",
    "object_slug",
    "objects_of",
    "read_field_path",
    "read_manifest",
    "read_schedule",
]
