from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects.gestal.desk import ACME, Desk
from trunkline.dialects.gestal.pages import meta_of


@given(st.integers(0, 10_000), st.integers(1, 1_000), st.integers(1, 2_000))
def test_pages_tile_the_list(total: int, per_page: int, page: int) -> None:
    meta = meta_of(total, page=page, per_page=per_page)
    assert (meta.total, meta.per_page, meta.current_page) == (total, per_page, page)
    assert (meta.pages - 1) * per_page < total <= meta.pages * per_page or (total, meta.pages) == (0, 0)
    assert meta.first_page is (page == 1)
    assert meta.out_of_range is (page > max(meta.pages, 1))
    assert meta.last_page is (page == max(meta.pages, 1))
    assert (meta.next_page is False) is (page >= meta.pages)
    assert (meta.previous_page is False) is (page == 1 or page > meta.pages)
    if meta.next_page is not False:
        following = meta_of(total, page=meta.next_page, per_page=per_page)
        assert (following.previous_page, following.out_of_range) == (page, False)
    if meta.previous_page is not False:
        assert meta_of(total, page=meta.previous_page, per_page=per_page).next_page == page


@given(st.integers(0, 300), st.integers(1, 50))
def test_following_next_page_meets_every_page_once(total: int, per_page: int) -> None:
    page, met = 1, 0
    while True:
        met += 1
        following = meta_of(total, page=page, per_page=per_page).next_page
        if following is False:
            break
        page = following
    assert met == max(1, meta_of(total, page=1, per_page=per_page).pages)


EMPTY = {
    "total": 0,
    "pages": 0,
    "per_page": 100,
    "current_page": 1,
    "next_page": False,
    "previous_page": False,
    "first_page": True,
    "last_page": True,
    "out_of_range": False,
}


def test_an_empty_list_is_its_own_first_and_last_page(desk: Desk) -> None:
    assert desk.ok("GET", "/integrations") == {"data": [], "meta": EMPTY}


def listed(desk: Desk, query: str) -> tuple[list[str], dict[str, Any]]:
    answer = desk.ok("GET", f"/integrations{query}")
    return [one["name"] for one in answer["data"]], answer["meta"]


def test_pages_and_their_edges(desk: Desk) -> None:
    for number in range(5):
        desk.ok("POST", "/integrations", {**ACME, "name": f"n{number}"})
    names, meta = listed(desk, "?page=2&per_page=2")
    assert names == ["n2", "n1"]
    assert meta == {
        **EMPTY,
        "total": 5,
        "pages": 3,
        "per_page": 2,
        "current_page": 2,
        "next_page": 3,
        "previous_page": 1,
        "first_page": False,
        "last_page": False,
    }
    names, meta = listed(desk, "?page=3&per_page=2")
    assert (names, meta["next_page"], meta["previous_page"], meta["last_page"]) == (["n0"], False, 2, True)
    for page in (4, 2_000_000_000, 9_007_199_254_740_991):
        names, meta = listed(desk, f"?page={page}&per_page=2")
        assert (names, meta["total"], meta["pages"], meta["current_page"]) == ([], 5, 3, page)
        assert (meta["out_of_range"], meta["next_page"], meta["previous_page"]) == (True, False, False)
        assert (meta["first_page"], meta["last_page"]) == (False, False)
    assert listed(desk, "?per_page=5000")[1]["per_page"] == 1_000
    assert listed(desk, "?filter=x")[0] == ["n4", "n3", "n2", "n1", "n0"]


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "per_page=0", "per_page=1.5", "page="])
def test_refuses_what_is_no_number_of_a_page(desk: Desk, query: str) -> None:
    answer = desk.send("GET", f"/integrations?{query}")
    assert (answer.status, answer.json["type"]) == (422, "validation_error")
    assert list(answer.json["errors"]) == [query.partition("=")[0]]


def test_the_third_generation_also_tells_how_many_are_on_the_page(desk: Desk) -> None:
    desk.made()
    answer = desk.ok("GET", "/integrator?per_page=10")
    assert answer["meta"] == {**EMPTY, "total": 1, "pages": 1, "per_page": 10, "page_total": 1}
