"""SQL of jobs. Constants that begin with a verb are statements, the others predicates; a few are for one engine.

`attempts` counts claims. While a job runs, a negative count says that it was asked for again meanwhile and
is to run once more.
"""

from __future__ import annotations

from trunkline.infra.db import Engine

# What waits already and need not run earlier is only held until the asking transaction ends, so that no
# claim comes before the commit and those who ask at once do not fail each other.
_WAITING = """
SELECT j.id FROM jobs j
WHERE j.dedupe_key = :dedupe_key AND j.state = 'ready' AND (j.run_at <= :run_at OR j.attempts > 0) {locked}
"""
WAITING_SQLITE = _WAITING.format(locked="")
WAITING_POSTGRESQL = _WAITING.format(locked="FOR SHARE")
WAITING = {Engine.SQLITE: WAITING_SQLITE, Engine.POSTGRESQL: WAITING_POSTGRESQL}

ENQUEUE = """
INSERT INTO jobs (id, kind, dedupe_key, payload, state, attempts, run_at, created_at)
VALUES (:id, :kind, :dedupe_key, :payload, 'ready', 0, :run_at, :now)
ON CONFLICT (dedupe_key) DO UPDATE SET
  run_at = CASE
    WHEN jobs.state = 'running' AND jobs.attempts > 0 THEN excluded.run_at
    WHEN (jobs.state = 'running' OR jobs.attempts = 0) AND excluded.run_at < jobs.run_at THEN excluded.run_at
    ELSE jobs.run_at END,
  attempts = CASE WHEN jobs.state = 'running' THEN -abs(jobs.attempts) ELSE jobs.attempts END
RETURNING id
"""

# After the last attempt: parked, or afresh what was asked for again.
GIVE_UP_ABANDONED = """
UPDATE jobs SET
  state = CASE WHEN attempts < 0 THEN 'ready' ELSE 'parked' END,
  attempts = CASE WHEN attempts < 0 THEN 0 ELSE attempts END,
  dedupe_key = CASE WHEN attempts < 0 THEN dedupe_key END,
  last_error = CASE WHEN attempts < 0 THEN NULL ELSE :error END,
  lease_owner = NULL, lease_until = NULL
WHERE state = 'running' AND lease_until <= :now AND abs(attempts) >= :limit
"""

_CLAIM = """
WITH due AS (
  SELECT j.id FROM jobs j WHERE {due} ORDER BY j.run_at, j.id LIMIT :limit {locked}
)
UPDATE jobs SET state = 'running', lease_owner = :lease, lease_until = :until,
  attempts = CASE WHEN jobs.attempts < 0 THEN jobs.attempts - 1 ELSE jobs.attempts + 1 END
FROM due WHERE jobs.id = due.id
RETURNING jobs.id, jobs.kind, jobs.payload, abs(jobs.attempts), jobs.run_at
"""
_ABANDONED = "j.state = 'running' AND j.lease_until <= :now"
_READY = "j.state = 'ready' AND j.run_at <= :now"
_SKIP = "FOR UPDATE SKIP LOCKED"
CLAIM_ABANDONED_SQLITE = _CLAIM.format(due=_ABANDONED, locked="")
CLAIM_ABANDONED_POSTGRESQL = _CLAIM.format(due=_ABANDONED, locked=_SKIP)
CLAIM_READY_SQLITE = _CLAIM.format(due=_READY, locked="")
CLAIM_READY_POSTGRESQL = _CLAIM.format(due=_READY, locked=_SKIP)
CLAIMS = {
    Engine.SQLITE: (CLAIM_ABANDONED_SQLITE, CLAIM_READY_SQLITE),
    Engine.POSTGRESQL: (CLAIM_ABANDONED_POSTGRESQL, CLAIM_READY_POSTGRESQL),
}

RUN_AGAIN = """
UPDATE jobs SET state = 'ready', attempts = 0, lease_owner = NULL, lease_until = NULL, last_error = NULL
WHERE id = :id AND lease_owner = :lease AND attempts < 0
"""
RETRY = """
UPDATE jobs SET state = 'ready', attempts = :attempts, lease_owner = NULL, lease_until = NULL,
  run_at = CASE WHEN attempts < 0 AND run_at > :run_at THEN run_at ELSE :run_at END, last_error = :error
WHERE id = :id AND lease_owner = :lease
"""
# It was due, whatever later time it has been asked for since.
RELEASE = """
UPDATE jobs SET state = 'ready', attempts = abs(attempts) - 1, lease_owner = NULL, lease_until = NULL,
  run_at = CASE WHEN run_at > :now THEN :now ELSE run_at END
WHERE id = :id AND lease_owner = :lease
"""

HELD = "id = :id AND lease_owner = :lease"
FINISHED = "id = :id AND lease_owner = :lease AND attempts > 0"

PERIODICS = "SELECT id, next_run_at FROM periodic"
FIRST_RUN = """
INSERT INTO periodic (id, next_run_at) VALUES (:kind, :next) ON CONFLICT (id) DO NOTHING
"""
AS_SEEN = "id = :kind AND next_run_at = :seen"
