from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import argon2
import pytest

from tests.core.access.world import SYSTEM, World
from trunkline.core import access
from trunkline.core.access.logins import HASHING_MAX, WAITING_MAX
from trunkline.infra.vault.passwords import PasswordHash, hash_password, parameters_of
from trunkline.kit.errors import (
    InvalidRequestError,
    RateLimitedError,
    TrunklineError,
    UnauthenticatedError,
    UnavailableError,
)
from trunkline.kit.ids import format_uuid
from trunkline.kit.secret import Secret

PASSWORD = "correct horse battery staple"
OLD = "a password of long ago"


@pytest.fixture
def logins(world: World) -> Iterator[access.Logins]:
    made = access.Logins(world.clock)
    give(world, "viewer", hash_password(Secret(PASSWORD)))
    yield made
    made.close()


def give(world: World, name: str, hashed: PasswordHash) -> None:
    world.write(access.set_password, SYSTEM, world.users[name], hashed)


def attempt(password: str = PASSWORD, username: str = "viewer", **more: Any) -> access.LoginAttempt:
    return access.LoginAttempt(
        username=username, password=Secret(password), **{"source": "192.0.2.1", **more}
    )


def check(world: World, logins: access.Logins, *attempts: access.LoginAttempt) -> list[str]:
    """What attempts made at once come to: the user's id, or the error's code."""

    async def one(asked: access.LoginAttempt) -> str:
        try:
            return await logins.check(world.db, asked)
        except TrunklineError as error:
            return error.code

    async def run() -> list[str]:
        return await asyncio.gather(*(one(asked) for asked in attempts))

    return asyncio.run(run())


