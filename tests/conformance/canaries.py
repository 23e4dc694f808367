"""Secrets that are entered wherever one can be, and everything that is said or kept afterwards.

A plant is a function that takes a `World`, enters fresh secrets (`world.canary`) through one path of the product
and tells nobody. Whoever adds such a path adds a plant; `test_canaries` then looks for every secret everywhere.
"""

from __future__ import annotations

import io
import json
import os
import secrets
import string
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import psycopg

from tests.asgi import Response
from tests.cli.command import log_settings_kept
from tests.conformance.scanning import pieces
from tests.databases import Databases
from tests.instance import Instance
from trunkline.cli.application import run
from trunkline.infra.db.schema import metadata

BASE62 = string.ascii_letters + string.digits
AWKWARD = 'é"\\/<&+ %'  # what every encoding spells in its own way


def canary(*, plain: bool = False) -> str:
    """A secret that nothing else contains twelve bytes of; a plain one fits a header and a password field."""
    ends = ["".join(secrets.choice(BASE62) for _ in range(20)) for _ in range(2)]
    return ("" if plain else AWKWARD).join(ends)


class World:
    """An instance whose every word is written down.

    Attributes:
        secrets: what was entered, by where.
        said: everything that was answered or printed, by where.
        log: what the log says, at its most talkative.
    """

    def __init__(self, instance: Instance, log: io.StringIO) -> None:
        self.instance = instance
        self.log = log
        self.secrets: dict[str, str] = {}
        self._pieces: set[str] = set()
        self.said: list[tuple[str, bytes]] = []
        self.keep("the operator's key", instance.token)

    def canary(self, name: str, *, plain: bool = False) -> str:
        """A fresh secret about to be entered; no other shares a piece with it that could be found."""
        secret = canary(plain=plain)
        while not self._pieces.isdisjoint(pieces(secret)):
            secret = canary(plain=plain)
        return self.keep(name, secret)

    def keep(self, name: str, secret: str) -> str:
        """Take note of a secret that came into being otherwise."""
        assert name not in self.secrets, name
        self.secrets[name] = secret
        self._pieces.update(pieces(secret))
        return secret

    def ask(
        self,
        method: str,
        path: str,
        body: Any = b"",
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        shows: str | None = None,
        status: int | None = None,
    ) -> Response:
        """One request, its answer written down.

        Args:
            method, path, body, token, headers: as of `Instance.api`.
            shows: the member of the answer that rightly shows a secret, which is not written down with it.
            status: what it must be answered with.
        """
        answer = self.instance.api(method, path, body, token=token, headers=headers)
        assert status is None or answer.status == status, (path, answer.status, answer.body)
        text = json.dumps(answer.headers).encode() + b"\n" + answer.body
        if shows is not None:
            text = text.replace(answer.json[shows].encode(), b"(shown this once)")
        self.heard(f"{method} {path.partition('?')[0]} {answer.status}", text)
        return answer

    def mint(self, name: str, path: str, body: Any, member: str, *, key: str | None = None) -> str:
        """A secret that the platform makes and shows once; with a key, asked for twice."""
        headers = {} if key is None else {"idempotency-key": key}
        answer = self.ask("POST", path, body, headers=headers, shows=member, status=201)
        if key is not None:
            again = self.ask("POST", path, body, headers=headers, shows=member, status=201)
            assert again.json == answer.json
        return self.keep(name, answer.json[member])

    def run(self, *arguments: str) -> None:
        """One command in this process, whatever it prints written down, the trace of a failure included."""
        out, err = io.StringIO(), io.StringIO()
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            _environment(TRUNKLINE_LOG_LEVEL="debug"),
            log_settings_kept(),
        ):
            run([*arguments])
        self.heard(f"trunkline {arguments[0]}", f"{out.getvalue()}\n{err.getvalue()}".encode())

    def heard(self, place: str, text: bytes) -> None:
        """Write something down that was said elsewhere."""
        self.said.append((place, text))

    @contextmanager
    def refusing(self, table: str) -> Iterator[None]:
        """The database refuses every new row of a table, telling the driver which."""
        url = self.instance.settings.database_url
        if url.startswith("sqlite"):
            made = (
                f"CREATE TRIGGER refused BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'refused'); END"
            )
            undone = "DROP TRIGGER refused"
        else:
            made = f"ALTER TABLE {table} ADD CONSTRAINT refused CHECK (id = '') NOT VALID"
            undone = f"ALTER TABLE {table} DROP CONSTRAINT refused"
        self.instance.database.write_now(lambda tx: tx.run(made))
        try:
            yield
        finally:
            self.instance.database.write_now(lambda tx: tx.run(undone))

    @contextmanager
    def without(self, table: str) -> Iterator[None]:
        """A table is away, so that whatever needs it fails half-way."""
        self.instance.database.write_now(lambda tx: tx.run(f"ALTER TABLE {table} RENAME TO away"))
        try:
            yield
        finally:
            self.instance.database.write_now(lambda tx: tx.run(f"ALTER TABLE away RENAME TO {table}"))

    def places(self, databases: Databases) -> Iterator[tuple[str, bytes]]:
        """Everything that could hold a secret: what is stored, what was logged, what was said."""
        yield from self._stored(databases)
        yield "log", self.log.getvalue().encode()
        yield from self.said

    def _stored(self, databases: Databases) -> Iterator[tuple[str, bytes]]:
        settings = self.instance.settings
        for path in sorted(settings.data_dir.rglob("*")):
            if path.is_file() and path != settings.vault_key:
                yield f"data directory: {path.name}", path.read_bytes()
        if settings.sqlite_path is not None:
            for suffix in ("", "-wal", "-shm", "-journal"):
                path = Path(f"{settings.sqlite_path}{suffix}")
                if path.is_file():
                    yield f"database: {path.name}", path.read_bytes()
            return
        with psycopg.connect(settings.database_url) as connection, connection.cursor() as cursor:
            for table in sorted(metadata.tables):
                with cursor.copy(f"COPY {table} TO STDOUT".encode()) as rows:
                    yield f"database: table {table}", b"".join(bytes(row) for row in rows)
        yield "PostgreSQL's log", databases.postgresql_log()


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


Plant = Callable[[World], None]
