"""An integration's own icon: a small picture that does nothing, whatever it was sent as."""

from __future__ import annotations

import hashlib

from msgspec import Struct

from trunkline.core.access import DeletedError, Permission, require_tier
from trunkline.core.integrations.queries import ICON, ICON_DIGEST, OF_INTEGRATION
from trunkline.core.integrations.raster import BrokenImageError, read_raster
from trunkline.core.integrations.reads import visible_integration
from trunkline.core.integrations.specs import IntegrationRow
from trunkline.core.integrations.tables import integration_icons
from trunkline.core.integrations.telling import tell
from trunkline.core.integrations.vector import UnsafeDrawingError, check_drawing
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, PayloadTooLargeError, UnsupportedMediaError

MAX_BYTES = 512 * 1024
MAX_SIDE = 1_024  # pixels
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Icon(Struct, frozen=True):
    """A picture that `check_icon` let through; `digest` is the SHA-256 of its content."""

    media_type: str
    digest: str
    content: bytes


def check_icon(content: bytes) -> Icon:
    """Find out what a picture is and refuse what is too large, moves, or could do anything; needs no transaction.

    PNG, JPEG, GIF, WebP and SVG are known by their content, never by what they are declared as.

    Raises:
        PayloadTooLargeError: more than 512 KiB.
        UnsupportedMediaError: none of the five types.
        InvalidRequestError: broken, more than 1,024 pixels wide or high, more than one frame, or a drawing that
            holds more than one may (see `vector`).
    """
    if len(content) > MAX_BYTES:
        raise PayloadTooLargeError(f"an icon has at most {MAX_BYTES // 1024} KiB")
    return Icon(_media_type(content), hashlib.sha256(content).hexdigest(), content)


def set_icon(tx: Tx, actor: Actor, integration_id: str, icon: Icon) -> None:
    """Give an integration an icon of its own, in place of any it has; a no-op when it is the same.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of it.
        DeletedError: it is deleted.

    Source: seed 003, PUT /api/integrations/{id}/icon.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    row = _editable(tx, actor, integration_id)
    if tx.value(ICON_DIGEST, integration_id=row.id) == icon.digest:
        return
    tx.delete(integration_icons, OF_INTEGRATION, integration_id=row.id)
    tx.insert(
        integration_icons,
        id=tx.new_id(),
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        integration_id=row.id,
        media_type=icon.media_type,
        digest=icon.digest,
        content=icon.content,
        created_by=actor.user_id,
        created_at=tx.now,
    )
    tell(tx, actor, "icon_set", row, changed=("icon",), data={"mediaType": icon.media_type})


def get_icon(tx: Tx, actor: Actor, integration_id: str) -> Icon | None:
    """An integration's own icon; None when it has none.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope.
    """
    actor.require(Permission.INTEGRATIONS_READ)
    return tx.one(Icon, ICON, integration_id=visible_integration(tx, actor, integration_id).id)


def remove_icon(tx: Tx, actor: Actor, integration_id: str) -> None:
    """Take an integration's own icon away; a no-op when it has none.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of it.
        DeletedError: it is deleted.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    row = _editable(tx, actor, integration_id)
    if tx.delete(integration_icons, OF_INTEGRATION, integration_id=row.id):
        tell(tx, actor, "icon_removed", row, changed=("icon",))


def _editable(tx: Tx, actor: Actor, integration_id: str) -> IntegrationRow:
    row = visible_integration(tx, actor, integration_id)
    require_tier(tx, actor, row, Tier.EDITOR, "integration")
    if row.deleted_at is not None:
        raise DeletedError("restore the integration before changing its icon")
    return row


def _media_type(content: bytes) -> str:
    try:
        raster = read_raster(content)
        if raster is None and content.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(b"<"):
            check_drawing(content)
            return "image/svg+xml"
    except (BrokenImageError, UnsafeDrawingError) as error:
        raise InvalidRequestError.at("icon", f"the picture {error}") from error
    if raster is None:
        raise UnsupportedMediaError("an icon is a PNG, JPEG, GIF, WebP or SVG picture")
    if not (0 < raster.width <= MAX_SIDE and 0 < raster.height <= MAX_SIDE):
        raise InvalidRequestError.at("icon", f"must be 1-{MAX_SIDE} pixels wide and high")
    if raster.frames != 1:
        raise InvalidRequestError.at("icon", "must not be animated")
    return raster.media_type