def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many passwords were verified the slow way."""
    seen: list[object] = []
    verify = argon2.PasswordHasher.verify

    def watched(*arguments: Any) -> Any:
        seen.append(arguments)
        return verify(*arguments)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", watched)
    return lambda: len(seen)


def test_the_right_password_tells_whose_it_is(world: World, logins: access.Logins) -> None:
    viewer = world.users["viewer"]
    for asked in (
        attempt(),
        attempt(username="Viewer@Acme.test"),
        attempt(username="acme/viewer"),
        attempt(organization="acme"),
    ):
        assert check(world, logins, asked) == [viewer]


def test_every_other_answer_is_the_same(world: World, logins: access.Logins) -> None:
    refused = [
        attempt("wrong horse battery staple"),
        attempt(""),
        attempt("x" * 5_000),
        attempt(username="nobody"),
        attempt(username="plain"),
        attempt(organization="rival"),
        attempt(organization="nowhere"),
    ]
    for asked in refused:
        with pytest.raises(UnauthenticatedError) as caught:
            asyncio.run(logins.check(world.db, asked))
        assert str(caught.value) == "the user name or the password is wrong"


def test_an_unknown_user_is_verified_as_a_known_one_is(
    world: World, logins: access.Logins, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = counted(monkeypatch)
    costs = []
    for asked in (attempt("wrong password"), attempt(username="nobody"), attempt(username="plain")):
        before = verified()
        assert check(world, logins, asked) == ["unauthenticated"]
        costs.append(verified() - before)
    assert costs == [1, 1, 1]


def test_guessing_is_slowed_down_whether_or_not_there_is_such_a_user(
    world: World, logins: access.Logins
) -> None:
    for username in ("viewer", "nobody"):
        guesses = [attempt(f"wrong {n}", username, source=f"192.0.2.{n}") for n in range(20)]
        answers = check(world, logins, *guesses)
        assert sorted(set(answers)) == ["rate_limited", "unauthenticated"]
        assert answers.count("unauthenticated") == 5
    with pytest.raises(RateLimitedError) as caught:
        asyncio.run(logins.check(world.db, attempt()))
    assert caught.value.retry_after_s == 1
    world.clock.advance(timedelta(seconds=1))
    assert check(world, logins, attempt()) == [world.users["viewer"]]


@pytest.mark.parametrize("username", ["viewer", "nobody"])
def test_no_spelling_of_the_organization_gains_a_guess(
    world: World, logins: access.Logins, username: str
) -> None:
    acme = format_uuid(world.acme)
    spelled = [None, "acme", acme, acme.upper(), f"org_{world.acme}"]
    guesses = [
        attempt(f"wrong {n}", username, organization=organization, source=f"192.0.2.{n}")
        for n, organization in enumerate(spelled * 4)
    ]
    guesses += [
        attempt(f"wrong so {n}", f"{o}/{username}", source="192.0.2.99") for n, o in enumerate(spelled[1:])
    ]
    answers = check(world, logins, *guesses)
    assert answers.count("unauthenticated") == 5
    assert answers.count("rate_limited") == len(guesses) - 5


def test_the_count_tells_not_whether_there_is_an_organization(world: World, logins: access.Logins) -> None:
    """The same guesses fare alike at one that is there and at ones that are not."""

    def fare(handle: str, other: str) -> list[str]:
        asked = [attempt(f"wrong {n}", f"{handle}/eu@acme.test", source=f"{handle}{n}") for n in range(6)]
        asked += [
            attempt("wrong", "eu@acme.test", organization=one, source=f"{one}") for one in (handle, other)
        ]
        return [check(world, logins, one)[0] for one in asked]

    wrong = ["unauthenticated"] * 5 + ["rate_limited"] * 2 + ["unauthenticated"]
    assert fare("rival", "acme") == fare("nowhere", "nobody") == wrong


def test_one_place_guesses_at_thirty_names_at_most(world: World, logins: access.Logins) -> None:
    answers = check(world, logins, *(attempt("password", f"user{n}") for n in range(40)))
    assert answers.count("unauthenticated") == 30
    assert answers.count("rate_limited") == 10


def test_the_right_password_sent_many_times_at_once_is_verified_once(
    world: World, logins: access.Logins, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = counted(monkeypatch)
    assert check(world, logins, *[attempt()] * 50) == [world.users["viewer"]] * 50
    assert verified() == 1


def test_a_right_password_is_not_verified_again_for_some_minutes(
    world: World, logins: access.Logins, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = counted(monkeypatch)
    viewer = [world.users["viewer"]]
    assert check(world, logins, attempt()) == viewer
    world.clock.advance(timedelta(seconds=299))
    assert check(world, logins, attempt()) == viewer
    assert verified() == 1
    world.clock.advance(timedelta(seconds=1))
    assert check(world, logins, attempt()) == viewer
    assert verified() == 2


def test_a_password_that_is_changed_or_a_user_who_is_kept_out_counts_at_once(
    world: World, logins: access.Logins
) -> None:
    assert check(world, logins, attempt()) == [world.users["viewer"]]
    give(world, "viewer", hash_password(Secret("another password")))
    assert check(world, logins, attempt()) == ["unauthenticated"]
    assert check(world, logins, attempt("another password")) == [world.users["viewer"]]
    out = access.UpdateUser(id=world.users["viewer"], active=False)
    world.write(lambda tx: access.update_user(tx, SYSTEM, out))
    assert check(world, logins, attempt("another password")) == ["unauthenticated"]


def test_a_hash_with_old_parameters_is_renewed_when_its_user_logs_in(
    world: World, logins: access.Logins
) -> None:
    old = argon2.PasswordHasher(time_cost=1, memory_cost=1_024, parallelism=1).hash(OLD)
    give(world, "plain", PasswordHash(Secret(old)))
    wrong, right = attempt("wrong password", "plain"), attempt(OLD, "plain")

    def stored() -> PasswordHash:
        return world.read(access.find_password, None, "plain").stored

    assert check(world, logins, wrong) == ["unauthenticated"]
    assert parameters_of(stored()) == (1_024, 1, 1)
    assert check(world, logins, right) == [world.users["plain"]]
    assert parameters_of(stored()) == (19_456, 2, 1)
    assert check(world, logins, right) == [world.users["plain"]]
    assert world.events()[-1] == ("user.password_rehashed", world.users["plain"])


def test_more_than_can_be_checked_soon_is_refused_at_once_and_does_not_count(
    world: World, logins: access.Logins
) -> None:
    many = [attempt("password", f"user{n}", source=f"place{n}") for n in range(WAITING_MAX + 20)]
    answers = check(world, logins, *many)
    assert answers.count("unauthenticated") + answers.count("unavailable") == len(many)
    assert answers.count("unauthenticated") >= WAITING_MAX
    again = [attempt(f"password {n}", f"user{WAITING_MAX + 19}", source="place") for n in range(5)]
    assert set(check(world, logins, *again)) == {"unauthenticated"}


def test_new_passwords_leave_room_for_logging_in(world: World, logins: access.Logins) -> None:
    async def run() -> list[str]:
        hashing = [logins.hash(Secret(f"password {n}")) for n in range(HASHING_MAX + 10)]
        found = await asyncio.gather(*hashing, logins.check(world.db, attempt()), return_exceptions=True)
        return [type(one).__name__ for one in found]

    kinds = asyncio.run(run())
    assert kinds[-1] == "str"
    assert kinds.count("PasswordHash") >= HASHING_MAX
    assert set(kinds) <= {"PasswordHash", UnavailableError.__name__, "str"}


def test_a_new_password_of_the_wrong_length_is_refused(logins: access.Logins) -> None:
    for text in ("short", "x" * 1_025):
        with pytest.raises(InvalidRequestError, match="must be 8-1024 bytes long"):
            asyncio.run(logins.hash(Secret(text)))


def test_a_client_that_hangs_up_has_still_given_the_right_password(
    world: World, logins: access.Logins, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()
    verify = argon2.PasswordHasher.verify

    def slow(*arguments: Any) -> Any:
        begun.set()
        may_end.wait(60)
        return verify(*arguments)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", slow)

    async def run() -> None:
        impatient = asyncio.create_task(logins.check(world.db, attempt()))
        await asyncio.to_thread(begun.wait, 60)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        patient = asyncio.create_task(logins.check(world.db, attempt()))
        may_end.set()
        assert await patient == world.users["viewer"]

    asyncio.run(run())
    verified = counted(monkeypatch)
    assert check(world, logins, *[attempt()] * 10) == [world.users["viewer"]] * 10
    assert verified() == 0
