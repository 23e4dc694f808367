"""The built-in catalog holds facts: whoever else knows a provider says the same of it.

Who confirms what is listed in `confirmations.json`. social-auth-core is always asked; Ampersand's catalog where
it lies beside the repository; the npm package `grant` in tests/e2e.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.providers.sources import (
    AMPERSAND,
    CONFIRMATIONS,
    FACTS,
    NAMES,
    PROVIDERS,
    Ampersand,
    Backend,
    SocialAuth,
    confirmed_by,
    disagreements,
    stated,
)
from trunkline.core.providers import ProviderDefinition, built_in_providers, check_definition, filled

WITH_ACCOUNT = [name for name, definition in PROVIDERS.items() if definition.account is not None]


def test_there_are_enough_and_they_are_in_order() -> None:
    names = [one.name for one in built_in_providers()]
    assert names == sorted(set(names))
    assert len(names) == 66


@pytest.mark.parametrize("definition", PROVIDERS.values(), ids=list(PROVIDERS))
def test_a_built_in_provider_is_what_an_organization_could_define(definition: ProviderDefinition) -> None:
    assert check_definition(definition) is definition
    whole = filled(definition, {one.name: "acme" for one in definition.substitutions})
    assert not [said for said in stated(whole).values() if "{" in str(said)]


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_fact_counts_on_two_sources(name: str) -> None:
    entry = CONFIRMATIONS[name]
    assert entry["confirmed"].keys() == stated(PROVIDERS[name]).keys()
    for member, sources in entry["confirmed"].items():
        assert len(set(sources)) >= 2, member
        assert set(sources) <= entry["sources"].keys()
    assert {"authorizationUrl", "tokenUrl"} <= entry["confirmed"].keys() <= set(FACTS)


def test_nothing_else_is_counted_on() -> None:
    assert CONFIRMATIONS.keys() == PROVIDERS.keys()
    assert {source for entry in CONFIRMATIONS.values() for source in entry["sources"]} == set(NAMES)


def test_nothing_is_said_that_no_source_can_confirm() -> None:
    for definition in PROVIDERS.values():
        assert definition.auth.scheme == "oauth2"
        assert definition.auth.default_scopes == []
        assert definition.auth.authorize_params == {}
        assert definition.auth.revocation_url is None


def test_social_auth_core_says_the_same() -> None:
    source = SocialAuth()
    assert disagreements(source) == []
    assert len(list(confirmed_by(source))) == 180


@pytest.mark.parametrize("name", WITH_ACCOUNT)
def test_the_account_is_read_where_social_auth_core_reads_it(name: str) -> None:
    account = PROVIDERS[name].account
    assert account is not None
    answer: dict[str, Any] = {}
    pointers = {"id": account.id, "email": account.email, "name": account.name}
    for what, pointer in pointers.items():
        if pointer is not None:
            put(answer, pointer, f"the {what}")
    complete(name, answer)
    found, details = Backend(CONFIRMATIONS[name]["sources"]["social-auth-core"]).account(answer)
    assert found == "the id"
    if account.email is not None:
        assert details["email"] == "the email"
    if account.name is not None:
        assert "the name" in (details.get("fullname"), details.get("username"))


def put(answer: dict[str, Any], pointer: str, value: str) -> None:
    here = answer
    *way, last = pointer.split("/")[1:]
    for name in way:
        here = here.setdefault(name, {})
    here[last] = value


def complete(name: str, answer: dict[str, Any]) -> None:
    """What social-auth-core wants to find besides."""
    localized = {"localized": {"en_US": "x"}, "preferredLocale": {"language": "en", "country": "US"}}
    besides: dict[str, dict[str, Any]] = {
        "eventbrite": {
            "emails": [{"email": "x", "primary": True}],
            "first_name": "x",
            "last_name": "x",
        },
        "linkedin": {"firstName": localized, "lastName": localized},
        "openstreetmap": {"user": {**answer.get("user", {}), "account_created": "x"}},
        "twitter": {"data": {**answer.get("data", {}), "username": "x"}},
    }
    answer.update(besides.get(name, {}))


@pytest.mark.skipif(not AMPERSAND.is_file(), reason="Ampersand's catalog does not lie beside the repository")
def test_ampersand_says_the_same() -> None:
    source = Ampersand()
    assert disagreements(source) == []
    assert len(list(confirmed_by(source))) == 87
