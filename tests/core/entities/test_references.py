from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline.core.entities import find_references, rewrite_references
from trunkline.kit.strictjson import encode

A, B, C = ("0" * 31 + digit for digit in "abc")
PREFIX = {
    "sch": "schema", "fun": "function", "agt": "agent", "wfl": "workflow", "trg": "trigger", "syn": "sync",
    "act": "action", "sub": "subscription",
}  # fmt: skip


def is_reference(text: str) -> tuple[str, str] | None:
    prefix, _, rest = text.partition("_")
    fits = prefix in PREFIX and len(rest) == 32 and all(c in "0123456789abcdef" for c in rest)
    return (PREFIX[prefix], rest) if fits else None


def walk(value: Any, name: str | None = None) -> list[tuple[str, str]]:
    """The rule as one would write it down: whole string values, and `$ref` with a fragment."""
    if isinstance(value, str):
        target = value.partition("#")[0] if name == "$ref" else value
        found = is_reference(target)
        return [found] if found else []
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in walk(item, key)]
    if isinstance(value, list):
        return [found for item in value for found in walk(item)]
    return []


def replaced(value: Any, mapping: dict[str, str], name: str | None = None) -> Any:
    if isinstance(value, str):
        target, mark, fragment = value.partition("#") if name == "$ref" else (value, "", "")
        found = is_reference(target)
        return f"{target[:-32]}{mapping.get(found[1], found[1])}{mark}{fragment}" if found else value
    if isinstance(value, dict):
        return {key: replaced(item, mapping, key) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, mapping) for item in value]
    return value


ids = st.builds("{}_{}".format, st.sampled_from([*PREFIX, "usr"]), st.sampled_from([A, B, C]))
tricky = st.one_of(
    ids,
    ids.map(lambda i: f"{i}#/properties/x"),
    ids.map(lambda i: f'"{i}"'),
    ids.map(lambda i: f'","{i}"'),
    ids.map(lambda i: f'\\":"{i}'),
    ids.map(lambda i: f'"$ref":"{i}#'),
    ids.map(lambda i: f" {i}"),
    ids.map(lambda i: f"{i}0"),
    ids.map(str.upper),
    st.text(max_size=6),
)
names = st.one_of(st.just("$ref"), tricky)
documents = st.dictionaries(
    names,
    st.recursive(
        st.one_of(tricky, st.none(), st.integers(), st.booleans()),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
        max_leaves=12,
    ),
    max_size=4,
)


@settings(max_examples=120, deadline=None)
@given(documents)
def test_finds_in_the_text_what_a_walk_over_the_tree_finds(document):
    assert set(find_references(encode(document))) == set(walk(document))


@settings(max_examples=120, deadline=None)
@given(documents, st.dictionaries(st.sampled_from([A, B]), st.sampled_from(["f" * 32, C]), max_size=2))
def test_rewrites_in_the_text_what_a_walk_over_the_tree_rewrites(document, mapping):
    assert rewrite_references(encode(document), mapping) == encode(replaced(document, mapping))


def test_finds_each_reference_once_in_order_of_appearance():
    text = encode({"b": f"fun_{B}", "a": [f"sch_{A}", f"fun_{B}"]})
    assert find_references(text) == (("function", B), ("schema", A))
