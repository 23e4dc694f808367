"""Access keys of installs: made, listed, replaced and revoked by editors of the workspace or the integration.

A key is shown once; what is kept is its digest and its last four characters.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from msgspec import Struct

from trunkline.core.access import Permission, TierTooLowError, scope
from trunkline.core.installs.authentication import SHOWN, generate_access_key
from trunkline.core.installs.errors import KeysFullError
from trunkline.core.installs.queries import BY_ID, LIVE_KEYS_OF, NEWEST_KEYS
from trunkline.core.installs.reads import visible_install
from trunkline.core.installs.rules import ByBothSides
from trunkline.core.installs.tables import install_keys
from trunkline.core.journal import Change, record
from trunkline.infra.db import Field, FieldKind, ListSpec, Tx, lists
from trunkline.infra.vault import key_hash
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.clock import read_stamp, stamp
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.filters import All, AnyOf, Compare, Node, Op, OrderKey
from trunkline.kit.ids import format_id
from trunkline.kit.pages import ListQuery, Page
from trunkline.kit.secret import Secret

KEYS_MAX: Final = 100  # live ones of an install
OVERLAP_S: Final = 86_400  # seconds a replaced key is still good for, unless said otherwise
OVERLAP_MAX_S: Final = 30 * 86_400


class InstallKeyRow(Struct, frozen=True):
    """An access key of an install, without the key."""

    id: str
    organization_id: str
    workspace_id: str
    install_id: str
    integration_id: str
    ending: str
    created_by: str
    created_at: str
    updated_at: str
    expires_at: str | None
    revoked_at: str | None
    last_active_at: str | None


class _KeyHolder(Struct, frozen=True):
    """A live install the caller may give keys to."""

    id: str
    organization_id: str
    workspace_id: str
    integration_id: str


@dataclass(frozen=True, slots=True)
class IssuedInstallKey:
    """A key's row and, this once, the key itself."""

    row: InstallKeyRow
    secret: Secret


INSTALL_KEY = ListSpec(
    entity="install_key",
    table="install_keys",
    row=InstallKeyRow,
    rule=ByBothSides(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("install_key",)),
        "install_id": Field(kind=FieldKind.ID, id_kinds=("install",)),
        "created_at": Field(kind=FieldKind.TIME),
        "updated_at": Field(kind=FieldKind.TIME),
        "expires_at": Field(kind=FieldKind.TIME, nullable=True),
        "revoked_at": Field(kind=FieldKind.TIME, nullable=True),
    },
    order=(OrderKey("updated_at", "desc"),),
)
_HOLDER = ListSpec(
    entity="key_holder", table="installs", row=_KeyHolder, rule=ByBothSides(), fields={}, soft_delete=True
)


def create_install_key(tx: Tx, actor: Actor, install_id: str, *, pepper: bytes) -> IssuedInstallKey:
    """Make an access key of an install; only its digest is kept.

    Raises:
        NotFoundError: the install is absent, deleted or outside the caller's scope.
        ForbiddenError: the caller is an editor neither of its workspace nor of its integration.
        ConflictError: the install has as many keys as it may have.

    Source: seed 004 and its reference B3, POST /integrations/installations/{inst}/accesskeys.
    """
    actor.require(Permission.INSTALL_KEYS_WRITE)
    holder = _holder(tx, actor, install_id)
    _require_room(tx, holder, KEYS_MAX)
    return _issue(tx, actor, holder, pepper)


def list_install_keys(
    tx: Tx, actor: Actor, query: ListQuery, *, install_id: str | None = None
) -> Page[InstallKeyRow]:
    """Access keys that have not ended, of one install or of all the caller looks after; last changed first.

    Raises:
        NotFoundError: the install is absent, deleted or outside the caller's scope.
        ForbiddenError: the caller is an editor neither of its workspace nor of its integration.
        InvalidRequestError: a bad place.
    """
    actor.require(Permission.INSTALL_KEYS_READ)
    conditions: list[Node] = [Compare("revoked_at", Op.EQ, None), _unexpired(tx)]
    if install_id is not None:
        conditions.append(Compare("install_id", Op.EQ, _holder(tx, actor, install_id).id))
    where = All((*conditions, *(() if query.where is None else (query.where,))))
    return lists.list_rows(tx, INSTALL_KEY, replace(query, where=where), scope(actor, tx.specs))


def newest_keys(tx: Tx, install_ids: Iterable[str]) -> dict[str, InstallKeyRow]:
    """The newest live key of each of these installs, which the caller has been shown; one statement."""
    rows = [InstallKeyRow(*found) for found in tx.fetch_for(NEWEST_KEYS, install_ids, now=tx.now)]
    return {row.install_id: row for row in rows}


