from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.core.access.signing import NOW_S, Signer, base64url, public_pem, rsa
from tests.core.access.views import View
from tests.core.access.world import ITEM, NOW, PEPPER, SYSTEM, THING, World
from trunkline.core import access, workspaces
from trunkline.infra.db import Tx
from trunkline.infra.vault import key_hash
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from trunkline.kit.ids import format_id, format_uuid
from trunkline.kit.pages import ListQuery


def make_key(world: World, user: str = "admin", *, number: int = 0, project_id: str = "") -> access.JwtKeyRow:
    request = access.CreateJwtKey(
        workspace_id=project_id or world.one,
        label="pages",
        public_key_pem=public_pem(rsa(number=number)),
        user_id=world.users[user],
    )
    return world.write(access.create_jwt_key, SYSTEM, request)


def signer(row: access.JwtKeyRow, number: int = 0) -> Signer:
    return Signer(format_uuid(row.id), rsa(number=number))


def enter(world: World, token: str) -> Actor:
    return world.read(lambda tx: access.authenticate_front_end(tx, token, request_id="r"))


@pytest.fixture(scope="module")
def still_signer(still_world: World) -> Signer:
    return signer(make_key(still_world))


def test_a_page_acts_in_its_group_and_reads_what_the_project_publishes(world: World) -> None:
    row = make_key(world)
    group = world.group(world.one, "g1")
    assert enter(world, signer(row).token(sub="ignored")) == Actor(
        user_id=world.users["admin"],
        organizations=(world.acme,),
        key_id=row.id,
        workspace_id=world.one,
        workspace_tier=Tier.VIEWER,
        group_id=group.id,
        group_ref="g1",
        group_tier=Tier.EDITOR,
        consumer_ref="c1",
        operations=access.FRONT_END,
        front_end=True,
        request_id="r",
    )


def test_a_page_of_a_group_that_is_not_there_yet_makes_it_and_reaches_it(world: World) -> None:
    actor = enter(world, signer(make_key(world)).token(groupRef="new"))
    assert (actor.group_id, actor.group_ref) == (None, "new")
    group = world.write(workspaces.ensure_group, actor, world.one, "new")
    assert group.external_ref == "new"
    assert world.read(access.require_workspace, actor, group.id, Tier.EDITOR) == world.acme
    assert world.read(workspaces.find_group, actor, world.one, "new") == group
    assert enter(world, signer(make_key(world)).token(groupRef="new")).group_id == group.id


def test_the_key_is_named_in_any_spelling_of_its_id(world: World) -> None:
    row = make_key(world)
    for kid in (format_uuid(row.id), format_id("jwt_key", row.id), format_uuid(row.id).upper()):
        assert enter(world, Signer(kid, rsa(number=0)).token()).key_id == row.id


@pytest.mark.parametrize(
    ("user", "home", "group"), [("owner", Tier.VIEWER, Tier.EDITOR), ("admin", Tier.VIEWER, Tier.EDITOR)]
)
def test_a_page_never_holds_more_than_its_part(world: World, user: str, home: Tier, group: Tier) -> None:
    actor = enter(world, signer(make_key(world, user)).token())
    assert (actor.workspace_tier, actor.tier_in_groups, actor.operator) == (home, group, False)


def test_a_page_never_holds_more_than_the_user_it_acts_as(world: World) -> None:
    sign = signer(make_key(world))
    member = world.member_id(world.one, "admin")
    viewer = access.ChangeWorkspaceRole(id=member, role="viewer")
    world.write(access.change_workspace_role, SYSTEM, viewer)
    actor = enter(world, sign.token())
    assert (actor.workspace_tier, actor.tier_in_groups) == (Tier.VIEWER, Tier.VIEWER)
    world.write(access.remove_workspace_member, SYSTEM, member)
    with pytest.raises(UnauthenticatedError):
        enter(world, sign.token())


