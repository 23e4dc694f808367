"""For whom a connection is made: for its user alone, or for everybody in the workspace."""

from __future__ import annotations

from trunkline.core.connections.configuration import Configuration
from trunkline.core.connections.sources import PER_USER, SHARED
from trunkline.kit.errors import InvalidRequestError


def chosen_mode(configuration: Configuration, asked: str | None) -> str:
    """The mode asked for, else the integration's.

    Raises:
        InvalidRequestError: there is no such mode, or the integration has one shared connection only.
    """
    if asked is None:
        return configuration.mode
    if asked not in {PER_USER, SHARED}:
        raise InvalidRequestError.at("mode", f"must be one of {PER_USER}, {SHARED}")
    if asked == PER_USER and configuration.mode == SHARED:
        raise InvalidRequestError.at("mode", "the integration has shared connections only")
    return asked
