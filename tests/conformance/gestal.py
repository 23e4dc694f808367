"""The gestal dialect's ids and a succeeding request to each of its operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from tests.conformance.gestal_examples import succeeding
from tests.conformance.holdings import Holdings
from tests.conformance.informer import malformed
from tests.conformance.operations import Operation
from tests.conformance.vocabulary import Ask, Example, Pages, Place, Vocabulary
from trunkline.infra.db import Database
from trunkline.kit.ids import format_id, format_uuid

COLLECTIONS = {
    "integrations": "integration",
    "integrator": "integration",
    "installations": "install",
    "accesskeys": "install_key",
    "access-keys": "install_key",
}
META = (
    "total",
    "pages",
    "per_page",
    "current_page",
    "next_page",
    "previous_page",
    "first_page",
    "last_page",
    "out_of_range",
)


def page_shape(answer: Any) -> None:
    assert list(answer) == ["data", "meta"]
    assert list(answer["meta"])[: len(META)] == list(META)


PAGES = Pages(
    shape=page_shape,
    rows=lambda answer: list(answer["data"]),
    total=lambda answer: int(answer["meta"]["total"]),
    has_next=lambda answer: answer["meta"]["next_page"] is not False,
    has_previous=lambda answer: answer["meta"]["previous_page"] is not False,
    behind=lambda answer: {"page": str(answer["meta"]["current_page"] + 1)},
    before=lambda answer, _count: {"page": str(answer["meta"]["current_page"] - 1)},
    cursors=None,
    size=100,
)


def spell(kind: str, hex_id: str) -> str:
    return format_uuid(hex_id) if kind == "install_key" else format_id(kind, hex_id)


def near_misses(known: str, kind: str) -> list[str]:
    """What is nearly the id of something that is there; a UUID is read as well as a prefixed id."""
    hex_id = known.rpartition("_")[2].replace("-", "")
    return [hex_id, f"te_{hex_id}", f"sit_{hex_id}", *malformed(format_uuid(hex_id), kind)]


def example(operation: Operation, held: Holdings) -> Example:
    return succeeding(operation, held, VOCABULARY)


def no_places(_operation: Operation) -> list[Place]:
    return []


def one_order(_operation: Operation) -> list[Mapping[str, str]]:
    return [{}]


def add_row(operation: Operation, held: Holdings) -> None:
    held.make(COLLECTIONS[operation.route.path.rpartition("/")[2]])


def asker(random: Random, _database: Database) -> Ask:
    def ask(_operation: Operation, _places: Sequence[Mapping[str, str]]) -> dict[str, str]:
        return {"page": str(random.randint(1, 3)), "per_page": str(random.randint(1, 5))}

    return ask


def bad_queries(_operation: Operation) -> Iterator[tuple[str, str]]:
    for name in ("page", "per_page"):
        for text in ("0", "-1", "x", "", "1.5", "%ff", "9" * 70):
            yield f"{name} is no number of a page", f"{name}={text}"
        yield f"{name} twice", f"{name}=1&{name}=1"


_PUBLISHED = "who publishes an integration gives its installs keys, and nobody else learns of them"

VOCABULARY = Vocabulary(
    credential=lambda token: {"authorization": f"Bearer {token}"},
    spell=spell,
    pages=PAGES,
    malformed=near_misses,
    example=example,
    body_places=no_places,
    list_places=no_places,
    orders=one_order,
    add_row=add_row,
    asker=asker,
    bad_queries=bad_queries,
    collections=COLLECTIONS,
    members={},
    plain=frozenset({"name", "url", "description"}),
    free=frozenset(),
    accepts_unknown=dict.fromkeys(
        (
            f"{verb}{generation}AccessKey{many} path id"
            for verb, many in (("list", "s"), ("create", ""))
            for generation in ("", "Integrator")
        ),
        _PUBLISHED,
    ),
    for_oneself={},
    at_home=frozenset({"createIntegration"}),
)
