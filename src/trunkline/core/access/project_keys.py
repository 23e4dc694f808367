"""Keys of a project: they act in the project and its groups, and are addressed by their own text.

A key has scopes, free words but for one: with `frontend` alone it may no more than a publisher's page may, since
that is where it stands to be read.

Source: ampersand reference, section 1.11 (API keys).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

from msgspec import UNSET, Raw, Struct, UnsetType, json

from trunkline.core.access.issuing import MAX_METADATA, Draft, holder, issue
from trunkline.core.access.narrowing import (
    narrowed_expiry,
    narrowed_objects,
    narrowed_operations,
    require_lasting_key,
    require_secret_key,
)
from trunkline.core.access.permissions import Permission
from trunkline.core.access.projects import Project, ProjectKeyData, bind_to_project, require_project
from trunkline.core.access.queries import BY_ID, PROJECT_KEY_BY_DIGEST, SESSIONS_OF
from trunkline.core.access.refs import check_ref
from trunkline.core.access.rules import InWorkspace
from trunkline.core.access.scope import scope
from trunkline.core.access.tables import access_keys
from trunkline.core.journal import Change, record
from trunkline.infra.db import Field, FieldKind, ListSpec, Tx, lists
from trunkline.infra.vault import key_hash
from trunkline.kit import keys
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.filters import All, Compare, Op
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.secret import Secret
from trunkline.kit.strictjson import encode

DIALECT: Final = "ampersand"
MAX_SCOPES = 50


class ProjectKeyRow(Struct, frozen=True):
    """A project's key, without anything it could be guessed or looked up by."""

    id: str
    organization_id: str
    workspace_id: str
    user_id: str
    label: str
    hint: str
    metadata: Raw
    active: bool
    created_by: str
    created_at: str

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the key is for, in its maker's words."""
        return json.decode(self.metadata, type=ProjectKeyData).scopes


@dataclass(frozen=True, slots=True)
class IssuedProjectKey:
    """A key's row and, this once, the key itself."""

    row: ProjectKeyRow
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateProjectKey:
    """The request for a project's key.

    Attributes:
        workspace_id: the project.
        label: for people to tell keys apart.
        scopes: what it is for; `frontend` alone narrows it to what a page may do.
        user_id: whom it acts as; only the system may name somebody else than the caller.
    """

    workspace_id: str
    label: str
    scopes: Collection[str] = ()
    user_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProjectKey:
    """The request to change a project's key; what is UNSET stays as it is."""

    workspace_id: str
    key: Secret
    label: str | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    scopes: Collection[str] | UnsetType = UNSET


PROJECT_KEY = ListSpec(
    entity="project_key",
    table="access_keys",
    row=ProjectKeyRow,
    rule=InWorkspace(),
    columns={"label": "{a}.name"},
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("key",)),
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
        "dialect": Field(kind=FieldKind.TEXT),
        "label": Field(kind=FieldKind.TEXT),
        "active": Field(kind=FieldKind.BOOLEAN),
        "created_at": Field(kind=FieldKind.TIME),
        "revoked_at": Field(kind=FieldKind.TIME, nullable=True),
    },
)


