"""Events: what happened, for people and programs to read, and the numbers that order them."""

from trunkline.core.events.reads import get_event, list_events
from trunkline.core.events.sequence import BATCH, assign_sequence, has_unnumbered
from trunkline.core.events.specs import EVENT, SPECS, EventRow

__all__ = [
    "BATCH",
    "EVENT",
    "SPECS",
    "EventRow",
    "assign_sequence",
    "get_event",
    "has_unnumbered",
    "list_events",
]
