"""Folders of the connected account, where the driver says how to ask for them.

Source: informer-gestal reference A3 row 15.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
from msgspec import UNSET, Meta, UnsetType

from trunkline.core import proxy
from trunkline.dialects.informer.connections import UPSTREAM
from trunkline.dialects.informer.flows import place
from trunkline.dialects.informer.integrations import ID
from trunkline.dialects.informer.presets import DRIVERS, FolderListing
from trunkline.dialects.informer.requests import forward
from trunkline.dialects.informer.wire_base import Body, Wire
from trunkline.kit.errors import BadGatewayError, InvalidRequestError
from trunkline.web import FlowCall, Route

ROOT: Final = "root"
MAX_ANSWER: Final = 4 * 1024 * 1024  # bytes
_PLACE: Final = "{folder}"


class PreviewBody(Body, frozen=True, kw_only=True):
    """Which folder to look into."""

    folder_id: Annotated[str, Meta(max_length=1_000, description="`root`, the default, or an id.")] | None = (
        None
    )


class Directory(Wire, frozen=True, kw_only=True):
    """A folder."""

    id: str
    name: str
    path: str | UnsetType = UNSET
    mime_type: str | UnsetType = UNSET


class Directories(Wire, frozen=True, kw_only=True):
    """The folders in the folder."""

    directories: list[Directory]


class NoDirectoriesError(InvalidRequestError):
    """It is not known how to ask systems of this type for folders."""

    code = "no_directories"


async def preview(call: FlowCall) -> Directories:
    """POST /api/integrations/{id}/directories/preview."""
    body: PreviewBody = call.body
    driver = (await place(call)).integration.driver
    listing = DRIVERS[driver].folders if driver in DRIVERS else None
    if listing is None:
        raise NoDirectoriesError(f"it is not known how to ask systems of type {driver} for folders")
    folder = body.folder_id or ROOT
    at_root = folder == ROOT
    sent = None
    if listing.body is not None:
        named = listing.root if at_root else folder
        sent = msgspec.json.encode({name: text.replace(_PLACE, named) for name, text in listing.body.items()})
    forwarded = await forward(
        call,
        method=listing.method,
        url=_url(listing, folder, at_root=at_root),
        params=[(name, _filled(listing, text, folder)) for name, text in listing.params.items()],
        headers={"accept": "application/json"} | ({"content-type": "application/json"} if sent else {}),
        body=sent,
    )
    return Directories(directories=_read(listing, await _answer(forwarded)))


def _url(listing: FolderListing, folder: str, *, at_root: bool) -> str:
    if at_root and listing.root_path is not None:
        return listing.root_path
    return listing.path.replace(_PLACE, quote(folder, safe=""))


def _filled(listing: FolderListing, text: str, folder: str) -> str:
    if listing.quoted:
        folder = folder.replace("\\", "\\\\").replace("'", "\\'")
    return text.replace(_PLACE, folder)


async def _answer(forwarded: proxy.Forwarded) -> Any:
    content = bytearray()
    async with aclosing(forwarded.body) as chunks:
        async for chunk in chunks:
            content += chunk
            if len(content) > MAX_ANSWER:
                raise BadGatewayError("the upstream's list of folders is too long")
    if forwarded.status >= 300:
        raise BadGatewayError(f"the upstream answered with status {forwarded.status}")
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadGatewayError("the upstream answered something that is no JSON") from error


def _read(listing: FolderListing, answer: Any) -> list[Directory]:
    items = answer.get(listing.items) if isinstance(answer, dict) else None
    if not isinstance(items, list):
        raise BadGatewayError("the upstream's answer holds no list of folders")
    return [
        _directory(listing, item) for item in items if isinstance(item, dict) and _is_folder(listing, item)
    ]


def _is_folder(listing: FolderListing, item: dict[str, Any]) -> bool:
    if listing.folder is None:
        return True
    name, value = listing.folder
    return name in item and (value is None or item[name] == value)


def _directory(listing: FolderListing, item: dict[str, Any]) -> Directory:
    def text(member: str) -> str | UnsetType:
        found = item.get(member) if member else None
        return found if isinstance(found, str) else UNSET

    return Directory(
        id=str(item.get(listing.id, "")),
        name=str(item.get(listing.name, "")),
        path=text(listing.path_of),
        mime_type=text(listing.mime_type),
    )


ROUTES = [
    Route(
        method="POST",
        path="/api/integrations/{id}/directories/preview",
        handler=preview,
        operation_id="previewDirectories",
        summary="List the folders in a folder of the connected account.",
        permission="connections:use",
        flow=True,
        write=False,
        idempotent=False,
        body=PreviewBody,
        returns=Directories,
        media_type="application/json",
        errors=UPSTREAM,
        path_parameters=ID,
        tags=("Requests",),
    ),
]
