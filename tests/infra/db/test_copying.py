"""A copy of a SQLite database is as of one moment, however much is written beside it."""

from __future__ import annotations

import errno
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from trunkline.infra.db import copying
from trunkline.infra.db.copying import copy_database

ROWS = 400  # of a page each


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.db"
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t (a)")
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO t SELECT zeroblob(4000) FROM n",
            (ROWS,),
        )
    return path


def test_what_is_committed_meanwhile_neither_gets_in_nor_delays(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PAGES", 50)
    seen: list[tuple[int, int]] = []
    with closing(apsw.Connection(str(source))) as beside:

        def step(done: int, of: int) -> None:
            seen.append((done, of))
            beside.execute("UPDATE t SET a = zeroblob(4001) WHERE rowid % 7 = 0")
            beside.execute("INSERT INTO t VALUES (zeroblob(4000))")

        copy_database(source, tmp_path / "copy.db", step)
    pages = seen[-1][1]
    assert seen == [(min(50 * one, pages), pages) for one in range(1, len(seen) + 1)]
    assert len(seen) > ROWS // 50
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"]
    with closing(apsw.Connection(str(tmp_path / "copy.db"))) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("SELECT count(*), sum(length(a)) FROM t").fetchall() == [(ROWS, ROWS * 4000)]


def test_a_copy_that_is_stopped_leaves_nothing(source: Path, tmp_path: Path) -> None:
    def full(_done: int, _of: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        copy_database(source, tmp_path / "copy.db", full)
    assert list(tmp_path.glob("copy*")) == []


def test_a_file_that_is_there_is_left_alone(source: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        copy_database(source, tmp_path / "copy.db", lambda _done, _of: None)
    assert (tmp_path / "copy.db").read_bytes() == b"mine"