def test_a_key_ends_with_its_user_its_project_or_by_being_switched_off(world: World) -> None:
    row = make_key(world)
    token = signer(row).token()

    def refused() -> bool:
        with pytest.raises(UnauthenticatedError):
            enter(world, token)
        return True

    for active in (False, True):
        request = access.UpdateJwtKey(workspace_id=world.one, id=row.id, active=active)
        world.write(access.update_jwt_key, SYSTEM, request)
        assert enter(world, token) if active else refused()
    for active in (False, True):
        user = access.UpdateUser(id=world.users["admin"], active=active)
        world.write(access.update_user, SYSTEM, user)
        assert enter(world, token) if active else refused()
    world.write(workspaces.delete_workspace, SYSTEM, world.one)
    assert refused()
    world.write(workspaces.restore_workspace, SYSTEM, world.one)
    assert enter(world, token)
    world.write(access.delete_jwt_key, SYSTEM, world.one, row.id)
    assert refused()


HS256 = '{"alg":"HS256","kid":"KID"}'


def forged_with_the_public_key(sign: Signer) -> str:
    """What a verifier accepts that takes the algorithm from the token and the RSA key for a shared secret."""
    header = base64url(HS256.replace("KID", sign.kid).encode())
    signed = f"{header}.{base64url(json.dumps(sign.claims()).encode())}"
    return f"{signed}.{base64url(hmac.digest(public_pem(sign.key).encode(), signed.encode(), 'sha256'))}"


def unsigned(sign: Signer, algorithm: str = "none") -> str:
    header, claims, _signature = sign.token({"alg": algorithm}).split(".")
    return f"{header}.{claims}."


def other_signature(sign: Signer) -> str:
    header, claims, _signature = sign.token().split(".")
    return f"{header}.{claims}.{sign.token(groupRef='g2').split('.')[2]}"


def same_bytes_spelled_otherwise(sign: Signer) -> str:
    """The last character of 256 bytes holds four bits that do not count."""
    token = sign.token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    place = alphabet.index(token[-1])
    return token[:-1] + alphabet[place + 1 if place % 16 == 0 else place - 1]


