"""Everything a tenant can own, made through the core, so that every dialect is asked about the same things.

A kind of object that a dialect takes ids of has its builder in `MAKERS`; without one its tests fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from itertools import count

import pytest

from tests.conformance import authored, connected
from tests.conformance.authored import ACCESS_KEYS, DEFINITIONS, draft, entity, install, offer, publish
from tests.conformance.connected import (
    PEM,
    PROJECT_KEYS,
    WITH_LOGIN,
    WITH_TOKEN,
    connectable,
    connection,
    provider_name,
)
from tests.conformance.owner import Maker, Owner
from tests.instance import Instance
from trunkline.core import access, connections, entities, installs, integrations, providers, workspaces
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor

MAKERS: dict[str, Maker] = {**authored.MAKERS, **connected.MAKERS}


class Holdings(Owner):
    """The objects of one owner in one workspace; ids are 32 hex digits.

    `held` gives the object every test may look at, `make` a fresh one to change.
    """

    def __init__(
        self,
        instance: Instance,
        organization_id: str,
        workspace_id: str,
        owner_id: str,
        *,
        prefix: str,
        numbers: Iterator[int] | None = None,
    ) -> None:
        super().__init__(instance, organization_id, workspace_id, owner_id, prefix=prefix, numbers=numbers)
        self._held: dict[tuple[str, bool], str] = {
            ("organization", False): organization_id,
            ("workspace", False): workspace_id,
        }
        self.write(self._settle)

    def on(self, instance: Instance) -> Holdings:
        """The same things in a copy of the instance, where they have the same ids."""
        other = copy(self)
        other.instance = instance
        other.numbers = count(10_000)
        other._held = dict(self._held)
        return other

    def _settle(self, tx: Tx) -> None:
        """Things that belong together: versions to what they are of, members to where they are."""
        actor = self.actor(tx)
        for kind in entities.KINDS:
            entity_id = self._held[kind, False] = MAKERS[kind](self, tx, actor)
            version = entities.get_entity(tx, actor, kind, entity_id).version_id
            self._held[f"{kind}_version", False] = version
        team_id = self._held["team", False] = MAKERS["team"](self, tx, actor)
        user_id = self._held["user", False] = MAKERS["user"](self, tx, actor)
        access.add_team_member(tx, actor, team_id, user_id)
        integration_id = self._held["integration", False] = MAKERS["integration"](self, tx, actor)
        self._held["version", False] = publish(tx, actor, integration_id)
        install_id = self._held["install", False] = install(tx, actor, integration_id, self.workspace_id)
        self._held["member", False] = installs.list_members(tx, actor, install_id)[0][0].id

    def held(self, kind: str, *, deleted: bool = False) -> str:
        if (kind, deleted) not in self._held:
            self._held[kind, deleted] = self.make(kind, deleted=deleted)
        return self._held[kind, deleted]

    def make(self, kind: str, *, deleted: bool = False) -> str:
        if kind == "connection":
            return connection(self, deleted=deleted)
        maker = MAKERS.get(kind)
        if maker is None:
            pytest.fail(f"ids of kind {kind!r} are taken somewhere: add its builder to {__name__}.MAKERS")
        delete = DELETERS.get(kind)
        if deleted and delete is None:
            pytest.fail(f"{kind} can be restored or purged: add how it is deleted to {__name__}.DELETERS")

        def work(tx: Tx) -> str:
            actor = self.actor(tx)
            made = maker(self, tx, actor)
            if deleted and delete is not None:
                delete(tx, actor, made)
            return made

        return str(self.write(work))


def made_kinds() -> list[str]:
    """Every kind there is a builder for; connections are made by a flow, which opens its own transactions."""
    return [*MAKERS, "connection"]


def deletable_kinds() -> list[str]:
    """Those of them that can be made deleted."""
    return [*DELETERS, "connection"]


def _deletes_entity(kind: str) -> Callable[[Tx, Actor, str], object]:
    return lambda tx, actor, row_id: entities.delete_entity(tx, actor, kind, row_id)


DELETERS: dict[str, Callable[[Tx, Actor, str], object]] = {
    "workspace": workspaces.delete_workspace,
    "integration": integrations.delete_integration,
    "install": installs.uninstall,
    "solution": installs.delete_solution,
    "solution_member": installs.remove_solution_member,
    "secret": connections.delete_secret,
    "provider_app": providers.delete_provider_app,
    "grant": access.revoke_grant,
    **{kind: _deletes_entity(kind) for kind in entities.KINDS},
}


__all__ = [
    "ACCESS_KEYS",
    "DEFINITIONS",
    "DELETERS",
    "MAKERS",
    "PEM",
    "PROJECT_KEYS",
    "WITH_LOGIN",
    "WITH_TOKEN",
    "Holdings",
    "connectable",
    "draft",
    "entity",
    "install",
    "offer",
    "provider_name",
    "publish",
]
