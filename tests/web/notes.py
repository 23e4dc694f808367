"""A small dialect over one table, with a route for every rule of the request pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from trunkline.core.access import Logins
from trunkline.core.installs import KeyActivity
from trunkline.core.proxy import Proxy
from trunkline.infra.db import Tx, UniqueError
from trunkline.infra.http import Egress
from trunkline.infra.vault import KeyRing, Vault
from trunkline.kit.actor import Actor
from trunkline.kit.clock import SystemClock
from trunkline.kit.cursors import CursorCodec
from trunkline.kit.errors import ErrorKind, NotFoundError, TrunklineError, UnauthenticatedError
from trunkline.kit.ids import new_id
from trunkline.web import Call, Credentials, Dialect, Reply, Route, Services


def create_tables(tx: Tx) -> None:
    tx.run("CREATE TABLE notes (id text PRIMARY KEY, title text UNIQUE, rating integer, archived integer)")
    tx.run("CREATE TABLE callers (token text PRIMARY KEY, operations text)")
    for token, operations in {"writer": "*", "other": "*", "reader": "notes:read"}.items():
        tx.run("INSERT INTO callers VALUES (:token, :operations)", token=token, operations=operations)


class Seal:
    """Turns texts round, which is enough to see that they were sealed."""

    def __init__(self) -> None:
        self.places: list[tuple[str | None, str]] = []

    def seal(self, _tx: Tx, organization_id: str | None, record_id: str, text: str) -> str:
        self.places.append((organization_id, record_id))
        return text[::-1]

    def unseal(self, _tx: Tx, organization_id: str | None, record_id: str, sealed: str) -> str:
        assert (organization_id, record_id) in self.places
        return sealed[::-1]


def fresh_vault() -> Vault:
    with TemporaryDirectory(prefix="tl") as folder:
        return Vault(KeyRing.create(Path(folder) / "vault.key"))


@dataclass(frozen=True)
class NoteServices:
    pepper: bytes = b"p" * 32
    answers: Seal = field(default_factory=Seal)
    cursors: CursorCodec = field(default_factory=lambda: CursorCodec(b"c" * 32))
    vault: Vault = field(default_factory=fresh_vault)
    logins: Logins = field(default_factory=lambda: Logins(SystemClock()))
    public_url: str = "https://notes.example.com"
    egress: Egress = field(default_factory=Egress)

    @property
    def proxy(self) -> Proxy:
        raise NotImplementedError("notes are sent nowhere")

    @property
    def activity(self) -> KeyActivity:
        raise NotImplementedError("nobody is installed anywhere")


class Note(msgspec.Struct, frozen=True):
    """A note."""

    id: str
    title: str
    rating: int | None
    archived: bool


class Mood(StrEnum):
    GOOD = "good"
    BAD = "bad"


class Tag(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str


class NewNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What a note is made of.

    Attributes:
        title: unique.
    """

    title: str
    star_rating: Annotated[int, Meta(ge=1, le=5)] | None = None
    tags: list[Tag] = []
    mood: Mood = Mood.GOOD


class NoteChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    title: str | UnsetType = UNSET
    star_rating: int | UnsetType | None = UNSET


class NoteQuery(msgspec.Struct, frozen=True):
    limit: Annotated[int, Meta(ge=1, le=10, description="How many.")] = 10
    archived: bool | UnsetType = UNSET
    mood: Mood | UnsetType = UNSET
    label: list[str] = []
    title: str | UnsetType = UNSET


class NoteList(msgspec.Struct, frozen=True):
    notes: list[Note]
    asked: dict[str, Any]


class Key(msgspec.Struct, frozen=True):
    key: str


class Content(msgspec.Struct, frozen=True):
    code: str
    message: str
    paths: list[str]
    request: str


class Failure(msgspec.Struct, frozen=True):
    failure: Content


def list_notes(call: Call) -> NoteList:
    rows = call.tx.all(Note, "SELECT id, title, rating, archived FROM notes ORDER BY title")
    return NoteList(notes=rows[: call.query.limit], asked=msgspec.to_builtins(call.query))


def get_note(call: Call) -> Note:
    sql = "SELECT id, title, rating, archived FROM notes WHERE id = :id"
    found = call.tx.one(Note, sql, id=call.path["id"])
    if found is None:
        raise NotFoundError("note")
    return found


def create_note(call: Call) -> Note:
    note = Note(new_id(), call.body.title, call.body.star_rating, archived=False)
    sql = "INSERT INTO notes VALUES (:id, :title, :rating, 0)"
    call.tx.run(sql, id=note.id, title=note.title, rating=note.rating)
    if note.title == "doomed":
        raise UniqueError("too late")
    return note


def change_note(call: Call) -> Note:
    note = get_note(call)
    title = note.title if call.body.title is UNSET else call.body.title
    rating = note.rating if call.body.star_rating is UNSET else call.body.star_rating
    sql = "UPDATE notes SET title = :title, rating = :rating WHERE id = :id"
    call.tx.run(sql, id=note.id, title=title, rating=rating)
    return get_note(call)


def archive_note(call: Call) -> Note:
    call.tx.run("UPDATE notes SET archived = archived + 1 WHERE id = :id", id=get_note(call).id)
    return get_note(call)


