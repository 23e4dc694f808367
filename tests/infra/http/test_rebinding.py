"""A name server that changes its mind never leads a request to an address that was not checked."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Sequence

import pytest

from tests.infra.http.forbidden import PUBLIC, RANGES
from tests.infra.http.upstream import OK, dialling, get, opened, script, upstream
from trunkline.infra.http import Egress, EgressPolicy, TargetForbiddenError, UnreachableError
from trunkline.infra.http.resolving import FAILURE_REMEMBERED_S, REMEMBERED_S, SystemResolve

FORBIDDEN = [address for addresses in RANGES.values() for address in addresses]


def test_a_name_that_flips_is_reached_at_public_addresses_only() -> None:
    """Every name answers public and forbidden in turn, in one of several rhythms, and is asked all the time."""
    chance = random.Random(3)
    rhythms = ["pf", "fp", "ppf", "pfp", "m", "pm", "mp", "ffp", "pfpfm"]

    def answers(number: int) -> Sequence[Sequence[str]]:
        public, forbidden = PUBLIC[number % len(PUBLIC)], FORBIDDEN[number % len(FORBIDDEN)]
        kinds = {"p": [public], "f": [forbidden], "m": chance.sample([public, forbidden, PUBLIC[0]], 3)}
        return [kinds[kind] for kind in rhythms[number % len(rhythms)]]

    async def run() -> tuple[int, int]:
        now = 0.0
        asked: dict[str, int] = {}
        tables = {f"n-{number}.test": answers(number) for number in range(240)}

        async def resolve(host: str) -> Sequence[str]:
            asked[host] = asked.get(host, -1) + 1
            return tables[host][asked[host] % len(tables[host])]

        denied = 0
        async with upstream(script(OK)) as victim, opened(resolve=resolve, clock=lambda: now) as egress:
            with dialling() as dialled:
                for round_ in range(7):
                    now = round_ * 10.0
                    for host in tables:
                        with pytest.raises(UnreachableError) as failed:
                            await egress.fetch(get(f"https://{host}:{victim.port}/"))
                        denied += type(failed.value) is TargetForbiddenError
            assert victim.connections == 0
            assert set(dialled) <= set(PUBLIC)
            assert set(asked.values()) == {2}
            return denied, len(dialled)

    denied, dialled = asyncio.run(run())
    assert denied > 600
    assert dialled > 600


def test_a_name_that_flips_within_one_request_is_asked_once() -> None:
    async def run() -> None:
        turns = itertools.cycle([["93.184.216.34"], ["127.0.0.1"]])

        async def resolve(_: str) -> Sequence[str]:
            return next(turns)

        async with upstream(script(OK)) as victim, opened(resolve=resolve) as egress:
            with dialling() as dialled:
                for number in range(200):
                    with pytest.raises(UnreachableError):
                        await egress.fetch(get(f"https://n-{number // 2}.test:{victim.port}/"))
            assert victim.connections == 0
            assert set(dialled) == {"93.184.216.34"}

    asyncio.run(run())


def test_an_answer_is_remembered_for_half_a_minute_and_a_failure_for_a_second() -> None:
    async def run() -> None:
        now = 0.0
        asked: list[float] = []

        async def resolve(host: str) -> Sequence[str]:
            asked.append(now)
            if host == "none.test":
                raise OSError("no such name")
            return ["93.184.216.34"]

        async with opened(resolve=resolve, clock=lambda: now) as egress:
            with dialling():
                for host, kept in (("a.test", REMEMBERED_S), ("none.test", FAILURE_REMEMBERED_S)):
                    asked.clear()
                    for now in (100.0, 100.0 + kept - 0.01, 100.0 + kept, 100.0 + 2 * kept - 0.01):  # noqa: B007
                        with pytest.raises(UnreachableError):
                            await egress.fetch(get(f"https://{host}/"))
                    assert asked == [100.0, 100.0 + kept]
        assert REMEMBERED_S == 30

    asyncio.run(run())


def test_many_who_ask_for_a_name_at_once_share_one_answer() -> None:
    async def run() -> None:
        asked = 0

        async def resolve(_: str) -> Sequence[str]:
            nonlocal asked
            asked += 1
            await asyncio.sleep(0)
            return ["10.0.0.1"]

        async with opened(resolve=resolve) as egress:
            answers = await asyncio.gather(
                *(egress.fetch(get("https://a.test/")) for _ in range(50)), return_exceptions=True
            )
        assert {type(one) for one in answers} == {TargetForbiddenError}
        assert asked == 1

    asyncio.run(run())


@pytest.mark.parametrize(
    "answer", [[], ["nonsense"], ["93.184.216.34", "nonsense"], ["127.1"], ["2130706433"], [""]]
)
def test_an_answer_that_is_no_address_leads_nowhere(answer: list[str]) -> None:
    async def run() -> None:
        async def resolve(_: str) -> Sequence[str]:
            return answer

        async with opened(resolve=resolve) as egress:
            with dialling() as dialled, pytest.raises(UnreachableError):
                await egress.fetch(get("https://a.test/"))
            assert dialled == []

    asyncio.run(run())


def test_the_operating_system_is_asked_by_default() -> None:
    async def run() -> None:
        async with upstream(script(OK)) as server:
            egress = Egress(EgressPolicy(frozenset({("localhost", server.port)})))
            assert (await egress.fetch(get(f"http://localhost:{server.port}/"))).body == b"ok"
            await egress.close()
        asked = SystemResolve()
        assert "127.0.0.1" in await asked("localhost")
        with pytest.raises(OSError):
            await asked("a.invalid")
        asked.close()

    asyncio.run(run())
