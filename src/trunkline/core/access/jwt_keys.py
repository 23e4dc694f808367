"""JWT keys of a project: the public halves of what publishers' servers sign their pages' tokens with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from msgspec import UNSET, Struct, UnsetType, structs

from trunkline.core.access.front_ends import ALGORITHM
from trunkline.core.access.issuing import holder
from trunkline.core.access.narrowing import require_lasting_key
from trunkline.core.access.permissions import Permission
from trunkline.core.access.projects import Project, bind_to_project, require_project
from trunkline.core.access.queries import BY_ID
from trunkline.core.access.refs import check_ref
from trunkline.core.access.rules import InWorkspace
from trunkline.core.access.scope import scope
from trunkline.core.access.tables import jwt_keys
from trunkline.core.journal import Change, empty_payloads, record
from trunkline.infra.db import Field, FieldKind, ListSpec, Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.filters import Compare, Op, both
from trunkline.kit.pages import ListQuery, Page

BITS = (2_048, 8_192)  # of the modulus: below, a key can be broken; above, checking a token takes too long
EXPONENT_MAX = 2**32  # as with the bits: checking takes as long as the exponent is; 65,537 is what keys have
MAX_PEM = 16_384  # characters
_BEGIN, _END = "-----BEGIN ", "-----END "


class JwtKeyRow(Struct, frozen=True):
    """A JWT key; its id is the `kid` of the tokens. Pages act as `user_id`, within what a page may do."""

    id: str
    organization_id: str
    workspace_id: str
    user_id: str
    label: str
    algorithm: str
    public_key_pem: str
    active: bool
    created_by: str
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateJwtKey:
    """The request for a JWT key.

    Attributes:
        workspace_id: the project.
        label: for people to tell keys apart.
        public_key_pem: an RSA public key of at least 2,048 bits, and nothing else.
        algorithm: RS256, the only one.
        user_id: whom pages act as; only the system may name somebody else than the caller.
    """

    workspace_id: str
    label: str
    public_key_pem: str
    algorithm: str = ALGORITHM
    user_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateJwtKey:
    """The request to change a JWT key; what is UNSET stays as it is."""

    workspace_id: str
    id: str
    label: str | UnsetType = UNSET
    active: bool | UnsetType = UNSET


JWT_KEY = ListSpec(
    entity="jwt_key",
    table="jwt_keys",
    row=JwtKeyRow,
    rule=InWorkspace(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("jwt_key",)),
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",)),
        "label": Field(kind=FieldKind.TEXT),
        "active": Field(kind=FieldKind.BOOLEAN),
        "created_at": Field(kind=FieldKind.TIME),
        "updated_at": Field(kind=FieldKind.TIME),
    },
)


def list_jwt_keys(tx: Tx, actor: Actor, project_id: str, query: ListQuery) -> Page[JwtKeyRow]:
    """The JWT keys of a project.

    Raises:
        NotFoundError: the project is absent or not the caller's.
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.KEYS_READ)
    bound = bind_to_project(tx, actor, project_id)
    there = Compare("workspace_id", Op.EQ, project_id)
    where = both(there, query.where)
    return lists.list_rows(tx, JWT_KEY, replace(query, where=where), scope(bound, tx.specs))


def get_jwt_key(tx: Tx, actor: Actor, project_id: str, key_id: str) -> JwtKeyRow:
    """One JWT key of a project.

    Raises:
        NotFoundError: the project or the key is absent or not the caller's.
    """
    actor.require(Permission.KEYS_READ)
    return _visible(tx, require_project(tx, actor, project_id, Tier.VIEWER), key_id)


