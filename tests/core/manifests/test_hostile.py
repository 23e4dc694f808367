"""Whatever somebody sends is answered: with findings, in bounded time and space, and never with an error."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.manifests.corpus import SHARED, document_validator, needs_corpus
from trunkline.core.manifests import RULES, Integration, Manifest, content_of, objects_of, read_manifest

VALIDATOR = document_validator("manifest.json", "Integration") if SHARED.is_dir() else None
HEAD = "specVersion: 1.0.0\nintegrations:\n"
LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
MERGED = "a: &a {" + ", ".join(f"k{i}: 1" for i in range(900)) + "}\n"


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        ("", "one-document", (1, 1)),
        ("# nothing\n", "one-document", (1, 1)),
        ("a" * (1024 * 1024 + 1), "too-large", (1, 1)),
        ("ä" * (512 * 1024 + 1), "too-large", (1, 1)),
        ("a: 1\n\nb: \x00", "unreadable-character", (3, 4)),
        (b"a: 1\r\nb: \xff".decode("utf-8", "surrogateescape"), "unreadable-character", (2, 4)),
        ("a: \ud800", "unreadable-character", (1, 4)),
        (LAUGHS, "too-many-values", (6, 25)),
        (MERGED + "".join(f"m{i}: {{<<: *a}}\n" for i in range(99)), "too-many-values", (56, 6)),
        (HEAD + "- {}\n" * 60_000, "too-many-values", (50_000, 3)),
        ("[" * 100_000, "too-deep", (1, 33)),
        ("- " * 100_000, "too-deep", (1, 65)),
        ("".join(" " * i + "a:\n" for i in range(1_000)), "too-deep", (33, 33)),
        ("a: &a " + "[" * 20 + "]" * 20 + "\nb: " + "[" * 20 + "*a" + "]" * 20, "too-deep", (2, 24)),
        ("a: &a [*a]", "yaml-alias", (1, 8)),
        ("&a {a: *a}", "yaml-alias", (1, 8)),
        ("a: &a 1\nb: [" + ", ".join(["*a"] * 101) + "]", "yaml-alias", (2, 405)),
        ("<<: 1", "yaml-alias", (1, 5)),
        ("? [a]\n: b", "key-not-text", (1, 3)),
        ("a: b\n---\nc: d\n", "one-document", (2, 1)),
        ("a: 'b", "yaml-syntax", (1, 4)),
        ('a: "\\U00110000"', "yaml-syntax", (1, 7)),
        ("\x85a: [", "yaml-syntax", (2, 5)),
    ],
    ids=range(23),
)  # fmt: skip
def test_what_cannot_be_read_is_one_finding_with_its_place(text, rule, place):
    read = read_manifest(text)
    assert read.manifest is None
    (found,) = read.findings
    assert (found.rule, (found.line, found.column)) == (rule, place)


def test_a_line_of_comments_that_never_close_is_read_once():
    """Were the rest of it read at each of them, this would take minutes."""
    ignoring = " #amp:ignore[" * 80_000
    read = read_manifest(f"a: 1{ignoring}\n")
    assert read.findings == read_manifest("a: 1\n").findings


def test_keys_that_are_no_texts_and_tags_are_all_told():
    read = read_manifest("1: a\ntrue: b\n~: c\n!!str d: !x e\n")
    assert [(one.line, one.rule) for one in read.findings if one.rule in ("key-not-text", "yaml-tag")] == [
        (1, "key-not-text"), (2, "key-not-text"), (3, "key-not-text"), (4, "yaml-tag"), (4, "yaml-tag"),
    ]  # fmt: skip


def test_a_few_aliases_and_merges_are_written_out():
    text = HEAD + (
        "- &base {name: a, provider: p, proxy: &on {enabled: true}}\n"
        "- {<<: *base, name: b}\n"
        "- {name: c, provider: p, proxy: *on}\n"
    )
    read = read_manifest(text)
    assert read.findings == ()
    assert read.manifest is not None
    shown = [content_of(one) for one in read.manifest.integrations]
    assert shown == [{"name": name, "provider": "p", "proxy": {"enabled": True}} for name in "abc"]


def test_a_mistake_behind_an_alias_is_told_once():
    text = HEAD + "- {name: a, provider: p, proxy: &on {enabled: 1}}\n- {name: c, provider: p, proxy: *on}\n"
    assert [(one.line, one.rule) for one in read_manifest(text).findings] == [(3, "wrong-type")]


def test_more_objects_than_are_written_at_once_are_refused_with_the_integration_that_has_them():
    def text(*counts: int) -> str:
        return HEAD + "\n".join(
            f"- {{name: i{n}, provider: p, write: {{objects: [{', '.join(f'{{objectName: o{m}}}' for m in range(count))}]}}}}"
            for n, count in enumerate(counts)
        )

    assert read_manifest(text(1_000, 1_000)).findings == ()
    for counts, line in (((2_001,), 3), ((1_000, 1_000, 1), 5)):
        assert [(one.rule, one.line) for one in read_manifest(text(*counts)).findings] == [
            ("too-many-objects", line)
        ]


def test_of_many_findings_some_of_each_severity_are_told():
    text = HEAD + "".join(f"- {{x{i}: 1, name: 1}}\n" for i in range(1_000))
    found = read_manifest(text).findings
    assert [one.severity for one in found].count("error") == 500
    assert [one.severity for one in found].count("warning") == 501
    assert (found[-1].rule, found[-1].message) == ("too-many-findings", "3000 more findings are not shown.")


def test_what_a_message_repeats_is_short_and_obeyed_by_no_terminal():
    text = HEAD + f'- {{name: a, provider: p, proxy: {{enabled: true}}, "x\\e[31m\\u202E{"y" * 500}": 1}}'
    found = read_manifest(text).findings
    assert [one.rule for one in found] == ["unknown-key", "unreadable-character"]
    assert all(one.message.isprintable() and len(one.message) < 200 for one in found)
    assert all(one.path.isprintable() and len(one.path) < 200 for one in found)


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_is_answered(text):
    answered(text)


PIECES = st.sampled_from(
    ["a", ":", " ", "\n", "- ", "[", "]", "{", "}", "&a ", "*a", "!t ", "|", ">", "'", '"', "#", "? ", "<<", "%", "---",
     "\t", ",", "name: ", "integrations:", "read: ", "objects: ", "# amp:ignore", "[x]", "\r\n", "\u2028", "0", "~"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=60))
def test_anything_like_yaml_is_answered(pieces):
    answered("".join(pieces))


NAMES = st.sampled_from(
    ["specVersion", "integrations", "name", "provider", "module", "read", "write", "subscribe", "proxy", "objects",
     "watchSchema", "objectName", "destination", "schedule", "requiredFields", "optionalFields", "fieldName", "enabled",
     "mapToName", "backfill", "defaultPeriod", "days", "fullHistory", "delivery", "mode", "pageSize", "updateEvent",
     "watchFieldsAuto", "requiredWatchFields", "otherEvents", "allObjects", "x"]
)  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["1.0.0", "always", "all", "onRequest", "auto", "*/10 * * * *", "$['a']", "$.a", "salesforce"])
)  # fmt: skip
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=40,
)


@given(TREES)
@settings(max_examples=200)
def test_any_tree_of_known_keys_is_answered(tree):
    answered(json.dumps(tree))
    answered(
        json.dumps(
            {"specVersion": "1.0.0", "integrations": [tree, {"name": "a", "provider": "b", "read": tree}]}
        )
    )


def answered(text: str) -> None:
    read = read_manifest(text)
    severities = {rule.name: rule.severity for rule in RULES}
    lines = (
        text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028") + text.count("\u2029")
    )
    for found in read.findings:
        assert severities[found.rule] == found.severity
        assert 1 <= found.line <= lines + 1
        assert found.column >= 1
    assert (read.manifest is None) == any(one.severity == "error" for one in read.findings)


SHORT = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)


FIELD = st.builds(lambda name: {"fieldName": name}, SHORT)
READ = st.fixed_dictionaries(
    {"objectName": SHORT, "destination": SHORT},
    optional={
        "schedule": st.sampled_from(["*/10 * * * *", "0 0 * * 1-5"]),
        "mapToDisplayName": SHORT,
        "requiredFields": st.lists(FIELD, max_size=3, unique_by=str),
        "optionalFieldsAuto": st.just("all"),
        "backfill": st.builds(lambda days: {"defaultPeriod": {"days": days}}, st.integers(0, 10**6)),
        "delivery": st.builds(lambda size: {"mode": "onRequest", "pageSize": size}, st.integers(50, 500)),
    },
)
PROXY = st.builds(lambda enabled: {"enabled": enabled}, st.booleans())
INTEGRATION = st.fixed_dictionaries(
    {"name": SHORT, "provider": SHORT, "proxy": PROXY},
    optional={
        "read": st.builds(
            lambda objects: {"objects": objects},
            st.lists(READ, min_size=1, max_size=3, unique_by=lambda one: str(one["objectName"])),
        ),
        "displayName": SHORT,
    },
)


@needs_corpus
@given(st.lists(INTEGRATION, min_size=1, max_size=3, unique_by=lambda one: str(one["name"])))
def test_what_is_taken_shows_as_content_and_reads_back(integrations):
    read = read_manifest(json.dumps({"specVersion": "1.0.0", "integrations": integrations}))
    assert read.manifest is not None
    contents = [content_of(one) for one in read.manifest.integrations]
    for content, given_one in zip(contents, integrations, strict=True):
        assert VALIDATOR is not None
        VALIDATOR.validate(content)
        for item in content.get("read", {}).get("objects", []):
            if not item["schedule"]:
                del item["schedule"]
        assert content == given_one
    again = read_manifest(json.dumps({"specVersion": "1.0.0", "integrations": contents}))
    assert again.manifest == read.manifest
    assert msgspec.convert(msgspec.to_builtins(again.manifest), Manifest) == again.manifest


def test_members_say_what_they_are_of():
    text = HEAD + (
        "- name: a\n  provider: p\n  read:\n    objects:\n"
        "      - {objectName: me/messages, mapToName: mail, destination: d, schedule: '0 * * * *', enabled: always,"
        " requiredFields: [{fieldName: id}]}\n"
        "  write: {objects: [{objectName: mail}]}\n"
        "  subscribe: {objects: [{objectName: me/messages, destination: d, otherEvents: [moved]}]}\n"
    )
    manifest = read_manifest(text).manifest
    assert manifest is not None
    (integration,) = manifest.integrations
    assert isinstance(integration, Integration)
    assert [(one.kind, one.slug, one.name, one.required) for one in objects_of(integration)] == [
        ("sync", "read:me~2fmessages", "mail", True),
        ("action", "write:mail", "mail", False),
        ("subscription", "subscribe:me~2fmessages", "me/messages", False),
    ]
    assert objects_of(integration)[2].definition == {
        "objectName": "me/messages", "destination": "d", "otherEvents": ["moved"],
    }  # fmt: skip
