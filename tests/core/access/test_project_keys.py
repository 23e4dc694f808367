from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.core.access.views import View
from tests.core.access.world import ITEM, NOW, PEPPER, SYSTEM, World
from trunkline.core import access, workspaces
from trunkline.infra.vault import key_hash
from trunkline.kit import keys
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError, UnauthenticatedError
from trunkline.kit.filters import OrderKey
from trunkline.kit.pages import ListQuery
from trunkline.kit.secret import Secret


def create(world: World, actor: Actor, **changes: Any) -> access.IssuedProjectKey:
    request = access.CreateProjectKey(**{"workspace_id": world.one, "label": "ci", **changes})
    return world.write(lambda tx: access.create_project_key(tx, actor, request, pepper=PEPPER))


def update(world: World, actor: Actor, key: Secret, **changes: Any) -> access.ProjectKeyRow:
    request = access.UpdateProjectKey(**{"workspace_id": world.one, "key": key, **changes})
    return world.write(lambda tx: access.update_project_key(tx, actor, request, pepper=PEPPER))


def get(world: World, actor: Actor, key: Secret, project_id: str = "") -> access.ProjectKeyRow:
    return world.read(
        lambda tx: access.get_project_key(tx, actor, project_id or world.one, key, pepper=PEPPER)
    )


def delete(world: World, actor: Actor, key: Secret, project_id: str = "") -> None:
    world.write(lambda tx: access.delete_project_key(tx, actor, project_id or world.one, key, pepper=PEPPER))


def listed(world: World, actor: Actor, project_id: str = "", **query: Any) -> list[access.ProjectKeyRow]:
    wanted = ListQuery(**query)
    return world.read(lambda tx: access.list_project_keys(tx, actor, project_id or world.one, wanted)).rows


def enter(world: World, key: Secret) -> Actor:
    return world.read(lambda tx: access.authenticate(tx, key_hash(PEPPER, key.reveal())))


def test_a_key_is_shown_once_and_kept_as_a_digest(world: World) -> None:
    admin = world.actor("admin")
    request = access.CreateProjectKey(workspace_id=world.one, label="ci", scopes=("full", "billing"))
    issued, events = world.journal(lambda tx: access.create_project_key(tx, admin, request, pepper=PEPPER))
    text = issued.secret.reveal()
    assert issued.row == access.ProjectKeyRow(
        id=issued.row.id,
        organization_id=world.acme,
        workspace_id=world.one,
        user_id=world.users["admin"],
        label="ci",
        hint=keys.hint(text),
        metadata=msgspec.Raw(b'{"scopes":["full","billing"]}'),
        active=True,
        created_by=world.users["admin"],
        created_at=NOW,
    )
    assert issued.row.scopes == ("full", "billing")
    assert events == [f"key.created {issued.row.id}"]
    for actor in (admin, world.actor("boss"), world.actor("viewer"), world.project("editor"), SYSTEM):
        assert get(world, actor, issued.secret) == issued.row
        assert listed(world, actor) == [issued.row]
    stored = repr(world.snapshot())
    assert text[4:] not in stored
    assert key_hash(PEPPER, text) in stored


def test_a_key_acts_as_its_maker_in_the_project_and_its_groups(world: World) -> None:
    issued = create(world, world.actor("admin"))
    assert enter(world, issued.secret) == replace(world.project("admin"), key_id=issued.row.id)
    group = world.group(world.one, "g")
    items = {world.item(world.one): "project", world.item(group.id): "group", world.item(world.two): "two"}
    view = View(world, enter(world, issued.secret), ITEM, items)
    assert view.holding(Tier.ADMIN) == {"project", "group"}
    made = world.write(workspaces.ensure_group, enter(world, issued.secret), world.one, "h")
    assert made.owner_workspace_id == world.one


def test_a_key_holds_what_its_maker_holds_by_now(world: World) -> None:
    secret = create(world, world.actor("admin")).secret
    member = world.member_id(world.one, "admin")
    request = access.ChangeWorkspaceRole(id=member, role="viewer")
    world.write(access.change_workspace_role, SYSTEM, request)
    assert enter(world, secret).tier_in_groups is Tier.VIEWER
    world.write(access.remove_workspace_member, SYSTEM, member)
    assert enter(world, secret).tier_in_groups is Tier.NONE


def test_it_is_a_key_of_one_dialect(world: World) -> None:
    issued = create(world, world.actor("admin"))
    digest = key_hash(PEPPER, issued.secret.reveal())
    assert world.read(access.pinned_dialect, digest) == "ampersand"
    assert world.read(access.get_key, world.actor("admin"), issued.row.id).dialect == "ampersand"
    assert keys.parse(issued.secret.reveal()) is not None
    with world.refuses(InvalidRequestError, path="dialect"):
        world.key("admin", dialect="ampersand")


