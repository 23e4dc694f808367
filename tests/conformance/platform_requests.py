"""Random requests to lists of the platform dialect: filters over every field and relation, orders, pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from tests.conformance.platform_queries import camel
from trunkline.infra.db import Database, Field, FieldKind, ListSpec, Specs, Tx
from trunkline.kit.ids import format_id, new_id

DIRECTIONS = ("asc", "desc", "asc_nulls_first", "asc_nulls_last", "desc_nulls_first", "desc_nulls_last")
TEXT_OPERATORS = (
    *("contains", "startsWith", "endsWith", "icontains", "istartsWith", "iendsWith"),
    *("eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike"),
)
MAX_DEPTH = 4  # of a random filter; what is deeper is refused more often than not


class Values:
    """What stands in every field of a database, whoever's it is: filters that could hit do."""

    def __init__(self, database: Database, specs: Specs) -> None:
        self._specs = specs
        self._found: dict[tuple[str, str], Sequence[Any]] = database.read_now(self._read)

    def _read(self, tx: Tx) -> dict[tuple[str, str], Sequence[Any]]:
        found: dict[tuple[str, str], Sequence[Any]] = {}
        for spec in self._specs.values():
            joined = f"{spec.table} t0 {spec.joins.format(a='t0')}"
            for name in spec.fields:
                column = spec.column(name, "t0")
                values = tx.column(f"SELECT DISTINCT {column} FROM {joined} WHERE {column} IS NOT NULL")
                found[spec.entity, name] = sorted(values)
        return found

    def of(self, spec: ListSpec[Any], name: str) -> Sequence[Any]:
        return self._found[spec.entity, name]


class Asker:
    """Makes one list's random queries."""

    def __init__(self, random: Random, values: Values, specs: Specs) -> None:
        self._random = random
        self._values = values
        self._specs = specs

    def query(
        self, spec: ListSpec[Any], parameters: Sequence[str], places: Sequence[Mapping[str, str]]
    ) -> dict[str, str]:
        """Parameters of one request; most of them mean something, some are refused.

        `places` are parameters that name the end of a page seen before.
        """
        random = self._random
        query: dict[str, str] = {}
        if random.random() < 0.5:
            query["limit"] = str(random.choice((1, 2, 3, 5, 10, 50, 100)))
        if random.random() < 0.6:
            query["filter"] = json.dumps(self.condition(spec, 0))
        if random.random() < 0.4:
            query["orderBy"] = json.dumps(self._order(spec))
        if random.random() < 0.3:
            query.update(self._place(spec, places))
        if random.random() < 0.2 and "id" in spec.fields:
            ids = [self._id(spec.fields["id"], spec, "id") for _ in range(random.randint(1, 6))]
            query["ids"] = ",".join(ids)
        if random.random() < 0.3 and "include_deleted" in parameters:
            query["include_deleted"] = random.choice(("true", "false", "only"))
        if random.random() < 0.3:
            query.update(self._shorthand(spec, parameters))
        return query

    def condition(self, spec: ListSpec[Any], depth: int) -> dict[str, Any]:
        """An object of conditions, all of which must hold."""
        members = {}
        for _ in range(self._random.choice((1, 1, 1, 2))):
            name, value = self._member(spec, depth)
            members[name] = value
        return members

    def _member(self, spec: ListSpec[Any], depth: int) -> tuple[str, Any]:
        random = self._random
        kind = random.random()
        if depth < MAX_DEPTH and kind < 0.2:
            word = random.choice(("AND", "OR", "NOT"))
            return word, [self.condition(spec, depth + 1) for _ in range(random.randint(1, 2))]
        if depth < MAX_DEPTH and kind < 0.55 and spec.relations:
            name, relation = random.choice(list(spec.relations.items()))
            condition = self.condition(self._specs[relation.target], depth + 1)
            if relation.many:
                return camel(name), {random.choice(("some", "every", "none")): condition}
            return camel(name), condition
        name = random.choice(list(spec.fields))
        return camel(name), self._comparison(spec, name)

    def _comparison(self, spec: ListSpec[Any], name: str) -> Any:
        random, field = self._random, spec.fields[name]
        if random.random() < 0.1:
            return {"isNull": random.random() < 0.5}
        if field.kind is FieldKind.JSON:
            return {"has": random.choice(("members", "title", "inputSchemaId", "steps", "nothing"))}
        if random.random() < 0.2:
            items = [self._value(spec, name) for _ in range(random.randint(1, 5))]
            return {random.choice(("in", "notIn")): items}
        value = self._value(spec, name)
        if field.kind is FieldKind.TEXT:
            operator = random.choice(TEXT_OPERATORS)
            if operator in ("like", "ilike"):
                value = f"%{value[-3:]}"
            elif "tains" in operator or "With" in operator:
                start = random.randrange(len(value) or 1)
                value = value[start : start + 3]
            return {operator: value}
        if field.kind in (FieldKind.TIME, FieldKind.INTEGER):
            return {random.choice(("eq", "neq", "gt", "gte", "lt", "lte")): value}
        return random.choice((value, {"eq": value}, {"neq": value}))

    def _value(self, spec: ListSpec[Any], name: str) -> Any:
        field = spec.fields[name]
        if field.kind is FieldKind.ID:
            return self._id(field, spec, name)
        known = self._values.of(spec, name)
        if field.kind is FieldKind.BOOLEAN:
            return self._random.random() < 0.5
        if not known:
            return {FieldKind.INTEGER: 1, FieldKind.TIME: "2026-03-01T12:00:00Z"}.get(field.kind, "nothing")
        return self._random.choice(known)

    def _id(self, field: Field, spec: ListSpec[Any], name: str) -> str:
        known = self._values.of(spec, name)
        hex_id = self._random.choice(known) if known and self._random.random() < 0.9 else new_id()
        return format_id(self._random.choice(field.id_kinds), hex_id) if field.id_kinds else hex_id

    def _order(self, spec: ListSpec[Any]) -> list[dict[str, str]]:
        sortable = [camel(name) for name, field in spec.fields.items() if field.sortable]
        names = self._random.sample(sortable, min(len(sortable), self._random.randint(1, 3)))
        return [{name: self._random.choice(DIRECTIONS)} for name in names]

    def _place(self, spec: ListSpec[Any], places: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
        if places and self._random.random() < 0.8:
            return self._random.choice(places)
        found = self._id(spec.fields["id"], spec, "id") if "id" in spec.fields else "nowhere"
        return {self._random.choice(("after", "before")): found}

    def _shorthand(self, spec: ListSpec[Any], parameters: Sequence[str]) -> Mapping[str, str]:
        name = self._random.choice([one for one in parameters if one in spec.fields] or ["limit"])
        if name == "limit":
            return {"limit": "7"}
        if name == "name":
            return {"name": self._value(spec, name)[:4]}
        value = self._value(spec, name)
        return {name: json.dumps(value) if isinstance(value, bool) else str(value)}


__all__ = ["Asker", "Values"]
