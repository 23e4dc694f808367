from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.core.access.signing import private_pem, public_pem, rsa
from tests.core.access.world import NOW, PEPPER, SYSTEM, World
from trunkline.core import access, workspaces
from trunkline.infra.vault import key_hash
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.filters import OrderKey
from trunkline.kit.pages import ListQuery


def create(world: World, actor: Actor, **changes: Any) -> access.JwtKeyRow:
    wanted = {"workspace_id": world.one, "label": "pages", "public_key_pem": public_pem(rsa()), **changes}
    return world.write(access.create_jwt_key, actor, access.CreateJwtKey(**wanted))


def update(world: World, actor: Actor, row: access.JwtKeyRow, **changes: Any) -> access.JwtKeyRow:
    request = access.UpdateJwtKey(**{"workspace_id": row.workspace_id, "id": row.id, **changes})
    return world.write(access.update_jwt_key, actor, request)


def test_admins_make_keys_that_are_shown_as_they_are(world: World) -> None:
    admin = world.actor("admin")
    request = access.CreateJwtKey(workspace_id=world.one, label="pages", public_key_pem=public_pem(rsa()))
    row, events = world.journal(access.create_jwt_key, admin, request)
    assert row == access.JwtKeyRow(
        id=row.id,
        organization_id=world.acme,
        workspace_id=world.one,
        user_id=world.users["admin"],
        label="pages",
        algorithm="RS256",
        public_key_pem=public_pem(rsa()),
        active=True,
        created_by=world.users["admin"],
        created_at=NOW,
        updated_at=NOW,
    )
    assert events == [f"jwt_key.created {row.id}"]
    for actor in (admin, world.actor("viewer"), world.project("editor"), SYSTEM):
        assert world.read(access.get_jwt_key, actor, world.one, row.id) == row
        page = world.read(access.list_jwt_keys, actor, world.one, ListQuery())
        assert page.rows == [row]


def test_keys_are_renamed_and_switched(world: World) -> None:
    admin = world.actor("admin")
    row = create(world, admin)
    request = access.UpdateJwtKey(workspace_id=world.one, id=row.id, label="other", active=False)
    after, events = world.journal(access.update_jwt_key, admin, request)
    assert (after.label, after.active, events) == ("other", False, [f"jwt_key.updated {row.id}"])
    assert world.read(access.get_jwt_key, admin, world.one, row.id) == after
    with world.changes_nothing():
        assert update(world, admin, row, label="other", active=False) == after
        assert update(world, admin, row) == after
    assert update(world, admin, row, active=True).label == "other"
    changed = "SELECT changed FROM audit_entries WHERE action = 'jwt_key.updated' ORDER BY id"
    assert world.read(lambda tx: tx.column(changed)) == ['["label","active"]', '["active"]']


def test_a_deleted_key_is_gone_and_its_deletion_on_record(world: World) -> None:
    row = create(world, SYSTEM, user_id=world.users["admin"])
    _, events = world.journal(access.delete_jwt_key, world.actor("owner"), world.one, row.id)
    assert events == [f"jwt_key.deleted {row.id}"]
    for verb in (access.get_jwt_key, access.delete_jwt_key):
        with world.refuses(NotFoundError):
            world.write(verb, SYSTEM, world.one, row.id)


def test_keys_go_with_their_project(world: World) -> None:
    row = create(world, SYSTEM, workspace_id=world.two, user_id=world.users["other"])
    kept = create(world, world.actor("admin"))
    world.write(workspaces.delete_workspace, SYSTEM, world.two)
    with world.refuses(NotFoundError):
        world.read(access.get_jwt_key, SYSTEM, world.two, row.id)
    world.write(workspaces.purge_workspace, SYSTEM, world.two)
    assert world.read(lambda tx: tx.column("SELECT id FROM jwt_keys")) == [kept.id]


