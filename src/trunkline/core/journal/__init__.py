"""Append-only record of what happened: audit entries, events, answers to repeated requests."""

from trunkline.core.journal.service import Change, empty_payloads, record

__all__ = ["Change", "empty_payloads", "record"]