def create_jwt_key(tx: Tx, actor: Actor, request: CreateJwtKey) -> JwtKeyRow:
    """Trust whoever holds the private half of a key to let pages into the project's groups.

    Raises:
        NotFoundError: the project is absent or not the caller's.
        ForbiddenError: the caller is no admin there, acts through another kind of key than a secret one or one
            that is narrowed or expires, or names somebody else to act as.
        InvalidRequestError: the label, the algorithm or the key is malformed.
    """
    actor.require(Permission.KEYS_WRITE)
    project = require_project(tx, actor, request.workspace_id, Tier.ADMIN)
    require_lasting_key(tx, actor)
    if request.algorithm != ALGORITHM:
        raise InvalidRequestError.at("algorithm", f"must be {ALGORITHM}")
    row = JwtKeyRow(
        id=tx.new_id(),
        organization_id=project.organization_id,
        workspace_id=project.id,
        user_id=holder(actor, request.user_id),
        label=check_ref("label", request.label),
        algorithm=ALGORITHM,
        public_key_pem=_public_key("publicKeyPem", request.public_key_pem),
        active=True,
        created_by=actor.user_id,
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.insert(jwt_keys, **structs.asdict(row) | {"active": 1})
    _journal(tx, actor, "created", row)
    return row


def update_jwt_key(tx: Tx, actor: Actor, request: UpdateJwtKey) -> JwtKeyRow:
    """Rename a JWT key, or have its tokens refused or accepted from the next request on.

    Raises:
        NotFoundError: the project or the key is absent or not the caller's.
        ForbiddenError: the caller is no admin there, or would have tokens accepted through a key that could not
            make theirs.
        InvalidRequestError: the label is malformed.
    """
    actor.require(Permission.KEYS_WRITE)
    project = require_project(tx, actor, request.workspace_id, Tier.ADMIN)
    before = _visible(tx, project, request.id)
    changes: dict[str, Any] = {}
    if request.label is not UNSET and request.label != before.label:
        changes["label"] = check_ref("label", request.label)
    if request.active is not UNSET and request.active != before.active:
        changes["active"] = request.active
    if not changes:
        return before
    if changes.get("active") is True:
        require_lasting_key(tx, actor)
    after = structs.replace(before, **changes, updated_at=tx.now)
    stored = {**changes, "active": int(after.active)}
    tx.update(jwt_keys, BY_ID, {"id": before.id}, **stored, updated_at=tx.now)
    _journal(tx, actor, "updated", after, changed=tuple(changes))
    return after


def delete_jwt_key(tx: Tx, actor: Actor, project_id: str, key_id: str) -> None:
    """Remove a JWT key; its tokens are refused from the next request on.

    Raises:
        NotFoundError: the project or the key is absent or not the caller's.
        ForbiddenError: the caller is no admin there.
    """
    actor.require(Permission.KEYS_WRITE)
    project = require_project(tx, actor, project_id, Tier.ADMIN)
    row = _visible(tx, project, key_id)
    tx.delete(jwt_keys, BY_ID, id=row.id)
    empty_payloads(tx, [row.id])
    _journal(tx, actor, "deleted", row)


def _visible(tx: Tx, project: Project, key_id: str) -> JwtKeyRow:
    row = lists.get_row(tx, JWT_KEY, key_id, scope(project.actor, tx.specs))
    if row is None or row.workspace_id != project.id:
        raise NotFoundError("JWT key")
    return row


def _public_key(path: str, pem: str) -> str:
    """The key in its one spelling.

    Raises:
        InvalidRequestError: not one PEM block, no public key, not RSA, or of a size that is not safe.
    """
    text = pem.strip()
    if "PRIVATE KEY" in text:
        raise InvalidRequestError.at(path, "is a private key: replace it, and give the public half only")
    blocks = (text.count(_BEGIN), text.count(_END))
    if len(text) > MAX_PEM or blocks != (1, 1) or not (text.startswith(_BEGIN) and text.endswith("-----")):
        raise InvalidRequestError.at(path, "must be one block of PEM, BEGIN PUBLIC KEY to END PUBLIC KEY")
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidRequestError.at(path, "is no public key in PEM") from None
    if not isinstance(key, RSAPublicKey):
        raise InvalidRequestError.at(path, "must be an RSA key")
    if not BITS[0] <= key.key_size <= BITS[1]:
        raise InvalidRequestError.at(path, f"must have {BITS[0]} to {BITS[1]} bits, not {key.key_size}")
    if key.public_numbers().e > EXPONENT_MAX:
        raise InvalidRequestError.at(path, f"must have a public exponent of at most {EXPONENT_MAX}")
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _journal(tx: Tx, actor: Actor, verb: str, row: JwtKeyRow, *, changed: tuple[str, ...] = ()) -> None:
    change = Change(
        type=f"jwt_key.{verb}",
        subject_kind="jwt_key",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=changed,
    )
    record(tx, actor, change)
