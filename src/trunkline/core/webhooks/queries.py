"""SQL of destinations, topics and routes. Point reads and lists come from `specs`; these are the rest.

Constants that begin with SELECT are statements, the others predicates. Only `SECRETS_OF`, `HEADERS_OF` and
`SIGNING_KEYS_OF` read what is sealed.
"""

from __future__ import annotations

DESTINATION_NAMED = "SELECT id FROM destinations WHERE workspace_id = :workspace_id AND name = :name"
TOPIC_NAMED = "SELECT id FROM topics WHERE workspace_id = :workspace_id AND name = :name"
TOPIC_ROUTED = "SELECT 1 FROM topic_routes WHERE topic_id = :topic_id AND event_type = :event_type"
DESTINATION_ROUTED = """
SELECT 1 FROM destination_routes WHERE topic_id = :topic_id AND destination_id = :destination_id
"""

SECRETS_OF = "SELECT secrets FROM destinations WHERE id = :id"
HEADERS_OF = """
SELECT id, organization_id, generation, secrets FROM destinations WHERE secrets IS NOT NULL AND id IN
"""
SIGNING_KEYS_OF = """
SELECT id, organization_id, signing_key FROM signing_keys
WHERE destination_id = :destination_id AND (expires_at IS NULL OR expires_at > :now)
ORDER BY CASE WHEN expires_at IS NULL THEN 0 ELSE 1 END, created_at DESC, id DESC
"""
OVERLAPPING = """
SELECT id FROM signing_keys WHERE destination_id = :destination_id AND expires_at IS NOT NULL
ORDER BY created_at DESC, id DESC
"""

EVENT_ROUTES_OF_TOPIC = """
SELECT id, organization_id, workspace_id, event_type, topic_id, created_at
FROM topic_routes WHERE topic_id = :topic_id ORDER BY id
"""
ROUTES_OF_TOPIC = """
SELECT id, organization_id, workspace_id, topic_id, destination_id, created_at
FROM destination_routes WHERE topic_id = :topic_id ORDER BY id
"""
ROUTES_OF_DESTINATION = """
SELECT id, organization_id, workspace_id, topic_id, destination_id, created_at
FROM destination_routes WHERE destination_id = :destination_id ORDER BY id
"""
IN_WORKSPACE_ALL = """
SELECT id FROM destinations WHERE workspace_id = :workspace_id
UNION ALL SELECT id FROM topics WHERE workspace_id = :workspace_id
UNION ALL SELECT id FROM topic_routes WHERE workspace_id = :workspace_id
UNION ALL SELECT id FROM destination_routes WHERE workspace_id = :workspace_id
"""

WRONGLY_SIGNED = """
SELECT d.id FROM destinations d
WHERE (SELECT count(*) FROM signing_keys k WHERE k.destination_id = d.id AND k.expires_at IS NULL)
    <> CASE WHEN d.type = 'webhook' THEN 1 ELSE 0 END
"""
STRAYED_ROUTES = """
SELECT r.id FROM destination_routes r
JOIN topics t ON t.id = r.topic_id JOIN destinations d ON d.id = r.destination_id
WHERE t.workspace_id <> r.workspace_id OR d.workspace_id <> r.workspace_id
"""

BY_ID = "id = :id"
OF_DESTINATION = "destination_id = :destination_id"
IN_FORCE = "destination_id = :destination_id AND expires_at IS NULL"
ENDED = "expires_at <= :now"
IN_WORKSPACE = "workspace_id = :workspace_id"
