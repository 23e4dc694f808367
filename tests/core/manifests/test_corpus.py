"""What the vendor's own samples come to."""

from __future__ import annotations

import json
from collections import Counter

import msgspec
import pytest

from tests.core.manifests.corpus import document_validator, manifests, needs_corpus
from trunkline.core.manifests import content_of, object_of_slug, objects_of, read_manifest
from trunkline.kit.text import is_slug

pytestmark = needs_corpus

# What is said of the samples, by file: nothing of the others. None is refused.
WARNINGS = {
    "connectwise.yaml": {"schedule-missing": [30, 42]},
    "google-calendar.yaml": {"unknown-key": [48, 54]},
    "hubspot-subscribe.yaml": {"schedule-missing": [11, 33]},
    "salesforce.yaml": {"schedule-missing": [8]},
    "sendGrid.yaml": {"unknown-key": [69]},
}
REFUSED: dict[str, list[str]] = {}


def test_every_sample_is_taken_but_for_the_ones_named_here():
    refused: dict[str, list[str]] = {}
    warned: dict[str, dict[str, list[int]]] = {}
    texts = manifests()
    for name, text in texts.items():
        read = read_manifest(text)
        for finding in read.findings:
            if finding.severity == "error":
                refused.setdefault(name, []).append(finding.rule)
            else:
                warned.setdefault(name, {}).setdefault(finding.rule, []).append(finding.line)
        assert (read.manifest is None) == (name in refused)
    assert len(texts) == 81
    assert (refused, warned) == (REFUSED, WARNINGS)


@pytest.mark.parametrize(
    ("document", "schema"), [("manifest.json", "Integration"), ("api.bundled.json", "Integration-2")]
)
def test_the_content_of_every_sample_is_of_the_vendors_schema(document, schema):
    validator = document_validator(document, schema)
    count = 0
    for text in manifests().values():
        manifest = read_manifest(text).manifest
        assert manifest is not None
        for integration in manifest.integrations:
            validator.validate(content_of(integration))
            count += 1
    assert count == 88


def test_content_reads_back_as_what_it_was_made_of():
    for name, text in manifests().items():
        manifest = read_manifest(text).manifest
        assert manifest is not None
        contents = [content_of(one) for one in manifest.integrations]
        again = read_manifest(json.dumps({"specVersion": "1.0.0", "integrations": contents}))
        assert again.manifest == manifest, name
        assert msgspec.json.decode(msgspec.json.encode(contents)) == contents


def test_every_object_becomes_a_member_with_a_slug_of_its_own():
    kinds: Counter[str] = Counter()
    for text in manifests().values():
        manifest = read_manifest(text).manifest
        assert manifest is not None
        for integration in manifest.integrations:
            members = objects_of(integration)
            assert len({member.slug for member in members}) == len(members)
            assert all(is_slug(member.slug) for member in members)
            for member in members:
                named = object_of_slug(member.slug)
                assert named is not None
                assert named[1] == member.definition["objectName"]
            kinds.update(member.kind for member in members)
    assert kinds == {"sync": 278, "action": 242, "subscription": 8}
