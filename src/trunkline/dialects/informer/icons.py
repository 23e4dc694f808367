"""Icons: small pictures that do nothing, wherever they are shown.

Source: seed 003; informer-gestal reference A4 (icon).
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

from trunkline.core import integrations as core
from trunkline.dialects.informer.integrations import ID
from trunkline.dialects.informer.references import find, find_in
from trunkline.dialects.informer.wire_base import Wire
from trunkline.infra.db import Tx
from trunkline.kit.errors import NotFoundError
from trunkline.web import Call, FlowCall, Reply, Route, Upload

# A drawing is a document: here it has no origin of its own, runs nothing and loads nothing.
_HARMLESS: Final = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
_ELSEWHERE = re.compile(r"(?:https?://|/)[\x21-\x2e\x30-\x5b\x5d-\x7e][\x21-\x5b\x5d-\x7e]*", re.ASCII)


class IconWire(Wire, frozen=True, kw_only=True):
    """What the picture was found to be."""

    media_type: str
    size: int


def get_icon(call: Call) -> Reply:
    """GET /api/integrations/{id}/icon."""
    row = find(call)
    icon = core.get_icon(call.tx, call.actor, row.id)
    if icon is not None:
        return Reply(body=icon.content, media_type=icon.media_type, headers=_HARMLESS)
    if row.icon_url is None or not _ELSEWHERE.fullmatch(row.icon_url):
        raise NotFoundError("icon")
    return Reply(status=302, headers={"location": row.icon_url})


async def set_icon(call: FlowCall) -> IconWire:
    """PUT /api/integrations/{id}/icon."""
    upload: Upload = call.body
    icon = await asyncio.to_thread(core.check_icon, upload.content)

    def keep(tx: Tx) -> None:
        core.set_icon(tx, call.actor, find_in(tx, call.actor, call.path["id"]).id, icon)

    await call.database.write(keep)
    return IconWire(media_type=icon.media_type, size=len(icon.content))


def remove_icon(call: Call) -> None:
    """DELETE /api/integrations/{id}/icon."""
    core.remove_icon(call.tx, call.actor, find(call).id)


_PATH: Final = "/api/integrations/{id}/icon"
_TAGS = ("Icons",)

ROUTES = [
    Route(
        method="GET",
        path=_PATH,
        handler=get_icon,
        operation_id="getIcon",
        summary="Get an integration's icon.",
        permission="integrations:read",
        returns=bytes,
        media_type="image/*",
        also={302: "It has no icon of its own; its `imageUrl` is here."},
        etag=True,
        path_parameters=ID,
        tags=_TAGS,
    ),
    Route(
        method="PUT",
        path=_PATH,
        handler=set_icon,
        operation_id="setIcon",
        summary="Give an integration an icon: a PNG, JPEG, GIF, WebP or SVG picture of at most 512 KiB.",
        permission="integrations:write",
        flow=True,
        upload=True,
        returns=IconWire,
        media_type="application/json",
        path_parameters=ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path=_PATH,
        handler=remove_icon,
        operation_id="removeIcon",
        summary="Take an integration's own icon away.",
        permission="integrations:write",
        status=204,
        path_parameters=ID,
        tags=_TAGS,
    ),
]
