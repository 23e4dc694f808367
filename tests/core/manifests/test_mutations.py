"""A mistake made in the vendor's samples is found on its line, by its rule, and nothing else is."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import pytest

from tests.core.manifests.corpus import manifests, needs_corpus
from tests.core.manifests.mutations import MUTATIONS, Mutation, mutate
from trunkline.core.manifests import RULES, read_manifest

pytestmark = needs_corpus

SAMPLES_EACH = 8
SEVERITY = {rule.name: rule.severity for rule in RULES}
# What stands where a key was renamed to make room is unknown, and says nothing about the mistake.
ROOM = "x-was"


def findings(text: str) -> Counter[str]:
    return Counter(one.rule for one in read_manifest(text).findings if ROOM not in one.path)


@pytest.mark.parametrize("name", MUTATIONS)
def test_finds_exactly_the_mistake_on_its_line(name):
    mutation = MUTATIONS[name]
    tried = list(islice(_mutated(name, mutation), SAMPLES_EACH))
    assert tried, "no sample has a place for this mistake"
    for file, before, mutated in tried:
        read = read_manifest(mutated.text)
        lines = [one.line for one in read.findings if one.rule == mutation.rule]
        assert mutated.line in lines, file
        if SEVERITY[mutation.rule] == "error":
            assert read.manifest is None
        if not _ends_reading(mutation.rule):
            added = findings(mutated.text)
            added.subtract(findings(before))
            assert +added == {mutation.rule: 1}, file
        errors = [one.rule for one in read.findings if one.severity == "error"]
        assert errors == ([mutation.rule] if SEVERITY[mutation.rule] == "error" else []), file


def test_there_are_enough_mistakes_and_they_are_of_all_kinds():
    rules = {mutation.rule for mutation in MUTATIONS.values()}
    refused = [one for one in MUTATIONS.values() if SEVERITY[one.rule] == "error"]
    assert len(refused) >= 40
    # The limits and providers, for which samples have no place, are in test_hostile and test_providers.
    assert {rule.name for rule in RULES} - rules == {
        "too-large", "too-deep", "too-many-values", "too-many-findings", "too-many-objects", "no-integrations",
        "salesforce-subscribe-limit", "provider-unknown", "provider-module", "provider-action", "no-fields",
    }  # fmt: skip


def _ends_reading(rule: str) -> bool:
    return rule in {"yaml-syntax", "yaml-alias", "one-document", "unreadable-character"}


def _mutated(name: str, mutation: Mutation):
    texts = sorted(manifests().items())
    turn = sorted(MUTATIONS).index(name) * 7 % len(texts)  # so that in the end every sample is used
    for file, text in [*texts[turn:], *texts[:turn]]:
        mutated = mutate(text, mutation)
        if mutated is not None:
            yield file, text, mutated
