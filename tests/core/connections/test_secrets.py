from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from msgspec import structs

from tests.core.access.world import NOW, SYSTEM
from tests.core.connections.safe import Safe
from trunkline.core import connections
from trunkline.core.access import DeletedError, NotDeletedError, TierTooLowError
from trunkline.core.connections import (
    CredentialDestroyedError,
    SecretNameTakenError,
    SecretRow,
    WorkspaceDeletedError,
)
from trunkline.core.connections.tables import connections as table
from trunkline.core.workspaces import delete_workspace
from trunkline.infra.db import Tx
from trunkline.infra.vault import SealError, UnknownKeyError
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import new_id
from trunkline.kit.pages import Deleted, ListQuery
from trunkline.kit.secret import Secret

START_STEP = timedelta(seconds=1)
THIRTY_DAYS = timedelta(days=30)


def put_credential(tx: Tx, secret_id: str, sealed: str | None) -> None:
    tx.update(table, "id = :id", {"id": secret_id}, credential=sealed)


def names(safe: Safe, user: str, **query: Any) -> tuple[list[str], int | None]:
    actor = safe.world.actor(user)
    page = safe.world.read(lambda tx: connections.list_secrets(tx, actor, ListQuery(**query)))
    return [row.name for row in page.rows], page.total


def test_keeps_a_secret_and_shows_everything_but_its_value(safe: Safe) -> None:
    row = safe.create(name="Stripe", value=Secret("sk_test_0123456789"), metadata={"env": "test"})
    assert structs.asdict(row) | {"metadata": bytes(row.metadata)} == {
        "id": row.id,
        "organization_id": safe.world.acme,
        "workspace_id": safe.world.one,
        "scheme": "secret",
        "name": "Stripe",
        "hint": "…6789",
        "metadata": b'{"env":"test"}',
        "generation": 1,
        "created_by": safe.world.users["editor"],
        "created_at": NOW,
        "updated_at": NOW,
        "deleted_at": None,
        "retention_tier": None,
        "deletion_id": None,
    }
    assert safe.get(row.id) == row
    assert safe.reveal(row.id) == "sk_test_0123456789"


def test_each_write_is_journalled_once_without_values(safe: Safe) -> None:
    row, happened = safe.world.journal(lambda tx: create(safe, tx))
    assert happened == [f"secret.created {row.id}"]
    verbs = []
    for verb in (update, delete, restore, delete, purge):
        _, happened = safe.world.journal(partial(_done, verb, safe, row.id))
        verbs += happened
    assert verbs == [
        f"secret.{verb} {row.id}" for verb in ("updated", "deleted", "restored", "deleted", "purged")
    ]
    changed = "SELECT action, changed, subject_kind FROM audit_entries WHERE subject_id = :id ORDER BY id"
    found = safe.world.read(lambda tx: tx.fetch(changed, {"id": row.id}))
    assert found[:2] == [("secret.created", "[]", "secret"), ("secret.updated", '["name","value"]', "secret")]


def _done(verb: Callable[[Safe, Tx, str], None], safe: Safe, secret_id: str, tx: Tx) -> None:
    verb(safe, tx, secret_id)


def create(safe: Safe, tx: Tx) -> SecretRow:
    request = connections.CreateSecret(workspace_id=safe.world.one, name="n", value=Secret("v"))
    return connections.create_secret(tx, safe_actor(safe), safe.vault, request)


def update(safe: Safe, tx: Tx, secret_id: str) -> None:
    request = connections.UpdateSecret(id=secret_id, name="m", value=Secret("w"))
    connections.update_secret(tx, safe_actor(safe), safe.vault, request)


def delete(safe: Safe, tx: Tx, secret_id: str) -> None:
    connections.delete_secret(tx, safe_actor(safe), secret_id)


def restore(safe: Safe, tx: Tx, secret_id: str) -> None:
    connections.restore_secret(tx, safe_actor(safe), secret_id)


def purge(safe: Safe, tx: Tx, secret_id: str) -> None:
    connections.purge_secret(tx, safe_actor(safe), secret_id)


def safe_actor(safe: Safe) -> Actor:
    return replace(SYSTEM, user_id=safe.world.users["admin"])


@pytest.mark.parametrize(
    ("value", "hint"),
    [("x", "…"), ("elevenchars", "…"), ("twelve-chars", "…hars"), ("čččččččččččč", "…čččč")],
)
def test_a_hint_needs_a_long_enough_value(safe, value, hint):
    row = safe.create(value=Secret(value))
    assert row.hint == hint
    assert safe.reveal(row.id) == value


