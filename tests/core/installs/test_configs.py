"""Configuring installs takes and drops their members, all or nothing, however many there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from tests.core.installs.crm import CRM
from tests.instance import Instance
from trunkline import bootstrap
from trunkline.core import access, installs, integrations, providers
from trunkline.core.access import TierTooLowError
from trunkline.core.installs import GivenConfig, InstallIntegration, InvalidConfigError
from trunkline.core.manifests import read_manifest
from trunkline.infra.db import Tx
from trunkline.infra.jobs import claim, run_job
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ConflictError, NotFoundError
from trunkline.kit.pages import ListQuery

Answer = TypeVar("Answer")

MANY = 1_000
BY = "api:test"
CONTACT = {"read": {"objects": {"contact": {"objectName": "contact"}}}}


class Shop:
    """An integration that needs no account, deployed into the workspace; installed there by its owner."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.workspace_id = instance.workspace_id.removeprefix("wsp_")
        self.integration_id = self.deploy(CRM).integration.id

    def by_owner(self, work: Callable[..., Answer], *args: Any, **named: Any) -> Answer:
        def run(tx: Tx) -> Answer:
            return work(tx, access.act_as(tx, self.instance.user_id), *args, **named)

        return self.instance.database.write_now(run)

    def deploy(self, text: str, *, destructive: bool = False) -> integrations.Deployed:
        manifest = read_manifest(text).manifest
        assert manifest is not None
        (done,) = self.by_owner(installs.deploy_project, self.workspace_id, manifest, destructive=destructive)
        return done

    def install(self, content: dict[str, Any] | None = None, **members: Any) -> installs.InstallRow:
        config = None if content is None else GivenConfig(content, BY)
        secret = {
            "workspaceId": self.instance.workspace_id,
            "name": f"s{self.configs()}",
            "value": "s3cret-s3cret",
        }
        made = self.instance.ok("POST", "/api/secrets", secret)["id"]
        request = InstallIntegration(
            integration_id=self.integration_id,
            workspace_id=self.workspace_id,
            auth_state_id=made.removeprefix("scr_"),
            config=config,
            **members,
        )
        return self.by_owner(installs.install_integration, request)

    def configs(self) -> int:
        return self.instance.count("SELECT count(*) FROM install_configs")

    def members(self, install: installs.InstallRow) -> set[str]:
        return set(self.instance.members(f"inst_{install.id}"))

    def configure(self, install: installs.InstallRow, content: dict[str, Any]) -> installs.InstallRow:
        return self.by_owner(installs.update_config, install.id, content, BY)


@pytest.fixture
def shop(instance: Instance) -> Shop:
    return Shop(instance)


def test_members_follow_the_configuration_there_and_back(shop):
    install = shop.install(CONTACT)
    # What is always read is there whatever is chosen.
    assert shop.members(install) == {"read:contact", "read:owner"}
    everything: dict[str, Any] = {
        "read": {"objects": {"contact": {}, "deal.line": {}}},
        "write": {"objects": {"contact": {}, "note": {}}},
        "subscribe": {"objects": {"contact": {}}},
    }
    shop.configure(install, everything)
    assert shop.members(install) == {
        "read:contact", "read:deal.line", "read:owner", "write:contact", "write:note", "subscribe:contact",
    }  # fmt: skip
    shop.configure(install, {"write": {"objects": {"note": {}}}})
    assert shop.members(install) == {"read:owner", "write:note"}
    assert bootstrap.verify(shop.instance.database) == []


def test_a_clone_that_was_edited_goes_too_when_its_object_is_taken_out(shop):
    install = shop.install(CONTACT)
    entity_id = shop.instance.members(f"inst_{install.id}")["read:contact"]["entityId"]
    shop.instance.ok("PATCH", f"/api/syncs/{entity_id}", {"definition": {"objectName": "contact", "mine": 1}})
    shop.configure(install, {})
    assert shop.members(install) == {"read:owner"}
    shop.configure(install, CONTACT)
    again = shop.instance.members(f"inst_{install.id}")["read:contact"]
    assert (again["entityId"] != entity_id, again["detached"]) == (True, False)
    assert bootstrap.verify(shop.instance.database) == []


