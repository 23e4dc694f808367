"""SQL of uploads."""

from __future__ import annotations

DIGEST_OF = "SELECT digest FROM uploads WHERE id = :id"
CONTENT_OF = """
SELECT content FROM uploads
WHERE id = :id AND organization_id = :organization_id AND user_id = :user_id AND expires_at > :now
"""
HELD = "SELECT count(*) FROM uploads WHERE organization_id = :organization_id AND expires_at > :now"
ENDED = "expires_at <= :now"
