"""Every rule holds over the product, and refuses the example planted for it."""

from __future__ import annotations

import pytest

from tests.architecture import rules
from tests.architecture.rules import RULES, Rule
from tests.architecture.source import Module, modules

LATER = "TO" + "DO"


def _named(rule: Rule) -> str:
    return rule.__name__


@pytest.mark.parametrize("rule", RULES, ids=_named)
def test_holds_over_the_product(rule: Rule) -> None:
    offences = [offence for module in modules() for offence in rule(module)]
    assert not offences, "\n".join(offences)


SERVICE = "trunkline.core.installs.service"
BAD: list[tuple[Rule, str, str]] = [
    (rules.modules_stay_short, SERVICE, "x = 1\n" * 501),
    (rules.functions_stay_short, SERVICE, "def f():\n" + "    x = 1\n" * 80),
    (rules.modules_are_named_for_what_they_hold, "trunkline.core.utils", ""),
    (rules.modules_are_named_for_what_they_hold, "trunkline.helpers.times", ""),
    (rules.imports_stand_at_the_top, SERVICE, "def f():\n    import json\n"),
    (rules.imports_stand_at_the_top, SERVICE, "async def f():\n    if x:\n        from json import dumps\n"),
    (rules.imports_stand_at_the_top, "trunkline.infra.db", "def f():\n    import psycopg\n"),
    (rules.sql_stays_in_its_homes, SERVICE, "sql = 'SELECT 1'"),
    (rules.sql_stays_in_its_homes, "trunkline.web.health", "f'\\n DELETE FROM {table}'"),
    (rules.sql_stays_in_its_homes, "trunkline.dialects.platform.queries", "Q = 'UPDATE a SET b = 1'"),
    (rules.drivers_stay_in_infra_db, "trunkline.infra.vault.store", "import apsw"),
    (rules.drivers_stay_in_infra_db, SERVICE, "from psycopg.rows import dict_row"),
    (rules.one_client_speaks_to_other_servers, SERVICE, "from aiohttp import ClientSession"),
    (rules.one_client_speaks_to_other_servers, "trunkline.infra.log", "from urllib import request"),
    (rules.sqlalchemy_only_declares_tables, SERVICE, "from sqlalchemy import select"),
    (rules.sqlalchemy_only_declares_tables, SERVICE, "import sqlalchemy as sa"),
    (rules.only_the_database_commits, SERVICE, "tx.commit()"),
    (rules.only_the_database_commits, "trunkline.cli.db", "connection.rollback()"),
    (
        rules.capabilities_are_used_through_their_faces,
        SERVICE,
        "from trunkline.core.access.scope import scope",
    ),
    (rules.capabilities_are_used_through_their_faces, SERVICE, "from trunkline.core.entities import tables"),
    (rules.capabilities_are_used_through_their_faces, SERVICE, "from ..access.scope import scope"),
    (
        rules.capabilities_are_used_through_their_faces,
        "trunkline.web.auth",
        "import trunkline.core.access.keys",
    ),
    (rules.migrations_stand_alone, "trunkline.migrations.versions.0002_x", "from trunkline.kit import ids"),
    (rules.nothing_is_left_for_later, SERVICE, f"x = 1  # {LATER}: the rest"),
    (rules.nothing_is_left_for_later, SERVICE, "def f():\n    raise NotImplementedError"),
    (rules.tenant_patterns_are_not_compiled, SERVICE, "re.compile(schema['pattern'])"),
    (rules.tenant_patterns_are_not_compiled, SERVICE, "re.search(f'^{given}$', text)"),
    (
        rules.places_of_sealed_values_are_declared,
        SERVICE,
        "from trunkline.infra.vault import Context\nplace = Context('installs', row_id, 'token', 0)",
    ),
]
GOOD: list[tuple[Rule, str, str]] = [
    (rules.modules_stay_short, SERVICE, "x = 1\n" * 500),
    (rules.functions_stay_short, SERVICE, "def f():\n" + "    x = 1\n" * 79),
    (rules.imports_stand_at_the_top, SERVICE, "import json\ndef f():\n    return json\n"),
    (rules.imports_stand_at_the_top, "trunkline.infra.db.revisions", "def f():\n    import psycopg\n"),
    (rules.sql_stays_in_its_homes, "trunkline.core.installs.queries", "Q = 'SELECT 1'"),
    (rules.sql_stays_in_its_homes, SERVICE, '"""SELECT is what this says."""\nx = "Select one"'),
    (rules.drivers_stay_in_infra_db, "trunkline.infra.db.sqlite", "import apsw"),
    (rules.one_client_speaks_to_other_servers, "trunkline.infra.http.line", "import aiohttp"),
    (rules.one_client_speaks_to_other_servers, SERVICE, "from urllib.parse import quote"),
    (rules.sqlalchemy_only_declares_tables, "trunkline.core.installs.tables", "from sqlalchemy import Index"),
    (rules.only_the_database_commits, "trunkline.infra.db.postgres", "connection.commit()"),
    (rules.capabilities_are_used_through_their_faces, SERVICE, "from trunkline.core.access import scope"),
    (rules.capabilities_are_used_through_their_faces, SERVICE, "from trunkline.core.installs.specs import X"),
    (rules.migrations_stand_alone, "trunkline.migrations.versions.0002_x", "import sqlalchemy as sa"),
    (rules.nothing_is_left_for_later, SERVICE, f"{LATER}_LIST = 1"),
    (
        rules.tenant_patterns_are_not_compiled,
        SERVICE,
        "re.compile(r'a' rf'{WORD}' + '|'.join(WORDS))\nre.escape(given)",
    ),
    (
        rules.places_of_sealed_values_are_declared,
        SERVICE,
        "from trunkline.infra.vault import Context\ndef place(row_id: str) -> Context:\n    return TOKEN.place(row_id)",
    ),
]


@pytest.mark.parametrize(("rule", "name", "text"), BAD)
def test_refuses_a_planted_offence(rule: Rule, name: str, text: str) -> None:
    assert len(list(rule(Module(name, text)))) == 1


@pytest.mark.parametrize(("rule", "name", "text"), GOOD)
def test_lets_through_what_is_allowed(rule: Rule, name: str, text: str) -> None:
    assert list(rule(Module(name, text))) == []


def test_every_rule_has_a_planted_offence() -> None:
    assert {rule for rule, _, _ in BAD} == set(RULES)
