"""Passwords: set by oneself or by whoever manages the user, and checked without telling who exists.

Hashing takes its time, so it never happens in here: a caller hashes or verifies between two transactions, as
`Logins` does.
"""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.core.access.errors import WholeKeyRequiredError
from trunkline.core.access.narrowing import require_secret_key
from trunkline.core.access.permissions import Permission
from trunkline.core.access.queries import (
    FIRST_ORGANIZATION,
    HAS_HASH,
    HASH_IS,
    HASH_OF,
    LOGIN_BY_EMAIL,
    LOGIN_BY_USERNAME,
    ORGANIZATION_CALLED,
)
from trunkline.core.access.sessions import end_sessions
from trunkline.core.access.specs import UserRow
from trunkline.core.access.tables import passwords
from trunkline.core.access.usernames import fold
from trunkline.core.access.users import MAX_EMAIL, require_manager, visible_user
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx
from trunkline.infra.vault.passwords import PasswordHash, decoy
from trunkline.kit.actor import Actor, system_actor
from trunkline.kit.ids import parse_id
from trunkline.kit.secret import Secret


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """What a password is to be verified against; looks the same whether or not there is such a user.

    Attributes:
        user_id: whose password it is; None where nobody is called that, or has none, or is not active.
        stored: their hash, or one that nothing fits.
        name: what tries are counted under: the organization's id and what the user is called there, however the
            organization was spelled; of one that is not there, as it was spelled.
    """

    user_id: str | None
    stored: PasswordHash
    name: tuple[str, str]


def set_password(tx: Tx, actor: Actor, user_id: str, hashed: PasswordHash) -> None:
    """Give a user a password, or another one; every session opened by logging in ends.

    Users set their own, and those who administer the organization that manages a user set theirs.

    Raises:
        NotFoundError: the user is absent, or in no organization of the caller's.
        ForbiddenError: the caller's key is not a secret one or is narrowed, or the caller does not manage the
            user, or is no owner or operator where the user is one.
        UnauthenticatedError: the caller's key is gone meanwhile.
    """
    row = require_password_setter(tx, actor, user_id)
    if tx.value(HAS_HASH, user_id=row.id) is None:
        tx.insert(
            passwords,
            id=tx.new_id(),
            organization_id=row.organization_id,
            user_id=row.id,
            encoded=hashed.encoded.reveal(),
            created_at=tx.now,
            updated_at=tx.now,
        )
    else:
        values = {"encoded": hashed.encoded.reveal(), "updated_at": tx.now}
        tx.update(passwords, HASH_OF, {"user_id": row.id}, **values)
    event_id = _journal(tx, actor, "password_set", row.organization_id, row)
    end_sessions(tx, actor, row.id, parent_id=event_id)


def require_password_setter(tx: Tx, actor: Actor, user_id: str) -> UserRow:
    """Refuse unless the caller may set the user's password; asked before it is hashed, and again with it.

    Raises:
        NotFoundError, ForbiddenError, UnauthenticatedError: as `set_password`.
    """
    actor.require(Permission.USERS_WRITE)
    row = visible_user(tx, actor, user_id)
    if row.id != actor.user_id:
        require_manager(tx, actor, row)
    _require_whole_key(tx, actor)
    return row


def find_password(tx: Tx, organization: str | None, username: str) -> PasswordCheck:
    """What to verify a password against, in two statements, for a user who says who they are.

    In three where an address has a `/` in it before which no organization's name stands: then all of it is the
    address.

    Args:
        tx: the transaction.
        organization: the handle or id of the organization that manages the user. Without one, the user name
            may begin with it (`acme/ada`), and otherwise the instance's first organization is meant: were
            names looked for everywhere, one organization could lock out users of another by taking theirs.
        username: the name or, if there is an @ in it, the e-mail address; in any case.
    """
    called = fold(username)
    split = organization is None and "/" in called
    if split:
        organization, _, called = called.partition("/")
    organization_id = _organization(tx, organization)
    name = (organization_id or parse_id("organization", organization or "") or organization or "", called)
    if split and not organization_id and "@" in called:
        # Counted as it would be were there such an organization, or else the count would tell whether there is.
        organization_id, called = _organization(tx, None), fold(username)
    sql = LOGIN_BY_EMAIL if "@" in called else LOGIN_BY_USERNAME
    found = tx.fetch(sql, {"organization_id": organization_id, "called": _storable(called)})
    for user_id, encoded in found:
        return PasswordCheck(user_id, PasswordHash(Secret(encoded)), name)
    return PasswordCheck(None, decoy(), name)


def renew_password(tx: Tx, check: PasswordCheck, hashed: PasswordHash) -> None:
    """Replace a hash by one of the same password with today's parameters, unless it changed meanwhile."""
    found = {"user_id": check.user_id, "encoded": check.stored.encoded.reveal()}
    values = {"encoded": hashed.encoded.reveal(), "updated_at": tx.now}
    if check.user_id is None or not tx.update(passwords, HASH_IS, found, **values):
        return
    actor = system_actor("password hashed with other parameters")
    row = visible_user(tx, actor, check.user_id)
    _journal(tx, actor, "password_rehashed", row.organization_id, row)


def _organization(tx: Tx, called: str | None) -> str:
    if called is None:
        return str(tx.value(FIRST_ORGANIZATION) or "")
    hex_id = parse_id("organization", called) or ""
    return str(tx.value(ORGANIZATION_CALLED, called=_storable(called), id=hex_id) or "")


def _storable(called: str) -> str:
    """What was given, or nothing where no stored name can be like it."""
    return called if len(called) <= MAX_EMAIL and called.isprintable() else ""


def _require_whole_key(tx: Tx, actor: Actor) -> None:
    require_secret_key(tx, actor)
    if actor.is_system:
        return
    if actor.operations is not None or actor.entity_ids is not None or actor.workspace_id is not None:
        raise WholeKeyRequiredError(
            "this key is narrowed; a password opens more than it does, so it cannot set one"
        )


def _journal(tx: Tx, actor: Actor, verb: str, organization_id: str, row: UserRow) -> str:
    change = Change(
        type=f"user.{verb}",
        subject_kind="user",
        subject_id=row.id,
        organization_id=organization_id,
        changed=("password",),
    )
    return record(tx, actor, change)
