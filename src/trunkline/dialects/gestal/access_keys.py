"""Access keys of installations: shown once, masked afterwards.

Source: informer-gestal reference B3 (access keys).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from trunkline.core import installs as core
from trunkline.dialects.gestal.pages import (
    IntegratorListed,
    Listed,
    MetaWire,
    PageParameters,
    integrator_listed,
    listed,
    read_page,
)
from trunkline.dialects.gestal.wire_base import Wire, path_id, spell_optional_time, spell_time
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_uuid
from trunkline.web import Call, Route


class AccessKeyWire(Wire, frozen=True, kw_only=True):
    """An access key. Its `id` is a UUID; the key itself is shown when it is made and masked ever after."""

    id: str
    access_key: Annotated[str, Meta(description="`ak_` and 32 letters or digits.")]
    last_active_at: Annotated[
        str | None, Meta(description="Null until it is first used; true to the minute.")
    ]
    created_at: str


def spell(row: core.InstallKeyRow, shown: str | None = None) -> AccessKeyWire:
    """An access key in this dialect; masked unless it is `shown`."""
    return AccessKeyWire(
        id=format_uuid(row.id),
        access_key=core.mask(row.ending) if shown is None else shown,
        last_active_at=spell_optional_time(row.last_active_at),
        created_at=spell_time(row.created_at),
    )


def create_access_key(call: Call) -> AccessKeyWire:
    """POST /integrations/installations/{id}/accesskeys."""
    install_id = path_id(call, "install")
    issued = core.create_install_key(call.tx, call.actor, install_id, pepper=call.services.pepper)
    return spell(issued.row, issued.secret.reveal())


def list_access_keys(call: Call) -> Listed[AccessKeyWire]:
    """GET /integrations/installations/{id}/accesskeys."""
    return listed(*_page(call, path_id(call, "install")))


def list_for_integrator(call: Call) -> IntegratorListed[AccessKeyWire]:
    """GET /integrator/installations/{id}/access-keys."""
    return integrator_listed(*_page(call, path_id(call, "install")))


def list_all_for_integrator(call: Call) -> IntegratorListed[AccessKeyWire]:
    """GET /integrator/access-keys."""
    return integrator_listed(*_page(call, None))


def get_access_key(call: Call) -> AccessKeyWire:
    """GET /integrations/accesskeys/{id}."""
    return spell(core.get_install_key(call.tx, call.actor, path_id(call, "install_key")))


def revoke_access_key(call: Call) -> None:
    """DELETE /integrations/accesskeys/{id}."""
    core.revoke_install_key(call.tx, call.actor, path_id(call, "install_key"))


def _page(call: Call, install_id: str | None) -> tuple[list[AccessKeyWire], MetaWire]:
    rows, meta = read_page(
        call.query,
        lambda query: core.list_install_keys(call.tx, call.actor, query, install_id=install_id),
    )
    return [spell(row) for row in rows], meta


_TAGS = ("Access keys",)
_ID = {"id": "The access key's id, a UUID."}
_INSTALLATION = {"id": "The installation's id, e.g. `inst_0197…`."}


def _routes(suffix: str, prefix: str, key_path: str, operation: str) -> list[Route]:
    """The operations that both generations have, at their own paths and under their own names."""
    first = not operation
    return [
        Route(
            method="GET",
            path=f"{prefix}/installations/{{id}}/{suffix}",
            handler=list_access_keys if first else list_for_integrator,
            operation_id=f"list{operation}AccessKeys",
            summary="List an installation's access keys, the last changed first; each masked.",
            permission="install_keys:read",
            query=PageParameters,
            returns=Listed[AccessKeyWire] if first else IntegratorListed[AccessKeyWire],
            path_parameters=_INSTALLATION,
            tags=_TAGS,
        ),
        Route(
            method="POST",
            path=f"{prefix}/installations/{{id}}/{suffix}",
            handler=create_access_key,
            operation_id=f"create{operation}AccessKey",
            summary="Make an access key of an installation; it is shown this once.",
            permission="install_keys:write",
            returns=AccessKeyWire,
            status=201,
            one_time_secret=True,
            errors=(ErrorKind.CONFLICT,),
            path_parameters=_INSTALLATION,
            tags=_TAGS,
        ),
        Route(
            method="GET",
            path=f"{key_path}/{{id}}",
            handler=get_access_key,
            operation_id=f"get{operation}AccessKey",
            summary="Get an access key, masked.",
            permission="install_keys:read",
            returns=AccessKeyWire,
            inline=True,
            path_parameters=_ID,
            tags=_TAGS,
        ),
        Route(
            method="DELETE",
            path=f"{key_path}/{{id}}",
            handler=revoke_access_key,
            operation_id=f"revoke{operation}AccessKey",
            summary="End an access key from the next request on.",
            permission="install_keys:write",
            status=204,
            path_parameters=_ID,
            tags=_TAGS,
        ),
    ]


ROUTES = [
    *_routes("accesskeys", "/integrations", "/integrations/accesskeys", ""),
    *_routes("access-keys", "/integrator", "/integrator/access-keys", "Integrator"),
    Route(
        method="GET",
        path="/integrator/access-keys",
        handler=list_all_for_integrator,
        operation_id="listAllIntegratorAccessKeys",
        summary="List the access keys of all installations the caller looks after; each masked.",
        permission="install_keys:read",
        query=PageParameters,
        returns=IntegratorListed[AccessKeyWire],
        tags=_TAGS,
    ),
]
