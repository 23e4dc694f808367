"""Going on with what was started: as who began it, with what they may do now, towards where they agreed to."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.core.access import act_as, bind_to_project, tier_on
from trunkline.core.connections.clients import Client, client_of
from trunkline.core.connections.configuration import Configuration, configuration_of
from trunkline.core.connections.errors import InvalidStateError
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.queries import PROVIDED_IN
from trunkline.core.connections.sources import asked_source
from trunkline.core.connections.states import State, open_verifier
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.secret import Secret


@dataclass(frozen=True, slots=True)
class Resumed:
    """A started authorization with all that it goes on with.

    Attributes:
        verifier: PKCE's; None for a provider that refuses it.
    """

    configuration: Configuration
    client: Client
    verifier: Secret | None


def beginner(tx: Tx, state: State) -> Actor:
    """Who began it, with no more than they may do now; in a group, where nobody is a member, by their project.

    Raises:
        UnauthenticatedError: they are not active any more.
    """
    actor = act_as(tx, state.user_id)
    found = tx.fetch(PROVIDED_IN, {"id": state.workspace_id})
    owner_id = found[0][1] if found else None
    there = {"organization_id": state.organization_id, "workspace_id": state.workspace_id}
    if owner_id is None or tier_on(tx, actor, **there) > Tier.NONE:
        return actor
    return bind_to_project(tx, actor, owner_id)


def resume(tx: Tx, env: FlowServices, state: State) -> Resumed:
    """What a started authorization goes on with.

    Raises:
        InvalidStateError: what is to be connected has changed since.
        UnauthenticatedError: who began it is not active any more.
        NotFoundError: they no longer see what is to be connected, or where.
        NotConnectableError: the integration or provider lacks an endpoint or a client.
        VaultError: the verifier does not open.
    """
    source = asked_source(
        tx,
        beginner(tx, state),
        integration_id=state.integration_id,
        provider=state.provider,
        workspace_id=state.workspace_id,
    )
    configuration = configuration_of(tx, source, state.wanted.parameters)
    if configuration.fingerprint != state.configuration:
        raise InvalidStateError(
            f"{source.called} has changed since this authorization was started: start again"
        )
    client = client_of(tx, env.vault, configuration)
    return Resumed(configuration, client, open_verifier(tx, env.vault, state))
