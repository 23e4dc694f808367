"""A small library for list tests: three related tables, awkward text, and a caller's scope in SQL and Python."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from trunkline.infra.db.spec import Field, FieldKind, ListSpec, Mode, Relation
from trunkline.kit.actor import Tier
from trunkline.kit.filters import OrderKey

Entity = dict[str, Any]

NAMES = (
    "alpha", "Alpha", "ALPHA beta", "beta_1", "beta%1", "beta\\1", "", " ", "a*b", "a?b", "[ab]", "a]b", "a^b",
    "é", "É", "\u017ft", "\u212a", "k", "日本", "\ud7ff", "\ue000x", "\U0010ffff", "a\U0010ffff", "😀", "😀😀b",
    "x' OR 1=1 --", 'q"q', "50% off", "a_b", "%", "_", "\\", "\U0010ffff!", ":p0", "{a}",
)  # fmt: skip
NOTES = (None, "alpha", None, "Beta", "%", "", "é", "long " * 40)
TIMES = (
    None,
    "2026-01-01T00:00:00.000000Z",
    "2026-01-01T00:00:00.000001Z",
    "2026-03-05T12:30:00.000000Z",
    "2025-12-31T23:59:59.999999Z",
)
SETTINGS = (
    None,
    "{}",
    '{"region":"eu"}',
    '{"a\\"b":1,"é":null}',
    '["region"]',
    '"region"',
    '{"nested":{"region":1}}',
    '{"":0}',
)
NUMBERS = (None, 0, -3, 7, 7, 2**31 - 1, 12)
KINDS = ("open", "closed", "lost")
MINE, YOURS = "a" * 32, "b" * 32
VISIBILITIES = ("private", "public", "unlisted")
SUBJECTS = ("shelf", "book", "nothing")

DDL = (
    """CREATE TABLE shelves (id text PRIMARY KEY, workspace_id text NOT NULL, visibility text NOT NULL,
       name text NOT NULL, note text, draft text NOT NULL, published text, kind text NOT NULL,
       size bigint, is_open integer NOT NULL, opened_at text, settings text, created_at text NOT NULL,
       deleted_at text)""",
    """CREATE TABLE books (id text PRIMARY KEY, workspace_id text NOT NULL, visibility text NOT NULL,
       shelf_id text, title text NOT NULL, pages bigint NOT NULL, created_at text NOT NULL, deleted_at text)""",
    """CREATE TABLE loans (id text PRIMARY KEY, workspace_id text NOT NULL, subject_type text NOT NULL,
       subject_id text NOT NULL, reader text, created_at text NOT NULL)""",
    "CREATE INDEX shelves_name ON shelves (name, id)",
    "CREATE INDEX shelves_created ON shelves (created_at, id)",
)


def hex_id(table: int, number: int) -> str:
    return f"{table:08x}{(number * 7919) % 1000003:024x}"


def _stamp(number: int) -> str:
    return f"2026-02-{1 + number % 9:02d}T00:00:00.{number % 2:06d}Z"


def _deleted(number: int) -> str | None:
    return "2026-05-01T00:00:00.000000Z" if number % 11 == 4 else None


def rows() -> dict[str, list[Entity]]:
    shelves = [
        {
            "id": hex_id(1, i),
            "workspace_id": YOURS if i % 3 == 1 else MINE,
            "visibility": VISIBILITIES[i % 4 % 3],
            "name": NAMES[i % len(NAMES)],
            "note": NOTES[i % len(NOTES)],
            "draft": NAMES[(i * 5 + 1) % len(NAMES)],
            "published": (None, "alpha", "Published", "é")[i % 4],
            "kind": KINDS[i % 3],
            "size": NUMBERS[i % len(NUMBERS)],
            "is_open": i % 2,
            "opened_at": TIMES[i % len(TIMES)],
            "settings": SETTINGS[i % len(SETTINGS)],
            "created_at": _stamp(i),
            "deleted_at": _deleted(i),
        }
        for i in range(48)
    ]
    books = [
        {
            "id": hex_id(2, i),
            "workspace_id": YOURS if i % 4 == 2 else MINE,
            "visibility": VISIBILITIES[i % 3],
            "shelf_id": None if i % 6 == 5 else shelves[(i * 11) % 31]["id"],
            "title": NAMES[(i * 3) % len(NAMES)],
            "pages": i % 5 * 100,
            "created_at": _stamp(i + 1),
            "deleted_at": _deleted(i),
        }
        for i in range(60)
    ]
    loans = [
        {
            "id": hex_id(3, i),
            "workspace_id": YOURS if i % 5 == 3 else MINE,
            "subject_type": SUBJECTS[i % 3],
            "subject_id": (shelves[i * 7 % 48] if i % 3 == 0 else books[i * 7 % 60])["id"],
            "reader": NOTES[(i * 3) % len(NOTES)],
            "created_at": _stamp(i + 2),
        }
        for i in range(70)
    ]
    return {"shelf": shelves, "book": books, "loan": loans}


class ShelfRow(msgspec.Struct):
    id: str
    name: str
    note: str | None
    is_open: bool
    settings: msgspec.Raw | None
    insider: bool
    loud: str
    deleted_at: str | None


class BookRow(msgspec.Struct):
    id: str
    title: str
    shelf_name: str | None


class LoanRow(msgspec.Struct):
    id: str


TEXT, TIME = FieldKind.TEXT, FieldKind.TIME
SHELF = ListSpec(
    entity="shelf",
    table="shelves",
    row=ShelfRow,
    rule="published",
    soft_delete=True,
    restore_tier=Tier.EDITOR,
    columns={"loud": "{a}.name || '!'"},
    masks={"label": "{a}.published"},
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("solution",)),
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
        "name": Field(kind=TEXT),
        "note": Field(kind=TEXT, nullable=True),
        "label": Field(kind=TEXT, column="draft", masked=True),
        "loud": Field(kind=TEXT),
        "kind": Field(kind=FieldKind.CHOICE, choices=KINDS),
        "size": Field(kind=FieldKind.INTEGER, nullable=True),
        "is_open": Field(kind=FieldKind.BOOLEAN),
        "opened_at": Field(kind=TIME, nullable=True),
        "settings": Field(kind=FieldKind.JSON, nullable=True),
        "created_at": Field(kind=TIME),
        "deleted_at": Field(kind=TIME, nullable=True, sortable=False),
    },
    relations={
        "books": Relation(target="book", local="id", remote="shelf_id", many=True),
        "all_books": Relation(target="book", local="id", remote="shelf_id", many=True, live_only=False),
        "loans": Relation(
            target="loan", local="id", remote="subject_id", many=True, when="{there}.subject_type = 'shelf'"
        ),
    },
)
BOOK = ListSpec(
    entity="book",
    table="books",
    row=BookRow,
    rule="published",
    soft_delete=True,
    restore_tier=Tier.ADMIN,
    joins="LEFT JOIN shelves {a}_shelf ON {a}_shelf.id = {a}.shelf_id",
    columns={"shelf_name": "{a}_shelf.name"},
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("integration",)),
        "shelf_id": Field(kind=FieldKind.ID, id_kinds=("solution",), nullable=True),
        "title": Field(kind=TEXT),
        "shelf_name": Field(kind=TEXT, nullable=True),
        "pages": Field(kind=FieldKind.INTEGER),
        "created_at": Field(kind=TIME),
    },
    relations={
        "shelf": Relation(target="shelf", local="shelf_id", remote="id"),
        "loans": Relation(
            target="loan", local="id", remote="subject_id", many=True, when="{there}.subject_type = 'book'"
        ),
    },
)
LOAN = ListSpec(
    entity="loan",
    table="loans",
    row=LoanRow,
    rule="own",
    order=(OrderKey("created_at", "asc"), OrderKey("reader", "asc")),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("event",)),
        "subject_id": Field(kind=FieldKind.ID, id_kinds=("solution", "integration")),
        "reader": Field(kind=TEXT, nullable=True),
        "created_at": Field(kind=TIME),
    },
    relations={
        "book": Relation(target="book", local="subject_id", remote="id", when="{here}.subject_type = 'book'"),
        "shelf": Relation(
            target="shelf", local="subject_id", remote="id", when="{here}.subject_type = 'shelf'"
        ),
    },
)
SPECS: Mapping[str, ListSpec[Any]] = {"shelf": SHELF, "book": BOOK, "loan": LOAN}


@dataclass(frozen=True, slots=True)
class LibraryScope:
    """Sees its own workspace and, of what has a visibility, the public; unlisted rows by id only."""

    workspace: str = MINE
    tier: Tier = Tier.EDITOR

    @property
    def params(self) -> Mapping[str, Any]:
        return {"scope_workspace": self.workspace, "scope_tier": int(self.tier)}

    def visible(self, spec: ListSpec[Any], alias: str, mode: Mode) -> str:
        own = f"{alias}.workspace_id = :scope_workspace"
        if spec.rule == "own":
            return own
        shown = "('public', 'unlisted')" if mode is Mode.GET else "('public')"
        return f"{own} OR {alias}.visibility IN {shown}"

    def insider(self, spec: ListSpec[Any], alias: str) -> str:
        return f"{alias}.workspace_id = :scope_workspace"

    def at_least(self, spec: ListSpec[Any], alias: str, tier: Tier) -> str:
        return f"{alias}.workspace_id = :scope_workspace AND :scope_tier >= {int(tier)}"

    def sees(self, spec: ListSpec[Any], row: Entity, mode: Mode) -> bool:
        if self.owns(row) or spec.rule == "own":
            return self.owns(row)
        return row["visibility"] in (("public", "unlisted") if mode is Mode.GET else ("public",))

    def owns(self, row: Entity) -> bool:
        return bool(row["workspace_id"] == self.workspace)

    def may_restore(self, spec: ListSpec[Any], row: Entity) -> bool:
        return self.owns(row) and self.tier >= spec.restore_tier


class Library:
    """The rows as Python sees them: what each field, mask and relation condition means."""

    def __init__(self) -> None:
        self.rows = rows()
        self._shelf_names = {shelf["id"]: shelf["name"] for shelf in self.rows["shelf"]}

    def value(self, entity: str, field: str, row: Entity, *, insider: bool) -> Any:
        if (entity, field) == ("shelf", "label"):
            return row["draft"] if insider else row["published"]
        if (entity, field) == ("shelf", "loud"):
            return row["name"] + "!"
        if (entity, field) == ("book", "shelf_name"):
            return self._shelf_names.get(row["shelf_id"])
        return row[field]

    def related(self, entity: str, relation: str, here: Entity, there: Entity) -> bool:
        if (entity, relation) in {("shelf", "loans"), ("book", "loans")}:
            return bool(there["subject_type"] == entity)
        if entity == "loan":
            return bool(here["subject_type"] == relation)
        return True

    def keys(self, row: Entity, field: str) -> set[str] | None:
        held = row[field]
        return None if held is None else set(value) if isinstance(value := json.loads(held), dict) else set()
