"""The reference page as a person's browser shows it, and the README's tour as a person types it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.server import Server, trunkline
from tests.e2e.chromium import BROWSER, FLAGS

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = ["--data-dir", str(tmp_path / "data")]
    assert json.loads(trunkline("init", "--json", *folder).stdout)["token"].startswith("sec_")
    running = Server(*folder)
    yield running
    running.kill()


def shown(server: Server, path: str, profile: Path) -> tuple[str, str]:
    """The page's final DOM, and what the browser complained about."""
    url = f"http://{server.host}:{server.port}{path}"
    command = [
        str(BROWSER),
        *FLAGS,
        "--enable-logging=stderr",
        f"--user-data-dir={profile}",
        "--dump-dom",
        url,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, "\n".join(complaints)


def test_the_reference_page_shows_every_operation_without_complaint(server, tmp_path):
    page, complaints = shown(server, "/docs/platform", tmp_path / "profile")
    assert complaints == ""
    for operation in ("installIntegration", "upgradeIntegrationInstall", "publishIntegration"):
        assert f'id="{operation}"' in page
    assert page.count("<h3") >= 120


def test_the_first_page_leads_to_it(server, tmp_path):
    page, complaints = shown(server, "/", tmp_path / "profile")
    assert complaints == ""
    assert 'href="/docs' in page
