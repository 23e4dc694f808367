"""Users: the people and services everything is done as."""

from __future__ import annotations

import re
from dataclasses import dataclass

from msgspec import UNSET, UnsetType, structs

from trunkline.core.access.authorize import require_organization, require_owner
from trunkline.core.access.errors import EmailTakenError, OrganizationOwnerError, TierTooLowError
from trunkline.core.access.organization_members import add_membership
from trunkline.core.access.permissions import Permission
from trunkline.core.access.queries import BY_ID, EMAIL_TAKEN, OWNED, ROLE
from trunkline.core.access.scope import scope
from trunkline.core.access.specs import ORGANIZATION_ROLES, USER, UserRow
from trunkline.core.access.tables import users
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.text import check_name

MAX_EMAIL = 254  # characters; RFC 5321 section 4.5.3.1.3
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+")
_FOLDED = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateUser:
    """The request to make a user, managed by and member of an organization."""

    organization_id: str
    email: str
    name: str
    role: str = "member"
    operator: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateUser:
    """The request to change a user; what is UNSET stays as it is."""

    id: str
    name: str | UnsetType = UNSET
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
        InvalidRequestError: the e-mail address, name or role is malformed.
        EmailTakenError: a user of the organization has this address.
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
        InvalidRequestError: the e-mail address, name or role is malformed.
        EmailTakenError: a user of the organization has this address.
    """
    if request.role not in ORGANIZATION_ROLES:
        raise InvalidRequestError.at("role", f"must be one of {', '.join(ORGANIZATION_ROLES)}")
    row = UserRow(
        id=tx.new_id(),
        organization_id=request.organization_id,
        email=check_email("email", request.email),
        name=check_name("name", request.name),
        operator=request.operator,
        active=True,
        created_at=tx.now,
        updated_at=tx.now,
    )
    if tx.value(EMAIL_TAKEN, organization_id=row.organization_id, email=row.email):
        raise EmailTakenError("a user of this organization has this e-mail address")
    tx.insert(users, **structs.asdict(row) | {"operator": int(row.operator), "active": 1})
    event_id = _journal(tx, actor, "created", row)
    add_membership(tx, actor, row.organization_id, row.id, request.role, parent_id=event_id)
    return row


def update_user(tx: Tx, actor: Actor, request: UpdateUser) -> UserRow:
    """Rename a user, or let them in or keep them out; their keys stop working while they are not active.

    Users may rename themselves; the rest is for those who administer the organization that manages them.

    Raises:
        NotFoundError: absent, or in no organization of the caller's.
        ForbiddenError: the caller may not change this user, or is no owner where the user is one.
        OrganizationOwnerError: the user owns an organization and cannot be deactivated.
        InvalidRequestError: the name is malformed.
    """
    actor.require(Permission.USERS_WRITE)
    row = visible_user(tx, actor, request.id)
    renames_self = request.id == actor.user_id and request.active is UNSET
    if not renames_self:
        _require_manager(tx, actor, row)
    name = row.name if request.name is UNSET else check_name("name", request.name)
    active = row.active if request.active is UNSET else request.active
    changed = tuple(
        member
        for member, differs in (("name", name != row.name), ("active", active != row.active))
        if differs
    )
    if not changed:
        return row
    if not active and row.active and tx.value(OWNED, user_id=row.id):
        raise OrganizationOwnerError("the user owns an organization: hand it over first")
    after = structs.replace(row, name=name, active=active, updated_at=tx.now)
    tx.update(users, BY_ID, {"id": row.id}, name=name, active=int(active), updated_at=tx.now)
    _journal(tx, actor, "updated", after, changed)
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
    return value.translate(_FOLDED)


def _require_manager(tx: Tx, actor: Actor, row: UserRow) -> None:
    if not actor.is_system and row.organization_id not in actor.organizations:
        # Seen through another organization: managed elsewhere.
        raise TierTooLowError(Tier.ADMIN, "user's organization")
    require_organization(tx, actor, row.organization_id, Tier.ADMIN)
    if tx.value(ROLE, organization_id=row.organization_id, user_id=row.id) == "owner":
        require_owner(tx, actor, row.organization_id)


def _journal(tx: Tx, actor: Actor, verb: str, row: UserRow, changed: tuple[str, ...] = ()) -> str:
    change = Change(
        type=f"user.{verb}",
        subject_kind="user",
        subject_id=row.id,
        organization_id=row.organization_id,
        changed=changed,
    )
    return record(tx, actor, change)