MALFORMED: dict[str, Callable[[Signer], str]] = {
    "empty": lambda _: "",
    "no JWS": lambda _: "token",
    "two parts": lambda sign: sign.token().rpartition(".")[0],
    "four parts": lambda sign: sign.token() + ".e30",
    "five parts": lambda sign: sign.token() + ".e30.e30",
    "padded": lambda sign: sign.token() + "==",
    "with a newline": lambda sign: sign.token() + "\n",
    "not base64url": lambda sign: sign.token().replace(".", ".+", 1),
    "not ASCII": lambda sign: sign.token() + "é",
    "a part of one character": lambda _: "a.a.a",
    "spelled otherwise": same_bytes_spelled_otherwise,
    "too long": lambda sign: sign.token(padding="x" * 8_192),
    "header no JSON": lambda sign: sign.raw("alg", {}),
    "header a list": lambda sign: sign.raw('["RS256"]', sign.claims()),
    "header nested deep": lambda sign: sign.raw("[" * 5_000, {}),
    "claims no JSON": lambda sign: sign.raw(json.dumps({"alg": "RS256", "kid": sign.kid}), "{"),
    "claims a text": lambda sign: sign.raw(json.dumps({"alg": "RS256", "kid": sign.kid}), '"g1"'),
    "member twice in the header": lambda sign: sign.raw(
        f'{{"alg":"none","alg":"RS256","kid":"{sign.kid}"}}', sign.claims()
    ),
    "member twice in the claims": lambda sign: sign.raw(
        json.dumps({"alg": "RS256", "kid": sign.kid}), json.dumps(sign.claims())[:-1] + ',"groupRef":"g2"}'
    ),
    "claims not UTF-8": lambda sign: sign.raw(
        json.dumps({"alg": "RS256", "kid": sign.kid}), '{"groupRef":"\\ud800"}'
    ),
    "no algorithm": lambda sign: sign.token({"alg": ...}),
    "alg none": unsigned,
    "alg None": lambda sign: unsigned(sign, "None"),
    "alg none with a signature": lambda sign: sign.token({"alg": "none"}),
    "no signature": lambda sign: unsigned(sign, "RS256"),
    "alg HS256 over the public key": forged_with_the_public_key,
    "alg RS512": lambda sign: sign.token({"alg": "RS512"}),
    "alg PS256": lambda sign: sign.token({"alg": "PS256"}),
    "alg rs256": lambda sign: sign.token({"alg": "rs256"}),
    "alg a list": lambda sign: sign.token({"alg": ["RS256"]}),
    "no kid": lambda sign: sign.token({"kid": ...}),
    "kid a number": lambda sign: sign.token({"kid": 1}),
    "kid huge": lambda sign: sign.token({"kid": "a" * 6_000}),
    "kid of another kind": lambda sign: sign.token({"kid": "key_" + sign.kid.replace("-", "")}),
    "kid unknown": lambda sign: sign.token({"kid": "0" * 8 + sign.kid[8:]}),
    "kid SQL": lambda sign: sign.token({"kid": "' OR 1=1 --"}),
    "critical extensions": lambda sign: sign.token({"crit": ["b64"], "b64": True}),
    "not encoded": lambda sign: sign.token({"b64": False}),
    "another type": lambda sign: sign.token({"typ": "at+jwt"}),
    "a type that is no text": lambda sign: sign.token({"typ": 1}),
    "another key": lambda sign: replace(sign, key=rsa(number=1)).token(),
    "another token's signature": other_signature,
    "claims changed": lambda sign: sign.token().replace(
        sign.token().split(".")[1], base64url(json.dumps(sign.claims(groupRef="g2")).encode())
    ),
    "no group": lambda sign: sign.token(groupRef=...),
    "group null": lambda sign: sign.token(groupRef=None),
    "group a number": lambda sign: sign.token(groupRef=1),
    "group a list": lambda sign: sign.token(groupRef=["g1"]),
    "group empty": lambda sign: sign.token(groupRef=""),
    "group too long": lambda sign: sign.token(groupRef="g" * 256),
    "group with a newline": lambda sign: sign.token(groupRef="g\n1"),
    "no consumer": lambda sign: sign.token(consumerRef=...),
    "consumer an object": lambda sign: sign.token(consumerRef={"ref": "c1"}),
    "consumer too long": lambda sign: sign.token(consumerRef="c" * 256),
    "no iat": lambda sign: sign.token(iat=...),
    "no exp": lambda sign: sign.token(exp=...),
    "exp a text": lambda sign: sign.token(exp=str(NOW_S + 600)),
    "exp true": lambda sign: sign.token(exp=True),
    "exp NaN": lambda sign: sign.raw(
        json.dumps({"alg": "RS256", "kid": sign.kid}), json.dumps(sign.claims(exp=float("nan")))
    ),
    "exp beyond numbers": lambda sign: sign.token(exp=10**30),
    "exp infinite": lambda sign: sign.raw(
        json.dumps({"alg": "RS256", "kid": sign.kid}),
        json.dumps(sign.claims()).replace(f"{NOW_S + 600}", "1e999"),
    ),
    "longer than ten minutes": lambda sign: sign.token(exp=NOW_S + 601),
    "over before it begins": lambda sign: sign.token(iat=NOW_S, exp=NOW_S),
    "expired": lambda sign: sign.token(iat=NOW_S - 300, exp=NOW_S - 60),
    "issued in the future": lambda sign: sign.token(iat=NOW_S + 61),
    "not yet": lambda sign: sign.token(nbf=NOW_S + 61),
    "not before true": lambda sign: sign.token(nbf=True),
    "not before a text": lambda sign: sign.token(nbf="now"),
}


@pytest.mark.parametrize("name", sorted(MALFORMED))
def test_hostile_tokens_are_refused_and_nothing_happens(
    still_world: World, still_signer: Signer, name: str
) -> None:
    with still_world.refuses(UnauthenticatedError, "unauthenticated"):
        enter(still_world, MALFORMED[name](still_signer))


