"""Who sees which connections, in every way there is to look."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.connections.desk import Desk, oauth2
from tests.core.connections.offering import KEY, by_key, define
from trunkline.core import connections
from trunkline.core.connections import ConnectionRow, UpdateConnection
from trunkline.kit.actor import Actor, Tier, system_actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import new_id
from trunkline.kit.pages import Deleted, ListQuery
from trunkline.kit.secret import Secret

BEARER = {"token": "demo-bearer-token"}


def made(desk: Desk) -> dict[str, ConnectionRow]:
    """A shared connection, one of the viewer's own, one of the editor's own, and one to a granted integration."""
    config = {"type": "bearer", "apiBaseUri": f"{desk.simulated.url}/crm", "mode": "per_user"}
    integration = desk.integration(config, secret=False)
    granted = desk.integration({**config, "mode": "shared"}, secret=False)
    desk.world.grant(granted, "user", desk.world.users["plain"])
    desk.world.grant(granted, "anyone", None)
    return {
        "shared": desk.connect(integration, name="shared", credentials=BEARER, mode="shared"),
        "viewers": desk.connect(integration, "viewer", name="viewers", credentials=BEARER),
        "editors": desk.connect(integration, name="editors", credentials=BEARER),
        "granted": desk.connect(granted, name="granted", credentials=BEARER),
    }


SEEN = {
    "viewer": {"shared", "viewers", "granted"},
    "editor": {"shared", "editors", "granted"},
    "admin": {"shared", "viewers", "editors", "granted"},
    "boss": {"shared", "viewers", "editors", "granted"},
    "plain": {"granted"},
    "other": {"granted"},
    "stranger": set(),
}


def listed(desk: Desk, actor: Actor, **query: object) -> set[str]:
    asked = ListQuery(**query)  # type: ignore[arg-type]
    page = desk.world.read(lambda tx: connections.list_connections(tx, actor, asked))
    assert page.total == len(page.rows)
    return {row.name for row in page.rows}


def test_everybody_sees_what_they_may_and_nothing_else(desk: Desk) -> None:
    rows = made(desk)
    for user, names in SEEN.items():
        assert listed(desk, desk.actor(user)) == names, user
        for name, row in rows.items():
            if name in names:
                assert desk.get(row.id, user) == row
            else:
                with pytest.raises(NotFoundError):
                    desk.get(row.id, user)


def test_a_grant_that_is_taken_back_counts_from_the_next_look(desk: Desk) -> None:
    rows = made(desk)
    desk.world.write(lambda tx: tx.run("UPDATE grants SET deleted_at = :now", now=tx.now))
    assert listed(desk, desk.actor("plain")) == set()
    with pytest.raises(NotFoundError):
        desk.use(rows["granted"].id, "plain")


def test_a_key_bound_elsewhere_or_narrowed_sees_less(desk: Desk) -> None:
    rows = made(desk)
    admin = desk.actor("boss")
    bound = replace(admin, workspace_id=desk.world.two, workspace_tier=Tier.ADMIN, administered=())
    assert listed(desk, bound) == set()
    here = replace(bound, workspace_id=desk.world.one)
    assert listed(desk, here) == SEEN["admin"]
    narrowed = replace(admin, entity_ids=frozenset({rows["shared"].id, new_id()}))
    assert listed(desk, narrowed) == {"shared"}


def test_secrets_and_connections_do_not_show_in_each_others_lists(desk: Desk) -> None:
    rows = made(desk)
    secret = desk.safe.create(name="a secret", value=Secret("v" * 12))
    editor = desk.actor("editor")
    assert "a secret" not in listed(desk, editor)
    system = system_actor("a test")
    assert "a secret" not in listed(desk, system)
    for actor in (editor, system):
        page = desk.world.read(connections.list_secrets, actor, ListQuery())
        assert [row.name for row in page.rows] == ["a secret"]
        with pytest.raises(NotFoundError):
            desk.world.read(connections.get_connection, actor, secret.id)
        with pytest.raises(NotFoundError):
            desk.world.read(connections.get_secret, actor, rows["shared"].id)
    with pytest.raises(NotFoundError):
        desk.use(secret.id)
    admin = desk.actor("admin")
    with pytest.raises(NotFoundError):
        desk.world.write(connections.disconnect_connection, admin, secret.id)
    with pytest.raises(NotFoundError):
        desk.world.write(connections.purge_connection, admin, secret.id)


def test_lists_narrow_by_what_a_connection_is(desk: Desk) -> None:
    rows = made(desk)
    admin = desk.actor("admin")
    desk.put(
        rows["shared"].id,
        status="needs_reauth",
        reason="revoked",
        access_expires_at="2026-03-01T13:00:00.000000Z",
    )
    where = {
        Compare("status", Op.EQ, "needs_reauth"): {"shared"},
        Compare("reason", Op.EQ, "revoked"): {"shared"},
        Compare("integration_id", Op.EQ, rows["granted"].integration_id): {"granted"},
        Compare("user_id", Op.EQ, desk.world.users["viewer"]): {"viewers"},
        Compare("user_id", Op.IS_NULL, True): {"shared", "granted"},
        Compare("mode", Op.EQ, "per_user"): {"viewers", "editors"},
        Compare("provider", Op.IS_NULL, False): set(),
        Compare("access_expires_at", Op.LT, "2026-03-02T00:00:00.000000Z"): {"shared"},
        Compare("refreshable", Op.EQ, True): set(),
        Compare("scheme", Op.EQ, "secret"): set(),
    }
    for node, names in where.items():
        assert listed(desk, admin, where=node) == names, node
    for field in ("credential", "lease_owner", "intent", "stale_at", "generation"):
        with pytest.raises(InvalidRequestError):
            listed(desk, admin, where=Compare(field, Op.EQ, "x"))


def test_disconnected_ones_are_in_the_trash_of_those_who_may_connect_them_again(desk: Desk) -> None:
    rows = made(desk)
    desk.world.write(
        lambda tx: connections.disconnect_connection(tx, desk.actor("viewer"), rows["viewers"].id)
    )
    assert listed(desk, desk.actor("viewer")) == {"shared", "granted"}
    assert listed(desk, desk.actor("viewer"), deleted=Deleted.ONLY) == {"viewers"}
    assert listed(desk, desk.actor("editor"), deleted=Deleted.ONLY) == set()


def test_a_page_takes_the_same_statements_however_many_there_are(desk: Desk) -> None:
    made(desk)
    admin = desk.actor("admin")

    def statements() -> int:
        def work(tx: object) -> int:
            connections.list_connections(tx, admin, ListQuery(limit=2))  # type: ignore[arg-type]
            return int(tx.statements)  # type: ignore[attr-defined]

        return desk.world.read(work)

    before = statements()
    made(desk)
    assert statements() == before == 2


def test_renaming(desk: Desk) -> None:
    rows = made(desk)
    editor = desk.actor("editor")

    def rename(actor: Actor, row: ConnectionRow, **changes: object) -> ConnectionRow:
        request = UpdateConnection(id=row.id, **changes)  # type: ignore[arg-type]
        return desk.world.write(lambda tx: connections.update_connection(tx, actor, request))

    after = rename(editor, rows["shared"], name="Ours", metadata={"a": 1})
    assert (after.name, bytes(after.metadata)) == ("Ours", b'{"a":1}')
    assert rename(editor, rows["shared"]) == after
    assert desk.happened(after.id) == ["created", "updated"]
    with pytest.raises(ForbiddenError):
        rename(desk.actor("viewer"), rows["shared"], name="x")
    assert rename(desk.actor("viewer"), rows["viewers"], name="Mine").name == "Mine"
    with pytest.raises(InvalidRequestError):
        rename(editor, rows["shared"], name=" ")
    with pytest.raises(InvalidRequestError):
        rename(editor, rows["shared"], metadata={"x": "y" * 20_000})


def test_a_key_without_the_permission_does_nothing(desk: Desk) -> None:
    rows = made(desk)
    actor = replace(desk.actor("owner"), operations=frozenset({"secrets:read"}))
    reading = [
        lambda tx: connections.list_connections(tx, actor, ListQuery()),
        lambda tx: connections.get_connection(tx, actor, rows["shared"].id),
        lambda tx: connections.update_connection(tx, actor, UpdateConnection(id=rows["shared"].id, name="x")),
        lambda tx: connections.disconnect_connection(tx, actor, rows["shared"].id),
        lambda tx: connections.purge_connection(tx, actor, rows["shared"].id),
        lambda tx: connections.confirm_connection_origins(tx, actor, rows["shared"].id, []),
        lambda tx: connections.destroy_connections(tx, actor, rows["shared"].integration_id or ""),
    ]
    for work in reading:
        with pytest.raises(ForbiddenError, match="not scoped for connections"):
            desk.world.write(work)
    with pytest.raises(ForbiddenError, match="not scoped for connections"):
        desk.start(desk.integration(), actor)
    with pytest.raises(ForbiddenError, match="not scoped for connections"):
        desk.connect(rows["shared"].integration_id or "", actor, credentials=BEARER)
    with pytest.raises(ForbiddenError, match="not scoped for connections"):
        desk.run(connections.probe(desk.env, actor, rows["shared"].id))


def test_the_connection_for_somebody_is_their_own_before_the_shared_one(desk: Desk) -> None:
    rows = made(desk)
    integration = rows["shared"].integration_id or ""

    def found(user: str, workspace_id: str | None = None) -> str | None:
        actor = desk.actor(user)
        place = workspace_id or desk.world.one
        row = desk.world.read(lambda tx: connections.connection_for(tx, actor, integration, place))
        return None if row is None else row.name

    assert found("viewer") == "viewers"
    assert found("editor") == "editors"
    assert found("admin") == "shared"
    assert found("plain") is None
    assert found("stranger") is None
    assert found("admin", desk.world.two) is None
    used = desk.run(connections.authorized_for(desk.env, desk.actor("viewer"), integration))
    assert used.connection.name == "viewers"
    with pytest.raises(NotFoundError):
        desk.run(connections.authorized_for(desk.env, desk.actor("stranger"), integration))


def test_a_narrowed_key_finds_the_connection_it_may_use_among_older_ones(desk: Desk) -> None:
    integration = desk.integration({"type": "bearer", "mode": "shared"}, secret=False)
    provider = by_key(desk)
    direct = [desk.connect(integration, credentials=BEARER).id for _ in range(2)]
    of_provider = [
        desk.connect(None, provider=provider, mode="shared", credentials={"apiKey": KEY}).id for _ in range(2)
    ]

    def found(*seen: str) -> tuple[str | None, str | None]:
        actor = replace(desk.actor("admin"), entity_ids=frozenset({integration, *seen}))
        rows = desk.world.read(
            lambda tx: (
                connections.connection_for(tx, actor, integration, desk.world.one),
                connections.connection_through(tx, actor, provider, desk.world.one),
            )
        )
        first, second = (None if row is None else row.id for row in rows)
        return first, second

    assert found(*direct, *of_provider) == (direct[0], of_provider[0])
    assert found(direct[1], of_provider[1]) == (direct[1], of_provider[1])
    assert found() == (None, None)


def test_an_install_may_use_what_connects_to_the_same_provider(desk: Desk) -> None:
    provider = define(desk)
    one = desk.integration({"provider": provider, "mode": "shared"}, secret=False)
    other = desk.integration({"provider": provider, "mode": "shared"}, secret=False)
    without = desk.integration(oauth2(desk.simulated, desk.client))
    row = desk.authorize(one)

    def scheme(integration_id: str, user: str = "editor") -> str:
        actor = desk.actor(user)
        place = {"workspace_id": desk.world.one, "integration_id": integration_id}
        return desk.world.read(lambda tx: connections.require_usable(tx, actor, row.id, **place))

    assert scheme(one) == scheme(other) == "oauth2"
    with pytest.raises(NotFoundError):
        scheme(without)
    desk.put(row.id, status="needs_reauth", reason="revoked")
    assert scheme(one) == "oauth2"
    desk.world.write(lambda tx: connections.disconnect_connection(tx, desk.actor("editor"), row.id))
    with pytest.raises(NotFoundError):
        scheme(one, "admin")
