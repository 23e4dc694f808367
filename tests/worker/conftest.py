from __future__ import annotations

from tests.infra.jobs.conftest import desk, job_database

__all__ = ["desk", "job_database"]
