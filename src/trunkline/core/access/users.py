"""Users: the people and services everything is done as."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET, Raw, UnsetType, structs

from trunkline.core.access.authorize import require_organization, require_owner
from trunkline.core.access.errors import (
    EmailTakenError,
    OrganizationOwnerError,
    TierTooLowError,
    UsernameTakenError,
)
from trunkline.core.access.fields import Scalar, check_fields
from trunkline.core.access.organization_members import add_membership
from trunkline.core.access.permissions import Permission
from trunkline.core.access.queries import BY_ID, EMAIL_TAKEN, OWNED, ROLE, USERNAME_TAKEN
from trunkline.core.access.scope import scope
from trunkline.core.access.specs import ORGANIZATION_ROLES, USER, UserRow
from trunkline.core.access.tables import users
from trunkline.core.access.usernames import check_username, fold, free_username
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.text import check_name

MAX_EMAIL = 254  # characters; RFC 5321 section 4.5.3.1.3
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUser:
    """The request to make a user, managed by and member of an organization.

    Attributes:
        username: what they log in with; made of the address where none is given.
        fields: what the organization says of them; no secrets.
    """

    organization_id: str
    email: str
    name: str
    username: str | None = None
    role: str = "member"
    operator: bool = False
    fields: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateUser:
    """The request to change a user; what is UNSET stays as it is."""

    id: str
    name: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    fields: Mapping[str, Scalar] | UnsetType = UNSET
    active: bool | UnsetType = UNSET


def list_users(tx: Tx, actor: Actor, query: ListQuery) -> Page[UserRow]:
    """Users the caller shares an organization with, and the caller.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.USERS_READ)
    return lists.list_rows(tx, USER, query, scope(actor, tx.specs))


def get_user(tx: Tx, actor: Actor, user_id: str) -> UserRow:
    """One user.

    Raises:
        NotFoundError: absent, or in no organization of the caller's.
    """
    actor.require(Permission.USERS_READ)
    return visible_user(tx, actor, user_id)


def create_user(tx: Tx, actor: Actor, request: CreateUser) -> UserRow:
    """Make a user in an organization.

    Raises:
        ForbiddenError: the caller does not administer the organization, is no owner where an owner is to be
            made, or no operator where an operator is.
        NotFoundError: the organization is absent or not the caller's.
        InvalidRequestError: the e-mail address, a name, the role or a field is malformed.
        EmailTakenError, UsernameTakenError: a user of the organization has this address or name.
    """
    actor.require(Permission.USERS_WRITE)
    require_organization(tx, actor, request.organization_id, Tier.ADMIN)
    if request.role == "owner":
        require_owner(tx, actor, request.organization_id)
    if request.operator:
        actor.require_operator("making an operator")
    return admit_user(tx, actor, request)


def admit_user(tx: Tx, actor: Actor, request: CreateUser) -> UserRow:
    """Make a user without asking whether the caller may: for the making of organizations.

    Raises:
        InvalidRequestError: the e-mail address, a name, the role or a field is malformed.
        EmailTakenError, UsernameTakenError: a user of the organization has this address or name.
    """
    if request.role not in ORGANIZATION_ROLES:
        raise InvalidRequestError.at("role", f"must be one of {', '.join(ORGANIZATION_ROLES)}")
    email = check_email("email", request.email)
    name = check_name("name", request.name)
    fields = check_fields("fields", request.fields)
    if tx.value(EMAIL_TAKEN, organization_id=request.organization_id, email=email):
        raise EmailTakenError("a user of this organization has this e-mail address")
    if request.username is None:
        username = free_username(tx, request.organization_id, email)
    else:
        username = _unclaimed(tx, request.organization_id, check_username("username", request.username))
    row = UserRow(
        id=tx.new_id(),
        organization_id=request.organization_id,
        email=email,
        username=username,
        name=name,
        fields=Raw(fields.encode()),
        operator=request.operator,
        active=True,
        created_at=tx.now,
        updated_at=tx.now,
    )
    stored = {"fields": fields, "operator": int(row.operator), "active": 1}
    tx.insert(users, **structs.asdict(row) | stored)
    event_id = _journal(tx, actor, "created", row)
    add_membership(tx, actor, row.organization_id, row.id, request.role, parent_id=event_id)
    return row


