"""What a provider is: where it authorizes, how its credentials are sent, and what tells whose they are.

A definition is data, written in JSON with camelCase members; the built-in catalog, what organizations add and
what they import are all of this shape. URLs may hold placeholders, `https://{subdomain}.example.com`, each of
which is declared among the substitutions; `filled` puts the values in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, json

Scheme = Literal["oauth2", "api_key", "basic", "bearer", "custom", "none"]
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_Url = Annotated[str, Meta(description="Absolute; may hold placeholders that are declared as substitutions.")]
_Path = Annotated[str, Meta(description="Follows the base URL; starts with a slash.")]
_Pointer = Annotated[str, Meta(description="A JSON pointer (RFC 6901) into the answer.")]


class CustomInput(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One thing whoever connects is asked for."""

    name: str
    display_name: str | None = None
    prompt: str | None = None
    secret: Annotated[bool, Meta(description="Whether it is typed in unseen.")] = True


class CustomPart(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A header or a parameter of every request; `{name}` in its value stands for an input."""

    name: str
    value: str

    def filled(self, given: Mapping[str, str]) -> str:
        """The value with what was given; what was not is left out. What is filled in is not read again."""
        return PLACEHOLDER.sub(lambda place: given.get(place[1], ""), self.value)


class CustomAuth(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A scheme of the provider's own: what whoever connects is asked for, and where it goes in requests."""

    inputs: list[CustomInput]
    headers: list[CustomPart] = []
    params: list[CustomPart] = []


class ProviderAuth(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How a provider authenticates; what the scheme does not use stays at its default."""

    scheme: Scheme
    grant: Literal["authorization_code", "client_credentials", "password"] = "authorization_code"
    authorization_url: _Url | None = None
    token_url: _Url | None = None
    revocation_url: _Url | None = None
    # Source: RFC 6749, 3.3: scopes are separated by spaces; some providers think otherwise.
    scope_separator: str = " "
    default_scopes: list[str] = []
    token_auth: Annotated[
        Literal["basic", "body"],
        Meta(description="How the client's credentials reach the token endpoint."),
    ] = "body"  # noqa: S105  # a place in a request
    pkce: Annotated[bool, Meta(description="Off only for a provider that refuses it.")] = True
    authorize_params: Annotated[
        dict[str, str], Meta(description="Further parameters of the authorization request.")
    ] = {}
    api_key_in: Literal["header", "query"] = "header"
    api_key_name: str = "X-API-Key"
    api_key_prefix: Annotated[str, Meta(description="Stands in front of the key, e.g. `Token `.")] = ""
    custom: Annotated[CustomAuth | UnsetType, Meta(description="Of the custom scheme.")] = UNSET


class Substitution(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A placeholder of a provider's URLs; without a default, whoever connects must give its value."""

    name: str
    default: str | None = None


class AccountRequest(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The request that tells whose account a credential opens, and where its answer says so."""

    method: Literal["GET", "POST"] = "GET"
    path: _Path
    id: _Pointer
    email: _Pointer | None = None
    name: _Pointer | None = None


class HealthRequest(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A request that succeeds while a credential is good."""

    method: Literal["GET", "POST", "HEAD"] = "GET"
    path: _Path


class Details(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the column `definition` holds: everything but names and base URL."""

    auth: ProviderAuth
    substitutions: list[Substitution] = []
    account: AccountRequest | None = None
    health: HealthRequest | None = None


class ProviderDefinition(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A whole provider.

    Attributes:
        name: what integrations and apps call it by.
        display_name: what people call it.
        base_url: where its API is, without a slash at the end; None where the connection must say.
        auth: how it authenticates.
        substitutions: the placeholders of all its URLs.
        account, health: None where no such request is known.
    """

    name: str
    display_name: str
    base_url: str | None = None
    auth: ProviderAuth
    substitutions: list[Substitution] = []
    account: AccountRequest | None = None
    health: HealthRequest | None = None

    @property
    def details(self) -> Details:
        """What is stored of it as JSON."""
        return Details(
            auth=self.auth, substitutions=self.substitutions, account=self.account, health=self.health
        )


def read_details(stored: Raw | str) -> Details:
    """The stored part of a definition, which was checked when it was stored."""
    return json.decode(stored, type=Details)


def defined(name: str, display_name: str, base_url: str | None, stored: Raw | str) -> ProviderDefinition:
    """A definition out of the columns it is kept in."""
    details = read_details(stored)
    return ProviderDefinition(
        name=name,
        display_name=display_name,
        base_url=base_url,
        auth=details.auth,
        substitutions=details.substitutions,
        account=details.account,
        health=details.health,
    )
