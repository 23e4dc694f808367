"""Rules that the samples have no place for: providers, limits, schedules, comments; and the table of rules."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.core.manifests import (
    RULES,
    ProviderSupport,
    ScheduleError,
    object_of_slug,
    object_slug,
    read_field_path,
    read_manifest,
    read_schedule,
)
from trunkline.kit.text import is_slug

MANIFEST = """\
specVersion: 1.0.0
integrations:
  - name: a
    provider: acme
    module: crm
    read:
      objects:
        - objectName: contacts
          destination: hook
          schedule: "0 * * * *"
          optionalFieldsAuto: all
    proxy:
      enabled: true
"""


def found(text: str, support: ProviderSupport | None = None) -> list[tuple[int, str]]:
    read = read_manifest(text, is_provider=lambda name: support if name == "acme" else None)
    return [(one.line, one.rule) for one in read.findings]


def test_every_rule_has_a_name_a_sentence_and_a_remedy_of_its_own():
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names) == 56
    assert [name for name in names if not re.fullmatch(r"[a-z]+(-[a-z]+)*", name)] == []
    for rule in RULES:
        assert rule.sentence.endswith(".")
        assert rule.remedy.endswith((".", "?"))


def test_without_a_catalog_nothing_is_said_of_providers():
    assert read_manifest(MANIFEST).findings == ()


def test_a_provider_nobody_knows_is_a_warning():
    assert found(MANIFEST) == [(4, "provider-unknown")]


def test_a_provider_of_which_nothing_is_known_is_taken():
    assert found(MANIFEST, ProviderSupport()) == []


def test_what_the_provider_cannot_do_is_refused_at_its_section():
    support = ProviderSupport(read=False, proxy=True)
    assert found(MANIFEST, support) == [(6, "provider-action")]


def test_a_module_decides_for_itself_what_it_can_do():
    support = ProviderSupport(read=False, modules={"crm": ProviderSupport(read=True, proxy=False)})
    assert found(MANIFEST, support) == [(12, "provider-action")]


def test_a_module_the_provider_does_not_have_is_refused():
    assert found(MANIFEST, ProviderSupport(modules={"cms": ProviderSupport()})) == [(5, "provider-module")]
    assert found(MANIFEST, ProviderSupport(modules={})) == [(5, "provider-module")]


@pytest.mark.parametrize(("count", "lines"), [(5, []), (6, [(20, "salesforce-subscribe-limit")])])
def test_salesforce_is_subscribed_to_for_five_objects(count, lines):
    objects = "".join(
        f"        - {{objectName: o{i}, destination: d, otherEvents: [x]}}\n" for i in range(count)
    )
    text = MANIFEST.replace("provider: acme", "provider: salesforce").replace(
        "    proxy:\n      enabled: true\n", ""
    )
    read = read_manifest(f"{text}    subscribe:\n      objects:\n        # here\n{objects}")
    assert [(one.line, one.rule) for one in read.findings] == lines


def test_no_integrations_are_refused():
    assert found("specVersion: 1.0.0\nintegrations: []\n") == [(2, "no-integrations")]


def test_an_object_without_fields_is_a_warning():
    assert found(MANIFEST.replace("          optionalFieldsAuto: all\n", ""), ProviderSupport()) == [
        (8, "no-fields")
    ]


@pytest.mark.parametrize("text", ["yes", "No", "on", "1"])
def test_only_true_and_false_are_truth_values(text):
    assert found(MANIFEST.replace("enabled: true", f"enabled: {text}"), ProviderSupport()) == [
        (13, "wrong-type")
    ]


COMMENTED = """\
specVersion: 1.0.0
bad1: 1 # amp:ignore[unknown-key]
# amp:ignore
bad2: 1
# amp:ignore[unknown-key] as it is

bad3: 1
bad4: "# amp:ignore"
bad5: |
  # amp:ignore
bad6: | # amp:ignore[unknown-key]
  # text
bad7: plain
  words
