import json
from typing import Any

import pytest
import yaml

from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.openapi import read_document


def refusal(data: bytes | str, filename: str = "api.yaml") -> str:
    with pytest.raises(InvalidRequestError) as caught:
        read_document(data.encode() if isinstance(data, str) else data, filename=filename)
    return caught.value.message


@pytest.mark.parametrize(
    ("filename", "text"),
    [
        ("api.json", '{"a": [1, 2.5, null, true, "x"]}'),
        ("API.JSON", '\ufeff{"a": [1, 2.5, null, true, "x"]}'),
        ("api.yaml", "a: [1, 2.5, null, true, x]"),
        ("api.yml", '{"a": [1, 2.5, ~, True, "x"]}'),
        ("upload", '\n {"a": [1, 2.5, null, true, "x"]}'),
        ("upload", "a:\n- 1\n- 2.5\n-\n- true\n- 'x'\n"),
    ],
)
def test_reads_json_and_yaml_by_extension_or_content(filename, text):
    assert read_document(text.encode(), filename=filename) == {"a": [1, 2.5, None, True, "x"]}


def test_reads_yaml_scalars_as_json_would_not_as_yaml_1_1():
    text = """
    country: no
    switch: on
    time: 12:30:45
    date: 2024-01-01
    octal: 0o17
    hex: 0xff
    old_octal: 017
    under: 1_000
    float: 1e3
    quoted: "1"
    tagged: !!str 1
    block: |
      1
    version: 1.0.0
    """
    assert read_document(text.encode(), filename="a.yaml") == {
        "country": "no",
        "switch": "on",
        "time": "12:30:45",
        "date": "2024-01-01",
        "octal": 15,
        "hex": 255,
        "old_octal": 17,
        "under": "1_000",
        "float": 1000.0,
        "quoted": "1",
        "tagged": "1",
        "block": "1\n",
        "version": "1.0.0",
    }


def test_takes_yaml_keys_as_the_text_they_are():
    document = read_document(b"200: a\nnull: b\ntrue: c\n2024-01-01: d\n", filename="a.yaml")
    assert document == {"200": "a", "null": "b", "true": "c", "2024-01-01": "d"}


def test_follows_aliases_and_merges_mappings_under_explicit_members():
    text = (
        "base: &b {x: 1, y: 2}\nother: &o {y: 3, z: 4}\nm: {<<: [*b, *o], x: 9}\nn: {<<: *o}\nq: {'<<': 1}\n"
    )
    document = read_document(text.encode(), filename="a.yaml")
    assert document["m"] == {"x": 9, "y": 2, "z": 4}
    assert document["n"] == {"y": 3, "z": 4}
    assert document["q"] == {"<<": 1}


def test_of_many_mappings_merged_the_first_wins_and_the_own_members_above_all():
    many = 20_000  # with work that grows by their square, this would take minutes
    sources = ", ".join(f"{{a{number}: {number}, all: {number}, own: {number}}}" for number in range(many))
    document = read_document(f"m:\n  own: mine\n  <<: [{sources}]\n".encode(), filename="a.yaml")
    merged: Any = document["m"]
    assert (merged["all"], merged["own"], len(merged)) == (0, "mine", many + 2)
    assert [merged[f"a{number}"] for number in range(many)] == list(range(many))


