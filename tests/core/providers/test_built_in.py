"""The built-in providers in the database are the release's, whatever was there before."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from trunkline.core.providers import (
    ProviderDefinition,
    built_in_providers,
    find_provider,
    update_built_in,
)
from trunkline.core.providers.tables import providers
from trunkline.infra.db import Catalog, Database, Tx, open_database

IDS = "SELECT name, id FROM providers WHERE organization_id IS NULL"
NAMES = sorted(one.name for one in built_in_providers())


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url, Catalog())
    yield opened
    opened.close()


def ids(database: Database) -> dict[str, str]:
    return dict(database.read_now(lambda tx: tx.fetch(IDS, {})))


def count(tx: Tx, table: str) -> int:
    return int(tx.value(f"SELECT count(*) FROM {table}"))


def found_by_nobody(tx: Tx, name: str) -> ProviderDefinition | None:
    """The provider as an organization without any of its own finds it."""
    return find_provider(tx, "0" * 32, name)


def test_an_empty_database_gets_them_once(database: Database) -> None:
    assert update_built_in(database) is True
    first = ids(database)
    assert sorted(first) == NAMES
    assert update_built_in(database) is False
    assert ids(database) == first


def test_nothing_of_it_is_told_to_any_tenant(database: Database) -> None:
    update_built_in(database)
    for table in ("events", "audit_entries"):
        assert database.read_now(partial(count, table=table)) == 0


def test_what_is_stored_reads_as_the_release_says(database: Database) -> None:
    update_built_in(database)
    for definition in built_in_providers():
        found = database.read_now(partial(found_by_nobody, name=definition.name))
        assert found == definition


def test_a_release_changes_adds_and_removes_and_keeps_the_ids_of_the_rest(database: Database) -> None:
    update_built_in(database)
    first = ids(database)

    def age(tx: Tx) -> None:
        """As an older release left it."""
        older = {"base_url": "https://old.example.com", "content_hash": "old"}
        tx.update(providers, "name = :name", {"name": "github"}, **older)
        tx.update(providers, "name = :name", {"name": "zoom"}, name="retired")

    database.write_now(age)
    assert update_built_in(database) is True
    second = ids(database)
    assert sorted(second) == NAMES
    assert second["github"] == first["github"]
    assert second["zoom"] != first["zoom"]
    github = database.read_now(partial(found_by_nobody, name="github"))
    assert github is not None
    assert github.base_url == "https://api.github.com"
    assert update_built_in(database) is False


def test_several_servers_may_start_at_once(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: update_built_in(database), range(4)))
    assert sorted(ids(database)) == NAMES
