"""Principals: users and teams, as people write them where either may stand.

    alice   user:alice   usr_0197…          a user by name or id
    team:Sales   team:tem_0197…   tem_0197…   a team by name or id
    0197…   01970000-…                      a user or team by id

What could be two principals is none: better nobody is found than the wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from trunkline.core.access.queries import BELONGING
from trunkline.core.access.scope import scope
from trunkline.core.access.specs import TEAM, USER, TeamRow, UserRow
from trunkline.core.access.usernames import fold, is_like_an_id
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor
from trunkline.kit.errors import NotFoundError
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import format_uuid, parse_any, parse_id
from trunkline.kit.pages import ListQuery

_ENOUGH = 100  # users of one name; more cannot be told apart either


class Principal(Struct, frozen=True):
    """A user, or a team; only a user has a username and an e-mail address."""

    kind: Literal["user", "team"]
    id: str
    organization_id: str
    name: str
    username: str | None = None
    email: str | None = None


def resolve_principal(tx: Tx, actor: Actor, text: str, *, organization_id: str | None = None) -> Principal:
    """The principal that is meant, among those the caller sees.

    Args:
        tx: the transaction.
        actor: who asks.
        text: how it was written.
        organization_id: only its members and teams are meant; None for all the caller's organizations.

    Raises:
        NotFoundError: nobody the caller sees is called that, or more than one is.
    """
    prefix, colon, rest = text.partition(":")
    if not colon:
        found = _by_id(tx, actor, text) if is_like_an_id(fold(text)) else _users(tx, actor, text)
    elif prefix == "user":
        found = _users(tx, actor, rest)
    elif prefix == "team":
        found = _teams(tx, actor, rest)
    else:
        found = []
    if organization_id is not None:
        found = _belonging(tx, organization_id, found)
    if len(found) != 1:
        raise NotFoundError("principal")
    return found[0]


def principals_of(
    tx: Tx, actor: Actor, subjects: Iterable[tuple[str, str]]
) -> Mapping[tuple[str, str], Principal]:
    """The principals of subjects (kind, 32 hex digits) that the caller sees, in two statements at most."""
    wanted = set(subjects)
    seen = scope(actor, tx.specs)
    users = sorted(hex_id for kind, hex_id in wanted if kind == "user")
    teams = sorted(hex_id for kind, hex_id in wanted if kind == "team")
    found = [_of_user(row) for row in lists.get_rows(tx, USER, users, seen)]
    found += [_of_team(row) for row in lists.get_rows(tx, TEAM, teams, seen)]
    return {(one.kind, one.id): one for one in found}


def principal_key(principal: Principal) -> str:
    """How a principal is printed: the bare username of a user, `team:` and a UUID for a team."""
    if principal.username is not None:
        return principal.username
    return f"{principal.kind}:{format_uuid(principal.id)}"


def _by_id(tx: Tx, actor: Actor, text: str) -> list[Principal]:
    named = parse_any(text)
    if named is not None:
        subjects = [named]
    else:
        hex_id = parse_id("user", text) or text.lower()  # without a prefix, any kind may be meant
        subjects = [(kind, hex_id) for kind in ("user", "team")]
    return list(principals_of(tx, actor, subjects).values())


def _users(tx: Tx, actor: Actor, text: str) -> list[Principal]:
    if is_like_an_id(fold(text)):
        return [one for one in _by_id(tx, actor, text) if one.kind == "user"]
    query = ListQuery(where=Compare("username", Op.EQ, fold(text)), limit=_ENOUGH, count=False)
    return [_of_user(row) for row in lists.list_rows(tx, USER, query, scope(actor, tx.specs)).rows]


def _teams(tx: Tx, actor: Actor, text: str) -> list[Principal]:
    if is_like_an_id(fold(text)):
        return [one for one in _by_id(tx, actor, text) if one.kind == "team"]
    query = ListQuery(where=Compare("name", Op.EQ, text), limit=_ENOUGH, count=False)
    return [_of_team(row) for row in lists.list_rows(tx, TEAM, query, scope(actor, tx.specs)).rows]


def _belonging(tx: Tx, organization_id: str, found: Sequence[Principal]) -> list[Principal]:
    """Those of them that are members or teams of the organization."""
    users = [one.id for one in found if one.kind == "user"]
    members = {row[0] for row in tx.fetch_for(BELONGING, users, organization_id=organization_id)}
    return [
        one
        for one in found
        if (one.id in members if one.kind == "user" else one.organization_id == organization_id)
    ]


def _of_user(row: UserRow) -> Principal:
    return Principal("user", row.id, row.organization_id, row.name, row.username, row.email)


def _of_team(row: TeamRow) -> Principal:
    return Principal("team", row.id, row.organization_id, row.name)