def test_a_list_is_the_projects_own(world: World) -> None:
    rows = [create(world, world.actor("owner"), label=f"key {number}") for number in range(3)]
    create(world, world.actor("owner"), workspace_id=world.two)
    query = ListQuery(limit=2, order=(OrderKey("label", "desc"),))
    owner = world.actor("owner")
    page = world.read(lambda tx: access.list_jwt_keys(tx, owner, world.one, query))
    assert ([row.label for row in page.rows], page.total, page.has_next) == (["key 2", "key 1"], 3, True)
    rest = world.read(lambda tx: access.list_jwt_keys(tx, owner, world.one, replace(query, after=page.end)))
    assert rest.rows == [rows[0]]


def test_only_a_whole_key_that_lasts_lets_pages_in(world: World) -> None:
    """What a JWT key lets in is neither narrowed nor ends: whoever holds less must not make it out of that."""
    token = access.CreateToken(workspace_id=world.one)
    asleep = update(world, world.actor("owner"), create(world, world.actor("owner")), active=False)

    def through(issued: access.IssuedKey) -> Actor:
        return world.read(access.authenticate, key_hash(PEPPER, issued.secret.reveal()))

    whole = through(world.key("owner"))
    refused = {
        "operations": (world.key("owner", operations=("keys:read", "keys:write")), "scope_exceeded"),
        "expiry": (world.key("owner", expires_at="2026-03-01T12:00:05.000000Z"), "scope_exceeded"),
        "session": (
            world.write(lambda tx: access.create_token(tx, whole, token, pepper=PEPPER)),
            "secret_key_required",
        ),
    }
    for issued, code in refused.values():
        actor = through(issued)
        with world.refuses(ForbiddenError, code):
            create(world, actor)
        with world.refuses(ForbiddenError, code):
            update(world, actor, asleep, active=True)
        assert update(world, actor, asleep, label=code).active is False
    assert create(world, whole).active is True
    assert update(world, whole, asleep, active=True).active is True


def test_others_neither_see_nor_change_them(world: World) -> None:
    row = create(world, world.actor("admin"))
    for name in ("editor", "viewer"):
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            create(world, world.actor(name))
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            update(world, world.actor(name), row, active=False)
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            world.write(access.delete_jwt_key, world.actor(name), world.one, row.id)
    for actor in (world.actor("plain"), world.actor("stranger"), world.actor("owner", world.two)):
        with world.refuses(NotFoundError):
            create(world, actor)
        with world.refuses(NotFoundError):
            update(world, actor, row, active=False)
        with world.refuses(NotFoundError):
            world.write(access.get_jwt_key, actor, world.one, row.id)
        with world.refuses(NotFoundError):
            world.write(access.list_jwt_keys, actor, world.one, ListQuery())
    for verb in (access.get_jwt_key, access.delete_jwt_key):
        with world.refuses(NotFoundError):
            world.write(verb, world.actor("owner"), world.two, row.id)
        with world.refuses(NotFoundError):
            world.write(verb, world.actor("stranger"), world.far, row.id)
    group = world.group(world.one, "g")
    with world.refuses(NotFoundError):
        create(world, world.actor("owner"), workspace_id=group.id)
    with world.refuses(ForbiddenError, "forbidden"):
        create(world, world.actor("admin"), user_id=world.users["owner"])
    reader = replace(world.actor("admin"), operations=frozenset({"keys:read"}))
    with world.refuses(ForbiddenError, "scope_missing"):
        create(world, reader)
    narrowed = replace(world.actor("admin"), entity_ids=frozenset({row.id}))
    with world.refuses(access.ScopeMissingError, "scope_missing"):
        create(world, narrowed)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"label": ""}, "label"),
        ({"label": "l" * 256}, "label"),
        ({"label": "a\x00b"}, "label"),
        ({"label": "a\ud800"}, "label"),
        ({"algorithm": "HS256"}, "algorithm"),
        ({"algorithm": "rs256"}, "algorithm"),
        ({"algorithm": ""}, "algorithm"),
    ],
)
def test_malformed_members_are_named(still_world: World, changes: dict[str, Any], path: str) -> None:
    with still_world.refuses(InvalidRequestError, path=path):
        create(still_world, still_world.actor("admin"), **changes)


