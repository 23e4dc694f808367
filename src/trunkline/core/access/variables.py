"""What `${user.…}` and `${tenant.…}` stand for when something is done as a user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from trunkline.core.access.queries import TENANT_VARIABLES, USER_VARIABLES
from trunkline.infra.db import Tx
from trunkline.kit.ids import format_uuid
from trunkline.kit.strictjson import encode


@dataclass(frozen=True, slots=True)
class Variables:
    """Texts by name; what is not set is not there."""

    user: Mapping[str, str]
    tenant: Mapping[str, str]


def variables_of(tx: Tx, *, user_id: str | None, organization_id: str) -> Variables:
    """The variables of an acting user in an organization; none of a user where the system acts.

    What the platform knows (username, displayName, email; id, handle, name) stands before fields and settings
    of these names, so that nobody takes another identity by a field. Who acts reads nothing: this is for what
    is sent on their behalf, hence there is no scope.
    """
    user: dict[str, str] = {}
    for username, name, email, fields in tx.fetch(USER_VARIABLES, {"user_id": user_id}) if user_id else ():
        user = _texts(fields) | {"username": username, "displayName": name, "email": email}
    tenant: dict[str, str] = {}
    for hex_id, handle, name, settings in tx.fetch(TENANT_VARIABLES, {"organization_id": organization_id}):
        tenant = _texts(settings) | {"id": format_uuid(hex_id), "handle": handle, "name": name}
    return Variables(user, tenant)


def _texts(stored: str) -> dict[str, str]:
    members = msgspec.json.decode(stored, type=dict[str, str | int | float | bool | None])
    return {
        name: value if isinstance(value, str) else encode(value)
        for name, value in members.items()
        if value is not None
    }
