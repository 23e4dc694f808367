"""Ids: one UUIDv7 per row, held as 32 hex digits, printed with a prefix that tells the kind.

The same 128 bits print as `int_0197…` on prefixed dialects and as a canonical UUID on the others;
`parse_id` takes either spelling, so an id may travel between dialects.
"""

from __future__ import annotations

import re

from uuid_utils import uuid7

PREFIXES: dict[str, str] = {
    "organization": "org",
    "workspace": "wsp",
    "workspace_member": "wspmem",
    "consumer": "csm",
    "user": "usr",
    "team": "tem",
    "integration": "int",
    "version": "intver",
    "install": "inst",
    "install_key": "ikey",
    "member": "intmem",
    "solution": "sol",
    "solution_member": "solmem",
    "provider": "pvd",
    "provider_app": "app",
    "connection": "con",
    "secret": "scr",
    "key": "key",
    "jwt_key": "jwk",
    "grant": "prm",
    "event": "evt",
    "proxied_request": "req",
    "destination": "whe",
    "topic": "tpc",
    "topic_route": "tpr",
    "destination_route": "dsr",
    "upload": "upl",
    "tag": "tag",
    "agent": "agt",
    "function": "fun",
    "schema": "sch",
    "workflow": "wfl",
    "trigger": "trg",
    "sync": "syn",
    "action": "act",
    "subscription": "sub",
    "agent_version": "agtver",
    "function_version": "funver",
    "schema_version": "schver",
    "workflow_version": "wflver",
    "trigger_version": "trgver",
    "sync_version": "synver",
    "action_version": "actver",
    "subscription_version": "subver",
}
KINDS: dict[str, str] = {prefix: kind for kind, prefix in PREFIXES.items()}

_PREFIXED = re.compile(r"([a-z]{2,6})_([0-9a-f]{32})", re.ASCII)
_CANONICAL = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


def new_id() -> str:
    """A fresh time-ordered id as 32 hex digits (RFC 9562 UUIDv7)."""
    return uuid7().hex


def format_id(kind: str, hex_id: str) -> str:
    """Print an id of `kind` with its prefix, e.g. `int_0197…`."""
    return f"{PREFIXES[kind]}_{hex_id}"


def format_uuid(hex_id: str) -> str:
    """Print an id as a canonical UUID, which stands for an id of any kind."""
    return "-".join((hex_id[:8], hex_id[8:12], hex_id[12:16], hex_id[16:20], hex_id[20:]))


def parse_id(kind: str, text: str) -> str | None:
    """Read an id of `kind` from its prefixed or canonical UUID spelling; None when it is neither."""
    found = _PREFIXED.fullmatch(text)
    if found is not None:
        return found[2] if found[1] == PREFIXES[kind] else None
    if _CANONICAL.fullmatch(text):
        return text.replace("-", "").lower()
    return None


def parse_any(text: str) -> tuple[str, str] | None:
    """Read a prefixed id of any kind as (kind, 32 hex digits); None when the prefix is unknown."""
    found = _PREFIXED.fullmatch(text)
    if found is None or found[1] not in KINDS:
        return None
    return KINDS[found[1]], found[2]
