"""Whose account a connection is: told by the provider's account request, or by an OpenID token.

An OpenID token came straight from the token endpoint over TLS, so its signature need not be verified; what it
says about itself is.

Source: OpenID Connect Core 1.0, sections 2 and 3.1.3.7.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Any

from msgspec import DecodeError, Struct, json

from trunkline.core.connections.errors import AuthorizationRefusedError
from trunkline.core.connections.pointers import pointed_text
from trunkline.core.integrations import AccountProbe
from trunkline.infra.vault import same
from trunkline.kit.secret import Secret

MAX_IDENTITY = 500  # characters


class Account(Struct, frozen=True, rename="camel"):
    """An account at the provider, as far as it tells; `id` is what does not change when it is renamed."""

    id: str | None = None
    email: str | None = None
    display_name: str | None = None

    def is_another_than(self, other: Account) -> bool:
        """Whether both say who they are, and not the same."""
        return self.id is not None and other.id is not None and self.id != other.id

    def tells_less_than(self, known: Account) -> bool:
        """Whether by this nobody would know any more whose account it is."""
        return not self.is_known or (self.id is None and known.id is not None)

    @property
    def is_known(self) -> bool:
        """Whether anything is told at all."""
        return any((self.id, self.email, self.display_name))


@dataclass(frozen=True, slots=True)
class Expected:
    """What an OpenID token must say.

    Attributes:
        nonce_digest: of the nonce that was sent; None where none was.
        issuer: None where it is not known.
    """

    client_id: str
    nonce_digest: str | None
    issuer: str | None


def read_account(probe: AccountProbe, document: Any) -> Account:
    """The account in the answer of an account request."""
    return Account(
        id=pointed_text(document, probe.id, MAX_IDENTITY),
        email=pointed_text(document, probe.email, MAX_IDENTITY),
        display_name=pointed_text(document, probe.name, MAX_IDENTITY),
    )


def stored_account(text: bytes | str | None) -> Account:
    """The account a connection remembers."""
    return Account() if text is None else json.decode(text, type=Account)


def read_identity(token: Secret, expected: Expected, digest: Any) -> Account:
    """The account in an OpenID token.

    Args:
        token: as the token endpoint gave it.
        expected: what it must say.
        digest: makes of the token's nonce what `nonce_digest` is of the one that was sent.

    Raises:
        AuthorizationRefusedError: it is malformed, unsigned, another client's or issuer's, or an answer to
            another request.
    """
    parts = token.reveal().split(".")
    header, claims = (_decoded(part) for part in parts[:2]) if len(parts) == 3 else (None, None)
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise AuthorizationRefusedError("the provider's identity token is malformed")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    nonce = claims.get("nonce")
    answered = expected.nonce_digest is None or (
        isinstance(nonce, str) and same(digest(nonce), expected.nonce_digest)
    )
    problems = (
        (str(header.get("alg", "none")).lower() == "none", "is not signed"),
        (expected.client_id not in audiences, "is for another client"),
        (expected.issuer is not None and claims.get("iss") != expected.issuer, "is another issuer's"),
        (not answered, "answers another request"),
    )
    for broken, sentence in problems:
        if broken:
            raise AuthorizationRefusedError(f"the provider's identity token {sentence}")
    return Account(
        id=pointed_text(claims, "/sub", MAX_IDENTITY),
        email=pointed_text(claims, "/email", MAX_IDENTITY),
        display_name=pointed_text(claims, "/name", MAX_IDENTITY),
    )


def _decoded(part: str) -> Any:
    try:
        return json.decode(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, DecodeError, RecursionError):
        return None
