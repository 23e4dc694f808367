from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from trunkline.dialects.informer.media import HAL, JSON, VENDOR, negotiate


@pytest.mark.parametrize(
    ("accept", "label"),
    [
        (None, HAL),
        ("", HAL),
        ("*/*", HAL),
        ("application/*", HAL),
        (HAL, HAL),
        (JSON, JSON),
        ("application/json; charset=utf-8", JSON),
        ("application/json, text/plain, */*", HAL),
        ("application/json, */*;q=0.1", JSON),
        ("application/json;q=0.5, application/hal+json;q=0.4", JSON),
        ("application/json;q=0.4, application/hal+json;q=0.5", HAL),
        ("application/hal+json;q=0, application/json", JSON),
        ("application/hal+json;q=0, */*", JSON),
        (VENDOR, VENDOR),
        (f"{VENDOR}, application/json", JSON),
        ("text/html", HAL),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", HAL),
        ("APPLICATION/JSON", JSON),
        ("application/json;q=nonsense", HAL),
        (",", HAL),
    ],
)
def test_json_is_called_json_for_those_who_do_not_know_hal(accept: str | None, label: str) -> None:
    assert negotiate(Headers({} if accept is None else {"accept": accept})) == label
