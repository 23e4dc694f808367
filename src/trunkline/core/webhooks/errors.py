"""What can go wrong with destinations, topics and routes, beyond the general."""

from __future__ import annotations

from trunkline.kit.errors import ConflictError


class DestinationNameTakenError(ConflictError):
    """The workspace has a destination of this name."""

    code = "destination_name_taken"


class TopicNameTakenError(ConflictError):
    """The workspace has a topic of this name."""

    code = "topic_name_taken"


class RouteExistsError(ConflictError):
    """What the route would say is said already."""

    code = "route_exists"


class NotSignedError(ConflictError):
    """Messages to a destination of this type are not signed, so it has no signing key."""

    code = "not_signed"
