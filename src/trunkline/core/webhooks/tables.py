"""Destinations, what their messages are signed with, topics, and the routes from events to destinations."""

from __future__ import annotations

from sqlalchemy import Index, Table

from trunkline.infra.db.schema import id_column, integer, json_text, metadata, moment, ref, text

destinations = Table(
    "destinations",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    text("name"),
    text("type"),
    json_text("metadata"),  # without headers: they hold credentials
    text("secrets", nullable=True),  # sealed by the vault; null where there are none
    integer("generation"),  # bound into the seal, so that older secrets cannot be put back
    text("created_by"),
    moment("created_at"),
    moment("updated_at"),
    Index("ux_destinations_name", "workspace_id", "name", unique=True),
    Index("ix_destinations_workspace", "workspace_id", "created_at", "id"),
    Index("ix_destinations_organization_id", "organization_id"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("destination_id", "destinations"),
    text("signing_key"),  # sealed by the vault, once: a new key is a new row
    moment("created_at"),
    moment("expires_at", nullable=True),  # null: the one in force; else the end of its overlap
    Index("ix_signing_keys_destination", "destination_id", "created_at", "id"),
    Index("ix_signing_keys_workspace_id", "workspace_id"),
    Index("ix_signing_keys_expires_at", "expires_at"),
)

topics = Table(
    "topics",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    text("name"),
    moment("created_at"),
    moment("updated_at"),
    Index("ux_topics_name", "workspace_id", "name", unique=True),
    Index("ix_topics_workspace", "workspace_id", "created_at", "id"),
    Index("ix_topics_organization_id", "organization_id"),
)

topic_routes = Table(
    "topic_routes",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("topic_id", "topics"),
    text("event_type"),
    moment("created_at"),
    Index("ux_topic_routes_pair", "topic_id", "event_type", unique=True),
    Index("ix_topic_routes_workspace", "workspace_id", "event_type"),
)

destination_routes = Table(
    "destination_routes",
    metadata,
    id_column(),
    ref("organization_id", "organizations"),
    ref("workspace_id", "workspaces"),
    ref("topic_id", "topics"),
    ref("destination_id", "destinations"),
    moment("created_at"),
    Index("ux_destination_routes_pair", "topic_id", "destination_id", unique=True),
    Index("ix_destination_routes_destination_id", "destination_id"),
    Index("ix_destination_routes_workspace_id", "workspace_id", "created_at", "id"),
)
