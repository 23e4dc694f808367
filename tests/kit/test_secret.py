import copy
import json
import pickle
import pprint
import traceback

import msgspec
import pytest

from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.secret import Secret, hint_of

CANARY = "canary-7f3a9b21"


def test_gives_its_text_back_only_when_asked():
    assert Secret(CANARY).reveal() == CANARY
    assert Secret(CANARY.encode()).reveal() == CANARY
    assert Secret("žluťoučký 🔑".encode()).reveal() == "žluťoučký 🔑"


@pytest.mark.parametrize(
    "spell",
    [
        str,
        repr,
        "{}".format,
        "{!r:>40}".format,
        "{:>40}".format,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!s}",
        lambda secret: f"{secret:x}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031
        lambda secret: str([secret, {"k": secret}]),
        pprint.pformat,
        lambda secret: json.dumps(secret, default=str),
        lambda secret: msgspec.json.encode(secret, enc_hook=str).decode(),
    ],
)
def test_prints_masked_in_every_way(spell):
    text = spell(Secret(CANARY))
    assert "Secret(***)" in text
    assert CANARY not in text


@pytest.mark.parametrize(
    "leave",
    [
        json.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        msgspec.to_builtins,
        pickle.dumps,
        lambda secret: pickle.dumps(secret, protocol=0),
        copy.copy,
        copy.deepcopy,
        lambda secret: secret.__getstate__(),
        lambda secret: secret.__reduce__(),
        hash,
        bytes,
        list,
        vars,
        len,
    ],
)
def test_is_refused_by_every_encoder_and_container(leave):
    with pytest.raises(TypeError) as refused:
        leave(Secret(CANARY))
    assert CANARY not in "".join(traceback.format_exception(refused.value))


def test_equals_only_a_secret_with_the_same_text():
    assert Secret("a") == Secret(b"a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != Secret("aa")
    assert Secret("a") != "a"
    assert Secret("é") == Secret("é")


@pytest.mark.parametrize("value", [b"\xffcanary-7f3a9b21", "\ud800canary-7f3a9b21"])
def test_refuses_what_is_not_unicode_text_without_quoting_it(value):
    with pytest.raises(InvalidRequestError) as refused:
        Secret(value)
    assert str(refused.value) == "a secret must be valid Unicode text"
    assert refused.value.__context__ is None
    told = "".join(traceback.format_exception(refused.value))
    assert "canary-7f3a9b21" not in told.replace(__file__, "")


def test_stays_masked_in_a_traceback_that_prints_local_variables():
    def fails(held: Secret) -> None:
        raise RuntimeError(f"cannot use {held}")

    with pytest.raises(RuntimeError) as failed:
        fails(Secret("can" + "ary-in-a-frame"))
    told = "".join(traceback.TracebackException.from_exception(failed.value, capture_locals=True).format())
    assert "held = Secret(***)" in told
    assert "canary-in-a-frame" not in told


def test_a_hint_shows_the_end_of_what_is_long_enough() -> None:
    assert [hint_of(Secret(text)) for text in ("x" * 8 + "abcd", "y" * 7 + "abcd", "")] == ["…abcd", "…", "…"]
