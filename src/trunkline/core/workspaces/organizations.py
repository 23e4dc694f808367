"""Organizations: the tenants. Nothing is shared between two of them unless somebody shares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET, Raw, UnsetType, structs

from trunkline.core.access import (
    RETENTION_DAYS,
    CreateUser,
    Permission,
    Scalar,
    add_membership,
    admit_user,
    check_email,
    check_fields,
    require_fellow,
    require_organization,
    require_owner,
    scope,
)
from trunkline.core.journal import Change, record
from trunkline.core.workspaces.errors import HandleTakenError
from trunkline.core.workspaces.queries import BY_ID, IS_LIVE_WORKSPACE, ORGANIZATION_HANDLE_TAKEN
from trunkline.core.workspaces.specs import ORGANIZATION, OrganizationRow
from trunkline.core.workspaces.tables import organizations
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.text import check_handle, check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOrganization:
    """The request to make an organization, owned by the caller or by a new user.

    Attributes:
        name: what people call it.
        handle: unique in the instance.
        owner_email, owner_name: of the user to make its owner; both or neither.
        owner_operator: whether that user is to be an operator.
        retention_tier: what deletions in it will record.
        settings: what it says of itself; no secrets.
    """

    name: str
    handle: str
    owner_email: str | None = None
    owner_name: str | None = None
    owner_operator: bool = False
    retention_tier: str = "medium"
    settings: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOrganization:
    """The request to change an organization; what is UNSET stays as it is."""

    id: str
    name: str | UnsetType = UNSET
    retention_tier: str | UnsetType = UNSET
    settings: Mapping[str, Scalar] | UnsetType = UNSET
    default_workspace_id: str | UnsetType | None = UNSET
    owner_id: str | UnsetType = UNSET


def list_organizations(tx: Tx, actor: Actor, query: ListQuery) -> Page[OrganizationRow]:
    """The organizations the caller belongs to.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.ORGANIZATIONS_READ)
    return lists.list_rows(tx, ORGANIZATION, query, scope(actor, tx.specs))


def get_organization(tx: Tx, actor: Actor, organization_id: str) -> OrganizationRow:
    """One organization.

    Raises:
        NotFoundError: absent, or not the caller's.
    """
    actor.require(Permission.ORGANIZATIONS_READ)
    return _visible(tx, actor, organization_id)


def create_organization(tx: Tx, actor: Actor, request: CreateOrganization) -> OrganizationRow:
    """Make an organization and its owner.

    Raises:
        ForbiddenError: the caller is no operator.
        InvalidRequestError: the name, handle, owner, retention tier or a setting is malformed, or the system
            names no owner.
        HandleTakenError: an organization has this handle.
    """
    actor.require(Permission.ORGANIZATIONS_WRITE)
    actor.require_operator("making an organization")
    check_name("name", request.name)
    check_handle("handle", request.handle)
    _check_retention(request.retention_tier)
    settings = check_fields("settings", request.settings)
    _check_owner(actor, request)
    if tx.value(ORGANIZATION_HANDLE_TAKEN, handle=request.handle):
        raise HandleTakenError(request.handle)
    row = OrganizationRow(
        id=tx.new_id(),
        name=request.name,
        handle=request.handle,
        owner_id=actor.user_id,
        retention_tier=request.retention_tier,
        settings=Raw(settings.encode()),
        default_workspace_id=None,
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.insert(organizations, **structs.asdict(row) | {"settings": settings})
    event_id = _journal(tx, actor, "created", row)
    if request.owner_email is None or request.owner_name is None:
        add_membership(tx, actor, row.id, row.owner_id, "owner", parent_id=event_id)
        return row
    owner = admit_user(
        tx,
        actor,
        CreateUser(
            organization_id=row.id,
            email=request.owner_email,
            name=request.owner_name,
            role="owner",
            operator=request.owner_operator,
        ),
    )
    tx.update(organizations, BY_ID, {"id": row.id}, owner_id=owner.id)
    return structs.replace(row, owner_id=owner.id)


def update_organization(tx: Tx, actor: Actor, request: UpdateOrganization) -> OrganizationRow:
    """Rename an organization, change its settings or what its deletions record from now on, or hand it over.

    The new owner must hold the owner role already; the old one keeps it.

    Raises:
        NotFoundError: absent or not the caller's; or the default workspace is no live one of its own.
        ForbiddenError: the caller does not administer it, or is no owner and hands it over.
        InvalidRequestError: a member is malformed, or the new owner is no owner.
    """
    actor.require(Permission.ORGANIZATIONS_WRITE)
    before = _visible(tx, actor, request.id)
    require_organization(tx, actor, request.id, Tier.ADMIN)
    wanted = _wanted(request)
    changes = {name: value for name, value in wanted.items() if value != getattr(before, name)}
    if "owner_id" in changes:
        require_owner(tx, actor, before.id)
        if require_fellow(tx, before.id, changes["owner_id"]) != "owner":
            raise InvalidRequestError.at("ownerId", "must hold the owner role in the organization")
    workspace_id = changes.get("default_workspace_id")
    if workspace_id is not None and not tx.value(
        IS_LIVE_WORKSPACE, id=workspace_id, organization_id=before.id
    ):
        raise NotFoundError("workspace")
    if not changes:
        return before
    after = structs.replace(before, **changes, updated_at=tx.now)
    stored = {
        name: bytes(value).decode() if isinstance(value, Raw) else value for name, value in changes.items()
    }
    tx.update(organizations, BY_ID, {"id": before.id}, **stored, updated_at=tx.now)
    _journal(tx, actor, "updated", after, tuple(changes))
    return after


def _wanted(request: UpdateOrganization) -> dict[str, Any]:
    """The members that are given, checked as far as the request alone tells."""
    wanted: dict[str, Any] = {}
    if request.name is not UNSET:
        wanted["name"] = check_name("name", request.name)
    if request.retention_tier is not UNSET:
        wanted["retention_tier"] = _check_retention(request.retention_tier)
    if request.settings is not UNSET:
        wanted["settings"] = Raw(check_fields("settings", request.settings).encode())
    if request.default_workspace_id is not UNSET:
        wanted["default_workspace_id"] = request.default_workspace_id
    if request.owner_id is not UNSET:
        wanted["owner_id"] = request.owner_id
    return wanted


def _visible(tx: Tx, actor: Actor, organization_id: str) -> OrganizationRow:
    row = lists.get_row(tx, ORGANIZATION, organization_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("organization")
    return row


def _check_owner(actor: Actor, request: CreateOrganization) -> None:
    if request.owner_email is not None:
        check_email("ownerEmail", request.owner_email)
        check_name("ownerName", request.owner_name or "")
    elif request.owner_name is not None or actor.is_system:
        raise InvalidRequestError.at("ownerEmail", "must name the owner")


def _check_retention(tier: str) -> str:
    if tier not in RETENTION_DAYS:
        raise InvalidRequestError.at("retentionTier", f"must be one of {', '.join(RETENTION_DAYS)}")
    return tier


def _journal(tx: Tx, actor: Actor, verb: str, row: OrganizationRow, changed: tuple[str, ...] = ()) -> str:
    change = Change(
        type=f"organization.{verb}",
        subject_kind="organization",
        subject_id=row.id,
        organization_id=row.id,
        changed=changed,
    )
    return record(tx, actor, change)
