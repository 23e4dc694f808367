"""The vendor's own document, read as its clients read it, and whatever schemathesis makes of it.

The operations that are served answer as that document says, not only as ours does. What it leaves out for some
operations (a refusal of any kind, a problem's media type) is added the way it says it for the others.
"""

from __future__ import annotations

import asyncio
import copy
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis

from tests.conformance.parties import Parties
from tests.conformance.seeding import FIXED, announce, fresh_seed
from tests.conformance.test_contract import Fuzzer
from tests.databases import Databases
from tests.dialects.ampersand.contract import PROBLEM, SHARED, needs_document
from trunkline.dialects.ampersand import DIALECT
from trunkline.web import Route

pytestmark = needs_document

REFUSED = {
    "description": "Refused.",
    "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/InputValidationProblem"}}},
}


def shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


SERVED: dict[tuple[str, str], Route] = {
    (route.method, shape(route.path.removeprefix("/v1"))): route for route in DIALECT.routes if not route.raw
}


def served() -> dict[str, Any]:
    """The vendor's document cut down to what is served, at our paths and under our names for their parameters."""
    theirs = json.loads((SHARED / "api.bundled.json").read_bytes())
    paths: dict[str, dict[str, Any]] = {}
    for path, methods in theirs["paths"].items():
        for method, operation in methods.items():
            route = SERVED.get((method.upper(), shape(path)))
            if route is not None:
                paths.setdefault(route.path, {})[method] = _ours(operation, path, route)
    return {**theirs, "paths": paths, "servers": [{"url": "/ampersand"}]}


def _ours(operation: dict[str, Any], path: str, route: Route) -> dict[str, Any]:
    changed = copy.deepcopy(operation)
    names = dict(zip(re.findall(r"\{([^}]*)\}", path), route.parameters, strict=True))
    for parameter in changed.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["name"] = names[parameter["name"]]
    changed["security"] = [] if route.public else [{"APIKeyHeader": []}]
    changed["responses"] = {
        status: said for status, said in changed["responses"].items() if status.startswith("2")
    }
    changed["responses"]["default"] = REFUSED
    return changed


class VendorFuzzer(Fuzzer):
    """As the fuzzer of our own document, with theirs."""

    def __init__(self, parties: Parties, *, seed: int, examples: int, phases: list[str]) -> None:
        super().__init__(parties, DIALECT, seed=seed, examples=examples, phases=phases)
        self._schema = schemathesis.openapi.from_dict(
            served(), config=self._configuration(seed, examples, phases)
        )
        self._schema.app = self._application


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def fuzz(parties: Parties, *, seed: int, examples: int, phases: list[str]) -> Counter[int]:
    fuzzer = VendorFuzzer(parties, seed=seed, examples=examples, phases=phases)
    fuzzer.run()
    told = f"ampersand by the vendor's document, {dict(sorted(fuzzer.statuses.items()))}"
    announce(told, fuzzer.statuses.total(), seed)
    assert fuzzer.alive(), "the run took its own key away, so it saw nothing after that"
    assert not fuzzer.failures, "\n\n".join(f"{what}\n{told}" for what, told in fuzzer.failures.items())
    assert not [status for status in fuzzer.statuses if status >= 500]
    return fuzzer.statuses


def test_the_document_knows_what_is_served() -> None:
    paths = served()["paths"]
    known = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert len(known) >= 38
    assert ("PATCH", "/v1/projects/{project}/destinations/{destination}") in known


def test_answers_keep_to_the_vendors_document(
    databases: Databases, tmp_path: Path, runner: asyncio.Runner
) -> None:
    parties = Parties(databases.sqlite(), tmp_path, runner)
    try:
        statuses = fuzz(parties, seed=FIXED, examples=2, phases=["examples", "fuzzing"])
    finally:
        parties.close()
    assert sum(count for status, count in statuses.items() if status < 400) > statuses.total() / 5, statuses


@pytest.mark.soak
def test_answers_keep_to_the_vendors_document_for_long(
    database_url: str, tmp_path: Path, runner: asyncio.Runner
) -> None:
    parties = Parties(database_url, tmp_path, runner)
    try:
        phases = ["examples", "coverage", "fuzzing", "stateful"]
        statuses = fuzz(parties, seed=fresh_seed(), examples=25, phases=phases)
    finally:
        parties.close()
    assert statuses.total() >= 2_000
