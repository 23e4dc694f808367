import os
import pickle
import stat
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trunkline.infra.vault import KeyFileError, KeyRing, SealError, UnknownKeyError
from trunkline.kit.clock import FixedClock

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"  # bytes 0 to 31
OTHER = "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write(path: Path, text: str, permissions: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(permissions)
    return path


def key_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def test_makes_a_private_file_in_private_directories_whatever_the_umask(tmp_path):
    path = tmp_path / "a" / "b" / "vault.key"
    before = os.umask(0)
    try:
        ring = KeyRing.create(path)
    finally:
        os.umask(before)
    assert (ring.ids, ring.active_id, ring.path) == (("kek_1",), "kek_1", path)
    assert (mode(path), mode(path.parent), mode(path.parent.parent)) == (0o600, 0o700, 0o700)
    assert [entry.name for entry in path.parent.iterdir()] == ["vault.key"]


def test_leaves_the_mode_of_an_existing_directory_alone(tmp_path):
    tmp_path.chmod(0o755)
    KeyRing.create(tmp_path / "vault.key")
    assert mode(tmp_path) == 0o755


def test_its_owner_can_write_the_file_under_a_narrow_umask(tmp_path):
    before = os.umask(0o277)
    try:
        KeyRing.create(tmp_path / "vault.key")
    finally:
        os.umask(before)
    assert mode(tmp_path / "vault.key") == 0o600


def test_never_overwrites_a_key_file(path):
    KeyRing.create(path)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="exists already and is never overwritten"):
        KeyRing.create(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["vault.key"]


def test_of_many_that_make_the_file_at_once_one_succeeds(path):
    def make(_):
        try:
            return KeyRing.create(path)
        except KeyFileError:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [ring for ring in pool.map(make, range(8)) if ring is not None]
    assert len(made) == 1
    assert not KeyRing.load(path).contradicts(made[0])
    assert [entry.name for entry in path.parent.iterdir()] == ["vault.key"]


def test_tells_when_the_directory_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFileError, match="cannot create the vault key file"):
        KeyRing.create(tmp_path / "file" / "vault.key")


def test_two_files_hold_different_keys(tmp_path):
    one, two = KeyRing.create(tmp_path / "one"), KeyRing.create(tmp_path / "two")
    assert one.contradicts(two)
    with pytest.raises(SealError):
        two.open("kek_1", one.seal(b"x", "place"), "place")


@pytest.mark.parametrize("permissions", [0o644, 0o640, 0o604, 0o660, 0o601, 0o620, 0o777])
def test_refuses_a_file_that_others_may_use(path, permissions):
    write(path, f"kek_1 {KEY}\n", permissions)
    with pytest.raises(KeyFileError) as refused:
        KeyRing.load(path)
    assert f"has mode {permissions:04o}" in str(refused.value)
    assert str(refused.value).endswith(f"run: chmod 600 {path}")


@pytest.mark.parametrize("permissions", [0o600, 0o400])
def test_reads_a_private_file_with_comments_and_blank_lines(path, permissions):
    write(path, f"# mine\n\nkek_2 {OTHER}\nkek_10 {KEY}  \r\n", permissions)
    ring = KeyRing.load(path)
    assert (ring.ids, ring.active_id) == (("kek_2", "kek_10"), "kek_10")


def test_refuses_a_missing_file(path):
    with pytest.raises(KeyFileError, match=r"vault\.key does not exist; restore it from its backup"):
        KeyRing.load(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "it holds no key"),
        ("# nothing\n\n", "it holds no key"),
        (KEY, "line 1 is not `kek_<number> <key in base64url>`"),
        (f"kek_0 {KEY}", "line 1 is not"),
        (f"kek_01 {KEY}", "line 1 is not"),
        (f"kek_1  {KEY}", "line 1 is not"),
        (f"kek_1 {KEY}=", "line 1 is not"),
        (f"kek_1 {KEY[:-1]}9", "line 1 is not"),  # the same bytes by another spelling
        (f'{{"kek_1": "{KEY}"}}', "line 1 is not"),
        (f"kek_1 {KEY}\nkek_2", "line 2 is not"),
        ("kek_1 AAAA", "the key in line 1 is 3 bytes long, not 32"),
        (f"kek_1 {KEY}\n\nkek_1 {OTHER}", "line 3 gives kek_1 a second time"),
    ],
)
def test_refuses_a_malformed_file_without_quoting_it(path, text, complaint):
    write(path, text)
    with pytest.raises(KeyFileError) as refused:
        KeyRing.load(path)
    assert f"is malformed: {complaint}" in str(refused.value)
    told = traceback.TracebackException.from_exception(refused.value, capture_locals=True).format()
    # The test's own frame holds the text; the product's must not.
    assert not any(
        KEY[:12] in part or OTHER[:12] in part for part in told if "/src/trunkline/" in part.splitlines()[0]
    )


def test_refuses_what_is_no_text_no_file_or_too_large(tmp_path):
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    binary.chmod(0o600)
    with pytest.raises(KeyFileError, match="is not text"):
        KeyRing.load(binary)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(KeyFileError, match="is not a regular file"):
        KeyRing.load(tmp_path / "pipe")
    with pytest.raises(KeyFileError, match="is not a regular file"):
        KeyRing.load(tmp_path)
    with pytest.raises(KeyFileError, match="larger than 65536 bytes"):
        KeyRing.load(write(tmp_path / "large", "#" * 65_537))