bad8: 1 # amp:ignored
bad9: 1 # amp:ignore[empty-value]
bad10: 1 # amp:ignore[empty-value, unknown-key]
integrations:
  - name: a # amp:ignore[unknown-key]
    bad11: 1
    provider: p
    proxy: {enabled: true, bad12: 1}
  # amp:ignore[unknown-key]
  # and so on
  - name: b
    bad13: 1
    provider: p
    proxy: # amp:ignore
      enabled: true
      bad14: 1
"""


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_a_comment_silences_what_it_stands_beside_or_above(line_break):
    read = read_manifest(COMMENTED.replace("\n", line_break))
    assert {one.rule for one in read.findings} == {"unknown-key"}
    told = [one.path.rpartition(".")[2] for one in read.findings]
    assert told == [
        "bad3", "bad4", "bad5", "bad7", "bad8", "bad9", "bad11", "bad12",
    ]  # fmt: skip


def test_no_comment_silences_an_error():
    text = MANIFEST.replace('"0 * * * *"', '"* * * * *" # amp:ignore[schedule-every-minute]')
    assert found(f"# amp:ignore\n{text}", ProviderSupport()) == [(11, "schedule-every-minute")]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("*/10 * * * *", 10), ("*/60 * * * *", 60), ("*/25 * * * *", 10), ("0 */24 * * *", 1440), ("0 0 * * *", 1440),
        ("5/20 * * * *", 20), ("0-59 1 * * *", 1), ("0,10,25 * * * *", 10), ("55 23 * * *", 1440), ("0,30 0,23 * * *", 30),
        ("0,55 0,23 * * *", 5), ("0,55 0,23 1 * *", 55), ("0,55 0,23 1,31 * *", 5), ("0,55 0,23 5-6 * *", 5),
        ("0,55 0,23 * * 1,3", 55), ("0,55 0,23 * * SAT,sun", 5), ("0,55 0,23 1 * MON", 5), ("0 0 ? JAN-mar 7", 1440),
    ],
)  # fmt: skip
def test_how_close_two_runs_come(text, minutes):
    assert read_schedule(text).least_interval == minutes


@pytest.mark.parametrize(
    "text",
    [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8",
        "*/0 * * * *", "5-1 * * * *", "1, * * * *", "a * * * *", "-1 * * * *", "* * * FOO *", "? * * * *", "1-2-3 * * * *",
        "*/x * * * *", "٣ * * * *", "@daily", "0 0 L * *", "0 0 * * 1#2", "99999999999 * * * *", "*/*/2 * * * *",
    ],
)  # fmt: skip
def test_what_is_no_schedule(text):
    with pytest.raises(ScheduleError):
        read_schedule(text)


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("0 0 30 2 *", True),
        ("0 0 29 2 *", False),
        ("0 0 31 2,4,6 *", True),
        ("0 0 31 2,5 *", False),
        ("0 0 30 2 1", False),
    ],
)
def test_dates_that_never_come(text, never):
    assert read_schedule(text).never_fires is never


def test_weekdays_begin_with_sunday_which_is_seven_too():
    assert read_schedule("0 0 * * 7").weekdays == read_schedule("0 0 * * SUN").weekdays == (0,)
    assert read_schedule("0 0 * * 5-7").weekdays == (0, 5, 6)
    assert read_schedule("0 0 * * */3").weekdays == (0, 3, 6)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_a_slug_leads_back_to_its_name(name):
    slug = object_slug("read", name)
    assert object_of_slug(slug) == ("read", name)
    assert len(slug) > 128 or is_slug(slug)


@pytest.mark.parametrize(
    "slug", ["read", "read:", "delete:a", "read:a b", "read:~zz", "read:~2F", "read:~61", "read:~ff"]
)
def test_no_other_text_is_a_slug_of_an_object(slug):
    assert object_of_slug(slug) is None


def test_names_of_fields_lead_through_their_keys():
    assert read_field_path("email") == ("email",)
    assert read_field_path("$email") == ("$email",)
    assert read_field_path("$['address']['city.name']") == ("address", "city.name")