def list_project_keys(tx: Tx, actor: Actor, project_id: str, query: ListQuery) -> Page[ProjectKeyRow]:
    """The keys of a project that have not been deleted.

    Raises:
        NotFoundError: the project is absent or not the caller's.
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.KEYS_READ)
    bound = bind_to_project(tx, actor, project_id)
    own = (
        Compare("workspace_id", Op.EQ, project_id),
        Compare("dialect", Op.EQ, DIALECT),
        Compare("revoked_at", Op.EQ, None),
    )
    where = All(own if query.where is None else (*own, query.where))
    return lists.list_rows(tx, PROJECT_KEY, replace(query, where=where), scope(bound, tx.specs))


def get_project_key(tx: Tx, actor: Actor, project_id: str, key: Secret, *, pepper: bytes) -> ProjectKeyRow:
    """The key of a project that has this text.

    Raises:
        NotFoundError: the project or the key is absent or not the caller's, or the key was deleted.
    """
    actor.require(Permission.KEYS_READ)
    return _visible(tx, require_project(tx, actor, project_id, Tier.VIEWER), key, pepper)


def create_project_key(tx: Tx, actor: Actor, request: CreateProjectKey, *, pepper: bytes) -> IssuedProjectKey:
    """Make a key that acts as the caller in a project and its groups; only its digest is kept.

    A key made with a key inherits whatever narrows that one.

    Raises:
        NotFoundError: the project is absent or not the caller's.
        ForbiddenError: the caller is no admin there, acts through another kind of key than a secret one, or names
            somebody else to act as.
        InvalidRequestError: the label or a scope is malformed, or they are too many.
    """
    actor.require(Permission.KEYS_WRITE)
    project = require_project(tx, actor, request.workspace_id, Tier.ADMIN)
    draft = Draft(
        user_id=holder(actor, request.user_id),
        organization_id=project.organization_id,
        workspace_id=project.id,
        kind="secret",
        dialect=DIALECT,
        name=check_ref("label", request.label),
        operations=narrowed_operations(actor, None, "secret"),
        entity_ids=narrowed_objects(actor, None),
        expires_at=narrowed_expiry(tx, None, require_secret_key(tx, actor)),
        metadata={"scopes": _scopes(request.scopes)},
    )
    issued = issue(tx, actor, draft, "key.created", pepper)
    return IssuedProjectKey(_again(tx, project, issued.row.id), issued.secret)


def update_project_key(tx: Tx, actor: Actor, request: UpdateProjectKey, *, pepper: bytes) -> ProjectKeyRow:
    """Rename a project's key, change its scopes, or have it refused or accepted from the next request on.

    Raises:
        NotFoundError: the project or the key is absent or not the caller's, or the key was deleted.
        ForbiddenError: the caller is no admin there.
        ScopeExceededError: a key that is narrowed itself, or expires, would let another one do more.
        InvalidRequestError: the label or a scope is malformed, or they are too many.
    """
    actor.require(Permission.KEYS_WRITE)
    project = require_project(tx, actor, request.workspace_id, Tier.ADMIN)
    before = _visible(tx, project, request.key, pepper)
    changes: dict[str, Any] = {}
    if request.label is not UNSET and request.label != before.label:
        changes["name"] = check_ref("label", request.label)
    if request.active is not UNSET and request.active != before.active:
        changes["active"] = int(request.active)
    if request.scopes is not UNSET and tuple(request.scopes) != before.scopes:
        changes["metadata"] = encode({"scopes": _scopes(request.scopes)})
    if not changes:
        return before
    if "metadata" in changes or changes.get("active") == 1:
        # Keys for pages are read by anybody: whoever holds less than they would get must not widen them.
        require_lasting_key(tx, actor)
    tx.update(access_keys, BY_ID, {"id": before.id}, **changes)
    spelled = {"name": "label", "metadata": "scopes"}
    _journal(tx, actor, "key.updated", before, changed=tuple(spelled.get(name, name) for name in changes))
    return _again(tx, project, before.id)


def delete_project_key(tx: Tx, actor: Actor, project_id: str, key: Secret, *, pepper: bytes) -> None:
    """End a project's key, and the session tokens made with it, from the next request on.

    Raises:
        NotFoundError: the project or the key is absent or not the caller's, or the key was deleted already.
        ForbiddenError: the caller is no admin there.
    """
    actor.require(Permission.KEYS_WRITE)
    row = _visible(tx, require_project(tx, actor, project_id, Tier.ADMIN), key, pepper)
    tx.update(access_keys, BY_ID, {"id": row.id}, revoked_at=tx.now)
    tx.update(access_keys, SESSIONS_OF, {"parent_id": row.id}, revoked_at=tx.now)
    _journal(tx, actor, "key.revoked", row)


def _visible(tx: Tx, project: Project, key: Secret, pepper: bytes) -> ProjectKeyRow:
    # A malformed key costs no look-up.
    found = keys.parse(key.reveal())
    key_id = None
    if found is not None:
        key_id = tx.value(PROJECT_KEY_BY_DIGEST, digest=key_hash(pepper, found.text.reveal()))
    if key_id is None:
        raise NotFoundError("key")
    return _again(tx, project, key_id)


def _again(tx: Tx, project: Project, key_id: str) -> ProjectKeyRow:
    row = lists.get_row(tx, PROJECT_KEY, key_id, scope(project.actor, tx.specs))
    if row is None or row.workspace_id != project.id:
        raise NotFoundError("key")
    return row


def _scopes(scopes: Collection[str]) -> tuple[str, ...]:
    if len(scopes) > MAX_SCOPES:
        raise InvalidRequestError.at("scopes", f"more than {MAX_SCOPES} items")
    checked = tuple(check_ref(f"scopes[{index}]", one) for index, one in enumerate(scopes))
    if len(encode({"scopes": checked}).encode()) > MAX_METADATA:
        raise InvalidRequestError.at("scopes", f"more than {MAX_METADATA} bytes")
    return checked


def _journal(tx: Tx, actor: Actor, event: str, row: ProjectKeyRow, changed: tuple[str, ...] = ()) -> None:
    change = Change(
        type=event,
        subject_kind="key",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=changed,
    )
    record(tx, actor, change)
