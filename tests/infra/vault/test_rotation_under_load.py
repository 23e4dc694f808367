"""Keys are rotated from the command line while an instance serves: no request fails, no value is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.cli.command import Done, Here, trunkline
from tests.instance import Instance
from trunkline import bootstrap
from trunkline.core import access, connections
from trunkline.infra.db import Tx
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.kit.ids import format_id, parse_id
from trunkline.kit.secret import Secret

BATCH = 500
Command = Callable[..., Done]


class Load:
    """Readers that open credentials and replay kept answers, writers that give credentials anew.

    Each writer has secrets of its own, so that what a secret must hold is known at every moment.
    """

    def __init__(self, instance: Instance, count: int) -> None:
        self.instance = instance
        self.values: dict[str, list[str]] = {}
        self.failures: list[Any] = []
        self.requests = 0
        self._counting = threading.Lock()
        self._stopped = threading.Event()
        for start in range(0, count, BATCH):
            made = instance.database.write_now(partial(self._make, start, min(BATCH, count - start)))
            self.values |= made
        self.ids = list(self.values)
        self._replayed = self._token("replayed")

    def _make(self, start: int, count: int, tx: Tx) -> dict[str, list[str]]:
        actor = access.act_as(tx, self.instance.user_id)
        workspace_id = parse_id("workspace", self.instance.workspace_id) or ""
        made = {}
        for number in range(start, start + count):
            value = f"value {number}"
            request = connections.CreateSecret(
                workspace_id=workspace_id, name=f"secret {number}", value=Secret(value)
            )
            vault = self.instance.platform.services.vault
            made[connections.create_secret(tx, actor, vault, request).id] = [value]
        return made

    def _token(self, key: str) -> Any:
        body = {"workspaceId": self.instance.workspace_id}
        answer = self.instance.api("POST", "/api/tokens", body, headers={"idempotency-key": key})
        assert answer.status == 201, answer.body
        return answer.json

    def during(self, work: Callable[[], None]) -> None:
        with ThreadPoolExecutor(4) as pool:
            running = [pool.submit(self._until_stopped, self._read, seed) for seed in range(2)]
            running += [pool.submit(self._until_stopped, self._write, seed) for seed in range(2)]
            try:
                work()
            finally:
                self._stopped.set()
            for one in running:
                one.result()

    def _until_stopped(self, request: Callable[[Random, int], None], seed: int) -> None:
        dice = Random(seed)
        while not self._stopped.is_set():
            try:
                request(dice, seed)
            except Exception as error:  # noqa: BLE001  # reported by the main thread
                self.failures.append(error)
            with self._counting:
                self.requests += 1

    def _read(self, dice: Random, seed: int) -> None:
        if dice.random() < 0.1:
            assert self._token("replayed") == self._replayed
            return
        secret_id = dice.choice(self.ids)
        allowed = list(self.values[secret_id])
        found = self.open(secret_id)
        assert found in {*allowed, *self.values[secret_id]}, (found, allowed)

    def _write(self, dice: Random, seed: int) -> None:
        secret_id = self.ids[2 * dice.randrange(len(self.ids) // 2) + seed]
        value = f"{self.values[secret_id][0]} edition {len(self.values[secret_id])}"
        # Before it is sent: a reader may see it before the answer is here.
        self.values[secret_id].append(value)
        answer = self.instance.api(
            "PATCH", f"/api/secrets/{format_id('secret', secret_id)}", {"value": value}
        )
        assert answer.status == 200, (answer.status, answer.body)

    def open(self, secret_id: str) -> str:
        vault = self.instance.platform.services.vault
        return self.instance.database.read_now(lambda tx: connections.reveal(tx, vault, secret_id)).reveal()


def rotate_under_load(instance: Instance, count: int, command: Command) -> Load:
    load = Load(instance, count)
    settings = instance.settings
    where = ("--data-dir", settings.data_dir, "--database-url", settings.database_url, "--json")

    def ok(*arguments: str) -> Any:
        done = command("vault", *arguments, *where)
        assert (done.exit, done.err) == (0, ""), (done.out, done.err)
        return done.json

    def rotate() -> None:
        wrapped = ok("rotate")
        assert (wrapped["activeKey"], wrapped["dataKeysRewrapped"], wrapped["rootRewrapped"]) == (
            "kek_2",
            1,
            True,
        )
        resealed = ok("rotate", "--data-keys")
        assert (resealed["dataKeysMade"], resealed["unreadable"]) == (1, [])
        # Those a writer gave anew in the meantime are under the new key already.
        assert resealed["valuesResealed"] > count / 2
        assert ok("retire", "kek_1")["keys"] == ["kek_2"]

    load.during(rotate)
    assert load.failures == []
    assert load.requests > 0
    ok("rewrap")
    status = ok("status")
    assert [key["id"] for key in status["keys"]] == ["kek_2"]
    left = {f"{one['table']}.{one['column']}": one for one in status["values"]}
    assert {one["outdated"] + one["orphaned"] for one in left.values()} == {0}
    assert left["idempotency_records.body"]["sealed"] == 1
    assert left["connections.credential"]["sealed"] == count
    assert {load.open(secret_id) == values[-1] for secret_id, values in load.values.items()} == {True}
    assert bootstrap.verify(instance.database, instance.platform.services.vault) == []
    newest = instance.database.read_now(
        lambda tx: DatabaseKeyStore(tx).load(parse_id("organization", instance.organization_id) or "")
    )
    assert [key.kek_id for key in newest] == ["kek_2", "kek_2"]
    return load


@pytest.fixture
def here(capfd: pytest.CaptureFixture[str]) -> Here:
    return Here(capfd)


def test_a_thousand_credentials_are_rotated_while_they_are_used(instance: Instance, here: Here) -> None:
    rotate_under_load(instance, 1_000, here)


@pytest.mark.soak
def test_twenty_thousand_credentials_are_rotated_while_they_are_used(instance: Instance) -> None:
    load = rotate_under_load(instance, 20_000, trunkline)
    print(f"{load.requests} requests during the rotation, none failed")


def test_a_status_can_be_had_of_an_instance_that_serves(
    instance: Instance, here: Here, tmp_path: Path
) -> None:
    where = ("--data-dir", tmp_path, "--database-url", instance.settings.database_url, "--json")
    assert here("vault", "status", *where).json["keyFile"] == str(tmp_path / "vault.key")
