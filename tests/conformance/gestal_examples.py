"""A request to each operation of the gestal dialect that succeeds for the owner of some holdings."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.conformance.holdings import ACCESS_KEYS, Holdings
from tests.conformance.operations import Operation
from tests.conformance.vocabulary import Example, Vocabulary
from trunkline.core import access
from trunkline.infra.db import Tx
from trunkline.infra.vault.passwords import hash_password
from trunkline.kit.secret import Secret

PASSWORD = "a password of no use"
URL = "https://acme.example/products/acme-plus"

BODIES: dict[str, Callable[[Holdings], dict[str, Any]]] = {
    "createIntegration": lambda held: {"name": held.name("integration"), "url": URL},
    "updateIntegration": lambda held: {"name": held.name("renamed")},
}


def basic(username: str, password: str) -> Mapping[str, str]:
    return {"authorization": f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"}


def access_key(held: Holdings) -> Mapping[str, str]:
    """The credential of an install of the owner's."""
    return basic(ACCESS_KEYS[held.held("install_key")], "")


def login(held: Holdings) -> Mapping[str, str]:
    """The credential of a fresh user."""
    name, hashed = held.name("login"), hash_password(Secret(PASSWORD))

    def work(tx: Tx) -> str:
        actor = held.actor(tx)
        request = access.CreateUser(
            organization_id=held.organization_id, email=f"{name}@example.com", name=name, username=name
        )
        access.set_password(tx, actor, access.create_user(tx, actor, request).id, hashed)
        return str(tx.value("SELECT handle FROM organizations WHERE id = :id", id=held.organization_id))

    return basic(f"{held.write(work)}/{name}@example.com", PASSWORD)


def succeeding(operation: Operation, held: Holdings, words: Vocabulary) -> Example:
    """Fresh objects where the operation changes them, held ones where it looks."""
    route = operation.route
    kinds = {name: words.kind_of_path_parameter(operation, name) for name in route.parameters}
    path = {
        name: words.spell(kind, held.make(kind) if route.writes else held.held(kind))
        for name, kind in kinds.items()
    }
    headers = None
    if route.operation_id == "authenticate":
        headers = login(held)
    elif route.operation_id == "getCurrentInstallation":
        headers = access_key(held)
    return Example(path, body=_body(operation, held), headers=headers)


def _body(operation: Operation, held: Holdings) -> dict[str, Any] | None:
    if operation.route.body is None:
        return None
    if operation.route.operation_id not in BODIES:
        pytest.fail(f"{operation}: add the body of a succeeding request to {__name__}.BODIES")
    return BODIES[operation.route.operation_id](held)


__all__ = ["succeeding"]