def delete_note(call: Call) -> None:
    call.tx.run("DELETE FROM notes WHERE id = :id", id=get_note(call).id)


def search_notes(call: Call) -> NoteList:
    sql = "SELECT id, title, rating, archived FROM notes WHERE title = :title"
    return NoteList(notes=call.tx.all(Note, sql, title=call.body.title), asked={})


def create_key(_call: Call) -> Key:
    return Key(f"sec_{new_id()}")


def crash(_call: Call) -> None:
    raise RuntimeError("the password is hunter2")


def whoami(call: Call) -> dict[str, Any]:
    actor = call.actor
    return {"user": actor.user_id, "request": actor.request_id, "fresh": new_id()}


def icon(_call: Call) -> Reply:
    return Reply(body=b"\x89PNG", media_type="image/png", headers={"x-made-of": "pixels"})


def greet(call: Call) -> dict[str, Any]:
    return {"hello": call.headers.get("X-Name", "you"), "has_caller": call.caller is not None}


def authenticate(tx: Tx, credentials: Credentials, _services: Services) -> Actor:
    given = credentials.headers.get("authorization", "")
    token = credentials.verified_user or given.removeprefix("Bearer ")
    operations = tx.value("SELECT operations FROM callers WHERE token = :token", token=token)
    if operations is None:
        raise UnauthenticatedError("who are you?")
    return Actor(user_id=token, organizations=("org2", "org1"), operations=frozenset(operations.split(",")))


def render_error(error: TrunklineError, request_id: str) -> tuple[int, dict[str, str], bytes]:
    paths = [detail.path for detail in error.details]
    body = Failure(Content(error.code, error.message, paths, request_id))
    headers = {"WWW-Authenticate": "Bearer"} if error.kind is ErrorKind.UNAUTHENTICATED else {}
    return error.kind.status, headers, msgspec.json.encode(body)


READ: dict[str, Any] = {"permission": "notes:read", "tags": ("notes",)}
WRITE: dict[str, Any] = {"permission": "notes:write", "tags": ("notes",)}

ROUTES: tuple[Route, ...] = (
    Route(
        method="GET",
        path="/api/notes",
        handler=list_notes,
        operation_id="listNotes",
        summary="List notes",
        description="The first ones by `title`.\n\nNothing <b>else</b>.",
        query=NoteQuery,
        returns=NoteList,
        **READ,
    ),
    Route(
        method="POST",
        path="/api/notes",
        handler=create_note,
        operation_id="createNote",
        summary="Create a note",
        body=NewNote,
        returns=Note,
        status=201,
        **WRITE,
    ),
    Route(
        method="POST",
        path="/api/notes/search",
        handler=search_notes,
        operation_id="searchNotes",
        summary="Search notes",
        body=NewNote,
        returns=NoteList,
        write=False,
        **READ,
    ),
    Route(
        method="GET",
        path="/api/notes/{id}",
        handler=get_note,
        operation_id="getNote",
        summary="Get a note",
        returns=Note,
        inline=True,
        path_parameters={"id": "Which note."},
        **READ,
    ),
    Route(
        method="PATCH",
        path="/api/notes/{id}",
        handler=change_note,
        operation_id="changeNote",
        summary="Change a note",
        body=NoteChanges,
        returns=Note,
        resource=get_note,
        errors=(ErrorKind.CONFLICT,),
        **WRITE,
    ),
    Route(
        method="DELETE",
        path="/api/notes/{id}",
        handler=delete_note,
        operation_id="deleteNote",
        summary="Delete a note",
        status=204,
        resource=get_note,
        **WRITE,
    ),
    Route(
        method="POST",
        path="/api/notes/{id}/archive",
        handler=archive_note,
        operation_id="archiveNote",
        summary="Archive a note",
        returns=Note,
        resource=get_note,
        **WRITE,
    ),
    Route(
        method="POST",
        path="/api/keys",
        handler=create_key,
        operation_id="createKey",
        summary="Create a key",
        returns=Key,
        status=201,
        one_time_secret=True,
        **WRITE,
    ),
    Route(
        method="POST",
        path="/api/crash",
        handler=crash,
        operation_id="crash",
        summary="Crash",
        **WRITE,
    ),
    Route(
        method="POST",
        path="/api/whoami",
        handler=whoami,
        operation_id="whoami",
        summary="Who am I?",
        returns=dict[str, Any],
        body=NoteChanges,
        body_limit=2048,
        **READ,
    ),
    Route(
        method="GET",
        path="/api/notes/{id}/icon",
        handler=icon,
        operation_id="getIcon",
        summary="Get a note's icon",
        returns=bytes,
        media_type="image/png",
        **READ,
    ),
    Route(
        method="GET",
        path="/api/open",
        handler=greet,
        operation_id="greet",
        summary="Say hello",
        returns=dict[str, Any],
        public=True,
    ),
)

NOTES = Dialect(
    name="notes",
    title="Notes",
    description="Keeps notes.",
    authenticate=authenticate,
    render_error=render_error,
    error_type=Failure,
    routes=ROUTES,
)
