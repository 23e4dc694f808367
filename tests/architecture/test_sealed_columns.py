"""No sealed column is forgotten: rotation and `verify` find what is declared and nothing else."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from sqlalchemy import Table

from tests.architecture.source import modules
from trunkline import bootstrap
from trunkline.infra.db.schema import metadata
from trunkline.infra.vault import SealedColumn

bootstrap.load_tables()

SUSPECT = re.compile(
    r"secret|credential|passw|passphrase|verifier|token|api_?key|private|seal|cipher|encrypted|refresh_|bearer"
)
MOMENT = re.compile(r"_(?:at|until)$")
NOT_SEALED = {
    ("idempotency_records", "sealed"): "says whether `body`, which is declared, is sealed",
    ("instance", "sealed_root"): "sealed under the key-encryption key itself; `Rotation.rewrap` moves it",
    ("connection_revocations", "token_auth"): "a word: how a client shows its secret to the provider",
}


def suspects() -> list[tuple[str, str]]:
    return [
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if SUSPECT.search(column.name) and not MOMENT.search(column.name)
    ]


def declared() -> list[SealedColumn]:
    """Every declaration in the product, whether or not anybody collects it."""
    found = []
    for module in modules():
        if module.is_below("trunkline.core", "trunkline.infra"):
            held = vars(import_module(module.name)).values()
            found += [value for value in held if isinstance(value, SealedColumn)]
    return list(dict.fromkeys(found))


def test_every_column_named_like_a_secret_is_sealed_or_excused() -> None:
    sealed = {(column.table, column.column) for column in bootstrap.SEALED}
    forgotten = [one for one in suspects() if one not in sealed and one not in NOT_SEALED]
    assert forgotten == [], "declare it as a SealedColumn and add it to bootstrap.SEALED, or excuse it here"


def test_every_declaration_is_collected_once() -> None:
    assert [str(column) for column in declared() if column not in bootstrap.SEALED] == []
    assert len(set(bootstrap.SEALED)) == len(bootstrap.SEALED)


def test_nothing_is_excused_that_is_not_there() -> None:
    columns = {(table.name, column.name) for table in metadata.sorted_tables for column in table.columns}
    assert set(NOT_SEALED) - columns == set()
    assert set(NOT_SEALED) & {(column.table, column.column) for column in bootstrap.SEALED} == set()


@pytest.mark.parametrize("column", bootstrap.SEALED, ids=str)
def test_a_declaration_fits_its_table(column: SealedColumn) -> None:
    table: Table = metadata.tables[column.table]
    named = {column.column, column.row_id, column.tenant}
    named |= {name for name in (column.generation, column.flag, column.home_row) if isinstance(name, str)}
    assert named - set(table.c.keys()) == set()
    assert [key.name for key in table.primary_key.columns] == [column.row_id]
    assert column.home is None or column.home in bootstrap.SEALED


@pytest.mark.parametrize(
    "name", ["client_secret", "credential", "api_key", "refresh_token", "verifier", "sealed_body"]
)
def test_the_names_that_make_one_suspicious(name: str) -> None:
    assert SUSPECT.search(name)