def test_members_that_no_configuration_is_about_stay(shop):
    path = f"/api/integrations/int_{shop.integration_id}"
    extra = shop.instance.entity("functions", "extra", {})
    manifest = shop.instance.ok("GET", path)["manifest"]
    member = {
        "slug": "extra",
        "entityId": extra["id"],
        "kind": "function",
        "defaultEnabled": True,
        "forkOnInstall": True,
    }
    manifest["members"].append(member)
    shop.instance.ok("PATCH", path, {"manifest": manifest})
    shop.deploy(CRM)
    install = shop.install(CONTACT, member_policy="auto_defaults")
    assert "extra" in shop.members(install)
    shop.configure(install, {})
    assert shop.members(install) == {"read:owner", "extra"}


def test_every_configuration_is_kept_and_none_is_changed(shop):
    install = shop.install(CONTACT)
    shop.configure(install, {})
    shop.configure(install, {})
    page = shop.by_owner(installs.list_configs, install.id, ListQuery())
    assert [(row.created_by, bytes(row.content).decode()) for row in page.rows] == [
        (BY, "{}"),
        (BY, '{"read":{"objects":{"contact":{"objectName":"contact"}}}}'),
    ]
    with pytest.raises(Exception, match="never changed"):
        shop.instance.database.write_now(lambda tx: tx.run("UPDATE install_configs SET note = 'x'"))


def test_each_configuration_is_on_record_and_the_same_again_is_not(shop):
    install = shop.install(CONTACT)
    shop.configure(install, {})
    sql = "SELECT type FROM events WHERE subject_id = :id ORDER BY created_at, id"
    expected = ["integration_install.created", "integration_install.configured"]
    assert shop.instance.database.read_now(lambda tx: tx.column(sql, id=install.id)) == expected
    before = shop.instance.count("SELECT count(*) FROM audit_entries")
    shop.configure(install, {})
    assert shop.instance.count("SELECT count(*) FROM audit_entries") == before


def test_what_does_not_fit_leaves_no_trace(shop):
    install = shop.install(CONTACT)
    before = (
        shop.configs(),
        shop.instance.count("SELECT count(*) FROM audit_entries"),
        shop.members(install),
    )
    with pytest.raises(InvalidConfigError):
        shop.configure(install, {"write": {"objects": {"contact": {}}}, "read": {"objects": {"lead": {}}}})
    after = (shop.configs(), shop.instance.count("SELECT count(*) FROM audit_entries"), shop.members(install))
    assert after == before


def test_only_editors_of_the_workspace_configure_and_strangers_find_nothing(shop):
    install = shop.install(CONTACT)
    acme = shop.instance.organization_id.removeprefix("org_")

    def viewer(tx: Tx, owner: Actor) -> str:
        request = access.CreateUser(organization_id=acme, email="v@acme.example", name="v")
        user = access.create_user(tx, owner, request)
        member = access.AddWorkspaceMember(workspace_id=shop.workspace_id, user_id=user.id, role="viewer")
        access.add_workspace_member(tx, owner, member)
        return user.id

    viewer_id, stranger_id = shop.by_owner(viewer), shop.instance.tenant("other").owner_id
    for user_id, refusal in ((viewer_id, TierTooLowError), (stranger_id, NotFoundError)):

        def configure(tx: Tx, user_id: str = user_id) -> None:
            installs.update_config(tx, access.act_as(tx, user_id), install.id, {}, BY)

        with pytest.raises(refusal):
            shop.instance.database.write_now(configure)
    assert shop.configs() == 1


def test_a_deleted_install_is_not_configured_and_its_configuration_returns_with_it(shop):
    install = shop.install(CONTACT)
    shop.by_owner(installs.uninstall, install.id)
    with pytest.raises(ConflictError):
        shop.configure(install, {})
    restored = shop.by_owner(installs.restore_install, install.id)
    assert (restored.config_id, shop.members(install)) == (install.config_id, {"read:contact", "read:owner"})
    shop.by_owner(installs.uninstall, install.id)
    shop.by_owner(installs.purge_install, install.id)
    assert shop.configs() == 0
    assert bootstrap.verify(shop.instance.database) == []


