"""`trunkline check`, on files, directories and standard input."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import ROOT, Here, trunkline

GOOD = """\
specVersion: 1.0.0
integrations:
  - name: contacts
    provider: hubspot
    read:
      objects:
        - objectName: contacts
          destination: crm
          schedule: "*/10 * * * *"
          optionalFieldsAuto: all
"""
WARNED = GOOD.replace("provider: hubspot", "provider: nobodys")
WRONG = GOOD.replace("*/10", "*/5").replace("destination: crm", 'destination: crm\n          "[red]x": 1')


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "amp.yaml"
    path.write_text(GOOD)
    return path


def test_a_good_manifest_is_said_to_be_good(here: Here, manifest: Path) -> None:
    done = here("check", manifest)
    assert (done.exit, done.out, done.err) == (0, f"{manifest}: nothing to complain about.\n", "")


def test_findings_are_told_by_place_rule_and_remedy(here: Here, manifest: Path) -> None:
    manifest.write_text(WRONG)
    done = here("check", manifest)
    assert (done.exit, done.err) == (1, "")
    assert done.out.splitlines() == [
        f"{manifest}:9:11: warning [unknown-key] The key [red]x is not known here and is dropped.",
        "    Correct the spelling, move it to where it belongs, or remove it.",
        f"{manifest}:10:21: error [schedule-interval] Two runs are only 5 minutes apart; at least 10 are needed.",
        "    Choose a longer step, and no minutes that are close together, not even across midnight.",
        f"{manifest}: 1 error, 1 warning.",
    ]


def test_machines_get_one_object(here: Here, manifest: Path) -> None:
    manifest.write_text(WARNED)
    done = here("check", manifest, "--json")
    assert (done.exit, done.err) == (0, "")
    assert done.json == {
        "file": str(manifest),
        "ok": True,
        "errors": 0,
        "warnings": 1,
        "findings": [
            {
                "rule": "provider-unknown",
                "severity": "warning",
                "line": 4,
                "column": 15,
                "path": "integrations[0].provider",
                "message": "The provider nobodys is not in this server's catalog.",
                "remedy": "Correct its name, or define the provider before customers connect.",
            }
        ],
    }


def test_strict_fails_on_warnings_unless_they_are_silenced(here: Here, manifest: Path) -> None:
    manifest.write_text(WARNED)
    assert here("check", manifest).exit == 0
    strict = here("check", manifest, "--strict", "--json")
    assert (strict.exit, strict.json["ok"]) == (1, False)
    manifest.write_text(WARNED.replace("nobodys", "nobodys # amp:ignore[provider-unknown]"))
    assert here("check", manifest, "--strict").exit == 0


@pytest.mark.parametrize("name", ["amp.yaml", "amp.yml"])
def test_a_directory_is_looked_into(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).write_text(GOOD)
    assert here("check", tmp_path, "--json").json["file"] == str(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert here("check", "--json").json == {
        "file": name,
        "ok": True,
        "errors": 0,
        "warnings": 0,
        "findings": [],
    }


def test_a_directory_without_one_or_with_two_is_wrong_use(here: Here, tmp_path: Path) -> None:
    none = here("check", tmp_path, "--json")
    assert (none.exit, none.error["code"]) == (2, "manifest_missing")
    for name in ("amp.yaml", "amp.yml"):
        (tmp_path / name).write_text(GOOD)
    two = here("check", tmp_path, "--json")
    assert (two.exit, two.error["code"], two.error["hint"]) == (2, "manifest_ambiguous", "name one of them")


def test_a_file_that_is_not_there_is_a_sentence(here: Here, tmp_path: Path) -> None:
    done = here("check", tmp_path / "none.yaml")
    assert (done.exit, done.out) == (1, "")
    assert done.err == f"error: {tmp_path}/none.yaml: No such file or directory\n"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"a: \xff\n", "unreadable-character"),
        (GOOD.encode("utf-16"), "unreadable-character"),
        (b"a" * 2 * 1024 * 1024, "too-large"),
    ],
)
def test_a_file_that_is_no_text_is_a_finding(here: Here, manifest: Path, content: bytes, rule: str) -> None:
    manifest.write_bytes(content)
    done = here("check", manifest, "--json")
    assert done.exit == 1
    assert [one["rule"] for one in done.json["findings"]] == [rule]


@pytest.mark.parametrize("page", ["write-a-manifest.md"])
def test_the_documented_manifest_is_good(here: Here, manifest: Path, page: str) -> None:
    text = (ROOT / "docs" / "how-to" / page).read_text("utf-8")
    manifest.write_text(text.partition("```yaml\n")[2].partition("```")[0])
    assert here("check", manifest, "--strict").exit == 0


def test_standard_input_is_read_as_well() -> None:
    done = trunkline("check", "-", "--json", stdin=b"\xef\xbb\xbf" + GOOD.encode())
    assert (done.exit, done.err) == (0, "")
    assert done.json["file"] == "-"
