import re

import pytest

from trunkline.infra.vault import (
    KeyRing,
    SealError,
    WrongKeyError,
    derive,
    new_root,
    open_root,
    rewrap_root,
    seal_root,
)

ROOT = bytes(range(32))


def test_a_root_is_random_and_comes_back_from_its_seal(ring):
    root = new_root()
    sealed = seal_root(ring, root)
    assert len(root) == 32
    assert root != new_root()
    assert re.fullmatch(r"v1\.kek_1\.[A-Za-z0-9_-]{80}", sealed)
    assert open_root(ring, sealed) == root
    assert sealed != seal_root(ring, root)


def test_another_databases_key_file_is_refused_with_advice(ring, tmp_path):
    sealed = seal_root(ring, ROOT)
    other = KeyRing.create(tmp_path / "other.key")
    with pytest.raises(WrongKeyError) as refused:
        open_root(other, sealed)
    assert str(refused.value) == (
        f"the vault key in {tmp_path / 'other.key'} does not open this database; it was sealed under kek_1 of"
        " another key file. Put the key file that belongs to this database in its place, from its copy, or"
        " point the settings at it, and start again; nothing was changed"
    )


def test_a_key_file_without_the_roots_key_is_refused(ring, path):
    sealed = seal_root(ring, ROOT)
    KeyRing.add_key(path)
    retired = KeyRing.retire_key(path, "kek_1")
    with pytest.raises(WrongKeyError, match="does not open this database"):
        open_root(retired, sealed)


def test_rotation_keeps_the_root_and_everything_derived(ring, path):
    sealed = seal_root(ring, ROOT)
    rotated = KeyRing.add_key(path)
    moved = rewrap_root(rotated, sealed)
    assert moved.startswith("v1.kek_2.")
    assert open_root(rotated, moved) == open_root(rotated, sealed) == ROOT
    assert rewrap_root(rotated, moved) == moved
    assert open_root(KeyRing.retire_key(path, "kek_1"), moved) == ROOT


@pytest.mark.parametrize("stored", ["", "v1.kek_1.", "v2.kek_1.AAAA", "v1.kek_0.AAAA", "v1.kek_1.AA=="])
def test_a_garbled_root_is_told_apart_from_a_wrong_key(ring, stored):
    with pytest.raises(SealError, match="malformed"):
        open_root(ring, stored)


def test_every_bit_of_a_sealed_root_counts(ring):
    sealed = seal_root(ring, ROOT)
    for position in range(len(sealed)):
        for bit in range(8):
            flipped = sealed[:position] + chr(ord(sealed[position]) ^ 1 << bit) + sealed[position + 1 :]
            with pytest.raises((SealError, WrongKeyError)):
                open_root(ring, flipped)


def test_derives_the_same_keys_for_good():
    # Computed by hand from RFC 5869 with HMAC-SHA256: a release that changes them breaks cursors and keys.
    assert derive(ROOT, "cursor").hex() == "ebf2ee9c350f4f5137bb21c1a66e41191ef7b242edff5dfa7f3d084c81f8e89b"
    assert derive(ROOT, "pepper").hex() == "7b911c1185de5abdead892fbc5fa1d987f7fecaecb6f9c18605db89b4132091b"


def test_labels_give_unrelated_keys():
    assert len({derive(ROOT, label) for label in ("cursor", "pepper", "session", "Cursor", "cursor ")}) == 5
    assert derive(ROOT, "cursor") != derive(ROOT[::-1], "cursor")


def test_refuses_a_short_root_and_an_empty_label(ring):
    with pytest.raises(ValueError, match="not 31"):
        derive(ROOT[:31], "cursor")
    with pytest.raises(ValueError, match="not 33"):
        seal_root(ring, ROOT + b"x")
    with pytest.raises(ValueError, match="needs a label"):
        derive(ROOT, "")
