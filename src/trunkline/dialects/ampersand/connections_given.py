"""What whoever connects gives, in the shape the core takes it: one credential, notes, values for the provider's URLs.

Source: ampersand reference sections 1.7 and 1.8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import connections as core
from trunkline.core import providers
from trunkline.dialects.ampersand.connections_wire import WORKSPACE, MetadataValue, Notes
from trunkline.dialects.ampersand.errors import UnprocessableError
from trunkline.dialects.ampersand.wire_base import Body
from trunkline.infra.db import Tx
from trunkline.kit.clock import parse_time
from trunkline.kit.errors import InvalidRequestError, Problem
from trunkline.kit.secret import Secret

API_KEY, BASIC, CUSTOM = "apiKey", "basicAuth", "customAuth"
CLIENT, PASSWORD, CODE = "oauth2ClientCredentials", "oauth2PasswordCredentials", "oauth2AuthorizationCode"
MEMBERS: Final = (API_KEY, BASIC, CLIENT, PASSWORD, CODE, CUSTOM)
_BY_SCHEME: Final = {"api_key": API_KEY, "bearer": API_KEY, "basic": BASIC, "custom": CUSTOM}
_BY_GRANT: Final = {"authorization_code": CODE, "client_credentials": CLIENT, "password": PASSWORD}
_OTHERS: Final = "no member of the document"

Typed = Annotated[str, Meta(max_length=16_384, extra_json_schema={"writeOnly": True})]
Scopes = Annotated[list[Annotated[str, Meta(max_length=1_000)]], Meta(max_length=100)]


class BasicAuth(Body, frozen=True, kw_only=True):
    """A user's name and password at the provider."""

    username: Typed
    password: Typed

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class ClientCredentials(Body, frozen=True, kw_only=True):
    """A client of the customer's own."""

    client_id: Typed
    client_secret: Typed
    scopes: Scopes | UnsetType = UNSET

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class PasswordCredentials(ClientCredentials, frozen=True, kw_only=True):
    """A user's name and password, and the client they are exchanged by."""

    username: Typed
    password: Typed


class ImportedToken(Body, frozen=True, kw_only=True):
    """A token that was granted elsewhere."""

    token: Typed
    issued_at: str | UnsetType = UNSET
    expires_at: Annotated[str, Meta(extra_json_schema={"format": "date-time"})] | UnsetType = UNSET

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class ImportedTokens(Body, frozen=True, kw_only=True):
    """Tokens that were granted elsewhere; a refresh token does alone."""

    access_token: ImportedToken | UnsetType = UNSET
    refresh_token: ImportedToken | UnsetType = UNSET
    scopes: Scopes | UnsetType = UNSET


