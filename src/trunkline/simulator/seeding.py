"""Made-up records: the same seed makes the same data on every machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from trunkline.kit.clock import stamp

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
STEP = timedelta(minutes=7)  # between two records, so that times tell them apart

_FIRST = ("Alma", "Bela", "Chidi", "Dora", "Emre", "Freya", "Goran", "Hana", "Ivo", "Jana", "Kofi", "Lena")
_LAST = ("Abara", "Berg", "Costa", "Dahl", "Egger", "Farkas", "Gomez", "Horvat", "Ito", "Jansen", "Kaya")
_WORDS = ("North", "Blue", "Copper", "Quiet", "Summit", "Harbour", "Lantern", "Maple", "Granite", "Willow")
_TRADES = ("Logistics", "Foods", "Robotics", "Textiles", "Energy", "Media", "Health", "Finance")
_PRODUCTS = ("Starter plan", "Growth plan", "Onboarding", "Renewal", "Support contract", "Training")
_STAGES = ("open", "open", "won", "lost")

Ids = Mapping[str, Sequence[str]]
Maker = Callable[[Random, int, Ids], dict[str, Any]]


def seeded(seed: int, ids: Ids) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records for these ids, each with the collection it belongs to; references come after what they name."""
    for collection, make in _MAKERS.items():
        # One source for each collection: more companies do not change the contacts' names.
        random = Random(f"{seed}:{collection}")  # noqa: S311  # the same data each time is the purpose
        for index, record_id in enumerate(ids[collection]):
            made_at = stamp(BEGINNING + STEP * index)
            times = {"createdAt": made_at, "updatedAt": made_at}
            yield collection, {"id": record_id, **make(random, index, ids), **times}


def _company(random: Random, index: int, _ids: Ids) -> dict[str, Any]:
    word, trade = random.choice(_WORDS), random.choice(_TRADES)
    return {
        "name": f"{word} {trade} {index + 1}",
        "domain": f"{word}-{trade}-{index + 1}.example".lower(),
        "industry": trade,
        "employees": random.randrange(2, 5_000),
    }


def _contact(random: Random, index: int, ids: Ids) -> dict[str, Any]:
    first, last = random.choice(_FIRST), random.choice(_LAST)
    return {
        "email": f"{first}.{last}.{index + 1}@people.example".lower(),
        "firstName": first,
        "lastName": last,
        "phone": f"+1-555-{index + 1:07d}",
        "companyId": _one_of(random, ids["companies"]),
    }


def _deal(random: Random, _index: int, ids: Ids) -> dict[str, Any]:
    return {
        "title": random.choice(_PRODUCTS),
        "amount": random.randrange(1_000, 5_000_000),
        "currency": "EUR",
        "stage": random.choice(_STAGES),
        "companyId": _one_of(random, ids["companies"]),
        "contactId": _one_of(random, ids["contacts"]),
    }


def _one_of(random: Random, ids: Sequence[str]) -> str | None:
    return random.choice(ids) if ids else None


_MAKERS: Mapping[str, Maker] = {"companies": _company, "contacts": _contact, "deals": _deal}