def test_purging_the_workspace_takes_configurations_along(shop):
    other = shop.instance.ok(
        "POST",
        "/api/workspaces",
        {"organizationId": shop.instance.organization_id, "name": "w", "handle": "w"},
    )
    secret = shop.instance.ok(
        "POST", "/api/secrets", {"workspaceId": other["id"], "name": "s", "value": "s3cret-s3cret"}
    )
    body = {"workspaceId": other["id"], "authStateId": secret["id"], "selectedMemberSlugs": ["write:note"]}
    shop.instance.ok("POST", f"/api/integrations/int_{shop.integration_id}/install", body)
    assert shop.configs() == 1
    shop.instance.ok("DELETE", f"/api/workspaces/{other['id']}")
    shop.instance.ok("DELETE", f"/api/workspaces/{other['id']}/purge")
    assert shop.configs() == 0
    assert bootstrap.verify(shop.instance.database) == []


def test_health_returns_with_the_secret(shop):
    install = shop.install(CONTACT)
    for verb, health in (("delete", "unhealthy"), ("restore", "healthy")):
        path = f"/api/secrets/scr_{install.auth_state_id}"
        shop.instance.ok(*(("DELETE", path) if verb == "delete" else ("POST", f"{path}/restore")))
        assert shop.by_owner(installs.get_install, install.id).health == health
    shop.by_owner(installs.uninstall, install.id)
    shop.instance.ok("DELETE", f"/api/secrets/scr_{install.auth_state_id}")
    assert shop.by_owner(installs.restore_install, install.id).health == "unhealthy"
    assert bootstrap.verify(shop.instance.database) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_thousand_installs_upgrade_and_are_paused(shop):
    """On one engine: it is their number that counts."""
    auth = providers.ProviderAuth(scheme="none")
    wanted = providers.CreateProvider(
        organization_id=shop.instance.organization_id.removeprefix("org_"), name="open", auth=auth
    )
    shop.by_owner(providers.create_provider, wanted)
    text = CRM.replace("provider: hubspot", "provider: open").replace("name: crm", "name: many")
    integration_id = shop.deploy(text).integration.id

    def install_some(tx: Tx, actor: Actor, refs: range) -> list[str]:
        made = []
        for number in refs:
            request = installs.InstallForGroup(
                project_id=shop.workspace_id,
                integration_id=integration_id,
                group_ref=f"org_{number}",
                connection_id=None,
                config=GivenConfig({"read": {"objects": {"contact": {}, "deal.line": {}}}}, BY),
            )
            made.append(installs.install_for_group(tx, actor, request).id)
        return made

    made = [
        one for start in range(0, MANY, 100) for one in shop.by_owner(install_some, range(start, start + 100))
    ]
    start, end = (text.index(f"        - objectName: {name}") for name in ("deal.line", "owner"))
    done = shop.deploy(text[:start] + text[end:], destructive=True)
    assert done.removed == ("read:deal.line",)
    rounds = 0
    while jobs := shop.instance.database.write_now(lambda tx: claim(tx, worker="test", limit=10)):
        for job in jobs:
            run_job(shop.instance.database, bootstrap.HANDLERS, job)
            rounds += job.kind == installs.PAUSE_DROPPED_JOB
    # One piece at once with the deployment, the others by jobs; the last finds fewer than a piece.
    assert rounds == MANY // 100
    paused = "SELECT count(*) FROM install_configs WHERE content LIKE '%\"disabled\":true%'"
    assert shop.instance.count(paused) == MANY
    for start in range(0, MANY, 100):

        def upgrade_some(tx: Tx, actor: Actor, ids: list[str]) -> set[tuple[tuple[str, ...], ...]]:
            found: set[tuple[tuple[str, ...], ...]] = set()
            for install_id in ids:
                result = installs.upgrade_install(tx, actor, install_id)
                found.add((result.updated, result.added, result.removed, result.skipped))
            return found

        assert shop.by_owner(upgrade_some, made[start : start + 100]) == {((), (), ("read:deal.line",), ())}
    assert bootstrap.verify(shop.instance.database) == []