def test_a_new_value_is_a_new_generation_and_the_old_one_cannot_be_put_back(safe: Safe) -> None:
    row = safe.create(value=Secret("the first value"))
    [before] = safe.stored()
    after = safe.update(row.id, value=Secret("the second one"))
    assert (after.generation, after.hint) == (2, "… one")
    assert safe.reveal(row.id) == "the second one"
    old = next(cell for cell in before if isinstance(cell, str) and cell.startswith("v1."))
    safe.world.write(partial(put_credential, secret_id=row.id, sealed=old))
    with pytest.raises(SealError):
        safe.reveal(row.id)


def test_a_credential_moved_to_another_row_or_tenant_does_not_open(safe: Safe) -> None:
    mine = safe.create(value=Secret("mine"))
    theirs = safe.create(SYSTEM, workspace_id=safe.world.far, value=Secret("theirs"))
    other = safe.create(name="other", value=Secret("other"))
    sealed = dict(safe.world.read(lambda tx: tx.fetch("SELECT id, credential FROM connections", {})))
    for target in (theirs.id, other.id):
        safe.world.write(partial(put_credential, secret_id=target, sealed=sealed[mine.id]))
        with pytest.raises((SealError, UnknownKeyError)):
            safe.reveal(target)


def test_updates_leave_alone_what_is_not_given(safe: Safe) -> None:
    row = safe.create(metadata={"a": 1})
    safe.world.clock.advance(START_STEP)
    renamed = safe.update(row.id, name="new name")
    assert structs.replace(renamed, name=row.name, updated_at=row.updated_at) == row
    assert renamed.updated_at == "2026-03-01T12:00:01.000000Z"
    described = safe.update(row.id, metadata={})
    assert bytes(described.metadata) == b"{}"
    assert described.name == "new name"
    assert safe.get(row.id) == described
    assert safe.reveal(row.id) == "v" * 12


def test_an_update_that_changes_nothing_leaves_no_trace(safe: Safe) -> None:
    row = safe.create()
    before = safe.stored()
    with safe.world.changes_nothing():
        assert safe.update(row.id, name="api") == row
        assert safe.update(row.id) == row
    assert safe.stored() == before


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"value": Secret("")}, "value"),
        ({"value": Secret("x" * 65_537)}, "value"),
        ({"value": Secret("č" * 32_769)}, "value"),
        ({"metadata": {"x": "y" * 16_384}}, "metadata"),
    ],
)
def test_refuses_what_is_malformed_or_too_large(safe: Safe, request_: dict[str, Any], path: str) -> None:
    row = safe.create(name="kept")
    attempts = (partial(safe.create, **request_), partial(safe.update, row.id, **request_))
    for attempt in attempts:
        with safe.world.changes_nothing(), pytest.raises(InvalidRequestError) as refused:
            attempt()
        assert refused.value.details[0].path == path
    assert len(safe.stored()) == 1


def test_the_largest_value_fits(safe: Safe) -> None:
    row = safe.create(value=Secret("č" * 32_768))
    assert safe.reveal(row.id) == "č" * 32_768


def test_names_are_unique_among_the_live_secrets_of_a_workspace(safe: Safe) -> None:
    row = safe.create(name="a")
    other = safe.create(name="b")
    with pytest.raises(SecretNameTakenError):
        safe.create(name="a")
    with pytest.raises(SecretNameTakenError):
        safe.update(other.id, name="a")
    assert safe.create(safe.world.actor("other"), workspace_id=safe.world.two, name="a").name == "a"
    safe.delete(row.id)
    assert safe.create(name="a").id != row.id
    with pytest.raises(SecretNameTakenError):
        safe.restore(row.id)


def test_editors_write_admins_purge_viewers_read(safe: Safe) -> None:
    row = safe.create()
    viewer = safe.world.actor("viewer")
    for refused in (
        lambda: safe.create(viewer, name="x"),
        lambda: safe.update(row.id, viewer, name="x"),
        lambda: safe.delete(row.id, "viewer"),
    ):
        with pytest.raises(TierTooLowError):
            refused()
    safe.delete(row.id)
    with pytest.raises(NotFoundError):
        safe.restore(row.id, "viewer")  # the trash is for those who may restore
    with pytest.raises(TierTooLowError):
        safe.purge(row.id, "editor")
    assert [cell for cell in safe.stored()[0] if cell == row.id] == [row.id]


