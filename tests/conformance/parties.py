"""Who is in the tests: an operator, a tenant with everything there is, and the callers that must not reach it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.client import Client
from tests.conformance.holdings import Holdings, install, offer
from tests.conformance.operations import Operation
from tests.conformance.upstream import upstream
from tests.conformance.vocabulary import Example, vocabulary
from tests.instance import Instance, Tenant
from trunkline.core import access, installs
from trunkline.infra.db import Tx
from trunkline.infra.vault import key_hash
from trunkline.kit.ids import KINDS, parse_id

# For what is decided before any database is asked.
on_one_engine = pytest.mark.parametrize("parties", ["sqlite"], indirect=True)


def hex_of(text: str) -> str:
    found = parse_id(KINDS[text.partition("_")[0]], text)
    assert found is not None
    return found


class Parties:
    """Two organizations beside the operator's, none of which shares anything.

    Attributes:
        operator: the first user's own organization; the only one with an operator.
        target: whose data is asked for.
        stranger: another organization's.
        sibling: another workspace of the target's organization.
        tied: things of the target's that came from the stranger's integration, by kind.
        tokens: one by caller; each but the operator's and stranger's is of the target's organization.
    """

    def __init__(self, url: str, folder: Path, runner: asyncio.Runner) -> None:
        self.instance = Instance(url, folder, egress_allow=(upstream(),))
        self.runner = runner
        self._requests: dict[tuple[Operation, Holdings], Example] = {}
        self.operator = Holdings(
            self.instance,
            hex_of(self.instance.organization_id),
            hex_of(self.instance.workspace_id),
            self.instance.user_id,
            prefix="op",
        )
        target, stranger = self.instance.tenant("target"), self.instance.tenant("stranger")
        self.target = self.holdings(target, "tgt")
        self.stranger = self.holdings(stranger, "str")
        self.sibling = Holdings(
            self.instance,
            self.target.organization_id,
            self.target.make("workspace"),
            self.target.owner_id,
            prefix="sib",
            numbers=self.target.numbers,
        )
        self.tied = self.target.write(partial(self._tie, offer(self.stranger)))
        viewer = self._viewer()
        self.tokens = {
            "operator": self.instance.token,
            "target": target.token,
            "stranger": stranger.token,
            "sibling": self.instance.key_of(target.owner_id, workspace_id=self.sibling.workspace_id),
            "viewer": self.instance.key_of(viewer),
            "publishable": self._key(target.owner_id, kind="publishable"),
            "revoked": self._revoked(target.owner_id),
            "expired": self._expired(target.token),
        }

    def holdings(self, tenant: Tenant, prefix: str) -> Holdings:
        ids = hex_of(tenant.organization_id), hex_of(tenant.workspace_id)
        return Holdings(self.instance, *ids, tenant.owner_id, prefix=prefix)

    def request(self, operation: Operation, own: Holdings | None = None) -> Example:
        """A request that would succeed for the owner of these holdings (the target's), made once.

        It is for those who are refused: sent by the owner it would not succeed twice.
        """
        held = self.target if own is None else own
        if (operation, held) not in self._requests:
            self._requests[operation, held] = vocabulary(operation).example(operation, held)
        return self._requests[operation, held]

    def client(self, headers: Any = ()) -> Client:
        return Client(self.instance.app, self.runner, dict(headers))

    def close(self) -> None:
        self.runner.run(self.instance.platform.services.egress.close())
        self.instance.close()

    def _tie(self, offered: str, tx: Tx) -> dict[str, str]:
        """Install what the stranger offers: the publisher is told nothing of it."""
        actor = self.target.actor(tx)
        install_id = install(tx, actor, offered, self.target.workspace_id)
        found = {
            "install": install_id,
            "solution": str(installs.get_install(tx, actor, install_id).solution_id),
        }
        for member in installs.list_members(tx, actor, install_id)[0]:
            if member.is_clone:
                found |= {"member": member.id, member.kind: member.entity_id}
        return found

    def _viewer(self) -> str:
        """A user of the target's organization whose only role is viewer of the target's workspace."""

        def work(tx: Tx) -> str:
            actor = self.target.actor(tx)
            user_id = self.target.held("user")
            request = access.AddWorkspaceMember(workspace_id=self.target.workspace_id, user_id=user_id)
            access.add_workspace_member(tx, actor, request)
            return user_id

        return str(self.instance.database.write_now(work))

    def _key(self, user_id: str, **members: Any) -> str:
        return self._issued(user_id, **members).secret.reveal()

    def _issued(self, user_id: str, **members: Any) -> access.IssuedKey:
        def work(tx: Tx) -> access.IssuedKey:
            request = access.CreateKey(name="test", **members)
            pepper = self.instance.platform.services.pepper
            return access.create_key(tx, access.act_as(tx, user_id), request, pepper=pepper)

        return self.instance.database.write_now(work)

    def _revoked(self, user_id: str) -> str:
        issued = self._issued(user_id)
        self.instance.database.write_now(
            lambda tx: access.revoke_key(tx, access.act_as(tx, user_id), issued.row.id)
        )
        return issued.secret.reveal()

    def _expired(self, token: str) -> str:
        """A session token a second after its end."""
        pepper = self.instance.platform.services.pepper

        def work(tx: Tx) -> access.IssuedKey:
            actor = access.authenticate(tx, key_hash(pepper, token))
            request = access.CreateToken(workspace_id=self.target.workspace_id, expires_in_s=1)
            return access.create_token(tx, actor, request, pepper=pepper)

        issued: access.IssuedKey = self.instance.database.write_now(work)
        self.instance.clock.advance(timedelta(seconds=2))
        return issued.secret.reveal()


__all__ = ["Parties", "hex_of", "on_one_engine"]