@pytest.mark.parametrize(
    ("scopes", "front_end"),
    [
        ((), False),
        (("full",), False),
        (("frontend",), True),
        (("frontend", "frontend"), True),
        (("frontend", "full"), False),
        (("Frontend",), False),
        (("frontend ",), False),
    ],
)
def test_only_the_scope_frontend_alone_makes_a_key_for_pages(
    world: World, scopes: tuple[str, ...], front_end: bool
) -> None:
    actor = enter(world, create(world, world.actor("admin"), scopes=scopes).secret)
    assert actor.front_end is front_end
    assert (actor.workspace_tier, actor.tier_in_groups, actor.operations) == (
        (Tier.VIEWER, Tier.EDITOR, access.FRONT_END) if front_end else (Tier.ADMIN, Tier.ADMIN, None)
    )


def test_a_key_for_pages_makes_no_keys(world: World) -> None:
    actor = enter(world, create(world, world.actor("admin"), scopes=("frontend",)).secret)
    with world.refuses(ForbiddenError, "scope_missing"):
        create(world, actor)
    with world.refuses(ForbiddenError, "scope_missing"):
        listed(world, actor)
    token = access.CreateToken(workspace_id=world.one)
    with world.refuses(ForbiddenError, "scope_missing"):
        world.write(lambda tx: access.create_token(tx, actor, token, pepper=PEPPER))


def test_a_key_is_switched_off_and_on(world: World) -> None:
    admin, issued = world.actor("admin"), create(world, world.actor("admin"))
    row = update(world, admin, issued.secret, active=False)
    assert (row.active, row.label) == (False, "ci")
    assert get(world, admin, issued.secret) == row
    with pytest.raises(UnauthenticatedError):
        enter(world, issued.secret)
    assert world.read(access.pinned_dialect, key_hash(PEPPER, issued.secret.reveal())) is None
    with world.changes_nothing():
        assert update(world, admin, issued.secret, active=False) == row
    assert update(world, admin, issued.secret, active=True) == issued.row
    assert enter(world, issued.secret)


def test_a_key_that_is_switched_off_makes_nothing_more(world: World) -> None:
    issued = create(world, world.actor("admin"))
    actor = enter(world, issued.secret)
    update(world, world.actor("boss"), issued.secret, active=False)
    with world.refuses(UnauthenticatedError):
        create(world, actor)


def test_a_key_is_renamed_and_given_other_scopes(world: World) -> None:
    admin, issued = world.actor("admin"), create(world, world.actor("admin"), scopes=("full",))
    request = access.UpdateProjectKey(
        workspace_id=world.one, key=issued.secret, label="pages", scopes=["frontend"]
    )
    row, events = world.journal(lambda tx: access.update_project_key(tx, admin, request, pepper=PEPPER))
    assert (row.label, row.scopes, events) == ("pages", ("frontend",), [f"key.updated {issued.row.id}"])
    assert enter(world, issued.secret).front_end
    sql = "SELECT changed FROM audit_entries WHERE action = 'key.updated'"
    assert world.read(lambda tx: tx.column(sql)) == ['["label","scopes"]']
    with world.changes_nothing():
        assert update(world, admin, issued.secret) == row
    assert update(world, admin, issued.secret, scopes=()).scopes == ()
    assert not enter(world, issued.secret).front_end


def test_a_key_that_expires_wakes_none_that_does_not(world: World) -> None:
    sleeping = create(world, world.actor("admin")).secret
    update(world, world.actor("admin"), sleeping, active=False)
    short = world.key("admin", expires_at="2026-03-01T12:00:05.000000Z")
    actor = world.read(access.authenticate, key_hash(PEPPER, short.secret.reveal()))
    with world.refuses(access.ScopeExceededError, "scope_exceeded"):
        update(world, actor, sleeping, active=True)
    assert update(world, actor, sleeping, label="x").active is False


def test_a_narrowed_key_lets_no_other_do_more(world: World) -> None:
    """Keys for pages are public: whoever could widen one would give everybody who reads a page more."""
    page = create(world, world.actor("admin"), scopes=("frontend",)).secret
    for narrowed in (
        replace(world.actor("admin"), operations=frozenset({"keys:*"})),
        replace(world.actor("admin"), operations=frozenset({"*"})),
    ):
        with world.refuses(access.ScopeExceededError, "scope_exceeded"):
            update(world, narrowed, page, scopes=("full",))
        assert update(world, narrowed, page, label="x", active=False).active is False
        with world.refuses(access.ScopeExceededError, "scope_exceeded"):
            update(world, narrowed, page, active=True)
        update(world, world.actor("admin"), page, active=True, label="ci")


def test_a_key_made_with_a_key_inherits_what_narrows_it(world: World) -> None:
    maker = world.key(
        "admin", operations=("keys:*", "installs:read"), expires_at="2026-03-02T00:00:00.000000Z"
    )
    actor = enter(world, maker.secret)
    issued = create(world, actor)
    assert enter(world, issued.secret).operations == frozenset({"keys:*", "installs:read"})
    row = world.read(access.get_key, world.actor("admin"), issued.row.id)
    assert row.expires_at == "2026-03-02T00:00:00.000000Z"
    page = enter(world, create(world, actor, scopes=("frontend",)).secret)
    assert page.operations == frozenset({"installs:read"})


