"""A connection as its caller may use it: whether they see it and how it stands, in one statement."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Raw
from msgspec.structs import asdict

from trunkline.core.access import scope
from trunkline.core.connections.queries import USABLE
from trunkline.core.connections.specs import CONNECTION, ConnectionRow
from trunkline.core.connections.standing import Standing
from trunkline.infra.db import Mode, Specs, Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import NotFoundError

SHAPES_MAX = 256


class Usable(Standing, frozen=True):
    """A standing and what else there is to tell of its connection, in the order of the statement's columns."""

    mode: str
    hint: str
    metadata: str
    account: str | None
    last_authorized_at: str | None
    revocation: str | None
    created_by: str
    created_at: str
    updated_at: str
    retention_tier: str | None
    deletion_id: str | None
    consumer_id: str | None

    @property
    def row(self) -> ConnectionRow:
        """The connection as people see it; put together for those few who ask."""
        known = asdict(self)
        members = {name: known[name] for name in ConnectionRow.__struct_fields__}
        texts = {name: Raw(known[name]) for name in ("metadata", "scopes", "origins", "parameters")}
        account = None if self.account is None else Raw(self.account)
        return ConnectionRow(**{**members, **texts, "account": account})


def usable_connection(tx: Tx, actor: Actor, connection_id: str) -> Usable:
    """A connection the caller sees, as it stands.

    Raises:
        NotFoundError: absent, deleted, a secret, or outside the caller's scope.
    """
    statement = _statements.of(tx.specs, actor)
    row = tx.one(Usable, statement, **scope(actor, tx.specs).params, id=connection_id)
    if row is None:
        raise NotFoundError("connection")
    return row


class _Shape(NamedTuple):
    """Everything of a caller that decides what the statement says; the rest are its parameters."""

    system: bool
    bound: bool
    tier: Tier
    over_groups: bool
    in_group: bool
    in_group_called: bool
    group_tier: Tier | None
    front_end: bool
    organizations: int
    administered: int
    objects: int | None

    @classmethod
    def of(cls, actor: Actor) -> _Shape:
        """The shape of a caller."""
        return cls(
            actor.is_system,
            actor.workspace_id is not None,
            actor.workspace_tier,
            actor.over_groups,
            actor.group_id is not None,
            actor.group_ref is not None,
            actor.group_tier,
            actor.front_end,
            len(actor.organizations),
            len(actor.administered),
            None if actor.entity_ids is None else len(actor.entity_ids),
        )

    def anybody(self) -> Actor:
        """A caller of this shape who is nobody."""
        return Actor(
            user_id="",
            organizations=("",) * self.organizations,
            administered=("",) * self.administered,
            workspace_id="" if self.bound else None,
            workspace_tier=self.tier,
            over_groups=self.over_groups,
            group_id="" if self.in_group else None,
            group_ref="" if self.in_group_called else None,
            group_tier=self.group_tier,
            front_end=self.front_end,
            entity_ids=None if self.objects is None else frozenset(map(str, range(self.objects))),
            system_reason="" if self.system else None,
        )


class _Statements:
    """The statement for each kind of caller; making it anew takes longer than running it.

    What is kept is made from the shape of a caller alone: whether they are bound to a workspace and how, whether
    they reach its groups, and how many organizations and objects they have. No id can be in it, and no decision:
    who sees what is decided by the database from the parameters, in every transaction.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, _Shape], tuple[Specs, str]] = {}

    def of(self, specs: Specs, actor: Actor) -> str:
        shape = _Shape.of(actor)
        found = self._known.get((id(specs), shape))
        if found is None:
            if len(self._known) >= SHAPES_MAX:
                self._known.clear()
            seen = scope(shape.anybody(), specs).visible(CONNECTION, "c", Mode.GET)
            # The specs are kept beside it, or another instance's could come to have their identity.
            found = self._known[id(specs), shape] = (specs, USABLE.format(seen=seen))
        return found[1]


_statements = _Statements()
