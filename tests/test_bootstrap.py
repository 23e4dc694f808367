from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.infra.http.upstream import OK, get, script, upstream
from trunkline.bootstrap import application, open_platform
from trunkline.settings import SettingsError, load_settings


def test_a_list_of_hosts_that_cannot_be_read_stops_the_start_before_anything_is_made(tmp_path: Path) -> None:
    for entry in ("10.0.0.0/8", "crm.internal", "https://crm.internal:8443", "127.1:80"):
        settings = load_settings({"data_dir": tmp_path / "new", "egress_allow": entry}, environ={})
        with pytest.raises(SettingsError, match="egress_allow"):
            open_platform(settings, migrate_schema=True)
    assert not (tmp_path / "new").exists()


def test_the_servers_connections_end_with_it(databases: Databases, tmp_path: Path) -> None:
    url = databases.sqlite()

    async def serve() -> None:
        async with upstream(script(OK)) as server:
            flags = {"data_dir": tmp_path, "database_url": url, "egress_allow": f"127.0.0.1:{server.port}"}
            platform = open_platform(load_settings(flags, environ={}))
            events = iter(["lifespan.startup", "lifespan.shutdown"])

            async def receive() -> dict[str, str]:
                event = next(events)
                if event == "lifespan.shutdown":
                    assert (await platform.services.egress.fetch(get(server.origin))).body == b"ok"
                return {"type": event}

            async def send(_: object) -> None:
                pass

            await application(platform)({"type": "lifespan"}, receive, send)
            assert await server.calls[0].reader.read() == b""
            platform.close()

    asyncio.run(serve())
    databases.give_back(url)
