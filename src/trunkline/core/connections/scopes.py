"""What was asked for, what was granted, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable

from trunkline.core.connections.configuration import Configuration

# Asked for to get a refresh token or an identity; many providers grant them without saying so.
_SILENT = frozenset({"offline_access", "openid", "profile", "email", "refresh_token", "offline"})


def missing_scopes(configuration: Configuration, granted: Iterable[str]) -> tuple[str, ...]:
    """Scopes the integration asks for now and the connection was not granted."""
    if configuration.scheme != "oauth2":
        return ()
    held = set(granted)
    return tuple(scope for scope in configuration.scopes if scope not in held and scope not in _SILENT)
