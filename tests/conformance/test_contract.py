"""Every documented operation keeps to its document, whatever schemathesis makes of it.

The document is read as clients read it; requests go through the application in this process with an
operator's key. Ids and names of things that are there replace most of the generated ones, since random text
would never get past a 404.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
import schemathesis
from schemathesis.config import (
    ChecksConfig,
    GenerationConfig,
    PhasesConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
    SimpleCheckConfig,
)
from schemathesis.config._auth import AuthConfig
from schemathesis.engine import events, from_schema
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER

from tests.conformance.operations import OPERATIONS, Operation, document
from tests.conformance.parties import Parties
from tests.conformance.seeding import FIXED, announce, fresh_seed
from tests.conformance.vocabulary import vocabulary
from tests.databases import Databases
from trunkline.dialects import discover
from trunkline.web import Dialect

NAMES_OF_THINGS = frozenset(
    {"slug", "name", "handle", "email", "version", "definition", "provider", "groupRef", "consumerRef"}
)


class Fuzzer:
    """One run over a dialect's document, on holdings of its own: it deletes what it finds."""

    def __init__(
        self, parties: Parties, dialect: Dialect, *, seed: int, examples: int, phases: list[str]
    ) -> None:
        self._parties = parties
        self._dialect = dialect
        self._random = Random(seed)
        self._operations = {
            (one.route.method, one.route.path): one for one in OPERATIONS if one.dialect.name == dialect.name
        }
        self._spared = self._own_ids()
        self.statuses: Counter[int] = Counter()
        self.failures: dict[str, str] = {}
        self._schema = schemathesis.openapi.from_dict(
            without_passages(dialect), config=self._configuration(seed, examples, phases)
        )
        self._schema.app = self._application

    def run(self) -> None:
        make_real = self._make_real
        GLOBAL_HOOK_DISPATCHER.register_hook_with_name(make_real, "before_call")
        try:
            self._execute()
        finally:
            GLOBAL_HOOK_DISPATCHER.unregister(make_real)

    def _execute(self) -> None:
        for event in from_schema(self._schema).execute():
            if isinstance(event, events.ScenarioFinished):
                self._collect(event)
            else:
                assert not isinstance(event, events.NonFatalError | events.FatalError), repr(event)

    def _collect(self, event: events.ScenarioFinished) -> None:
        for checks in event.recorder.checks.values():
            for check in checks:
                if check.failure_info is not None:
                    failure = check.failure_info.failure
                    told = f"{failure.message}\n{check.failure_info.code_sample}"
                    self.failures.setdefault(f"{event.recorder.label}: {check.name}: {failure.title}", told)

    def _configuration(self, seed: int, examples: int, phases: list[str]) -> SchemathesisConfig:
        chosen = PhasesConfig()
        chosen.update(phases=phases)
        token = self._parties.tokens["operator"]
        key = {"bearer": token} if self._dialect.security.definition["type"] == "http" else {"api_key": token}
        project = ProjectConfig(
            auth=AuthConfig(openapi={self._dialect.security.name: key}),
            phases=chosen,
            generation=GenerationConfig(max_examples=examples, database="none", no_shrink=True),
            checks=ChecksConfig(
                # Rules that no schema can express (a free handle, a later version) refuse well-formed requests.
                positive_data_acceptance=PositiveDataAcceptanceConfig(enabled=False),
                # A fixed path shares its methods with the pattern it fits; `test_shapes` holds Allow to that.
                allow_header_conformance=SimpleCheckConfig(enabled=False),
            ),
            continue_on_failure=True,
        )
        return SchemathesisConfig(seed=seed, projects=ProjectsConfig(default=project))

    def alive(self) -> bool:
        """Whether the key that every request carries still opens anything."""
        [first, *_] = [one for one in self._operations.values() if one.is_list]
        words = vocabulary(first)
        client = self._parties.client(words.credential(self._parties.tokens["operator"]))
        example = words.example(first, self._parties.operator)
        # What it looks at may be gone by now, as far as the key is let in to find that out.
        return client.ask(first, example.path, example.query).status in (first.route.status, 404)

    async def _application(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise RuntimeError("only requests are served here")

        async def counted(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.statuses[message["status"]] += 1
            await send(message)

        await self._parties.instance.app(scope, receive, counted)

    def _own_ids(self) -> frozenset[str]:
        """What the run must not take away, because everything after would be refused."""
        held = self._parties.operator
        keys = held.instance.database.read_now(
            lambda tx: tx.column("SELECT id FROM access_keys WHERE user_id = :user_id", user_id=held.owner_id)
        )
        return frozenset({held.owner_id, held.organization_id, held.workspace_id, *keys})

    def _make_real(self, _context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
        operation = self._operations.get((case.method, case.path))
        if operation is None:
            return  # a method the path does not have
        if case.meta is None or case.meta.generation.mode.is_positive:
            self._fill(operation, case)
        if operation.route.writes:
            self._spare(operation, case)

    def _fill(self, operation: Operation, case: Any) -> None:
        choice = self._random.random()
        if choice < 0.2:
            return
        words = vocabulary(operation)
        example = words.example(operation, self._parties.operator)
        for name, text in example.path.items():
            case.path_parameters[name] = text
        if choice > 0.4 and isinstance(case.body, dict) and example.body is not None:
            for name, value in example.body.items():
                if name in words.members or name in NAMES_OF_THINGS:
                    case.body[name] = value

    def _spare(self, operation: Operation, case: Any) -> None:
        words = vocabulary(operation)
        for name, text in (case.path_parameters or {}).items():
            if str(text).rpartition("_")[2] in self._spared and operation.route.method == "DELETE":
                kind = words.kind_of_path_parameter(operation, name)
                case.path_parameters[name] = words.spell(kind, self._parties.operator.make(kind))
            if str(text).rpartition("_")[2] == self._parties.operator.owner_id:
                user = self._parties.operator.make("user")
                case.path_parameters[name] = words.spell("user", user)


@pytest.fixture
def fuzzed(database_url: str, tmp_path: Path, runner: asyncio.Runner) -> Any:
    made = Parties(database_url, tmp_path, runner)
    yield made
    made.close()


@pytest.mark.parametrize("dialect", discover(), ids=lambda dialect: dialect.name)
def test_no_document_leaves_an_answer_open(dialect: Dialect) -> None:
    found = document(dialect)
    described = [one["responses"] for path in found["paths"].values() for one in path.values()]
    assert described
    assert all("default" not in responses for responses in described)
    assert all(status.isdigit() for responses in described for status in responses)


def without_passages(dialect: Dialect) -> dict[str, Any]:
    """The document without what passes on: there the answers are somebody else's."""
    passages = {route.path.replace("...}", "}") for route in dialect.routes if route.raw and not route.public}
    found = document(dialect)
    return {**found, "paths": {path: said for path, said in found["paths"].items() if path not in passages}}


def fuzz(parties: Parties, dialect: Dialect, **how: Any) -> Counter[int]:
    fuzzer = Fuzzer(parties, dialect, **how)
    fuzzer.run()
    announce(
        f"{dialect.name} by its document, {dict(sorted(fuzzer.statuses.items()))}",
        fuzzer.statuses.total(),
        how["seed"],
    )
    assert fuzzer.alive(), "the run took its own key away, so it saw nothing after that"
    assert not fuzzer.failures, "\n\n".join(f"{what}\n{told}" for what, told in fuzzer.failures.items())
    return fuzzer.statuses


@pytest.mark.parametrize("dialect", discover(), ids=lambda dialect: dialect.name)
def test_answers_keep_to_the_document(
    databases: Databases, tmp_path: Path, runner: asyncio.Runner, dialect: Dialect
) -> None:
    parties = Parties(databases.sqlite(), tmp_path, runner)
    try:
        statuses = fuzz(parties, dialect, seed=FIXED, examples=2, phases=["examples", "fuzzing"])
    finally:
        parties.close()
    assert statuses.total() >= 2 * len(dialect.routes)
    reached = sum(count for status, count in statuses.items() if status < 400)
    # Of those that say who asks: every operation is also asked without a credential, and with a wrong one.
    assert reached > (statuses.total() - statuses[401]) / 2, statuses


@pytest.mark.soak
@pytest.mark.parametrize("dialect", discover(), ids=lambda dialect: dialect.name)
def test_answers_keep_to_the_document_for_long(fuzzed: Parties, dialect: Dialect) -> None:
    phases = ["examples", "coverage", "fuzzing", "stateful"]
    statuses = fuzz(fuzzed, dialect, seed=fresh_seed(), examples=25, phases=phases)
    assert statuses.total() >= min(5_000, 50 * len(dialect.routes))
