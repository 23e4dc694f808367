"""Every statement of the proxy."""

EXPIRED = "created_at < :before"
"""Log entries whose time is over."""

OF_WORKSPACE = "workspace_id = :workspace_id"
"""Log entries of a workspace that is purged."""
