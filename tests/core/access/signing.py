"""Tokens of front ends, well-formed or not, signed as a publisher's server would sign them."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.core.access.world import START

NOW_S = int(START.timestamp())


@cache
def _pair(_number: int) -> RSAPrivateKey:
    return generate_private_key(65_537, 2_048)


def rsa(number: int = 0) -> RSAPrivateKey:
    """One of several key pairs, each made once."""
    return _pair(number)


def public_pem(key: RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True)
class Signer:
    """A publisher's server that holds the private half of the JWT key `kid`."""

    kid: str
    key: RSAPrivateKey

    def claims(self, **changes: Any) -> dict[str, Any]:
        usual = {"groupRef": "g1", "consumerRef": "c1", "iat": NOW_S, "exp": NOW_S + 600}
        return {name: value for name, value in (usual | changes).items() if value is not ...}

    def token(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        members = {"alg": "RS256", "typ": "JWT", "kid": self.kid} | (header or {})
        return self.raw(json.dumps({k: v for k, v in members.items() if v is not ...}), self.claims(**claims))

    def raw(self, header: str, claims: dict[str, Any] | str) -> str:
        """Header and claims as they are written here, under a true signature."""
        body = claims if isinstance(claims, str) else json.dumps(claims)
        signed = f"{base64url(header.encode())}.{base64url(body.encode())}"
        return f"{signed}.{base64url(self.key.sign(signed.encode(), PKCS1v15(), SHA256()))}"