GOOD: dict[str, dict[str, Any]] = {
    "as it is": {},
    "fractions": {"iat": NOW_S + 0.5, "exp": NOW_S + 600.5},
    "issued by a fast clock": {"iat": NOW_S + 60, "exp": NOW_S + 660},
    "expired by a fast clock": {"iat": NOW_S - 300, "exp": NOW_S - 59},
    "valid since": {"nbf": NOW_S},
    "names of any characters": {"groupRef": "Größe/äöü 漢字 🙂", "consumerRef": "a@b.test"},
    "names as long as can be": {"groupRef": "🙂" * 255, "consumerRef": "c" * 255},
    "members we do not know": {"aud": "x", "iss": "y", "sub": "z", "jti": "1", "roles": ["admin"]},
}


@pytest.mark.parametrize("name", sorted(GOOD))
def test_good_tokens_let_in(still_world: World, still_signer: Signer, name: str) -> None:
    actor = enter(still_world, still_signer.token(**GOOD[name]))
    assert (actor.group_ref, actor.consumer_ref) == (
        GOOD[name].get("groupRef", "g1"),
        GOOD[name].get("consumerRef", "c1"),
    )


def test_a_token_without_a_type_is_good(still_world: World, still_signer: Signer) -> None:
    assert enter(still_world, still_signer.token({"typ": ...})).front_end


def test_time_is_the_transactions_unless_given(world: World) -> None:
    token = signer(make_key(world)).token()
    world.clock.advance(timedelta(seconds=659))
    assert enter(world, token)
    world.clock.advance(timedelta(seconds=1))
    with pytest.raises(UnauthenticatedError, match="expired"):
        enter(world, token)
    assert world.read(access.authenticate_front_end, token, NOW)


def test_unknown_keys_and_wrong_signatures_look_alike(still_world: World, still_signer: Signer) -> None:
    names = ("kid unknown", "kid SQL", "another key", "another token's signature", "claims changed")
    said = set()
    for token in [MALFORMED[name](still_signer) for name in names]:
        with pytest.raises(UnauthenticatedError) as caught:
            enter(still_world, token)
        said.add(caught.value.message)
    assert said == {"the token is signed with no known key"}


def test_a_key_lets_into_its_own_project_only(world: World) -> None:
    here = signer(make_key(world))
    there = make_key(world, "stranger", project_id=world.far, number=1)
    with pytest.raises(UnauthenticatedError):
        enter(world, Signer(format_uuid(there.id), here.key).token())
    far = world.group(world.far, "g1")
    actor = enter(world, here.token())
    assert actor.group_id is None
    assert world.read(workspaces.find_group, actor, world.one, "g1") is None
    with pytest.raises(NotFoundError):
        world.read(workspaces.find_group, actor, world.far, "g1")
    with pytest.raises(NotFoundError):
        world.read(workspaces.get_workspace, actor, far.id)


def test_other_groups_look_like_none_whether_they_are_there_or_not(world: World) -> None:
    actor = enter(world, signer(make_key(world)).token())
    group = world.group(world.one, "g2")
    for ref in ("g2", "g3"):
        assert world.read(workspaces.find_group, actor, world.one, ref) is None
        with world.refuses(access.OtherFrontEndError, "other_front_end"):
            world.write(workspaces.ensure_group, actor, world.one, ref)
    with pytest.raises(NotFoundError):
        world.read(access.require_workspace, actor, group.id, Tier.VIEWER)
    world.group(world.one, "g1")
    page = world.read(lambda tx: workspaces.list_groups(tx, actor, world.one, ListQuery()))
    assert [row.external_ref for row in page.rows] == ["g1"]


def test_a_page_names_its_own_consumer_only(world: World) -> None:
    actor = enter(world, signer(make_key(world)).token())
    other = world.write(workspaces.ensure_consumer, SYSTEM, world.one, "c2")
    for ref in ("c2", "c3"):
        assert world.read(workspaces.find_consumer, actor, world.one, ref) is None
        with world.refuses(access.OtherFrontEndError, "other_front_end"):
            world.write(workspaces.ensure_consumer, actor, world.one, ref)
    own = world.write(workspaces.ensure_consumer, actor, world.one, "c1", "Carla")
    assert world.read(workspaces.find_consumer, actor, world.one, "c1") == own
    assert world.read(lambda tx: workspaces.list_consumers(tx, actor, world.one, ListQuery())).rows == []
    for consumer in (own, other):
        with pytest.raises(NotFoundError):
            world.read(workspaces.get_consumer, actor, consumer.id)