def update_user(tx: Tx, actor: Actor, request: UpdateUser) -> UserRow:
    """Change a user, or let them in or keep them out; their keys stop working while they are not active.

    Users may change their own name; the rest is for those who administer the organization that manages them,
    as others take user name and fields for what the organization says.

    Raises:
        NotFoundError: absent, or in no organization of the caller's.
        ForbiddenError: the caller may not change this user, or is no owner or operator where the user is one.
        OrganizationOwnerError: the user owns an organization and cannot be deactivated.
        InvalidRequestError: a name or field is malformed.
        UsernameTakenError: another user of the organization has this name.
    """
    actor.require(Permission.USERS_WRITE)
    row = visible_user(tx, actor, request.id)
    managed = (request.username, request.fields, request.active)
    if request.id != actor.user_id or any(member is not UNSET for member in managed):
        require_manager(tx, actor, row)
    changes = _changes(tx, row, request)
    if not changes:
        return row
    after = structs.replace(row, **changes, updated_at=tx.now)
    stored = {name: _stored(value) for name, value in changes.items()}
    tx.update(users, BY_ID, {"id": row.id}, **stored, updated_at=tx.now)
    _journal(tx, actor, "updated", after, tuple(changes))
    return after


def visible_user(tx: Tx, actor: Actor, user_id: str) -> UserRow:
    """One user the caller sees.

    Raises:
        NotFoundError: absent, or in no organization of the caller's.
    """
    row = lists.get_row(tx, USER, user_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("user")
    return row


def check_email(path: str, value: str) -> str:
    """The address with ASCII letters in lower case, so that one person is not two users.

    Raises:
        InvalidRequestError: not two parts around one @, or longer than 254 characters.
    """
    if len(value) > MAX_EMAIL or not _EMAIL.fullmatch(value):
        raise InvalidRequestError.at(path, "must be an e-mail address")
    return fold(value)


def require_manager(tx: Tx, actor: Actor, row: UserRow) -> None:
    """Refuse unless the caller administers the organization that manages the user.

    Raises:
        ForbiddenError: the caller does not, or is no owner or operator where the user is one.
    """
    if not actor.is_system and row.organization_id not in actor.organizations:
        # Seen through another organization: managed elsewhere.
        raise TierTooLowError(Tier.ADMIN, "user's organization")
    require_organization(tx, actor, row.organization_id, Tier.ADMIN)
    if tx.value(ROLE, organization_id=row.organization_id, user_id=row.id) == "owner":
        require_owner(tx, actor, row.organization_id)
    if row.operator:
        # Operators look after every organization: the one that manages them must not keep them out.
        actor.require_operator("managing an operator")


def _changes(tx: Tx, row: UserRow, request: UpdateUser) -> dict[str, Any]:
    """The members that come out different, checked."""
    wanted: dict[str, Any] = {}
    if request.name is not UNSET:
        wanted["name"] = check_name("name", request.name)
    if request.username is not UNSET:
        wanted["username"] = check_username("username", request.username)
    if request.fields is not UNSET:
        wanted["fields"] = Raw(check_fields("fields", request.fields).encode())
    if request.active is not UNSET:
        wanted["active"] = request.active
    changes = {name: value for name, value in wanted.items() if value != getattr(row, name)}
    if "username" in changes:
        _unclaimed(tx, row.organization_id, changes["username"])
    if changes.get("active") is False and tx.value(OWNED, user_id=row.id):
        raise OrganizationOwnerError("the user owns an organization: hand it over first")
    return changes


def _stored(value: Any) -> Any:
    if isinstance(value, Raw):
        return bytes(value).decode()
    return int(value) if isinstance(value, bool) else value


def _unclaimed(tx: Tx, organization_id: str, username: str) -> str:
    if tx.value(USERNAME_TAKEN, organization_id=organization_id, username=username):
        raise UsernameTakenError("a user of this organization has this user name")
    return username


def _journal(tx: Tx, actor: Actor, verb: str, row: UserRow, changed: tuple[str, ...] = ()) -> str:
    change = Change(
        type=f"user.{verb}",
        subject_kind="user",
        subject_id=row.id,
        organization_id=row.organization_id,
        changed=changed,
    )
    return record(tx, actor, change)
