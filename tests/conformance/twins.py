"""Two instances with the same tenant in them, byte for byte; the second holds other tenants besides."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import uuid4

import psycopg
from msgspec import structs

from tests.conformance.client import Client
from tests.conformance.holdings import MAKERS, Holdings, deletable_kinds, install, made_kinds, offer
from tests.conformance.operations import OPERATIONS, Operation
from tests.conformance.parties import hex_of
from tests.conformance.upstream import upstream
from tests.conformance.vocabulary import Example, vocabulary
from tests.databases import lend, let_go
from tests.instance import START, Instance
from trunkline import bootstrap
from trunkline.core import access, events
from trunkline.infra.db import Tx
from trunkline.kit.clock import FixedClock

OTHERS = ("beta", "gamma")  # tenants that only the second instance has
ROUNDS = 3  # objects of every kind, live and deleted


class Opened(Instance):
    """An instance on a database that holds everything already."""

    def __init__(self, url: str, like: Instance) -> None:
        self.clock = FixedClock(START)
        self.clock.advance(timedelta(seconds=60))
        self.settings = structs.replace(like.settings, database_url=url)
        self.database = lend(url, bootstrap.catalog(self.clock))
        self.platform = bootstrap.platform_on(self.database, self.settings, clock=self.clock)
        self.app = bootstrap.application(self.platform)
        self.user_id = like.user_id
        self.organization_id = like.organization_id
        self.workspace_id = like.workspace_id
        self.token = like.token


class Twins:
    """`alone` holds the tenant and the operator; `among` holds the others, too.

    Attributes:
        tokens: of callers in the tenant, by who they are; each is valid in both.
        held: what the tenant has.
        foreign: what the others have in the second instance.
    """

    def __init__(self, url: str, folder: Path, runner: asyncio.Runner, stack: ExitStack) -> None:
        base = Instance(url, folder, egress_allow=(upstream(),))
        tenant = base.tenant("alpha")
        self.held = Holdings(
            base, hex_of(tenant.organization_id), hex_of(tenant.workspace_id), tenant.owner_id, prefix="alpha"
        )
        furnish(self.held)
        self._shown = offer(self.held)
        self._traveller = self.held.make("user")
        self.tokens = {"owner": tenant.token, **callers(self.held)}
        base.close()
        self.alone, self.among = (Opened(copied, base) for copied in (copy(url), copy(url)))
        stack.callback(self.alone.close)
        stack.callback(self.among.close)
        self.foreign = [self._other(handle) for handle in OTHERS]
        self.alone.clock.advance(self.among.clock.now() - self.alone.clock.now())
        for instance in (self.alone, self.among):
            number_events(instance)
        self._runner = runner
        self._theirs: dict[Operation, Example] = {}

    def _other(self, handle: str) -> Holdings:
        """Another tenant whose things are called like the first one's."""
        made = self.among.tenant(handle)
        held = Holdings(
            self.among, hex_of(made.organization_id), hex_of(made.workspace_id), made.owner_id, prefix=handle
        )
        furnish(held)
        held.write(lambda tx: self._entangle(tx, held))
        return held

    def _entangle(self, tx: Tx, held: Holdings) -> None:
        """Ties from the tenant's things to the others' that let nobody in the tenant see the others'.

        They install what the tenant offers to all, and one of the tenant's users works for them, too.
        """
        actor = held.actor(tx)
        spare = MAKERS["workspace"](held, tx, actor)
        for workspace_id in (held.workspace_id, spare):
            install(tx, actor, self._shown, workspace_id)
        user_id, organization_id = self._traveller, held.organization_id
        access.add_membership(tx, actor, organization_id, user_id, "admin")
        member = access.AddWorkspaceMember(workspace_id=held.workspace_id, user_id=user_id, role="admin")
        access.add_workspace_member(tx, actor, member)
        access.add_team_member(tx, actor, held.held("team"), user_id)

    def theirs(self, operation: Operation) -> Example:
        """A request that would succeed for one of the others."""
        if operation not in self._theirs:
            self._theirs[operation] = vocabulary(operation).example(operation, self.foreign[0])
        return self._theirs[operation]

    def client(self, instance: Instance, headers: Mapping[str, str]) -> Client:
        return Client(instance.app, self._runner, headers)


def furnish(held: Holdings) -> None:
    """Several objects of every kind, some of them deleted, in an order that is the same for every tenant."""
    random = Random(held.prefix)
    kinds = sorted({*made_kinds()} - {"organization"})
    for _ in range(ROUNDS):
        random.shuffle(kinds)
        for kind in kinds:
            held.make(kind)
            if kind in deletable_kinds():
                held.make(kind, deleted=True)
        held.instance.clock.advance(timedelta(seconds=1))
    for kind in made_kinds():
        held.held(kind)
    for kind in deletable_kinds():
        held.held(kind, deleted=True)
    for operation in OPERATIONS:
        if operation.route.method == "GET":
            vocabulary(operation).example(operation, held)  # some look at things of their own


def callers(held: Holdings) -> dict[str, str]:
    """Keys that see all, some and hardly anything of what the tenant has."""
    pepper = held.instance.platform.services.pepper

    def issue(tx: Tx, user_id: str, **members: object) -> str:
        request = access.CreateKey(name="caller", **members)  # type: ignore[arg-type]  # as it takes them
        return access.create_key(tx, access.act_as(tx, user_id), request, pepper=pepper).secret.reveal()

    def work(tx: Tx) -> dict[str, str]:
        viewer = held.held("user")
        member = access.AddWorkspaceMember(workspace_id=held.workspace_id, user_id=viewer)
        access.add_workspace_member(tx, held.actor(tx), member)
        granted = tx.value("SELECT subject_id FROM grants WHERE deleted_at IS NULL AND subject_kind = 'user'")
        few = (held.held("integration"), held.held("function"))
        return {
            "viewer": issue(tx, viewer),
            "grantee": issue(tx, str(granted)),
            "bound": issue(tx, held.owner_id, workspace_id=held.workspace_id),
            "publishable": issue(tx, held.owner_id, kind="publishable"),
            "narrowed": issue(tx, held.owner_id, entity_ids=few),
        }

    found: dict[str, str] = held.write(work)
    return found


def number_events(instance: Instance) -> None:
    while instance.database.write_now(lambda tx: events.assign_sequence(tx, events.BATCH)) == events.BATCH:
        pass


def copy(url: str) -> str:
    """The same database once more; nothing may have it open."""
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        target = path.with_name(f"{uuid4().hex}.db")
        shutil.copy(path, target)
        return f"sqlite:///{target}"
    let_go(url)
    server, _, name = url.partition("?")[0].rpartition("/")
    target_name = f"t{uuid4().hex}"
    with psycopg.connect(url.replace(f"/{name}", "/postgres", 1), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {target_name} TEMPLATE {name}".encode())
    return url.replace(f"{server}/{name}", f"{server}/{target_name}", 1)


@contextmanager
def twins(url: str, folder: Path, runner: asyncio.Runner) -> Iterator[Twins]:
    with ExitStack() as stack:
        yield Twins(url, folder, runner, stack)


__all__ = ["Twins", "number_events", "twins"]