def test_a_new_key_becomes_active_and_the_old_one_still_opens(path):
    old = KeyRing.create(path)
    sealed = old.seal(b"before", "place")
    header = path.read_text().splitlines()[:3]
    new = KeyRing.add_key(path)
    assert (new.ids, new.active_id) == (("kek_1", "kek_2"), "kek_2")
    assert new.open("kek_1", sealed, "place") == b"before"
    assert new.open("kek_2", new.seal(b"after", "place"), "place") == b"after"
    assert not new.contradicts(old)
    assert mode(path) == 0o600
    assert path.read_text().splitlines()[:3] == header
    assert [entry.name for entry in path.parent.iterdir()] == ["vault.key"]


def test_keys_added_at_once_are_all_kept(path):
    KeyRing.create(path)
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: KeyRing.add_key(path), range(8)))
    final = KeyRing.load(path)
    assert final.ids == tuple(f"kek_{number}" for number in range(1, 10))
    assert not any(final.contradicts(ring) for ring in rings)


def test_rotation_follows_a_symbolic_link_instead_of_replacing_it(path, tmp_path):
    KeyRing.create(path)
    link = tmp_path / "link"
    link.symlink_to(path)
    assert KeyRing.add_key(link).ids == ("kek_1", "kek_2")
    assert link.is_symlink()
    assert KeyRing.load(path).ids == ("kek_1", "kek_2")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_rotation_by_root_leaves_the_file_to_its_owner(path):
    KeyRing.create(path)
    os.chown(path, 12345, 23456)
    KeyRing.add_key(path)
    status = path.stat()
    assert (status.st_uid, status.st_gid, mode(path)) == (12345, 23456, 0o600)


def test_rotation_refuses_a_missing_or_open_file_and_changes_nothing(path):
    with pytest.raises(KeyFileError, match="cannot lock"):
        KeyRing.add_key(path)
    write(path, f"kek_1 {KEY}\n", 0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        KeyRing.add_key(path)
    assert path.read_text() == f"kek_1 {KEY}\n"


def test_a_retired_key_is_gone_and_its_number_not_used_again(path):
    old = KeyRing.create(path)
    sealed = old.seal(b"before", "place")
    KeyRing.add_key(path)
    ring = KeyRing.retire_key(path, "kek_1")
    assert ring.ids == ("kek_2",)
    assert [line.split()[0] for line in key_lines(path)] == ["kek_2"]
    with pytest.raises(UnknownKeyError) as refused:
        ring.open("kek_1", sealed, "place")
    assert str(refused.value) == (
        f"the vault key file {path} holds no kek_1 (it holds kek_2), so what was sealed under it cannot be"
        " opened; put the line of kek_1 back from a copy of the file"
    )
    assert KeyRing.add_key(path).ids == ("kek_2", "kek_3")


def test_retires_no_key_of_a_longer_number(path):
    write(path, f"kek_1 {KEY}\nkek_10 {OTHER}\nkek_11 {KEY}\n")
    assert KeyRing.retire_key(path, "kek_1").ids == ("kek_10", "kek_11")


def test_refuses_to_retire_the_active_or_an_unknown_key(path):
    KeyRing.create(path)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="kek_1 is the active key"):
        KeyRing.retire_key(path, "kek_1")
    with pytest.raises(UnknownKeyError, match="holds no kek_7"):
        KeyRing.retire_key(path, "kek_7")
    assert path.read_bytes() == before


def test_is_found_again_after_the_working_directory_changed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "vault.key", f"kek_1 {KEY}\n")
    ring = KeyRing.load((tmp_path / "vault.key").relative_to(tmp_path))
    assert ring.path == tmp_path / "vault.key"


def test_prints_no_key_and_cannot_be_pickled(path):
    ring = KeyRing.create(path)
    assert repr(ring) == str(ring) == f"<KeyRing {path}: kek_1>"
    with pytest.raises(TypeError):
        pickle.dumps(ring)


def test_the_file_tells_when_each_key_was_made(path):
    clock = FixedClock(datetime(2026, 11, 22, 10, tzinfo=UTC))
    KeyRing.create(path, clock=clock)
    clock.advance(timedelta(days=3))
    ring = KeyRing.add_key(path, clock=clock)
    assert (ring.made_at("kek_1"), ring.made_at("kek_2"), ring.made_at("kek_3")) == (
        "2026-11-22T10:00:00.000000Z",
        "2026-11-25T10:00:00.000000Z",
        None,
    )
    left = KeyRing.retire_key(path, "kek_1")
    assert (left.made_at("kek_1"), left.made_at("kek_2")) == (None, "2026-11-25T10:00:00.000000Z")
    assert "kek_1" not in path.read_text()


@pytest.mark.parametrize("told", ["", "# kek_1 made yesterday\n", "# kek_2 made 2026-11-22T10:00:00Z\n"])
def test_a_key_whose_age_nobody_wrote_down_is_used_all_the_same(path, told):
    ring = KeyRing.load(write(path, f"{told}kek_1 {KEY}\n"))
    assert (ring.active_id, ring.made_at("kek_1")) == ("kek_1", None)


def test_a_rotation_clears_away_what_a_killed_one_left(path):
    KeyRing.create(path)
    left = path.with_name(f".{path.name}.0123456789abcdef.new")
    left.write_text("kek_1 …")
    unrelated = path.with_name(".other.new")
    unrelated.write_text("")
    KeyRing.add_key(path)
    assert sorted(entry.name for entry in path.parent.iterdir()) == [".other.new", "vault.key"]


def test_a_ring_remembers_keys_only_to_open(path):
    old = KeyRing.create(path)
    sealed = old.seal(b"before", "place")
    KeyRing.add_key(path)
    ring = KeyRing.retire_key(path, "kek_1").remembering(old)
    assert (ring.active_id, ring.open("kek_1", sealed, "place")) == ("kek_2", b"before")
    assert old.remembering(ring).active_id == "kek_1"
