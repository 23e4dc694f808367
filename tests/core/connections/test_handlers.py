from __future__ import annotations

import pytest

from tests.core.access.world import SYSTEM
from trunkline.core import workspaces
from trunkline.kit.errors import NotFoundError


def test_a_deleted_workspace_takes_its_live_secrets_and_gives_exactly_those_back(own_safe):
    safe, world = own_safe, own_safe.world
    live = safe.create(name="live")
    gone = safe.create(name="gone")
    elsewhere = safe.create(SYSTEM, workspace_id=world.two)
    safe.delete(gone.id)
    deleted = safe.get(gone.id, "boss")
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.one))
    with pytest.raises(NotFoundError):
        safe.reveal(live.id)
    workspace = world.read(lambda tx: workspaces.get_workspace(tx, SYSTEM, world.one))
    taken = safe.get(live.id, "boss")
    stamp = ("deleted_at", "retention_tier", "deletion_id")
    assert [getattr(taken, name) for name in stamp] == [getattr(workspace, name) for name in stamp]
    assert taken.deletion_id is not None
    assert safe.get(gone.id, "boss") == deleted
    assert safe.reveal(elsewhere.id) == "v" * 12
    world.write(lambda tx: workspaces.restore_workspace(tx, SYSTEM, world.one))
    assert safe.get(live.id) == live
    assert safe.reveal(live.id) == "v" * 12
    assert safe.get(gone.id, "boss") == deleted


def test_a_purged_workspace_leaves_no_secret_and_no_payload_of_one(own_safe):
    safe, world = own_safe, own_safe.world
    row = safe.create()
    elsewhere = safe.create(SYSTEM, workspace_id=world.two)
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.one))
    world.write(lambda tx: workspaces.purge_workspace(tx, SYSTEM, world.one))
    assert [cells[0] for cells in safe.stored()] == [elsewhere.id]
    payloads = (
        "SELECT count(*) FROM event_payloads p JOIN events e ON e.id = p.event_id WHERE e.subject_id = :id"
    )
    assert world.read(lambda tx: tx.value(payloads, id=row.id)) == 0
    assert world.read(lambda tx: tx.value(payloads, id=elsewhere.id)) == 1