def test_a_deleted_key_is_gone_with_the_sessions_made_with_it(world: World) -> None:
    admin, issued = world.actor("admin"), create(world, world.actor("admin"))
    actor = enter(world, issued.secret)
    token = world.write(
        lambda tx: access.create_token(tx, actor, access.CreateToken(workspace_id=world.one), pepper=PEPPER)
    )
    assert not enter(world, token.secret).reaches_groups
    _, events = world.journal(
        lambda tx: access.delete_project_key(tx, admin, world.one, issued.secret, pepper=PEPPER)
    )
    assert events == [f"key.revoked {issued.row.id}"]
    for secret in (issued.secret, token.secret):
        with pytest.raises(UnauthenticatedError):
            enter(world, secret)
    assert listed(world, admin) == []
    with world.refuses(NotFoundError):
        get(world, admin, issued.secret)
    with world.refuses(NotFoundError):
        update(world, admin, issued.secret, active=True)
    with world.refuses(NotFoundError):
        delete(world, admin, issued.secret)


def test_others_neither_see_nor_change_them(world: World) -> None:
    issued = create(world, world.actor("admin"))
    for name in ("editor", "viewer"):
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            create(world, world.actor(name))
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            update(world, world.actor(name), issued.secret, active=False)
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            delete(world, world.actor(name), issued.secret)
    for actor in (world.actor("plain"), world.actor("stranger"), world.actor("owner", world.two)):
        for verb in (create, listed):
            with world.refuses(NotFoundError):
                verb(world, actor)
        for addressed in (get, delete, update):
            with world.refuses(NotFoundError):
                addressed(world, actor, issued.secret)
    for project_id, name in ((world.two, "owner"), (world.far, "stranger")):
        assert listed(world, world.actor(name), project_id) == []
        for addressed in (get, delete):
            with world.refuses(NotFoundError):
                addressed(world, world.actor(name), issued.secret, project_id)
    with world.refuses(ForbiddenError, "forbidden"):
        create(world, world.actor("admin"), user_id=world.users["owner"])
    group = world.group(world.one, "g")
    with world.refuses(NotFoundError):
        create(world, world.actor("owner"), workspace_id=group.id)


def test_other_texts_and_other_keys_are_missing(world: World) -> None:
    admin = world.actor("admin")
    create(world, admin)
    other = world.key("admin", workspace_id=world.one)
    texts = ("", "x", "sec_", "sec_" + "a" * 43, "é" * 47, "a" * 100_000)
    for key in (other.secret, keys.generate("sec_"), *map(Secret, texts)):
        with world.refuses(NotFoundError):
            get(world, admin, key)
        with world.refuses(NotFoundError):
            delete(world, admin, key)


def test_a_list_is_the_projects_own_and_paged(world: World) -> None:
    owner = world.actor("owner")
    for number in range(3):
        create(world, owner, label=f"key {number}")
    create(world, owner, workspace_id=world.two, label="other")
    world.key("owner", workspace_id=world.one)
    by_label = (OrderKey("label", "asc"),)
    assert [row.label for row in listed(world, owner, limit=2, order=by_label)] == ["key 0", "key 1"]
    assert [row.label for row in listed(world, owner, world.two)] == ["other"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"label": ""}, "label"),
        ({"label": "l" * 256}, "label"),
        ({"label": "a\tb"}, "label"),
        ({"scopes": ("full", "")}, "scopes[1]"),
        ({"scopes": ("a\n",)}, "scopes[0]"),
        ({"scopes": ("x",) * 51}, "scopes"),
        ({"scopes": tuple("x" * 200 for _ in range(30))}, "scopes"),
    ],
)
def test_malformed_members_are_named(still_world: World, changes: dict[str, Any], path: str) -> None:
    admin = still_world.actor("admin")
    with still_world.refuses(InvalidRequestError, path=path):
        create(still_world, admin, **changes)
    secret = create(still_world, admin).secret
    with still_world.refuses(InvalidRequestError, path=path):
        update(still_world, admin, secret, **changes)


def test_keys_stop_with_their_project_and_go_with_it(world: World) -> None:
    secret = create(world, world.actor("admin")).secret
    world.write(workspaces.delete_workspace, SYSTEM, world.one)
    with pytest.raises(UnauthenticatedError):
        enter(world, secret)
    world.write(workspaces.restore_workspace, SYSTEM, world.one)
    assert enter(world, secret)
    world.write(workspaces.delete_workspace, SYSTEM, world.one)
    world.write(workspaces.purge_workspace, SYSTEM, world.one)
    with pytest.raises(UnauthenticatedError):
        enter(world, secret)
