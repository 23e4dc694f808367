"""The built-in providers: facts kept as data beside this module, and copied into the database at start.

They stand in the table beside what organizations define, so that one list shows both. Every URL among them is
confirmed by two independent sources; what two do not confirm is left out (see tests/core/providers).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec import json

from trunkline.core.providers.definition import ProviderDefinition
from trunkline.core.providers.queries import BUILT_IN_HASHES, BUILT_IN_NAMED
from trunkline.core.providers.tables import providers
from trunkline.infra.db import Database, Tx, UniqueError
from trunkline.kit.strictjson import content_hash, encode

_FILE = "catalog.json"
_COLUMNS = ("organization_id", "name", "display_name", "base_url", "definition", "content_hash")


@cache
def built_in_providers() -> tuple[ProviderDefinition, ...]:
    """What this release brings, by name."""
    text = files(__package__).joinpath(_FILE).read_bytes()
    return json.decode(text, type=tuple[ProviderDefinition, ...])


def update_built_in(database: Database) -> bool:
    """Bring the built-in providers in the database to what this release brings; whether they were not.

    They belong to no organization, so nothing of this is journalled. Costs one read where nothing is new.
    Several servers may start at once.
    """
    if not database.read_now(_is_behind):
        return False
    try:
        database.write_now(sync_built_in)
    except UniqueError:
        database.write_now(sync_built_in)  # another server was first: nothing is left to do
    return True


def sync_built_in(tx: Tx) -> None:
    """Add, change and remove built-in providers until they are this release's; ids of those kept stay."""
    stored, wanted = _stored(tx), _wanted()
    for name in stored.keys() - wanted.keys():
        tx.delete(providers, BUILT_IN_NAMED, name=name)
    for name, row in wanted.items():
        if name in stored and stored[name] != row["content_hash"]:
            tx.update(providers, BUILT_IN_NAMED, {"name": name}, **row, updated_at=tx.now)
    missing = [row for name, row in wanted.items() if name not in stored]
    columns = ("id", "created_at", "updated_at", *_COLUMNS)
    rows = [(tx.new_id(), tx.now, tx.now, *(row[column] for column in _COLUMNS)) for row in missing]
    tx.insert_many(providers, columns, rows)


def _is_behind(tx: Tx) -> bool:
    return _stored(tx) != {name: row["content_hash"] for name, row in _wanted().items()}


def _stored(tx: Tx) -> dict[str, str]:
    return dict(tx.fetch(BUILT_IN_HASHES, {}))


@cache
def _wanted() -> Mapping[str, Mapping[str, Any]]:
    """The columns that say what each built-in provider is."""
    return {
        one.name: {
            "organization_id": None,
            "name": one.name,
            "display_name": one.display_name,
            "base_url": one.base_url,
            "definition": encode(one.details),
            "content_hash": content_hash(one),
        }
        for one in built_in_providers()
    }
