"""Catalogs in Ampersand's shape, read and added to an organization's own providers."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from tests.core.providers.conftest import Shelf
from tests.core.providers.sources import AMPERSAND
from trunkline.core import providers
from trunkline.core.access import TierTooLowError
from trunkline.core.providers import (
    CatalogImport,
    CustomAuth,
    CustomInput,
    CustomPart,
    HealthRequest,
    ProviderAuth,
    ProviderDefinition,
    Substitution,
    read_catalog,
)
from trunkline.kit.errors import InvalidRequestError, NotFoundError

DOCUMENT: dict[str, Any] = {
    "timestamp": "2026-08-21T00:00:00Z",
    "catalog": {
        "helpDesk": {
            "name": "helpDesk",
            "displayName": "Help Desk",
            "authType": "oauth2",
            "baseURL": "https://{{.workspace}}.api.{{ .region }}.example.com/",
            "authHealthCheck": {
                "method": "GET",
                "successStatusCodes": [200],
                "url": "https://{{.workspace}}.api.{{.region}}.example.com/v1/me",
            },
            "oauth2Opts": {
                "grantType": "authorizationCodePKCE",
                "authURL": "https://{{.workspace}}.example.com/authorize",
                "tokenURL": "https://{{.workspace}}.example.com/token",
                "authURLParams": {"prompt": "consent", "response_type": "code"},
                "explicitScopesRequired": True,
                "tokenMetadataFields": {"scopesField": "scope"},
            },
            "metadata": {
                "input": [
                    {"name": "workspace", "displayName": "Subdomain"},
                    {"name": "region", "defaultValue": "eu"},
                    {"name": "unused"},
                ]
            },
            "support": {"proxy": True},
            "media": {"regular": {"iconURL": "https://cdn.example.com/icon.png"}},
        },
        "mailer": {
            "name": "mailer",
            "displayName": "Mailer",
            "authType": "apiKey",
            "baseURL": "https://api.mailer.example",
            "apiKeyOpts": {
                "attachmentType": "header",
                "header": {"name": "Authorization", "valuePrefix": "Token "},
            },
        },
        "weather": {
            "name": "weather",
            "displayName": "Weather",
            "authType": "apiKey",
            "baseURL": "https://api.weather.example",
            "apiKeyOpts": {"attachmentType": "query", "query": {"name": "appid"}},
        },
        "ledger": {
            "name": "ledger",
            "displayName": "Ledger",
            "authType": "basic",
            "baseURL": "https://api.ledger.example/v2",
        },
    },
}
HELP_DESK = ProviderDefinition(
    name="helpDesk",
    display_name="Help Desk",
    base_url="https://{workspace}.api.{region}.example.com",
    auth=ProviderAuth(
        scheme="oauth2",
        authorization_url="https://{workspace}.example.com/authorize",
        token_url="https://{workspace}.example.com/token",
        authorize_params={"prompt": "consent"},
    ),
    substitutions=[Substitution(name="workspace"), Substitution(name="region", default="eu")],
    health=HealthRequest(path="/v1/me"),
)
DEFINITIONS = (
    HELP_DESK,
    ProviderDefinition(
        name="ledger",
        display_name="Ledger",
        base_url="https://api.ledger.example/v2",
        auth=ProviderAuth(scheme="basic"),
    ),
    ProviderDefinition(
        name="mailer",
        display_name="Mailer",
        base_url="https://api.mailer.example",
        auth=ProviderAuth(scheme="api_key", api_key_name="Authorization", api_key_prefix="Token "),
    ),
    ProviderDefinition(
        name="weather",
        display_name="Weather",
        base_url="https://api.weather.example",
        auth=ProviderAuth(scheme="api_key", api_key_in="query", api_key_name="appid"),
    ),
)
NAMES = tuple(one.name for one in DEFINITIONS)


def keyed(template: str) -> dict[str, Any]:
    """Custom options that ask for one key and send it in a header."""
    return {"inputs": [{"name": "key"}], "headers": [{"name": "X-Key", "valueTemplate": template}]}


def edited(name: str, **members: Any) -> dict[str, Any]:
    """The document with one entry, changed."""
    entry = deepcopy(DOCUMENT["catalog"][name])
    for member, value in members.items():
        if isinstance(value, dict) and isinstance(entry.get(member), dict):
            entry[member] |= value
        else:
            entry[member] = value
    return {"catalog": {name: entry}}


def take_in(shelf: Shelf, document: Any, user: str = "boss") -> CatalogImport:
    return shelf.write(user, providers.import_catalog, shelf.world.acme, document)


def test_reads_every_kind_of_entry() -> None:
    catalog = read_catalog(DOCUMENT)
    assert catalog.definitions == DEFINITIONS
    assert catalog.problems == ()


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (edited("helpDesk", oauth2Opts={"grantType": "implicit"}), "the grant implicit is not supported"),
        (
            edited("helpDesk", oauth2Opts={"accessTokenOpts": {"header": {"name": "X-Token"}}}),
            "its access token goes elsewhere than into the Authorization header",
        ),
        (
            edited("helpDesk", oauth2Opts={"tokenURL": "https://{{ if .x }}a{{ end }}.example.com"}),
            "tokenURL holds more of a template than variables",
        ),
        (
            edited("helpDesk", oauth2Opts={"authURL": None}),
            "auth.authorizationUrl: is required by this grant",
        ),
        (edited("helpDesk", baseURL="ftp://example.com"), "baseUrl: the URL's scheme is not https"),
        (edited("ledger", authType="custom"), "the auth type custom cannot be said by a definition"),
        (
            edited("ledger", authType="custom", customOpts={"multiStep": True}),
            "its accounts are connected in several steps, which cannot be said as data",
        ),
        (
            edited("ledger", authType="custom", customOpts={"providerInputs": [{"name": "key"}]}),
            "it asks its publisher for more than a client, which cannot be said as data",
        ),
        (
            edited("ledger", authType="custom", customOpts={"inputs": [{"name": "key"}]}),
            "auth.custom: sends nothing of what it asks for",
        ),
        (
            edited("ledger", authType="custom", customOpts=keyed("{{ .other }}")),
            "auth.custom.headers[0].value: holds a placeholder that is no input",
        ),
        (
            edited("ledger", authType="custom", customOpts=keyed("{{ if .key }}1{{ end }}")),
            "the header X-Key holds more of a template than variables",
        ),
        (edited("ledger", authType="oauth2"), "the auth type oauth2 cannot be said by a definition"),
        (edited("ledger", displayName=5), "Expected `str`, got `int` - at `$.displayName`"),
        (edited("mailer", apiKeyOpts={"header": None}), "the API key's place header is not supported"),
        (
            edited("mailer", apiKeyOpts={"header": {"name": "a b"}}),
            "auth.apiKeyName: is no name of a header",
        ),
        ({"catalog": {"ledger": []}}, "Expected `object`, got `array`"),
    ],
)
def test_tells_why_an_entry_is_skipped(document: Any, told: str) -> None:
    catalog = read_catalog(document)
    assert catalog.definitions == ()
    [problem] = catalog.problems
    assert problem.path == f"catalog.{next(iter(document['catalog']))}"
    assert problem.message == told


@pytest.mark.parametrize("document", [None, [], "x", {}, {"catalog": []}, {"catalog": None}])
def test_refuses_what_is_no_catalog(document: Any) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        read_catalog(document)
    assert [problem.path for problem in refused.value.details] == ["catalog"]


def test_refuses_a_catalog_beyond_its_limit() -> None:
    with pytest.raises(InvalidRequestError):
        read_catalog({"catalog": {str(i): {} for i in range(2_001)}})


def test_a_health_check_elsewhere_is_left_out() -> None:
    elsewhere = edited("helpDesk", authHealthCheck={"url": "https://status.example.com/v1/me"})
    [definition] = read_catalog(elsewhere).definitions
    assert definition.health is None


def test_adds_them_to_the_organizations_own(shelf: Shelf) -> None:
    done: list[tuple[int, int]] = []
    actor = shelf.actor("boss")
    result = shelf.world.write(
        lambda tx: providers.import_catalog(
            tx, actor, shelf.world.acme, DOCUMENT, lambda *step: done.append(step)
        )
    )
    assert result == CatalogImport(created=NAMES, updated=(), unchanged=(), skipped=())
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    for definition in DEFINITIONS:
        found = shelf.world.read(providers.find_provider, shelf.world.acme, definition.name)
        assert found == definition


def test_again_changes_nothing_and_then_what_is_new(shelf: Shelf) -> None:
    take_in(shelf, DOCUMENT)
    before = shelf.stored()
    assert take_in(shelf, DOCUMENT) == CatalogImport(created=(), updated=(), unchanged=NAMES, skipped=())
    assert shelf.stored() == before
    newer = edited("ledger", baseURL="https://api.ledger.example/v3")
    assert take_in(shelf, newer) == CatalogImport(created=(), updated=("ledger",), unchanged=(), skipped=())
    found = shelf.world.read(providers.find_provider, shelf.world.acme, "ledger")
    assert found is not None
    assert found.base_url == "https://api.ledger.example/v3"
    assert len(shelf.stored()["providers"]) == 66 + 4


def test_skips_built_in_ones_and_tells_so(shelf: Shelf) -> None:
    entry = DOCUMENT["catalog"]["ledger"]
    result = take_in(shelf, {"catalog": {"github": entry, "other": {**entry, "authType": "custom"}}})
    assert (result.created, result.updated, result.unchanged) == ((), (), ())
    assert [(one.path, one.message) for one in result.skipped] == [
        ("catalog.other", "the auth type custom cannot be said by a definition"),
        ("catalog.github", "a built-in provider has this name"),
    ]


def test_reads_a_scheme_of_the_providers_own() -> None:
    options = {
        **keyed("Key {{ .key }}"),
        "queryParams": [{"name": "user", "valueTemplate": "{{.user}}"}],
        "inputs": [
            {"name": "key", "displayName": "API Key", "prompt": "Ask your admin.", "docsURL": "https://a.b"},
            {"name": "user", "fieldType": "fieldTypeText"},
        ],
    }
    (found,) = read_catalog(edited("ledger", authType="custom", customOpts=options)).definitions
    assert found.auth == ProviderAuth(
        scheme="custom",
        custom=CustomAuth(
            inputs=[
                CustomInput(name="key", display_name="API Key", prompt="Ask your admin."),
                CustomInput(name="user", secret=False),
            ],
            headers=[CustomPart(name="X-Key", value="Key {key}")],
            params=[CustomPart(name="user", value="{user}")],
        ),
    )


def test_only_for_those_who_administer_the_organization(shelf: Shelf) -> None:
    with shelf.refuses(TierTooLowError):
        take_in(shelf, DOCUMENT, "editor")
    with shelf.refuses(NotFoundError):
        take_in(shelf, DOCUMENT, "stranger")


@pytest.mark.skipif(not AMPERSAND.is_file(), reason="Ampersand's catalog does not lie beside the repository")
def test_takes_in_the_vendors_own_catalog(shelf: Shelf) -> None:
    result = take_in(shelf, json.loads(AMPERSAND.read_text("utf-8")))
    assert (len(result.created), len(result.skipped)) == (200, 38)
    again = take_in(shelf, json.loads(AMPERSAND.read_text("utf-8")))
    assert (len(again.created), len(again.updated), len(again.unchanged)) == (0, 0, 200)