@pytest.mark.parametrize("user", ["stranger", "other", "plain"])
def test_foreign_secrets_are_absent_for_every_verb(safe: Safe, user: str) -> None:
    row = safe.create()
    actor = safe.world.actor(user)
    for verb in (
        lambda: safe.get(row.id, user),
        lambda: safe.update(row.id, actor, name="x"),
        lambda: safe.delete(row.id, user),
        lambda: safe.restore(row.id, user),
        lambda: safe.purge(row.id, user),
    ):
        with pytest.raises(NotFoundError) as refused:
            verb()
        assert str(refused.value) == "secret not found"
    with pytest.raises(NotFoundError, match="workspace not found"):
        safe.create(actor)
    assert names(safe, user) == ([], 0)
    with pytest.raises(NotFoundError, match="secret not found"):
        safe.get(new_id())


def test_keys_need_the_scope(safe: Safe) -> None:
    row = safe.create()
    reader = replace(safe.world.actor("admin"), operations=frozenset({"secrets:read"}))
    with pytest.raises(ForbiddenError):
        safe.create(reader, name="x")
    with pytest.raises(ForbiddenError):
        safe.update(row.id, reader, name="x")
    writer = replace(reader, operations=frozenset({"secrets:write"}))
    with pytest.raises(ForbiddenError):
        safe.world.read(lambda tx: connections.get_secret(tx, writer, row.id))
    with pytest.raises(ForbiddenError):
        safe.world.read(lambda tx: connections.list_secrets(tx, writer, ListQuery()))


def test_lists_only_secrets_of_visible_workspaces(safe: Safe) -> None:
    safe.create(name="a")
    safe.create(safe.world.actor("other"), workspace_id=safe.world.two, name="b")
    safe.create(safe.world.actor("stranger"), workspace_id=safe.world.far, name="c")
    gone = safe.create(name="d")
    safe.delete(gone.id)
    safe.world.write(lambda tx: connect(safe, tx, scheme="oauth2"))
    assert names(safe, "viewer") == (["a"], 1)
    assert sorted(names(safe, "boss")[0]) == ["a", "b"]
    assert names(safe, "stranger") == (["c"], 1)
    assert names(safe, "editor", deleted=Deleted.ONLY) == (["d"], 1)
    assert names(safe, "viewer", deleted=Deleted.ONLY) == ([], 0)
    assert names(safe, "boss", where=Compare("name", Op.EQ, "b")) == (["b"], 1)


@pytest.mark.parametrize("field", ["credential", "hint", "generation", "value"])
def test_credentials_can_be_neither_filtered_nor_sorted_by(safe, field):
    safe.create()
    with pytest.raises(InvalidRequestError, match="unknown field"):
        names(safe, "viewer", where=Compare(field, Op.STARTS_WITH, "v1."))


def connect(safe: Safe, tx: Tx, **columns: Any) -> str:
    """A connection of another scheme, as a later capability would make it."""
    connection_id = tx.new_id()
    place = {"organization_id": safe.world.acme, "workspace_id": safe.world.one}
    common: dict[str, Any] = {"name": "c", "hint": "…", "metadata": "{}", "generation": 1, "created_by": ""}
    moments = {"created_at": tx.now, "updated_at": tx.now}
    tx.insert(table, **{"id": connection_id, "scheme": "oauth2", **place, **common, **moments, **columns})
    return connection_id


def test_a_connection_of_another_scheme_is_no_secret(safe: Safe) -> None:
    connection_id = safe.world.write(lambda tx: connect(safe, tx))
    for verb in (safe.get, safe.delete, safe.restore, safe.purge):
        with pytest.raises(NotFoundError):
            verb(connection_id, "admin")


def test_a_deleted_secret_cannot_be_used_or_changed_and_comes_back_with_its_value(safe: Safe) -> None:
    row = safe.create(value=Secret("still the same"))
    safe.delete(row.id)
    with pytest.raises(NotFoundError):
        safe.reveal(row.id)
    with pytest.raises(DeletedError):
        safe.update(row.id, name="x")
    deleted = safe.get(row.id, "editor")
    assert (deleted.deleted_at, deleted.retention_tier) == (NOW, "medium")
    with safe.world.changes_nothing():
        safe.delete(row.id)
    assert safe.restore(row.id) == row
    assert safe.get(row.id) == row
    with safe.world.changes_nothing():
        assert safe.restore(row.id) == row
    assert safe.reveal(row.id) == "still the same"


