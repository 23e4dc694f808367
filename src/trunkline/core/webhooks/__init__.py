"""Destinations of messages, topics, and the routes that say what goes where. Stored here; nothing is sent yet."""

from trunkline.core.webhooks.destinations import (
    CreateDestination,
    UpdateDestination,
    create_destination,
    delete_destination,
    update_destination,
)
from trunkline.core.webhooks.errors import (
    DestinationNameTakenError,
    NotSignedError,
    RouteExistsError,
    TopicNameTakenError,
)
from trunkline.core.webhooks.events import EVENT_TYPES
from trunkline.core.webhooks.reads import (
    get_destination,
    headers_of,
    list_destinations,
    resolve_destination,
)
from trunkline.core.webhooks.routes import (
    create_destination_route,
    create_topic_route,
    delete_destination_route,
    delete_topic_route,
    list_destination_routes,
    list_topic_routes,
)
from trunkline.core.webhooks.sealed import SEALED
from trunkline.core.webhooks.signing import (
    OVERLAP_S,
    forget_signing_keys,
    keys_of,
    reveal_signing_key,
    rotate_signing_key,
)
from trunkline.core.webhooks.specs import (
    DESTINATION,
    DESTINATION_ROUTE,
    SPECS,
    TOPIC,
    TOPIC_ROUTE,
    DestinationRouteRow,
    DestinationRow,
    TopicRouteRow,
    TopicRow,
)
from trunkline.core.webhooks.topics import create_topic, delete_topic, list_topics, rename_topic
from trunkline.core.webhooks.types import HEADERS, METADATA, SECRETS, TYPES, WEBHOOK, DestinationType

__all__ = [
    "DESTINATION",
    "DESTINATION_ROUTE",
    "EVENT_TYPES",
    "HEADERS",
    "METADATA",
    "OVERLAP_S",
    "SEALED",
    "SECRETS",
    "SPECS",
    "TOPIC",
    "TOPIC_ROUTE",
    "TYPES",
    "WEBHOOK",
    "CreateDestination",
    "DestinationNameTakenError",
    "DestinationRouteRow",
    "DestinationRow",
    "DestinationType",
    "NotSignedError",
    "RouteExistsError",
    "TopicNameTakenError",
    "TopicRouteRow",
    "TopicRow",
    "UpdateDestination",
    "create_destination",
    "create_destination_route",
    "create_topic",
    "create_topic_route",
    "delete_destination",
    "delete_destination_route",
    "delete_topic",
    "delete_topic_route",
    "forget_signing_keys",
    "get_destination",
    "headers_of",
    "keys_of",
    "list_destination_routes",
    "list_destinations",
    "list_topic_routes",
    "list_topics",
    "rename_topic",
    "resolve_destination",
    "reveal_signing_key",
    "rotate_signing_key",
    "update_destination",
]
