"""The built-in providers: facts kept as data beside this module, and copied into the database at start.

They stand in the table beside what organizations define, so that one list shows both. Every URL among them is
confirmed by two independent sources; what two do not confirm is left out (see tests/core/providers).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from msgspec import json

from trunkline.core.providers.definition import ProviderDefinition
from trunkline.core.providers.queries import BUILT_IN_HASHES, BUILT_IN_NAMED
from trunkline.core.providers.tables import providers
from trunkline.infra.db import Database, Tx, UniqueError
from trunkline.kit.strictjson import content_hash, encode

_FILE = "catalog.json"


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
    for name, definition in wanted.items():
        digest = content_hash(definition)
        if stored.get(name) == digest:
            continue
        columns = {
            "display_name": definition.display_name,
            "base_url": definition.base_url,
            "definition": encode(definition.details),
            "content_hash": digest,
            "updated_at": tx.now,
        }
        if name in stored:
            tx.update(providers, BUILT_IN_NAMED, {"name": name}, **columns)
        else:
            tx.insert(
                providers, id=tx.new_id(), organization_id=None, name=name, created_at=tx.now, **columns
            )


def _is_behind(tx: Tx) -> bool:
    return _stored(tx) != {name: content_hash(definition) for name, definition in _wanted().items()}


def _stored(tx: Tx) -> dict[str, str]:
    return dict(tx.fetch(BUILT_IN_HASHES, {}))


def _wanted() -> dict[str, ProviderDefinition]:
    return {definition.name: definition for definition in built_in_providers()}
