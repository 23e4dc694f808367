"""Keys of a project: those that requests carry, and those that tokens of its pages are signed with."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jws
from joserfc.jwk import RSAKey

from tests.asgi import Response
from tests.dialects.ampersand.desk import Desk
from tests.instance import START

PRIVATE = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
PUBLIC_PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
NOW = int(START.timestamp())


def made(desk: Desk, *scopes: str) -> str:
    return str(desk.ok("POST", desk.path("/api-keys"), {"label": "CI", "scopes": list(scopes)})["key"])


def test_a_key_is_shown_once_and_opens_its_project_alone(desk: Desk) -> None:
    answer = desk.ok("POST", desk.path("/api-keys"), {"label": "CI", "scopes": ["full"]})
    key = answer.pop("key")
    assert answer == {"label": "CI", "scopes": ["full"], "projectId": desk.project_id, "active": True}
    [listed] = desk.ok("GET", desk.path("/api-keys"))
    assert listed == {**answer, "key": f"sec_…{key[-4:]}"}
    assert desk.ok("GET", desk.path(f"/api-keys/{key}")) == {**answer, "key": key}
    assert desk.ok("GET", desk.path(), key=key)["id"] == desk.project_id
    other = desk.project("other")
    desk.refused(404, "GET", f"/v1/projects/{other}", key=key)
    desk.refused(404, "GET", f"/v1/projects/{other}/api-keys/{key}")
    assert [one["id"] for one in desk.ok("GET", "/v1/projects", key=key)] == [desk.project_id]
    desk.refused(403, "POST", "/v1/orgs", {"label": "Mine"}, key=key)


def test_a_repeated_request_is_given_the_same_key_sealed_meanwhile(desk: Desk) -> None:
    headers = {"idempotency-key": "once"}
    first, again = (
        desk.send("POST", desk.path("/api-keys"), {"label": "CI"}, headers=headers) for _ in range(2)
    )
    assert first.json == again.json
    kept = desk.instance.database.read_now(lambda tx: tx.column("SELECT body FROM idempotency_records"))
    assert kept
    assert not [text for text in kept if first.json["key"] in text]


def test_a_key_is_changed_and_ended_by_its_text(desk: Desk) -> None:
    key = made(desk)
    path = desk.path(f"/api-keys/{key}")
    body = {"updateMask": ["active", "label"], "apiKey": {"active": False, "label": "old", "scopes": ["x"]}}
    changed = desk.ok("PATCH", path, body)
    assert (changed["active"], changed["label"], changed["scopes"]) == (False, "old", [])
    desk.refused(401, "GET", desk.path(), key=key)
    assert len(desk.ok("GET", desk.path("/api-keys"))) == 1
    assert desk.ok("GET", f"{desk.path('/api-keys')}?active=true") == []
    desk.refused(400, "PATCH", path, {"updateMask": ["key"], "apiKey": {"key": "x"}})
    assert desk.send("DELETE", path).status == 204
    desk.refused(404, "GET", path)
    desk.refused(404, "GET", desk.path("/api-keys/sec_nothing"))


def test_a_key_for_pages_does_what_pages_may(desk: Desk) -> None:
    key = made(desk, "frontend")
    assert desk.send("GET", desk.path(), key=key).status == 200
    for method, path in (("GET", "/destinations"), ("GET", "/api-keys"), ("POST", "/topics")):
        desk.refused(403, method, desk.path(path), b"" if method == "GET" else {"name": "a"}, key=key)


# JWT keys -------------------------------------------------------------------------------------------------


def trusted(desk: Desk, pem: str = PUBLIC_PEM) -> str:
    body = {"label": "production-key-1", "algorithm": "RS256", "publicKeyPem": pem}
    return str(desk.ok("POST", desk.path("/jwt-keys"), body)["kid"])


def token(kid: str, **claims: Any) -> str:
    pem = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    told = {
        "groupRef": "org_1",
        "consumerRef": "user_1",
        "iat": NOW,
        "exp": NOW + 600,
        "sub": "any",
        **claims,
    }
    payload = json.dumps(told).encode()
    return jws.serialize_compact({"alg": "RS256", "kid": kid}, payload, RSAKey.import_key(pem))


def as_page(desk: Desk, text: str, path: str) -> Response:
    return desk.bare("GET", path, headers={"authorization": f"Bearer {text}"})


def test_a_jwt_key_is_read_back_as_it_was_given(desk: Desk) -> None:
    kid = trusted(desk)
    found = desk.ok("GET", desk.path(f"/jwt-keys/{kid}"))
    assert found == {
        "id": kid,
        "projectId": desk.project_id,
        "label": "production-key-1",
        "algorithm": "RSA",
        "publicKeyPem": found["publicKeyPem"],
        "active": True,
        "createTime": "2026-03-01T12:00:00.000000Z",
        "updateTime": "2026-03-01T12:00:00.000000Z",
    }
    assert found["publicKeyPem"].split() == PUBLIC_PEM.split()
    assert desk.ok("GET", desk.path("/jwt-keys")) == [found]


@pytest.mark.parametrize("mask", ["label", "name"])
def test_a_jwt_keys_label_goes_by_two_names(desk: Desk, mask: str) -> None:
    path = desk.path(f"/jwt-keys/{trusted(desk)}")
    assert desk.ok("PATCH", path, {"updateMask": [mask], "jwtKey": {mask: "renamed"}})["label"] == "renamed"
    desk.refused(400, "PATCH", path, {"updateMask": ["publicKeyPem"], "jwtKey": {"publicKeyPem": "x"}})
    desk.refused(422, "PATCH", path, {"updateMask": ["active"], "jwtKey": {}})


def test_a_private_or_short_key_is_refused(desk: Desk) -> None:
    private = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    for pem in (private, "no key", PUBLIC_PEM[:-60]):
        body = {"label": "a", "algorithm": "RS256", "publicKeyPem": pem}
        desk.refused(400, "POST", desk.path("/jwt-keys"), body)
    desk.refused(
        400, "POST", desk.path("/jwt-keys"), {"label": "a", "algorithm": "HS256", "publicKeyPem": PUBLIC_PEM}
    )


@pytest.mark.parametrize("prefix", ["/v1", "/ampersand/v1"])
def test_a_signed_token_opens_what_a_page_may_see(desk: Desk, prefix: str) -> None:
    kid = trusted(desk)
    text = token(kid)
    assert as_page(desk, text, f"{prefix}/projects/main").status == 200
    assert as_page(desk, text, f"{prefix}/projects/main/api-keys").status == 403
    assert as_page(desk, text, f"{prefix}/projects/main/destinations").status == 403
    assert as_page(desk, text, f"{prefix}/projects/{desk.project('other')}").status == 404
    as_key = desk.bare("GET", f"{prefix}/projects/main", headers={"x-api-key": text})
    assert as_key.status == 401


def test_a_token_is_refused_when_it_is_over_or_its_key_is(desk: Desk) -> None:
    kid = trusted(desk)
    for text in (
        token(kid, exp=NOW + 601),
        token(kid, iat=NOW - 700, exp=NOW - 100),
        token(desk.project_id),
        f"{token(kid)}x",
        "a.b.c",
    ):
        assert as_page(desk, text, desk.path()).status == 401
    good = token(kid)
    assert as_page(desk, good, desk.path()).status == 200
    path = desk.path(f"/jwt-keys/{kid}")
    desk.ok("PATCH", path, {"updateMask": ["active"], "jwtKey": {"active": False}})
    assert as_page(desk, good, desk.path()).status == 401
    assert desk.ok("GET", f"{desk.path('/jwt-keys')}?active=true") == []
    desk.ok("PATCH", path, {"updateMask": ["active"], "jwtKey": {"active": True}})
    assert as_page(desk, good, desk.path()).status == 200
    assert desk.send("DELETE", path).status == 204
    assert as_page(desk, good, desk.path()).status == 401