def get_install_key(tx: Tx, actor: Actor, key_id: str) -> InstallKeyRow:
    """One access key that has not ended.

    Raises:
        NotFoundError: absent, ended, or outside the caller's scope.
    """
    actor.require(Permission.INSTALL_KEYS_READ)
    return _live_key(tx, actor, key_id)


def revoke_install_key(tx: Tx, actor: Actor, key_id: str) -> InstallKeyRow:
    """End an access key from the next request on.

    Raises:
        NotFoundError: absent, ended already, or outside the caller's scope.
    """
    actor.require(Permission.INSTALL_KEYS_WRITE)
    row = _live_key(tx, actor, key_id)
    tx.update(install_keys, BY_ID, {"id": row.id}, revoked_at=tx.now, updated_at=tx.now)
    _journal(tx, actor, "revoked", row)
    return _again(tx, actor, row.id)


def rotate_install_key(
    tx: Tx, actor: Actor, key_id: str, *, pepper: bytes, overlap_s: int = OVERLAP_S
) -> IssuedInstallKey:
    """Make the key that replaces another one, which ends by itself `overlap_s` seconds later or sooner.

    Raises:
        NotFoundError: the key is absent, ended, or outside the caller's scope, or its install is deleted.
        InvalidRequestError: the overlap is negative or longer than 30 days.
        ConflictError: too many keys have been replaced and not ended yet.
    """
    actor.require(Permission.INSTALL_KEYS_WRITE)
    if not 0 <= overlap_s <= OVERLAP_MAX_S:
        raise InvalidRequestError.at("overlapSeconds", f"must be between 0 and {OVERLAP_MAX_S}")
    row = _live_key(tx, actor, key_id)
    holder = _holder(tx, actor, row.install_id)
    # An install with all the keys it may have must still be able to change each of them.
    _require_room(tx, holder, 2 * KEYS_MAX)
    until = stamp(read_stamp(tx.now) + timedelta(seconds=overlap_s))
    ends = until if row.expires_at is None else min(until, row.expires_at)
    tx.update(install_keys, BY_ID, {"id": row.id}, expires_at=ends, updated_at=tx.now)
    event_id = _journal(tx, actor, "replaced", row, changed=("expiresAt",))
    return _issue(tx, actor, holder, pepper, parent_id=event_id)


def _issue(
    tx: Tx, actor: Actor, holder: _KeyHolder, pepper: bytes, parent_id: str | None = None
) -> IssuedInstallKey:
    secret = generate_access_key()
    row = InstallKeyRow(
        id=tx.new_id(),
        organization_id=holder.organization_id,
        workspace_id=holder.workspace_id,
        install_id=holder.id,
        integration_id=holder.integration_id,
        ending=secret.reveal()[-SHOWN:],
        created_by=actor.user_id,
        created_at=tx.now,
        updated_at=tx.now,
        expires_at=None,
        revoked_at=None,
        last_active_at=None,
    )
    values: dict[str, Any] = {name: getattr(row, name) for name in row.__struct_fields__}
    tx.insert(install_keys, **values, digest=key_hash(pepper, secret.reveal()))
    _journal(tx, actor, "created", row, parent_id=parent_id)
    return IssuedInstallKey(row, secret)


def _require_room(tx: Tx, holder: _KeyHolder, most: int) -> None:
    if tx.value(LIVE_KEYS_OF, install_id=holder.id, now=tx.now) >= most:
        raise KeysFullError(f"the install has {most} access keys; revoke one first")


def _holder(tx: Tx, actor: Actor, install_id: str) -> _KeyHolder:
    found = lists.get_row(tx, _HOLDER, install_id, scope(actor, tx.specs), deleted=False)
    if found is not None:
        return found
    if visible_install(tx, actor, install_id).deleted_at is not None:
        raise NotFoundError("install")
    raise TierTooLowError(Tier.EDITOR, "install")


def _live_key(tx: Tx, actor: Actor, key_id: str) -> InstallKeyRow:
    row = lists.get_row(tx, INSTALL_KEY, key_id, scope(actor, tx.specs))
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= tx.now):
        raise NotFoundError("access key")
    return row


def _again(tx: Tx, actor: Actor, key_id: str) -> InstallKeyRow:
    row = lists.get_row(tx, INSTALL_KEY, key_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("access key")
    return row


def _unexpired(tx: Tx) -> AnyOf:
    return AnyOf((Compare("expires_at", Op.EQ, None), Compare("expires_at", Op.GT, tx.now)))


def _journal(
    tx: Tx,
    actor: Actor,
    verb: str,
    row: InstallKeyRow,
    *,
    changed: tuple[str, ...] = (),
    parent_id: str | None = None,
) -> str:
    change = Change(
        type=f"install_key.{verb}",
        subject_kind="install_key",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=changed,
        data={"installId": format_id("install", row.install_id)},
        parent_id=parent_id,
    )
    return record(tx, actor, change)
