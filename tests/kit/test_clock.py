from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trunkline.kit.clock import parse_time, read_stamp, stamp


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000000Z"),
        ("2026-01-01t02:00:00.5+02:00", "2026-01-01T00:00:00.500000Z"),
        ("2026-01-01", "2026-01-01T00:00:00.000000Z"),
        ("0999-06-01T00:00:00Z", "0999-06-01T00:00:00.000000Z"),
        ("2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:00.123456Z"),
    ],
)
def test_reads_rfc_3339_into_one_spelling(text, stored):
    assert parse_time(text) == stored


@pytest.mark.parametrize(
    "text",
    [
        "",
        "today",
        "2026-01-01T00:00:00",
        "20260101T000000Z",
        "2026-W01-1",
        "2026-01-01 00:00:00Z",
        "2026-13-01",
        "0001-01-01T00:00:00+14:00",
        "٢٠٢٦-01-01",
    ],
)
def test_refuses_what_is_no_moment(text):
    assert parse_time(text) is None


def test_stored_text_sorts_and_reads_back():
    early, late = datetime(999, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 1, 2, 3, 4, tzinfo=UTC)
    assert stamp(early) < stamp(late)
    assert read_stamp(stamp(late)) == late
