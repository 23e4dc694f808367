"""How users, teams, memberships, grants and keys are read."""

from __future__ import annotations

from types import MappingProxyType

from msgspec import Raw, Struct

from trunkline.core.access.rules import Grants, InOrganization, InWorkspace, OwnKeys, Parent, Users
from trunkline.infra.db import Field, FieldKind, ListSpec, Relation, Specs
from trunkline.infra.db.schema import TIERS
from trunkline.kit.actor import TIER_NAMES, Tier

TIER_CHOICES = tuple(TIER_NAMES)
ORGANIZATION_ROLES = ("owner", "admin", "author", "member")
TEAM_ROLES = ("admin", "publisher", "dataWizard", "designer", "memberPlus", "member")
SHAREABLE_KINDS = (
    "integration",
    "schema",
    "function",
    "agent",
    "workflow",
    "trigger",
    "sync",
    "action",
    "subscription",
)
GRANT_ORIGINS = ("share", "ownership")
SUBJECT_KINDS = ("user", "team", "organization", "anyone")
KEY_KINDS = ("secret", "publishable", "session", "login", "api")
PINNABLE = ("platform", "informer")  # those with operations at the same place, where a key tells them apart
DIALECTS = (*PINNABLE, "ampersand")  # whose own keys projects have, see `project_keys`

TIER_NAME = "CASE {a}.tier WHEN 1 THEN 'viewer' WHEN 2 THEN 'editor' ELSE 'admin' END"
USER_NAME = "(SELECT s_u.name FROM users s_u WHERE s_u.id = {a}.user_id)"
USER_EMAIL = "(SELECT s_u.email FROM users s_u WHERE s_u.id = {a}.user_id)"
USER_ROLE = """(SELECT s_o.role FROM organization_members s_o
  WHERE s_o.organization_id = {a}.organization_id AND s_o.user_id = {a}.user_id)"""

ORGANIZATION_ID = Field(kind=FieldKind.ID, id_kinds=("organization",))
WORKSPACE_ID = Field(kind=FieldKind.ID, id_kinds=("workspace",))
USER_ID = Field(kind=FieldKind.ID, id_kinds=("user",))
TEXT = Field(kind=FieldKind.TEXT)
TIME = Field(kind=FieldKind.TIME)
OPTIONAL_TIME = Field(kind=FieldKind.TIME, nullable=True)
FLAG = Field(kind=FieldKind.BOOLEAN)


class UserRow(Struct, frozen=True):
    """A user; `organization_id` is the organization that made and manages them.

    `fields` are the organization's own; whoever sees the user sees them.
    """

    id: str
    organization_id: str
    email: str
    username: str
    name: str
    fields: Raw
    operator: bool
    active: bool
    created_at: str
    updated_at: str


class OrganizationMemberRow(Struct, frozen=True):
    """A user's role (owner, admin, author, member) in an organization."""

    id: str
    organization_id: str
    user_id: str
    role: str
    created_at: str
    user_name: str
    user_email: str


class TeamRow(Struct, frozen=True):
    """A named set of an organization's users, to whom grants can be given together."""

    id: str
    organization_id: str
    name: str
    created_at: str
    updated_at: str


class TeamMemberRow(Struct, frozen=True):
    """A user's membership of a team, in one of `TEAM_ROLES`."""

    id: str
    organization_id: str
    team_id: str
    user_id: str
    role: str
    created_at: str
    user_name: str
    user_email: str


class WorkspaceMemberRow(Struct, frozen=True):
    """A user's role (viewer, editor, admin) in a workspace; `user_role` is the one in its organization."""

    id: str
    organization_id: str
    workspace_id: str
    user_id: str
    role: str
    created_at: str
    user_name: str
    user_email: str
    user_role: str | None


class GrantRow(Struct, frozen=True):
    """A tier (viewer, editor, admin) on one object, given to a subject; no `subject_id` means anyone.

    `origin` tells a share, which somebody gave, from what being the owner brings along.
    """

    id: str
    organization_id: str
    workspace_id: str
    entity_kind: str
    entity_id: str
    subject_kind: str
    subject_id: str | None
    tier: str
    origin: str
    created_by: str
    created_at: str
    updated_at: str
    deleted_at: str | None
    deleted_by: str | None
    retention_tier: str | None
    deletion_id: str | None


class KeyRow(Struct, frozen=True):
    """An access key, without anything it could be guessed or looked up by.

    `kind` is `secret` or `publishable` (lasting), `session` (made with a secret key), `login` (made by logging
    in) or `api` (made by somebody who is logged in); `dialect` is whose it is where several share a path, and
    `ampersand` for a project's own.
    """

    id: str
    organization_id: str
    user_id: str
    workspace_id: str | None
    kind: str
    dialect: str | None
    name: str
    hint: str
    operations: Raw | None
    entity_ids: Raw | None
    metadata: Raw
    created_by: str
    created_at: str
    expires_at: str | None
    revoked_at: str | None


USER = ListSpec(
    entity="user",
    table="users",
    row=UserRow,
    rule=Users(),
    fields={
        "id": USER_ID,
        "organization_id": ORGANIZATION_ID,
        "email": TEXT,
        "username": TEXT,
        "name": TEXT,
        "operator": FLAG,
        "active": FLAG,
        "created_at": TIME,
        "updated_at": TIME,
    },
    relations={
        "organization": Relation(target="organization", local="organization_id", remote="id"),
        "workspace_members": Relation(target="workspace_member", local="id", remote="user_id", many=True),
        "team_members": Relation(target="team_member", local="id", remote="user_id", many=True),
    },
)

