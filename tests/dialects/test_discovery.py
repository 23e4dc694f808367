from __future__ import annotations

from trunkline.dialects import discover
from trunkline.dialects.platform import DIALECT
from trunkline.web import openapi_document


def test_every_package_is_found_by_its_name() -> None:
    found = discover()
    assert [dialect.name for dialect in found] == sorted(dialect.name for dialect in found)
    assert DIALECT in found


def test_every_dialect_can_be_documented() -> None:
    for dialect in discover():
        assert openapi_document(dialect)["openapi"] == "3.1.0"
