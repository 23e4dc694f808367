"""What a database's schema holds, as plain values that can be compared."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, inspect, text

from trunkline.infra.db.schema import metadata

TRIGGERS = {
    "sqlite": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    "postgresql": "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname",
}
FUNCTIONS = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY proname"


def engine_of(url: str) -> Engine:
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))


def snapshot(url: str) -> dict[str, Any]:
    """Tables with their columns, keys, checks and indexes; triggers; functions."""
    engine = engine_of(url)
    with engine.connect() as connection:
        found = {"tables": _tables(connection), "triggers": _triggers(connection), "functions": []}
        if engine.dialect.name == "postgresql":
            found["functions"] = [row[0] for row in connection.execute(text(FUNCTIONS))]
    engine.dispose()
    return found


def declared(url: str) -> dict[str, Any]:
    """The tables that the code declares, made in the empty database at `url` without any migration."""
    engine = engine_of(url)
    metadata.create_all(engine)
    engine.dispose()
    return snapshot(url)


def execute(url: str, *statements: str) -> None:
    engine = engine_of(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def _tables(connection: Connection) -> dict[str, Any]:
    inspector = inspect(connection)
    return {
        table: {
            "columns": [
                {**column, "type": str(column["type"].compile(connection.dialect))}
                for column in inspector.get_columns(table)
            ],
            "primary key": inspector.get_pk_constraint(table),
            "foreign keys": sorted(inspector.get_foreign_keys(table), key=str),
            "checks": sorted(inspector.get_check_constraints(table), key=str),
            "uniques": sorted(inspector.get_unique_constraints(table), key=str),
            "indexes": sorted((_index(index) for index in inspector.get_indexes(table)), key=str),
        }
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def _index(index: Any) -> dict[str, Any]:
    where = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return {**index, "dialect_options": where}


def _triggers(connection: Connection) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in connection.execute(text(TRIGGERS[connection.dialect.name]))]