ORGANIZATION_MEMBER = ListSpec(
    entity="organization_member",
    table="organization_members",
    row=OrganizationMemberRow,
    rule=InOrganization(),
    columns={"user_name": USER_NAME, "user_email": USER_EMAIL},
    fields={
        "organization_id": ORGANIZATION_ID,
        "user_id": USER_ID,
        "role": Field(kind=FieldKind.CHOICE, choices=ORGANIZATION_ROLES),
        "created_at": TIME,
    },
    relations={
        "organization": Relation(target="organization", local="organization_id", remote="id"),
        "user": Relation(target="user", local="user_id", remote="id"),
    },
)

TEAM = ListSpec(
    entity="team",
    table="teams",
    row=TeamRow,
    rule=InOrganization(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("team",)),
        "organization_id": ORGANIZATION_ID,
        "name": TEXT,
        "created_at": TIME,
        "updated_at": TIME,
    },
    relations={
        "organization": Relation(target="organization", local="organization_id", remote="id"),
        "members": Relation(target="team_member", local="id", remote="team_id", many=True),
    },
)

TEAM_MEMBER = ListSpec(
    entity="team_member",
    table="team_members",
    row=TeamMemberRow,
    rule=Parent("team", "team_id"),
    columns={"user_name": USER_NAME, "user_email": USER_EMAIL},
    fields={
        "team_id": Field(kind=FieldKind.ID, id_kinds=("team",)),
        "user_id": USER_ID,
        "role": Field(kind=FieldKind.CHOICE, choices=TEAM_ROLES),
        "created_at": TIME,
    },
    relations={
        "team": Relation(target="team", local="team_id", remote="id"),
        "user": Relation(target="user", local="user_id", remote="id"),
    },
)

WORKSPACE_MEMBER = ListSpec(
    entity="workspace_member",
    table="workspace_members",
    row=WorkspaceMemberRow,
    rule=InWorkspace(),
    columns={"role": TIER_NAME, "user_name": USER_NAME, "user_email": USER_EMAIL, "user_role": USER_ROLE},
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("workspace_member",)),
        "workspace_id": WORKSPACE_ID,
        "user_id": USER_ID,
        "role": Field(kind=FieldKind.CHOICE, choices=TIER_CHOICES),
        "created_at": TIME,
    },
    relations={
        "workspace": Relation(target="workspace", local="workspace_id", remote="id"),
        "user": Relation(target="user", local="user_id", remote="id"),
    },
)

GRANT = ListSpec(
    entity="grant",
    table="grants",
    row=GrantRow,
    rule=Grants(),
    columns={"tier": TIER_NAME},
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("grant",)),
        "workspace_id": WORKSPACE_ID,
        "entity_kind": Field(kind=FieldKind.CHOICE, choices=SHAREABLE_KINDS),
        "entity_id": Field(kind=FieldKind.ID, id_kinds=SHAREABLE_KINDS),
        "subject_kind": Field(kind=FieldKind.CHOICE, choices=SUBJECT_KINDS),
        "subject_id": Field(kind=FieldKind.ID, id_kinds=("user", "team", "organization"), nullable=True),
        "tier": Field(kind=FieldKind.CHOICE, choices=TIER_CHOICES),
        "origin": Field(kind=FieldKind.CHOICE, choices=GRANT_ORIGINS),
        "created_by": USER_ID,
        "created_at": TIME,
        "updated_at": TIME,
        "deleted_at": OPTIONAL_TIME,
        "deleted_by": Field(kind=FieldKind.ID, id_kinds=("user",), nullable=True),
        "retention_tier": Field(kind=FieldKind.CHOICE, choices=TIERS, nullable=True),
    },
    relations={"workspace": Relation(target="workspace", local="workspace_id", remote="id")},
    soft_delete=True,
    restore_tier=Tier.ADMIN,
)

KEY = ListSpec(
    entity="key",
    table="access_keys",
    row=KeyRow,
    rule=OwnKeys(),
    fields={
        "id": Field(kind=FieldKind.ID, id_kinds=("key",)),
        "user_id": USER_ID,
        "workspace_id": Field(kind=FieldKind.ID, id_kinds=("workspace",), nullable=True),
        "kind": Field(kind=FieldKind.CHOICE, choices=KEY_KINDS),
        "dialect": Field(kind=FieldKind.CHOICE, choices=DIALECTS, nullable=True),
        "name": TEXT,
        "hint": TEXT,
        "created_by": USER_ID,
        "created_at": TIME,
        "expires_at": OPTIONAL_TIME,
        "revoked_at": OPTIONAL_TIME,
    },
    relations={
        "workspace": Relation(target="workspace", local="workspace_id", remote="id"),
        "user": Relation(target="user", local="user_id", remote="id"),
    },
)

SPECS: Specs = MappingProxyType(
    {
        spec.entity: spec
        for spec in (USER, ORGANIZATION_MEMBER, TEAM, TEAM_MEMBER, WORKSPACE_MEMBER, GRANT, KEY)
    }
)
