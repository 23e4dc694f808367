"""Access keys of installs: with one, an install speaks for itself. Shown once, when they are made.

Beyond seeds 000 and 001; what they open is the Gestal-compatible API.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from trunkline.core import installs as core
from trunkline.dialects.platform.wire_base import (
    DONE,
    Body,
    Success,
    Wire,
    path_id,
    spell_optional_time,
    spell_time,
)
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_id
from trunkline.kit.pages import ListQuery
from trunkline.web import Call, Route


class InstallKeyWire(Wire, frozen=True, kw_only=True):
    """An access key of an install, without the key itself."""

    id: str
    install_id: str
    key_hint: Annotated[str, Meta(description="As long as the key, its last four characters shown.")]
    created_at: str
    expires_at: Annotated[str | None, Meta(description="When it ends by itself, because it is replaced.")]
    last_active_at: Annotated[str | None, Meta(description="True to the minute.")]


class IssuedInstallKeyWire(InstallKeyWire, frozen=True, kw_only=True):
    """A new access key. `key` is shown this once and kept nowhere."""

    key: str


class InstallKeysWire(Wire, frozen=True, kw_only=True):
    """The access keys of an install that have not ended."""

    access_keys: list[InstallKeyWire]


class RotateBody(Body, frozen=True, kw_only=True):
    """How long the replaced key is still good for."""

    overlap_seconds: Annotated[
        int, Meta(ge=0, le=core.OVERLAP_MAX_S, description="0 ends it at once; a day unless given.")
    ] = core.OVERLAP_S


def spell(row: core.InstallKeyRow) -> InstallKeyWire:
    """An access key in this dialect."""
    return InstallKeyWire(
        id=format_id("install_key", row.id),
        install_id=format_id("install", row.install_id),
        key_hint=core.mask(row.ending),
        created_at=spell_time(row.created_at),
        expires_at=spell_optional_time(row.expires_at),
        last_active_at=spell_optional_time(row.last_active_at),
    )


def _issued(issued: core.IssuedInstallKey) -> IssuedInstallKeyWire:
    shown = spell(issued.row)
    members = {name: getattr(shown, name) for name in shown.__struct_fields__}
    return IssuedInstallKeyWire(**members, key=issued.secret.reveal())


def list_install_keys(call: Call) -> InstallKeysWire:
    """GET /api/integration-installs/{id}/access-keys."""
    # As many as there can be, those included that are being replaced.
    everything = ListQuery(limit=2 * core.KEYS_MAX, count=False)
    page = core.list_install_keys(call.tx, call.actor, everything, install_id=path_id(call, "install"))
    return InstallKeysWire(access_keys=[spell(row) for row in page.rows])


def create_install_key(call: Call) -> IssuedInstallKeyWire:
    """POST /api/integration-installs/{id}/access-keys."""
    pepper = call.services.pepper
    return _issued(core.create_install_key(call.tx, call.actor, path_id(call, "install"), pepper=pepper))


def rotate_install_key(call: Call) -> IssuedInstallKeyWire:
    """POST /api/install-keys/{id}/rotate."""
    body: RotateBody = call.body
    issued = core.rotate_install_key(
        call.tx,
        call.actor,
        path_id(call, "install_key"),
        pepper=call.services.pepper,
        overlap_s=body.overlap_seconds,
    )
    return _issued(issued)


def revoke_install_key(call: Call) -> Success:
    """DELETE /api/install-keys/{id}."""
    core.revoke_install_key(call.tx, call.actor, path_id(call, "install_key"))
    return DONE


_TAGS = ("Access keys of installs",)
_INSTALL = {"id": "The install's id, e.g. `inst_0197…`."}
_KEY = {"id": "The access key's id, e.g. `ikey_0197…`."}

ROUTES = [
    Route(
        method="GET",
        path="/api/integration-installs/{id}/access-keys",
        handler=list_install_keys,
        operation_id="listInstallKeys",
        summary="List an install's access keys, the last changed first; what they are is not kept.",
        permission="install_keys:read",
        returns=InstallKeysWire,
        path_parameters=_INSTALL,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/integration-installs/{id}/access-keys",
        handler=create_install_key,
        operation_id="createInstallKey",
        summary="Make an access key of an install; it is shown this once.",
        permission="install_keys:write",
        returns=IssuedInstallKeyWire,
        status=201,
        one_time_secret=True,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=_INSTALL,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/install-keys/{id}/rotate",
        handler=rotate_install_key,
        operation_id="rotateInstallKey",
        summary="Replace an access key; the old one ends by itself some time later.",
        permission="install_keys:write",
        body=RotateBody,
        returns=IssuedInstallKeyWire,
        status=201,
        one_time_secret=True,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=_KEY,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/install-keys/{id}",
        handler=revoke_install_key,
        operation_id="revokeInstallKey",
        summary="End an access key of an install from the next request on.",
        permission="install_keys:write",
        returns=Success,
        path_parameters=_KEY,
        tags=_TAGS,
    ),
]
