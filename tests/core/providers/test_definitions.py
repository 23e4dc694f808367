"""What a definition must hold to, and what is put in for its placeholders."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from trunkline.core.providers import (
    AccountRequest,
    CustomAuth,
    CustomInput,
    CustomPart,
    HealthRequest,
    ProviderAuth,
    ProviderDefinition,
    Substitution,
    check_definition,
    filled,
)
from trunkline.infra.http import Origin
from trunkline.kit.errors import InvalidRequestError

AUTH = ProviderAuth(
    scheme="oauth2",
    authorization_url="https://{site}.example.com/authorize?audience=api",
    token_url="https://{site}.example.com/token",
    revocation_url="https://{site}.example.com/revoke",
)
WHOLE = ProviderDefinition(
    name="crm",
    display_name="CRM",
    base_url="https://api.{region}.example.com/{site}",
    auth=AUTH,
    substitutions=[Substitution(name="site"), Substitution(name="region", default="eu-1")],
    account=AccountRequest(path="/me?fields=id", id="/data/0/id", email="", name="/a~1b/~0"),
    health=HealthRequest(method="HEAD", path="/"),
)

CUSTOM = CustomAuth(
    inputs=[CustomInput(name="user", secret=False), CustomInput(name="key", display_name="Key")],
    headers=[CustomPart(name="Authorization", value="Pair {user}:{key}")],
    params=[CustomPart(name="v", value="2")],
)


def changed(path: str, value: Any) -> ProviderDefinition:
    """The whole definition with another value at a dotted path."""
    head, _, rest = path.partition(".")
    if not rest:
        return structs.replace(WHOLE, **{head: value})
    return structs.replace(WHOLE, **{head: structs.replace(getattr(WHOLE, head), **{rest: value})})


def test_a_whole_definition_is_taken_as_it_is() -> None:
    assert check_definition(WHOLE) is WHOLE


@pytest.mark.parametrize(
    "auth",
    [
        ProviderAuth(scheme="none"),
        ProviderAuth(scheme="basic"),
        ProviderAuth(scheme="bearer"),
        ProviderAuth(scheme="api_key", api_key_in="query", api_key_name="api key"),
        ProviderAuth(scheme="api_key", api_key_name="Authorization", api_key_prefix="Token token="),
        ProviderAuth(scheme="oauth2", grant="client_credentials", token_url="https://a.example.com/t"),
        # Plain http is let through only where the operator said so, which the client decides.
        ProviderAuth(scheme="oauth2", grant="client_credentials", token_url="http://127.0.0.1:9000/t"),
        structs.replace(AUTH, scope_separator=",", default_scopes=["a:b", "https://x.example.com/s"]),
        structs.replace(AUTH, authorize_params={"access_type": "offline", "prompt": ""}),
        ProviderAuth(scheme="oauth2", grant="password", token_url="https://a.example.com/t"),
        ProviderAuth(scheme="custom", custom=CUSTOM),
    ],
)
def test_every_scheme_can_be_said(auth: ProviderAuth) -> None:
    check_definition(structs.replace(WHOLE, auth=auth))


def header(name: str = "X-Key", value: str = "{key}") -> list[CustomPart]:
    return [CustomPart(name=name, value=value)]


@pytest.mark.parametrize(
    ("custom", "told"),
    [
        (structs.replace(CUSTOM, inputs=[]), "auth.custom.inputs: must be 1-20 items"),
        (
            structs.replace(CUSTOM, inputs=[CustomInput(name="key")] * 2),
            "auth.custom.inputs[1].name: must be",
        ),
        (structs.replace(CUSTOM, inputs=[CustomInput(name="a b")]), "auth.custom.inputs[0].name: must be"),
        (
            structs.replace(CUSTOM, inputs=[CustomInput(name="key", prompt="a\nb")]),
            "auth.custom.inputs[0].prompt: must be",
        ),
        (structs.replace(CUSTOM, headers=[], params=[]), "auth.custom: sends nothing of what it asks for"),
        (structs.replace(CUSTOM, headers=header() + header("x-key")), "auth.custom.headers: must be at most"),
        (
            structs.replace(CUSTOM, headers=header("Host")),
            "auth.custom.headers[0].name: is no name of a header",
        ),
        (
            structs.replace(CUSTOM, headers=header("a b")),
            "auth.custom.headers[0].name: is no name of a header",
        ),
        (structs.replace(CUSTOM, params=header("")), "auth.custom.params[0].name: must be"),
        (structs.replace(CUSTOM, headers=header(value="a\r\nb")), "auth.custom.headers[0].value: must be"),
        (structs.replace(CUSTOM, params=header(value="{other}")), "auth.custom.params[0].value: holds a"),
    ],
)
def test_a_scheme_of_ones_own_sends_what_it_asks_for_and_nothing_else(custom: CustomAuth, told: str) -> None:
    wanted = structs.replace(WHOLE, auth=ProviderAuth(scheme="custom", custom=custom))
    with pytest.raises(InvalidRequestError) as caught:
        check_definition(wanted)
    assert caught.value.message.startswith(told)


@pytest.mark.parametrize("auth", [ProviderAuth(scheme="custom"), ProviderAuth(scheme="basic", custom=CUSTOM)])
def test_the_custom_scheme_and_what_it_is_go_together(auth: ProviderAuth) -> None:
    with pytest.raises(InvalidRequestError, match=r"auth\.custom: goes with the custom scheme"):
        check_definition(structs.replace(WHOLE, auth=auth))


def test_what_is_filled_in_is_not_read_again() -> None:
    part = CustomPart(name="X", value="{user}:{key}:{nothing}")
    assert part.filled({"user": "{key}", "key": "k"}) == "{key}:k:"


NO_URLS = (
    "",
    "x",
    "/relative",
    "//example.com",
    "ftp://example.com",
    "javascript:alert(1)",
    "https://",
    "https://user:password@example.com",
    "https://example.com\\@evil.example",
    "https://example.com/#fragment",
    "https://example.com/a b",
    "https://example.com/\r\nset-cookie:a=b",
    "https://ex\u00e4mple.com",
    "https://example.com:0",
    "https://example.com:99999",
    "https://{unknown}.example.com",
    "https://{}.example.com",
    "https://{site.example.com",
    "https://site}.example.com",
    "https://{{site}}.example.com",
    "https://{site }.example.com",
    "{site}://example.com",
    "https://127.1/",
    "https://example.com/" + "x" * 2_000,
)


@pytest.mark.parametrize("url", NO_URLS)
@pytest.mark.parametrize(
    ("member", "path"),
    [
        ("base_url", "baseUrl"),
        ("auth.authorization_url", "auth.authorizationUrl"),
        ("auth.token_url", "auth.tokenUrl"),
        ("auth.revocation_url", "auth.revocationUrl"),
    ],
)
def test_refuses_what_is_no_url(member: str, path: str, url: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        check_definition(changed(member, url))
    assert [problem.path for problem in refused.value.details] == [path]


LONG = "x" * 1_001


@pytest.mark.parametrize(
    ("member", "value", "path"),
    [
        *(("name", name, "name") for name in ("", " ", "a b", "a/b", "\u00e9", "-a", "x" * 129, "a{b}")),
        ("name", "0197a1b2-c3d4-7e5f-8071-8293a4b5c6d7", "name"),
        ("display_name", " ", "displayName"),
        ("display_name", "x" * 201, "displayName"),
        ("base_url", "https://example.com/", "baseUrl"),
        ("base_url", "https://example.com?a=b", "baseUrl"),
        ("auth.token_url", None, "auth.tokenUrl"),
        ("auth.authorization_url", None, "auth.authorizationUrl"),
        *(("auth.scope_separator", text, "auth.scopeSeparator") for text in ("", ", ", "\n", "\u0001")),
        *(
            ("auth.default_scopes", [text], "auth.defaultScopes[0]")
            for text in ("", "a b", "\u00e9", "a\n", LONG)
        ),
        ("auth.default_scopes", ["a"] * 101, "auth.defaultScopes"),
        *(
            ("auth.authorize_params", {name: "x"}, f"auth.authorizeParams.{name}")
            for name in ("client_id", "redirect_uri", "State", "CODE_CHALLENGE", "", "a\nb")
        ),
        ("auth.authorize_params", {"a": "\r\n"}, "auth.authorizeParams.a"),
        ("auth.authorize_params", {"a": LONG}, "auth.authorizeParams.a"),
        ("auth.authorize_params", {str(i): "x" for i in range(101)}, "auth.authorizeParams"),
        ("auth.authorize_params", {"api_key": "x"}, "auth.authorizeParams.api_key"),
        ("auth.authorize_params", {"a": "AKIA" + "A" * 16}, "auth.authorizeParams.a"),
        *(
            ("auth.api_key_name", text, "auth.apiKeyName")
            for text in ("", "a b", "a:", "a\r\nb", "\u00e9", "x" * 201)
        ),
        *(("auth.api_key_prefix", text, "auth.apiKeyPrefix") for text in ("\r\n", "\u00e9", "x" * 201)),
        *(
            ("substitutions", [Substitution(name="site"), Substitution(name=name)], "substitutions[1].name")
            for name in ("", "site", "a-b", "1a", "\u00e9", "x" * 65)
        ),
        ("substitutions", [Substitution(name=f"a{i}") for i in range(21)], "substitutions"),
        *(
            ("substitutions", [Substitution(name="site", default=text)], "substitutions[0].default")
            for text in ("", ".", "..", "a..b", "-a", "a-", "a/b", "a@b", "a:b", "a?b", "a#b", "a%2fb", "a b")
        ),
        ("base_url", None, "account"),
        *(
            (f"{member}.path", text, f"{member}.path")
            for member in ("account", "health")
            for text in (
                "",
                "me",
                "https://example.com/me",
                "/a b",
                "/a#b",
                "/a\\b",
                "/{site}",
                "/" + "x" * 2_000,
            )
        ),
        *(
            (f"account.{member}", text, f"account.{member}")
            for member in ("id", "email", "name")
            for text in ("id", "$.id", "/a~2", "/a~", "/" + LONG)
        ),
    ],
)
def test_refuses_what_could_not_be_used(member: str, value: Any, path: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        check_definition(changed(member, value))
    assert [problem.path for problem in refused.value.details] == [path]


def test_puts_values_in_and_defaults_where_none_are_given() -> None:
    whole = filled(WHOLE, {"site": "acme", "unknown": "x"})
    assert whole.base_url == "https://api.eu-1.example.com/acme"
    assert whole.auth.authorization_url == "https://acme.example.com/authorize?audience=api"
    assert whole.auth.token_url == "https://acme.example.com/token"
    assert whole.auth.revocation_url == "https://acme.example.com/revoke"
    assert whole.substitutions == []
    assert (whole.account, whole.health) == (WHOLE.account, WHOLE.health)
    assert filled(WHOLE, {"site": "a.b", "region": "us"}).base_url == "https://api.us.example.com/a.b"


def test_a_value_without_a_default_is_asked_for() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        filled(WHOLE, {"region": "us"})
    assert [problem.path for problem in refused.value.details] == ["substitutions.site"]


ESCAPES = (
    "",
    "evil.example/",
    "evil.example#",
    "evil.example?",
    "evil.example:443",
    "evil.example\\",
    "user@evil.example",
    "evil.example%2f",
    "{region}",
    "..",
    ".",
    "a..b",
    "-a",
    "a\r\nb",
    "a b",
    "\u00e9",
    "\uff0f",
    "a\u0000",
    "x" * 201,
)


@pytest.mark.parametrize("value", ESCAPES)
def test_no_value_leads_to_another_host(value: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        filled(WHOLE, {"site": value})
    assert [problem.path for problem in refused.value.details] == ["substitutions.site"]


@pytest.mark.parametrize("value", ["a", "evil.example", "a-b.c_d", "127.0.0.1", "x" * 60])
def test_whatever_is_put_in_stays_below_the_definitions_host(value: str) -> None:
    whole = filled(WHOLE, {"site": value})
    assert whole.auth.token_url is not None
    assert Origin.of(whole.auth.token_url).host == f"{value}.example.com"


def test_a_label_too_long_for_a_host_is_refused_where_it_stands() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        filled(WHOLE, {"site": "x" * 64})
    assert [problem.path for problem in refused.value.details] == ["auth.authorizationUrl"]
