"""Folders, as the file APIs of the providers list them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.dialects.informer.desk import Online
from tests.dialects.informer.provider import Provider, providing
from tests.instance import Instance
from tests.simulated import Simulated

FOLDER = "application/vnd.google-apps.folder"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing() as served:
        yield served


@pytest.fixture
def files(database_url: str, tmp_path: Path, simulated: Simulated, provider: Provider) -> Iterator[Online]:
    instance = Instance(database_url, tmp_path, egress_allow=(provider.host_port,))
    made = Online(instance, simulated)
    yield made
    made.close()
    instance.close()


def preview(files: Online, provider: Provider, driver: str, listed: Any, **body: Any) -> Any:
    """What is answered, and how the provider was asked: method, path, query, body."""
    provider.content = json.dumps(listed)
    path = files.echo(type=driver, apiBaseUri=f"http://{provider.host_port}/v1")
    answer = files.send("POST", f"{path}/directories/preview", body)
    assert answer.status == 200, answer.body
    ((method, asked, credential, sent),) = provider.asked
    assert credential == "Bearer a-token-to-see"
    target = urlsplit(asked)
    query = {name: value for name, (value,) in parse_qs(target.query).items()}
    return answer.json["directories"], (method, target.path, query, json.loads(sent) if sent else None)


@pytest.mark.parametrize(
    ("body", "folder"), [({}, "root"), ({"folderId": "it's \\ here"}, "it\\'s \\\\ here")]
)
def test_google_drive_is_asked_with_a_query(
    files: Online, provider: Provider, body: dict[str, str], folder: str
) -> None:
    listed = {"files": [{"id": "f1", "name": "Reports", "mimeType": FOLDER}, "no object"]}
    found, asked = preview(files, provider, "google-drive", listed, **body)
    assert found == [{"id": "f1", "name": "Reports", "mimeType": FOLDER}]
    query = {
        "q": f"'{folder}' in parents and mimeType = '{FOLDER}' and trashed = false",
        "fields": "files(id,name,mimeType)",
        "pageSize": "1000",
        "orderBy": "name",
    }
    assert asked == ("GET", "/v1/files", query, None)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"folderId": "root"}, "/v1/me/drive/root/children"),
        ({"folderId": "a b/c"}, "/v1/me/drive/items/a%20b%2Fc/children"),
    ],
)
def test_onedrive_is_asked_by_a_path_and_files_are_left_out(
    files: Online, provider: Provider, body: dict[str, str], path: str
) -> None:
    listed = {"value": [{"id": "1", "name": "Docs", "folder": {}}, {"id": "2", "name": "a.txt", "file": {}}]}
    found, asked = preview(files, provider, "onedrive", listed, **body)
    assert found == [{"id": "1", "name": "Docs"}]
    assert asked == ("GET", path, {"$select": "id,name,folder,parentReference"}, None)


@pytest.mark.parametrize(("body", "folder"), [({}, ""), ({"folderId": "id:abc"}, "id:abc")])
def test_dropbox_is_asked_with_a_body(
    files: Online, provider: Provider, body: dict[str, str], folder: str
) -> None:
    listed = {
        "entries": [
            {".tag": "folder", "id": "id:1", "name": "Docs", "path_display": "/Docs"},
            {".tag": "file", "id": "id:2", "name": "a.txt", "path_display": "/a.txt"},
        ]
    }
    found, asked = preview(files, provider, "dropbox", listed, **body)
    assert found == [{"id": "id:1", "name": "Docs", "path": "/Docs"}]
    assert asked == ("POST", "/v1/files/list_folder", {}, {"path": folder})


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, "no json"),
        pytest.param(200, "[" * 200_000, id="200-deep"),
        (200, "[]"),
        (200, '{"files": {}}'),
        (200, "{}"),
        (403, '{"files": []}'),
        (500, ""),
    ],
)
def test_what_is_no_list_of_folders_is_the_upstreams_fault(
    files: Online, provider: Provider, status: int, content: str
) -> None:
    provider.status, provider.content = status, content
    path = files.echo(type="google-drive", apiBaseUri=f"http://{provider.host_port}")
    answer = files.send("POST", f"{path}/directories/preview", {})
    assert (answer.status, answer.json["error"]) == (502, "Bad Gateway")


def test_a_folder_that_would_leave_the_place_is_refused(files: Online, provider: Provider) -> None:
    provider.content = json.dumps({"value": []})
    path = files.echo(type="onedrive", apiBaseUri=f"http://{provider.host_port}/v1")
    for folder in ("..", "../..", "%2e%2e", "x" * 2_000):
        assert files.send("POST", f"{path}/directories/preview", {"folderId": folder}).status in (400, 200)
    assert all(asked[1].startswith("/v1/me/drive/items/") for asked in provider.asked)