def test_a_purged_secret_is_gone_with_its_value_and_its_events_payloads(safe: Safe) -> None:
    row = safe.create()
    with pytest.raises(NotDeletedError):
        safe.purge(row.id)
    safe.delete(row.id)
    safe.purge(row.id)
    assert safe.stored() == []
    payloads = (
        "SELECT count(*) FROM event_payloads p JOIN events e ON e.id = p.event_id WHERE e.subject_id = :id"
    )
    assert safe.world.read(lambda tx: tx.value(payloads, id=row.id)) == 0
    with pytest.raises(NotFoundError):
        safe.get(row.id, "admin")


def test_a_refused_purge_leaves_everything(safe: Safe) -> None:
    row = safe.create()
    safe.delete(row.id)

    def refuse(*_: object) -> None:
        raise ConflictError("in use", code="in_use")

    catalog = safe.world.db.catalog
    safe.world.db.catalog = replace(catalog, reactions={**catalog.reactions, "secret.purged": (refuse,)})
    before = safe.stored()
    with safe.world.refuses(ConflictError, "in_use"):
        safe.purge(row.id)
    assert safe.stored() == before


def test_retention_names_what_is_overdue(safe: Safe) -> None:
    overdue, kept, live = (safe.create(name=name) for name in "abc")
    safe.delete(overdue.id)
    safe.world.clock.advance(THIRTY_DAYS)
    safe.delete(kept.id)
    assert safe.world.read(lambda tx: connections.expired_secrets(tx, 10)) == [overdue.id]
    assert safe.world.read(lambda tx: connections.expired_secrets(tx, 0)) == []
    assert safe.get(live.id).deleted_at is None


def test_a_destroyed_credential_says_so(safe: Safe) -> None:
    row = safe.create()
    safe.world.write(partial(put_credential, secret_id=row.id, sealed=None))
    with pytest.raises(CredentialDestroyedError):
        safe.reveal(row.id)


def test_a_secret_of_a_deleted_workspace_is_not_restored_alone(own_safe: Safe) -> None:
    safe = own_safe
    row = safe.create()
    safe.delete(row.id)
    safe.world.write(lambda tx: delete_workspace(tx, SYSTEM, safe.world.one))
    with pytest.raises(WorkspaceDeletedError):
        safe.restore(row.id, "boss")
    with pytest.raises(NotFoundError):
        safe.create(safe.world.actor("boss"), name="x")


def test_an_install_may_use_a_connection_of_its_workspace_and_integration_only(safe: Safe) -> None:
    world = safe.world
    integration, other = world.item(world.one), world.item(world.one)
    secret = safe.create()
    gone = safe.create(name="gone")
    safe.delete(gone.id)
    elsewhere = safe.create(SYSTEM, workspace_id=world.two)
    bound = world.write(lambda tx: connect(safe, tx, scheme="api_key", integration_id=integration))
    strange = safe.create(SYSTEM, workspace_id=world.far)

    def scheme(
        connection_id: str,
        user: str = "viewer",
        integration_id: str = integration,
        workspace_id: str = world.one,
    ) -> str:
        actor = world.actor(user)
        place: dict[str, Any] = {"workspace_id": workspace_id, "integration_id": integration_id}
        return world.read(lambda tx: connections.require_usable(tx, actor, connection_id, **place))

    assert scheme(secret.id) == "secret"
    assert scheme(secret.id, integration_id=other) == "secret"
    assert scheme(bound) == "api_key"
    for refused in (
        partial(scheme, bound, integration_id=other),
        partial(scheme, gone.id, "admin"),
        partial(scheme, elsewhere.id, "boss"),
        partial(scheme, strange.id),
        partial(scheme, strange.id, workspace_id=world.far),
        partial(scheme, secret.id, "stranger"),
        partial(scheme, new_id()),
    ):
        with pytest.raises(NotFoundError, match="connection not found"):
            refused()


def test_a_key_narrowed_to_other_objects_sees_no_secret(safe: Safe) -> None:
    row = safe.create()
    actor = replace(safe.world.actor("admin"), entity_ids=frozenset({new_id()}))
    with pytest.raises(NotFoundError):
        safe.world.read(lambda tx: connections.get_secret(tx, actor, row.id))
    bound = replace(safe.world.actor("admin"), workspace_id=safe.world.two, workspace_tier=Tier.ADMIN)
    with pytest.raises(NotFoundError):
        safe.world.read(lambda tx: connections.get_secret(tx, bound, row.id))