def spki(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def small_exponent() -> str:
    """A key with e = 1, under which every text is its own signature; written byte by byte."""
    modulus = rsa().public_key().public_numbers().n.to_bytes(257, "big")
    numbers = b"\x02\x82\x01\x01" + modulus + b"\x02\x01\x01"
    sequence = b"\x30\x82" + len(numbers).to_bytes(2, "big") + numbers
    bits = b"\x03\x82" + (len(sequence) + 1).to_bytes(2, "big") + b"\x00" + sequence
    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    der = b"\x30\x82" + (len(algorithm) + len(bits)).to_bytes(2, "big") + algorithm + bits
    text = b64encode(der).decode()
    lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    return f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n"


def numbers(bits: int, exponent: int = 65_537) -> str:
    """A public key of that many bits, without the long search for primes."""
    key = RSAPublicNumbers(exponent, 2**bits - 1).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def good() -> str:
    return public_pem(rsa())


BAD_KEYS: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "no PEM": lambda: "ssh-rsa AAAAB3NzaC1yc2E",
    "private": lambda: private_pem(rsa()),
    "private behind public": lambda: good() + private_pem(rsa()),
    "two keys": lambda: good() + public_pem(rsa(number=1)),
    "text before it": lambda: "key: " + good(),
    "text behind it": lambda: good() + "x",
    "cut short": lambda: good()[:200] + "\n-----END PUBLIC KEY-----",
    "no base64": lambda: "-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----",
    "another label": lambda: good().replace("PUBLIC KEY", "CERTIFICATE"),
    "too long": lambda: good().replace("\n", "\n" + " " * 2_000),
    "not ASCII": lambda: good().replace("MII", "MIé"),
    "1,024 bits": lambda: numbers(1_024),
    "2,047 bits": lambda: numbers(2_047),
    "8,193 bits": lambda: numbers(8_193),
    "exponent 1": small_exponent,
    "exponent beyond 2**32": lambda: numbers(2_048, 2**32 + 1),
    "endless exponent": lambda: numbers(8_192, 2**8_191 + 1),
    "elliptic": lambda: spki(ec.generate_private_key(ec.SECP256R1())),
    "Edwards": lambda: spki(ed25519.Ed25519PrivateKey.generate()),
    "DSA": lambda: spki(dsa.generate_private_key(1_024)),
}


@pytest.mark.parametrize("name", sorted(BAD_KEYS))
def test_what_is_no_safe_public_key_is_refused(still_world: World, name: str) -> None:
    with still_world.refuses(InvalidRequestError, path="publicKeyPem"):
        create(still_world, still_world.actor("admin"), public_key_pem=BAD_KEYS[name]())


def test_nothing_of_a_private_key_is_told_or_kept(world: World) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        create(world, world.actor("admin"), public_key_pem=private_pem(rsa()))
    assert caught.value.message == (
        "publicKeyPem: is a private key: replace it, and give the public half only"
    )


def test_a_key_is_kept_in_its_one_spelling(world: World) -> None:
    key = rsa().public_key()
    pkcs1 = key.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
    windows = public_pem(rsa()).replace("\n", "\r\n")
    for spelling in (pkcs1, windows, f"\n  {public_pem(rsa())}  \n"):
        row = create(world, world.actor("admin"), public_key_pem=spelling)
        assert row.public_key_pem == public_pem(rsa())


def test_labels_are_of_any_characters_and_long(world: World) -> None:
    admin = world.actor("admin")
    row = create(world, admin, label="🙂" * 255)
    assert world.read(access.get_jwt_key, admin, world.one, row.id).label == "🙂" * 255
    with world.refuses(InvalidRequestError, path="label"):
        update(world, admin, row, label="\n")
