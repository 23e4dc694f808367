"""Header variables: what may be written, and what comes out of it whoever the caller says they are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.core.integrations import check_headers, check_template, expand, fill, is_transport_header
from trunkline.kit.errors import InvalidRequestError

USER = {
    "username": "ada",
    "displayName": "Ada L.",
    "email": "ada@acme.example",
    "region.code": "eu-1",
    "n": 7,
}
TENANT = {"id": "0197", "vip": True}
SENDABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60)
ANY_TEXT = st.text(max_size=60)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("${user.email}", "ada@acme.example"),
        ("${tenant.id}/${user.username}", "0197/ada"),
        ("${user.region.code}", "eu-1"),
        ("${user.n} ${tenant.vip}", "7 true"),
        ("$${user.email}", "${user.email}"),
        ("$$${user.email}", "$${user.email}"),
        ("a $ b $5 {user.email}", "a $ b $5 {user.email}"),
        ("[${user.nothing}]", "[]"),
        ("  ${user.username}\t", "ada"),
    ],
)
def test_fills_in_what_is_known_of_the_caller(text: str, value: str) -> None:
    check_template("headers.X", text)
    assert expand({"X": text}, USER, TENANT) == [("X", value)]


@pytest.mark.parametrize("text", ["${user.nothing}", "", " \t", "${user.nothing} ${tenant.none}"])
def test_a_header_with_nothing_left_to_say_is_not_sent(text: str) -> None:
    assert expand({"X-Region": text, "X-Other": "1"}, USER, TENANT) == [("X-Other", "1")]


@pytest.mark.parametrize("value", [None, {"a": 1}, ["x"], b"raw"])
def test_what_is_no_plain_value_fills_in_nothing(value: object) -> None:
    assert expand({"X": "v${user.field}"}, {"field": value}, {}) == [("X", "v")]


def test_nobody_acting_leaves_user_variables_unset() -> None:
    assert expand({"A": "${user.email}", "B": "${tenant.id}"}, {}, TENANT) == [("B", "0197")]


@pytest.mark.parametrize(
    "text",
    [
        "${env.PATH}",
        "${user}",
        "${user.}",
        "${user.9lives}",
        "${ user.email}",
        "${user.email",
        "${USER.email}",
        "${}",
        "${user.a b}",
        "x${tenant.id}${secrets.key}",
        "${user.${tenant.id}}",
        "line\r\nbreak",
        "caf\u00e9",
        "nul\x00",
        "del\x7f",
        "x" * 1_025,
    ],
)
def test_refuses_what_can_never_be_sent_when_it_is_saved(text: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        check_template("authConfig.headers.X", text)
    assert refused.value.details[0].path == "authConfig.headers.X"


@pytest.mark.parametrize("hostile", ["x\r\nSet-Cookie: a=b", "x\ny", "\x00", "\u2028", "caf\u00e9", "\x7f"])
def test_nothing_is_sent_when_a_field_would_break_out_of_its_header(hostile: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        expand({"X-Name": "${user.displayName}"}, {"displayName": hostile}, {})
    assert refused.value.details[0].path == "headers.X-Name"
    assert hostile not in refused.value.message


def test_a_long_field_is_refused_and_so_are_many() -> None:
    with pytest.raises(InvalidRequestError, match=r"longer than 1024"):
        expand({"X": "${user.f}"}, {"f": "x" * 1_025}, {})
    fits = {f"X-{i}": "${user.f}" for i in range(7)}
    assert len(expand(fits, {"f": "x" * 1_024}, {})) == 7
    with pytest.raises(InvalidRequestError, match=r"more than 8192"):
        expand(fits | {"X-7": "${user.f}"}, {"f": "x" * 1_024}, {})


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "content-length",
        "Transfer-Encoding",
        "CONNECTION",
        "TE",
        "Trailer",
        "Upgrade",
        "Proxy-Authorization",
        "Proxy-Anything",
        "Cookie",
        "Expect",
        "Keep-Alive",
    ],
)
def test_headers_of_the_transport_cannot_be_given(name: str) -> None:
    assert is_transport_header(name)
    with pytest.raises(InvalidRequestError) as refused:
        check_headers({name: "x"}, "headers", may_authorize=True)
    assert refused.value.details[0].path == f"headers.{name}"


def test_authorization_is_free_only_where_no_credential_sets_it() -> None:
    check_headers({"Authorization": "Custom ${user.username}"}, "headers", may_authorize=True)
    with pytest.raises(InvalidRequestError):
        check_headers({"authorization": "Custom x"}, "headers", may_authorize=False)


@pytest.mark.parametrize("name", ["", "X Y", "X:", "X\r\nY", "\u00fc", "X" * 101, "${user.username}"])
def test_refuses_names_that_are_none(name: str) -> None:
    with pytest.raises(InvalidRequestError):
        check_headers({name: "x"}, "headers", may_authorize=True)


def test_refuses_a_name_given_twice_and_too_many() -> None:
    with pytest.raises(InvalidRequestError, match="twice"):
        check_headers({"X-A": "1", "x-a": "2"}, "headers", may_authorize=True)
    with pytest.raises(InvalidRequestError, match="more than 50"):
        check_headers({f"X-{i}": "1" for i in range(51)}, "headers", may_authorize=True)
    with pytest.raises(InvalidRequestError, match="more than 8192"):
        check_headers({f"X-{i}": "v" * 1_000 for i in range(9)}, "headers", may_authorize=True)


@given(SENDABLE, ANY_TEXT)
def test_what_a_variable_brings_in_is_never_read_again(around: str, value: str) -> None:
    template = around.replace("$", "") + "${user.name}"
    filled = fill(template, {"user": {"name": value, "email": "leaked"}, "tenant": {}}, "x")
    assert filled == around.replace("$", "") + value


@given(ANY_TEXT)
def test_every_saved_template_either_is_sendable_or_sends_nothing(text: str) -> None:
    try:
        check_template("x", text)
    except InvalidRequestError:
        return
    for _, value in expand({"X": text}, USER, TENANT):
        assert re.fullmatch(r"[\t\x20-\x7e]+", value)
        assert len(value) <= 1_024


@given(SENDABLE)
def test_an_escaped_text_comes_out_as_it_was_written(text: str) -> None:
    escaped = text.replace("${", "$${")
    check_template("x", escaped)
    assert fill(escaped, {}, "x") == text


@given(ANY_TEXT, ANY_TEXT)
def test_a_callers_fields_never_add_a_header(name: str, value: str) -> None:
    try:
        sent = expand({"X-User": "${user.a}|${user.b}"}, {"a": name, "b": value}, {})
    except InvalidRequestError:
        return
    assert [header for header, _ in sent] == ["X-User"]
