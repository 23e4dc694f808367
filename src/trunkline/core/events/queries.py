"""SQL of events. Point reads and lists come from `specs`; these number what was committed."""

from __future__ import annotations

UNNUMBERED = "SELECT 1 FROM events e WHERE e.seq IS NULL LIMIT 1"

# The innermost part reads no further than the limit, off the partial index of what has no number.
NUMBER = """
UPDATE events SET seq = numbered.seq FROM (
  SELECT due.id, (SELECT coalesce(max(s.seq), 0) FROM events s)
    + row_number() OVER (ORDER BY due.created_at, due.id) AS seq
  FROM (SELECT e.id, e.created_at FROM events e
    WHERE e.seq IS NULL ORDER BY e.created_at, e.id LIMIT :limit) due
) numbered
WHERE events.id = numbered.id
"""
