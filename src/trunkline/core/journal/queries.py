"""Reads of the journal that its writers need; lists of events and audit entries live above."""

from __future__ import annotations

FIND_ANSWER = """
SELECT fingerprint, status, body, sealed, organization_id, expires_at FROM idempotency_records WHERE id = :id
"""

FORGET_ANSWERS = "expires_at < :now"
REPLACE_ANSWER = "id = :id"
UNANSWERED = "id = :id AND status = :status"

SUBJECTS_PAYLOADS = "event_id IN (SELECT e.id FROM events e WHERE e.subject_id = :subject_id)"

PROBE = "SELECT e.id FROM events e LIMIT 1"

EVENT_WITHOUT_AUDIT = """
SELECT e.id FROM events e
WHERE NOT EXISTS (
  SELECT 1 FROM audit_entries a
  WHERE a.subject_id = e.subject_id AND a.action = e.type AND a.created_at = e.created_at)
"""

AUDIT_WITHOUT_EVENT = """
SELECT a.id FROM audit_entries a
WHERE NOT EXISTS (
  SELECT 1 FROM events e
  WHERE e.subject_id = a.subject_id AND e.type = a.action AND e.created_at = a.created_at)
"""

SEQ_BEYOND_COUNT = """
SELECT e.id FROM events e
WHERE e.seq > 1 AND NOT EXISTS (SELECT 1 FROM events b WHERE b.seq = e.seq - 1)
"""