ProviderMetadata = Annotated[
    dict[str, MetadataValue],
    Meta(max_length=100, description="Values for the provider's variables, and notes."),
]
WorkspaceRef = Annotated[
    str, Meta(description="The provider's name for the customer's account: fills the variable `workspace`.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenCredential:
    """One credential as the core takes it.

    Attributes:
        member: where it stood in the body; None for none.
    """

    member: str | None = None
    values: Mapping[str, Secret] = field(default_factory=dict, repr=False)
    imported: core.Imported | None = None


def known_provider(tx: Tx, organization_id: str, name: str) -> providers.ProviderDefinition:
    """The provider that an organization means by a name.

    Raises:
        InvalidRequestError: there is none.
    """
    found = providers.find_provider(tx, organization_id, name)
    if found is None:
        raise InvalidRequestError.at("provider", "no provider is called so")
    return found


def credential_for(
    scheme: str, grant: str | None, given: Mapping[str, Any], *, called: str, where: str = ""
) -> GivenCredential:
    """The one credential among what was given, which must be of the scheme's kind.

    Args:
        scheme: how the provider authenticates.
        grant: of OAuth.
        given: the credentials in the body, by member.
        called: the provider's name.
        where: the object in the body that holds them, with a dot behind it.

    Raises:
        UnprocessableError: there is none, or one of another kind.
    """
    wanted = member_of(scheme, grant)
    for member in given:
        if member != wanted:
            takes = f"takes {wanted}" if wanted else "needs no credential"
            raise _unfit(f"{where}{member}", f"is not for {called}, which {takes}")
    if wanted is None:
        return GivenCredential()
    if wanted not in given:
        remedy = "send the person to the page that POST /oauth-connect names" if wanted == CODE else None
        raise _unfit(f"{where}{wanted}", f"is required by {called}", remedy)
    return _READERS[wanted](given[wanted], scheme, f"{where}{wanted}")


def member_of(scheme: str, grant: str | None) -> str | None:
    """Where the credential of a scheme stands in a body; None for a scheme that has none."""
    if scheme == "oauth2":
        return _BY_GRANT[grant or "authorization_code"]
    return _BY_SCHEME.get(scheme, None if scheme == "none" else _OTHERS)


def parameters_of(definition: providers.ProviderDefinition, notes: Notes) -> dict[str, str]:
    """Those of the values given that the provider has a variable for."""
    known = {name: one.value for name, one in notes.provider_metadata.items()}
    if notes.provider_workspace_ref is not None:
        known[WORKSPACE] = notes.provider_workspace_ref
    return {one.name: known[one.name] for one in definition.substitutions if one.name in known}


def variable_place(name: str, where: str = "", *, by_ref: bool = True) -> str:
    """Where the value of a variable of the provider's URLs is given.

    Args:
        name: of the variable.
        where: the object in the body that holds it, with a dot behind it.
        by_ref: whether the account's own member gives that of `workspace`, not the metadata.
    """
    return where + ("providerWorkspaceRef" if by_ref and name == WORKSPACE else f"providerMetadata.{name}")


@contextmanager
def as_given(member: str | None, where: str = "") -> Iterator[None]:
    """What the core finds wrong is told of the place it was given at, and answered 422.

    Args:
        member: where the credential stood.
        where: the object in the body that holds it, with a dot behind it.

    Raises:
        UnprocessableError: something of what was given is missing, malformed or not asked for.
    """
    try:
        yield
    except UnprocessableError:
        raise
    except InvalidRequestError as error:
        details = [Problem(_place(one.path, member, where), one.message) for one in error.details]
        if all(new.path == old.path for new, old in zip(details, error.details, strict=True)):
            raise
        first = details[0]
        raise UnprocessableError(f"{first.path}: {first.message}", *details) from error


def _place(path: str, member: str | None, where: str) -> str:
    head, _, name = path.partition(".")
    if head == "credentials":
        inner = name if member is None else f"{member}.{name}"
        return where + (API_KEY if member == API_KEY else inner)
    if head in ("parameters", "substitutions"):
        return variable_place(name, where)
    return f"{where}providerMetadata" if path == "metadata" else path


def _api_key(given: str, scheme: str, _path: str) -> GivenCredential:
    name = "token" if scheme == "bearer" else "apiKey"
    return GivenCredential(member=API_KEY, values={name: Secret(given)})


def _basic(given: BasicAuth, _scheme: str, _path: str) -> GivenCredential:
    values = {"username": Secret(given.username), "password": Secret(given.password)}
    return GivenCredential(member=BASIC, values=values)


def _client(given: ClientCredentials, _scheme: str, _path: str) -> GivenCredential:
    return GivenCredential(member=CLIENT, values=_of_client(given))


def _password(given: PasswordCredentials, _scheme: str, _path: str) -> GivenCredential:
    user = {"username": Secret(given.username), "password": Secret(given.password)}
    return GivenCredential(member=PASSWORD, values={**user, **_of_client(given)})


def _of_client(given: ClientCredentials) -> dict[str, Secret]:
    found = {"clientId": Secret(given.client_id), "clientSecret": Secret(given.client_secret)}
    if given.scopes is not UNSET and given.scopes:
        found["scope"] = Secret(" ".join(given.scopes))
    return found


def ends_of(given: ImportedTokens, path: str) -> tuple[str | None, str | None]:
    """When the access token and the refresh token end, as stored text.

    Raises:
        InvalidRequestError: that is no time with its offset.
    """
    access, refresh = (
        None if token is UNSET else _moment(token.expires_at, f"{path}.{name}.expiresAt")
        for name, token in (("accessToken", given.access_token), ("refreshToken", given.refresh_token))
    )
    return access, refresh


def _code(given: ImportedTokens, _scheme: str, path: str) -> GivenCredential:
    access_end, refresh_end = ends_of(given, path)
    values = {
        name: Secret(token.token)
        for name, token in (("accessToken", given.access_token), ("refreshToken", given.refresh_token))
        if token is not UNSET
    }
    if not values:
        raise _unfit(f"{path}.accessToken", "is required, or a refreshToken")
    imported = core.Imported(
        access_expires_at=access_end,
        refresh_expires_at=refresh_end,
        scopes=None if given.scopes is UNSET else tuple(given.scopes),
    )
    return GivenCredential(member=CODE, values=values, imported=imported)


def _custom(given: Mapping[str, Any], _scheme: str, path: str) -> GivenCredential:
    for name, value in given.items():
        if not isinstance(value, str):
            raise _unfit(f"{path}.{name[:100]}", "must be text")
    return GivenCredential(member=CUSTOM, values={name: Secret(value) for name, value in given.items()})


_READERS: Final[Mapping[str, Callable[[Any, str, str], GivenCredential]]] = {
    API_KEY: _api_key,
    BASIC: _basic,
    CLIENT: _client,
    PASSWORD: _password,
    CODE: _code,
    CUSTOM: _custom,
}


def _moment(text: str | UnsetType, path: str) -> str | None:
    found = None if text is UNSET else parse_time(text)
    if text is not UNSET and found is None:
        raise InvalidRequestError.at(path, "not a time with its offset (RFC 3339)")
    return found


def _unfit(path: str, sentence: str, remedy: str | None = None) -> UnprocessableError:
    return UnprocessableError(f"{path}: {sentence}", Problem(path, sentence), remedy=remedy)
