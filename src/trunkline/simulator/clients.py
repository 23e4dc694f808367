"""The clients of the authorization server, and how they prove who they are."""

from __future__ import annotations

import hmac
import secrets
import threading
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from urllib.parse import unquote_plus, urlsplit

from msgspec import Struct

from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.simulator.profiles import Profile
from trunkline.simulator.refusals import OAuthRefusal

READ = "crm.read"
WRITE = "crm.write"
SCOPES = (READ, WRITE)

ACCESS_TOKEN_MAX_S = 10**8  # three years

DEMO_CLIENT = "demo"
DEMO_PUBLIC_CLIENT = "demo-public"
DEMO_SECRET = "demo-secret"  # noqa: S105  # printed in the documentation; it guards made-up data


class Grant(StrEnum):
    """What a client may exchange for tokens."""

    CODE = "authorization_code"
    REFRESH = "refresh_token"
    CLIENT = "client_credentials"


class Method(StrEnum):
    """How a client proves who it is."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    NONE = "none"


class Client(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A registered client.

    Attributes:
        client_secret: None makes it a public client.
        redirect_uris: where its codes may be sent; compared character by character.
        profiles: how it is treated unless an admin call or a header says otherwise.
        access_token_s: how long its access tokens live; None is as the simulator was started.
        rotates: a refresh token is good for one use only; otherwise it stays.
        auto_approve: codes are given without asking; None is as the simulator was started.
    """

    client_id: str
    client_secret: str | None = None
    name: str = ""
    redirect_uris: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = tuple(Grant)
    auth_methods: tuple[Method, ...] = (Method.BASIC, Method.POST)
    scopes: tuple[str, ...] = SCOPES
    profiles: tuple[Profile, ...] = ()
    access_token_s: int | None = None
    rotates: bool = True
    auto_approve: bool | None = None

    @property
    def is_public(self) -> bool:
        """It has no secret to prove itself with."""
        return self.client_secret is None


class Clients:
    """The registered clients; the built-in ones are there from the start."""

    def __init__(self, lock: threading.RLock, redirect_uris: Sequence[str] = ()) -> None:
        """Make the built-in clients.

        Raises:
            InvalidRequestError: a redirect URI is not absolute or has a fragment.
        """
        self._lock = lock
        for uri in redirect_uris:
            _check_redirect("redirectUri", uri)
        self._built_in = {one.client_id: one for one in _built_in(tuple(redirect_uris))}
        self._clients = dict(self._built_in)

    def get(self, client_id: str) -> Client | None:
        """The client with this id."""
        with self._lock:
            return self._clients.get(client_id)

    def list(self) -> tuple[Client, ...]:
        """Every client, in the order of their making."""
        with self._lock:
            return tuple(self._clients.values())

    def put(self, client: Client) -> None:
        """Add a client, or replace the one with its id.

        Raises:
            InvalidRequestError: the id is empty, a redirect URI is not absolute or has a fragment, or a
                lifetime is not positive or absurd.
        """
        if not client.client_id:
            raise InvalidRequestError.at("clientId", "must not be empty")
        if client.access_token_s is not None and not 0 < client.access_token_s <= ACCESS_TOKEN_MAX_S:
            raise InvalidRequestError.at("accessTokenS", f"must be from 1 to {ACCESS_TOKEN_MAX_S}")
        for index, uri in enumerate(client.redirect_uris):
            _check_redirect(f"redirectUris[{index}]", uri)
        with self._lock:
            self._clients[client.client_id] = client

    def remove(self, client_id: str) -> None:
        """Forget a client.

        Raises:
            NotFoundError: there is none.
        """
        with self._lock:
            if self._clients.pop(client_id, None) is None:
                raise NotFoundError("client")

    def reset(self) -> None:
        """Go back to the built-in clients."""
        with self._lock:
            self._clients = dict(self._built_in)

    def authenticate(self, authorization: str | None, form: Mapping[str, str]) -> Client:
        """The client that sends this request.

        Raises:
            OAuthRefusal: unknown, a wrong secret, a method it is not registered for, or two methods at once.

        Source: RFC 6749 section 2.3.1.
        """
        method, client_id, secret = _presented(authorization, form)
        client = self.get(client_id)
        if client is None:
            raise _invalid_client("the client is unknown")
        allowed = (Method.NONE,) if client.is_public else client.auth_methods
        if method not in allowed:
            raise _invalid_client(f"this client uses {' or '.join(allowed)}")
        if not hmac.compare_digest(secret.encode(), (client.client_secret or "").encode()):
            raise _invalid_client("the client's secret is wrong")
        return client


def claimed_client(authorization: str | None, form: Mapping[str, str]) -> str | None:
    """Which client a request says it is from, without proof."""
    try:
        return _presented(authorization, form)[1]
    except OAuthRefusal:
        return None


def new_id(prefix: str) -> str:
    """A random identifier that nobody guesses."""
    return f"{prefix}{secrets.token_urlsafe(24)}"


def _presented(authorization: str | None, form: Mapping[str, str]) -> tuple[Method, str, str]:
    scheme, _, credentials = (authorization or "").partition(" ")
    if scheme.lower() == "basic":
        if "client_secret" in form:
            raise OAuthRefusal("invalid_request", "the client proves itself in two ways at once")
        try:
            user, _, password = b64decode(credentials, validate=True).decode().partition(":")
        except ValueError:
            raise _invalid_client("the Authorization header is malformed") from None
        client_id = unquote_plus(user)
        if form.get("client_id", client_id) != client_id:
            raise OAuthRefusal("invalid_request", "two clients are named at once")
        return Method.BASIC, client_id, unquote_plus(password)
    if "client_id" not in form:
        raise _invalid_client("no client is named")
    if "client_secret" in form:
        return Method.POST, form["client_id"], form["client_secret"]
    return Method.NONE, form["client_id"], ""


def _invalid_client(description: str) -> OAuthRefusal:
    return OAuthRefusal("invalid_client", description, status=401)


def _check_redirect(path: str, uri: str) -> None:
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise InvalidRequestError.at(path, "is no URI") from None
    if not parts.scheme or not (parts.netloc or parts.path):
        raise InvalidRequestError.at(path, "must be absolute")
    if "#" in uri:
        raise InvalidRequestError.at(path, "must have no fragment")
    if not uri.isascii() or not uri.isprintable() or " " in uri:
        raise InvalidRequestError.at(path, "has characters that a URI cannot hold")


def _built_in(redirect_uris: tuple[str, ...]) -> Iterable[Client]:
    yield Client(client_id=DEMO_CLIENT, client_secret=DEMO_SECRET, name="Demo", redirect_uris=redirect_uris)
    yield Client(client_id=DEMO_PUBLIC_CLIENT, name="Demo (public)", redirect_uris=redirect_uris)
    for profile in Profile:
        yield Client(
            client_id=f"{DEMO_CLIENT}-{profile}",
            client_secret=DEMO_SECRET,
            name=f"Demo ({profile})",
            redirect_uris=redirect_uris,
            profiles=(profile,),
        )
