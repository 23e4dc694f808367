"""The worker: runs jobs and sets off periodic ones, inside the server process or beside it."""

from trunkline.worker.loop import Worker

__all__ = ["Worker"]
