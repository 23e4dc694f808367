"""The lifecycle against a model of it: any sequence of verbs gives what the model says, and stays whole."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.databases import Databases
from tests.instance import Instance, member
from trunkline import bootstrap

SLUGS = ("a", "b", "c", "d")
slugs = st.sampled_from(SLUGS)
turns = st.integers(0, 5)


@dataclass
class Member:
    """A clone as the model sees it: what it holds, and whether upgrades leave it alone."""

    content: int
    detached: bool = False


@dataclass
class Install:
    """An install as the model sees it."""

    wire: dict[str, Any]
    version: int
    members: dict[str, Member]
    removed: set[str] = field(default_factory=set)  # by people
    deleted: bool = False


class Lifecycle(RuleBasedStateMachine):
    """One integration of functions, installed as children of one another so that many may be live."""

    databases: ClassVar[Databases]
    engine: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="tl"))
        url = self.databases.sqlite() if self.engine == "sqlite" else self.databases.postgresql()
        self.instance = Instance(url, self.folder)
        self.sources: dict[str, dict[str, Any]] = {}
        self.contents = dict.fromkeys(SLUGS, 0)
        self.flags: dict[str, dict[str, bool]] = {}
        self.versions: list[dict[str, tuple[int, dict[str, bool]]]] = []
        self.installs: list[Install] = []
        self.counter = 0

    @initialize()
    def draft(self) -> None:
        for slug in SLUGS:
            self.sources[slug] = self.instance.entity("functions", slug, {"n": 0})
        self.integration = self.instance.integration("i", [])
        # Half of what upgrades decide needs something installed first, which random verbs seldom reach.
        for slug in SLUGS[:3]:
            self.declare(slug, enabled=slug != "b", required=False)
        self.publish()
        self.install(None)

    def teardown(self) -> None:
        self.instance.close()
        shutil.rmtree(self.folder)

    @rule(slug=slugs, enabled=st.booleans(), required=st.booleans())
    def declare(self, slug: str, enabled: bool, required: bool) -> None:
        self.flags[slug] = {"defaultEnabled": enabled, "required": required}
        self._save()

    @rule(slug=slugs)
    def withdraw(self, slug: str) -> None:
        self.flags.pop(slug, None)
        self._save()

    def _save(self) -> None:
        members = [member(s, self.sources[s], "function", **flags) for s, flags in self.flags.items()]
        path = f"/api/integrations/{self.integration['id']}"
        self.instance.ok("PATCH", path, {"manifest": {"members": members}})

    @rule(slug=slugs)
    def edit_source(self, slug: str) -> None:
        self.contents[slug] = self._fresh()
        path = f"/api/functions/{self.sources[slug]['id']}"
        self.instance.ok("PATCH", path, {"definition": {"n": self.contents[slug]}})

    def _fresh(self) -> int:
        self.counter += 1
        return self.counter

    @rule()
    def publish(self) -> None:
        self.versions.append({slug: (self.contents[slug], dict(flags)) for slug, flags in self.flags.items()})
        self.instance.publish(self.integration["id"], f"{len(self.versions)}.0.0")

    @rule(slug=slugs, change=st.sampled_from(["edit", "withdraw", "enable", "offer", "require"]), turn=turns)
    def release(self, slug: str, change: str, turn: int) -> None:
        """One change, published and taken by an install: what happens most in practice."""
        if change == "edit":
            self.edit_source(slug)
        elif change == "withdraw":
            self.withdraw(slug)
        else:
            self.declare(slug, enabled=change == "enable", required=change == "require")
        self.publish()
        self.upgrade(turn)

    @precondition(lambda self: self.versions)
    @rule(selected=st.none() | st.sets(slugs))
    def install(self, selected: set[str] | None) -> None:
        version = self.versions[-1]
        body: dict[str, Any] = (
            {} if selected is None else {"selectedMemberSlugs": sorted(selected & set(version))}
        )
        live = [i for i in self.installs if not i.deleted]
        if live:
            body["parentInstallId"] = live[-1].wire["id"]
        wire = self.instance.install(self.integration["id"], **body)
        taken = {
            slug: Member(content)
            for slug, (content, flags) in version.items()
            if flags["required"] or (flags["defaultEnabled"] if selected is None else slug in selected)
        }
        self.installs.append(Install(wire, len(self.versions) - 1, taken))

    def _live(self, turn: int) -> Install | None:
        live = [i for i in self.installs if not i.deleted]
        return live[turn % len(live)] if live else None

    @rule(turn=turns)
    def upgrade(self, turn: int) -> None:
        install = self._live(turn)
        if install is None:
            return
        expected = self._upgraded(install)
        answer = self.instance.ok("POST", f"/api/integration-installs/{install.wire['id']}/upgrade")
        assert {name: set(found) for name, found in answer.items()} == expected
        again = self.instance.ok("POST", f"/api/integration-installs/{install.wire['id']}/upgrade")
        assert not any(again.values())

    def _upgraded(self, install: Install) -> dict[str, set[str]]:
        """Apply the newest version to the model; the four sets it should answer."""
        target, previous = self.versions[-1], self.versions[install.version]
        done: dict[str, set[str]] = {"updated": set(), "added": set(), "removed": set(), "skipped": set()}
        for slug, held in list(install.members.items()):
            if held.detached:
                done["skipped"].add(slug)
            elif slug not in target:
                done["removed"].add(slug)
                del install.members[slug]
            elif held.content != target[slug][0]:
                done["updated"].add(slug)
                held.content = target[slug][0]
        for slug, (content, flags) in target.items():
            if slug in install.members:
                continue
            if flags["required"] or (slug not in previous and flags["defaultEnabled"]):
                done["added"].add(slug)
                install.members[slug] = Member(content)
                install.removed.discard(slug)
            elif slug not in previous or slug in install.removed:
                done["skipped"].add(slug)
        unchanged = install.version == len(self.versions) - 1 and not (
            done["updated"] or done["added"] or done["removed"]
        )
        install.version = len(self.versions) - 1
        return {name: set() for name in done} if unchanged else done

    @rule(turn=turns, slug=slugs)
    def edit_clone(self, turn: int, slug: str) -> None:
        install = self._live(turn)
        if install is None or slug not in install.members:
            return
        held = install.members[slug]
        held.content, held.detached = self._fresh(), True
        path = f"/api/functions/{self._wire(install, slug)['entityId']}"
        self.instance.ok("PATCH", path, {"definition": {"n": held.content}})

    @rule(turn=turns, slug=slugs)
    def attach(self, turn: int, slug: str) -> None:
        install = self._live(turn)
        if install is None or slug not in install.members:
            return
        install.members[slug].detached = False
        path = f"/api/integration-members/{self._wire(install, slug)['id']}/detach"
        self.instance.ok("POST", path, {"detached": False})

    @rule(turn=turns, slug=slugs)
    def remove_clone(self, turn: int, slug: str) -> None:
        install = self._live(turn)
        if install is None or slug not in install.members:
            return
        path = f"/api/functions/{self._wire(install, slug)['entityId']}"
        required = self.versions[install.version].get(slug, (0, {"required": False}))[1]["required"]
        answer = self.instance.api("DELETE", path)
        assert answer.status == (409 if required else 200)
        if not required:
            del install.members[slug]
            install.removed.add(slug)

    def _wire(self, install: Install, slug: str) -> Any:
        return self.instance.members(install.wire["id"])[slug]

    @rule(turn=turns)
    def uninstall(self, turn: int) -> None:
        install = self._live(turn)
        if install is not None:
            self.instance.ok("DELETE", f"/api/integration-installs/{install.wire['id']}")
            self._forget_children(install)

    def _forget_children(self, install: Install) -> None:
        install.deleted = True
        for child in self.installs:
            if child.wire["parentInstallId"] == install.wire["id"] and not child.deleted:
                self._forget_children(child)

    @rule(turn=turns)
    def restore_or_purge(self, turn: int) -> None:
        dead = [i for i in self.installs if i.deleted]
        if not dead:
            return
        install = dead[turn % len(dead)]
        path = f"/api/integration-installs/{install.wire['id']}"
        if turn % 2:
            self.instance.ok("DELETE", f"{path}/purge")
        else:
            self.instance.api("POST", f"{path}/restore")
        self._read_back()

    def _read_back(self) -> None:
        """Which installs are left and live is asked rather than modelled: deletions share one id per tree."""
        listed = self.instance.ok("GET", "/api/integration-installs?include_deleted=true")["data"]
        left = {wire["id"]: wire for wire in listed}
        self.installs = [i for i in self.installs if i.wire["id"] in left]
        for install in self.installs:
            install.deleted = left[install.wire["id"]]["deletedAt"] is not None

    @invariant()
    def installs_hold_what_the_model_says(self) -> None:
        for install in self.installs:
            if install.deleted:
                continue
            members = self.instance.members(install.wire["id"])
            found = {slug: Member(self._content(wire), wire["detached"]) for slug, wire in members.items()}
            assert found == install.members

    def _content(self, wire: dict[str, Any]) -> int:
        return int(self.instance.ok("GET", f"/api/functions/{wire['entityId']}")["definition"]["n"])

    @invariant()
    def every_promise_holds(self) -> None:
        assert bootstrap.verify(self.instance.database) == []


def run(databases: Databases, engine: str, examples: int, steps: int) -> None:
    Lifecycle.databases, Lifecycle.engine = databases, engine
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            report_multiple_bugs=False,
        ),
    )


@pytest.mark.parametrize(("engine", "examples"), [("sqlite", 25), ("postgresql", 5)])
def test_any_sequence_of_verbs_gives_what_the_model_says(databases, engine, examples):
    run(databases, engine, examples, steps=20)


@pytest.mark.soak
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_many_long_sequences_give_what_the_model_says(databases, engine):
    run(databases, engine, 300, steps=40)