@pytest.mark.parametrize(
    ("filename", "text", "message"),
    [
        ("a.json", '{"a": 1, "b": {"c": 1, "c": 2}}', "the key 'c' stands twice in one object; keep one"),
        ("a.json", '{"a": NaN}', "NaN is not a number that JSON can spell"),
        ("a.json", '{"a": -Infinity}', "-Infinity is not a number that JSON can spell"),
        ("a.json", '{"a": 1e999}', "#/a: must be a finite number"),
        ("a.json", '{"a": ' + "1" * 301 + "}", "a number has more than 300 digits; quote it if it is a text"),
        ("a.json", '{"a": "\\ud800"}', "#/a: holds half of a surrogate pair"),
        ("a.json", '{"a\\u0000": 1}', "#: has a member whose name holds the character U+0000"),
        ("a.json", "{'a': 1}", "the text is not JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        ("a.json", "", "the text is not JSON: Expecting value at line 1, column 1"),
        ("a.json", "[1]", "an OpenAPI document is an object; this file holds something else"),
        ("a.json", "[" * 100_000, "the text nests too deeply to be an OpenAPI document"),
        ("a.yaml", "a: 1\nb: 2\na: 3\n", "line 3, column 1: the key 'a' stands twice in one mapping; keep one"),
        ("a.yaml", "x: &x {}\na:\n  <<: *x\n  <<: *x\n", "line 4, column 3: the key '<<' stands twice in one mapping; keep one"),
        ("a.yaml", "a: .nan", "line 1, column 4: .nan is not a number that JSON can spell"),
        ("a.yaml", "a: 1e999", "#/a: must be a finite number"),
        ("a.yaml", "a: " + "9" * 301, "line 1, column 4: a number has more than 300 digits; quote it if it is a text"),
        ("a.yaml", "a: !!python/object:os.system x", "line 1, column 4: the tag tag:yaml.org,2002:python/object:os.system is not part of JSON"),
        ("a.yaml", "a: !!binary aGk=", "line 1, column 4: the tag tag:yaml.org,2002:binary is not part of JSON"),
        ("a.yaml", "a: !!set {x}", "line 1, column 4: the tag tag:yaml.org,2002:set is not part of JSON"),
        ("a.yaml", "a: !!int x", "line 1, column 4: 'x' does not fit its tag !!int"),
        ("a.yaml", "? [1]\n: 2\n", "line 1, column 3: a key must be a plain text, not an alias, a list or a mapping"),
        ("a.yaml", "a: &a [*a]", "line 1, column 8: the alias *a names no complete earlier node"),
        ("a.yaml", "a: *b", "line 1, column 4: the alias *b names no complete earlier node"),
        ("a.yaml", "a: {<<: 1}", "line 1, column 9: `<<` merges mappings only"),
        ("a.yaml", "a: 1\n---\nb: 2\n", "the text holds several YAML documents; send one"),
        ("a.yaml", "", "the document is empty"),
        ("a.yaml", "just text", "an OpenAPI document is an object; this file holds something else"),
    ],
)  # fmt: skip
def test_refuses_what_two_readers_could_read_differently(filename, text, message):
    assert refusal(text, filename) == f"{filename}: {message}"


def test_refuses_broken_yaml_with_the_spot():
    assert refusal("a: [1,\nb: }").startswith("api.yaml: the text is not YAML: line 2, column 4: ")


def test_refuses_an_escape_beyond_unicode():
    assert refusal('a: "\\UFFFFFFFF"').startswith("api.yaml: the text is not YAML: ")


def test_refuses_text_that_is_not_utf_8():
    assert refusal(b"a: \xff") == "api.yaml: the file is not UTF-8 (byte 3); save it as UTF-8"
    assert refusal("a: 1".encode("utf-16")) == "api.yaml: the file is not UTF-8 (byte 0); save it as UTF-8"


def test_refuses_more_than_16_mib_and_reads_as_much():
    data = b'{"a":1}'.ljust(16 * 1024 * 1024)
    assert read_document(data, filename="a.json") == {"a": 1}
    assert refusal(data + b" ", "a.json") == "a.json: the file is larger than 16 MiB; split the document"


def test_allows_64_levels_and_refuses_65_in_both_spellings():
    for name in ("a.json", "a.yaml"):
        deepest = '{"a":' + "[" * 63 + "]" * 63 + "}"
        assert json.dumps(read_document(deepest.encode(), filename=name)).count("[") == 63
        deeper = '{"a":' + "[" * 64 + "]" * 64 + "}"
        assert "nests deeper than 64 levels" in refusal(deeper, name)


def test_stops_reading_yaml_at_once_when_it_nests_without_end():
    assert "nests deeper than 64 levels" in refusal("[" * 1_000_000)
    assert "nests deeper than 64 levels" in refusal("- " * 1_000_000)


def test_allows_50_aliases_and_refuses_51():
    text = "a: &a 1\nb: [" + ", ".join(["*a"] * 50) + "]\n"
    assert read_document(text.encode(), filename="a.yaml")["b"] == [1] * 50
    assert "more than 50 aliases" in refusal(text + "c: *a\n")


def test_counts_aliased_nodes_where_they_are_used():
    levels = ["l0: &l0 [" + ",".join("1" * 100) + "]"]
    levels += [f"l{i}: &l{i} [" + ",".join([f"*l{i - 1}"] * 10) + "]" for i in range(1, 6)]
    assert "more than 2,000,000 nodes" in refusal("\n".join(levels))


def test_counts_aliased_text_where_it_is_used():
    text = "x" * 1_000_000
    levels = [
        f"l0: &l0 {text}",
        *(f"l{i}: &l{i} [" + ",".join([f"*l{i - 1}"] * 10) + "]" for i in range(1, 4)),
    ]
    assert "characters of text" in refusal("\n".join(levels))


def test_shortens_what_it_quotes():
    assert len(refusal(json.dumps({"a" * 5_000: "\0"}), "n" * 5_000 + ".json")) < 400


def test_reads_the_same_from_either_spelling():
    document = {
        "paths": {"/a": {"get": {"responses": {"200": {"description": "yes: no\n# x", "x": ["1", 1, 1.5]}}}}}
    }
    as_json = read_document(json.dumps(document).encode(), filename="a.json")
    as_yaml = read_document(yaml.safe_dump(document).encode(), filename="a.yaml")
    assert as_json == as_yaml == document