def test_a_page_sees_nothing_in_the_project_but_what_is_published(world: World) -> None:
    group = world.group(world.one, "g1")
    items = {
        world.item(world.one): "integration",
        world.item(group.id): "in the group",
        world.item(world.two): "elsewhere",
    }
    things = {world.thing(world.one)[0]: "in the project", world.thing(group.id)[0]: "in the group"}
    actor = enter(world, signer(make_key(world)).token())
    assert View(world, actor, ITEM, items).listed() == {"integration", "in the group"}
    assert View(world, actor, ITEM, items).inside() == {"in the group"}
    assert View(world, actor, ITEM, items).holding(Tier.EDITOR) == {"in the group"}
    assert View(world, actor, THING, things).listed() == {"in the group"}
    for spec in (access.USER, access.WORKSPACE_MEMBER, access.ORGANIZATION_MEMBER, access.TEAM, access.KEY):
        everything = dict.fromkeys(world.users.values(), "user")
        assert View(world, actor, spec, everything).visible() == set()


def test_a_page_has_no_part_in_what_its_user_was_given(world: World) -> None:
    item = world.item(world.one)
    for subject, kind in ((world.users["admin"], "user"), (world.acme, "organization"), (None, "anyone")):
        world.grant(item, kind, subject, "admin")
    world.key("admin", workspace_id=world.one)
    actor = enter(world, signer(make_key(world)).token())
    place = {"organization_id": world.acme, "workspace_id": world.one}
    assert world.read(access.tier_on, actor, **place, entity_id=item) is Tier.VIEWER
    assert View(world, actor, ITEM, {item: "item"}).holding(Tier.EDITOR) == set()
    with world.refuses(ForbiddenError, "scope_missing"):
        world.read(lambda tx: access.list_keys(tx, actor, ListQuery()))


@pytest.mark.parametrize(
    "verb",
    [
        lambda world: (workspaces.delete_workspace, world.one),
        lambda world: (workspaces.purge_workspace, world.one),
        lambda world: (workspaces.update_workspace, workspaces.UpdateWorkspace(id=world.one, name="x")),
        lambda world: (access.delete_jwt_key, world.one, "a" * 32),
        lambda world: (access.revoke_key, "a" * 32),
        lambda world: (
            access.create_jwt_key,
            access.CreateJwtKey(workspace_id=world.one, label="x", public_key_pem=public_pem(rsa())),
        ),
    ],
)
def test_a_page_administers_nothing(world: World, verb: Any) -> None:
    actor = enter(world, signer(make_key(world)).token())
    function, *arguments = verb(world)
    with world.refuses(ForbiddenError, "scope_missing"):
        world.write(function, actor, *arguments)


def test_a_key_for_pages_opens_to_all_groups_what_a_token_opens_to_one(world: World) -> None:
    request = access.CreateProjectKey(workspace_id=world.one, label="pages", scopes=("frontend",))
    issued = world.write(
        lambda tx: access.create_project_key(tx, world.actor("admin"), request, pepper=PEPPER)
    )
    digest = key_hash(PEPPER, issued.secret.reveal())

    def statements(tx: Tx) -> tuple[Actor, int]:
        return access.authenticate(tx, digest), tx.statements

    actor, count = world.read(statements)
    token = enter(world, signer(make_key(world)).token())
    one = replace(token, group_ref=None, consumer_ref=None, request_id=None, key_id=issued.row.id)
    assert (actor, count) == (replace(one, over_groups=True), 2)
    first, second = world.group(world.one, "g1"), world.write(workspaces.ensure_group, actor, world.one, "g2")
    things = {
        world.thing(world.one)[0]: "project",
        world.thing(first.id)[0]: "g1",
        world.thing(second.id)[0]: "g2",
    }
    assert View(world, actor, THING, things).holding(Tier.EDITOR) == {"g1", "g2"}
