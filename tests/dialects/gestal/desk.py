"""Speaks this dialect to a whole instance: as an integrator, and as installations on tenants' sites."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from tests.asgi import Headers, Response, call
from tests.instance import Instance, Tenant
from trunkline.core import access
from trunkline.infra.vault.passwords import hash_password
from trunkline.kit.ids import parse_id
from trunkline.kit.secret import Secret

PASSWORD = "correct horse battery"
ACME = {
    "name": "Acme Plus",
    "url": "https://acme.com/products/acme-plus",
    "description": "Integrate Gestal Cloud with Acme Plus notification service.",
}


def basic(username: str, password: str = "") -> Mapping[str, str]:
    return {"authorization": f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"}


class Desk:
    """The first user's; `shop` is a tenant with one site, to whom integrations are offered."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.shop = instance.tenant("shop")

    def bare(self, method: str, path: str, body: Any = b"", headers: Headers = ()) -> Response:
        return call(self.instance.app, method, path, headers, body)

    def send(
        self, method: str, path: str, body: Any = b"", *, token: str | None = None, headers: Headers = ()
    ) -> Response:
        """As an integrator; the first user unless another `token` is given."""
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        return self.bare(
            method, path, body, [*pairs, ("authorization", f"Bearer {token or self.instance.token}")]
        )

    def ok(self, method: str, path: str, body: Any = b"", **more: Any) -> Any:
        answer = self.send(method, path, body, **more)
        assert 200 <= answer.status < 300, (answer.status, answer.body)
        return answer.json if answer.body else None

    def as_installation(self, key: str, method: str, path: str, **more: Any) -> Response:
        return self.bare(method, path, headers=basic(key), **more)

    def made(self, **members: Any) -> str:
        """The id of a fresh integration that other tenants may install, knowing its id."""
        made = self.ok("POST", "/gestal/integrations", {**ACME, **members})["cloud_id"]
        self.instance.ok("PATCH", f"/platform/api/integrations/{made}", {"visibility": "unlisted"})
        return str(made)

    def activate(self, integration_id: str, tenant: Tenant | None = None, site: str | None = None) -> str:
        """The id of the installation on a tenant's site; the shop's own unless another is meant."""
        tenant = tenant or self.shop
        path = f"/platform/api/workspaces/{site or tenant.workspace_id}/activations/{integration_id}"
        return str(tenant.ok("PUT", path, {})["id"])

    def deactivate(self, integration_id: str, tenant: Tenant | None = None) -> None:
        tenant = tenant or self.shop
        tenant.ok("DELETE", f"/platform/api/workspaces/{tenant.workspace_id}/activations/{integration_id}")

    def key(self, install_id: str) -> str:
        """A fresh access key of an installation."""
        path = f"/gestal/integrations/installations/{install_id}/accesskeys"
        return str(self.ok("POST", path)["access_key"])

    def keys(self, install_id: str) -> list[Any]:
        path = f"/gestal/integrations/installations/{install_id}/accesskeys"
        return list(self.ok("GET", path)["data"])

    def site(self, tenant: Tenant, handle: str) -> str:
        """The id of another site of a tenant."""
        body = {"organizationId": tenant.organization_id, "name": handle, "handle": handle}
        return str(tenant.ok("POST", "/platform/api/workspaces", body)["id"])

    def give_password(self, user_id: str) -> None:
        hashed = hash_password(Secret(PASSWORD))
        self.instance.database.write_now(
            lambda tx: access.set_password(tx, access.act_as(tx, self.instance.user_id), user_id, hashed)
        )

    def flush(self) -> None:
        """What is noted of keys' use is written, as the timer does it."""
        asyncio.run(self.instance.platform.services.activity.flush())


def hex_of(kind: str, text: str) -> str:
    found = parse_id(kind, text)
    assert found is not None
    return found


__all__ = ["ACME", "PASSWORD", "Desk", "basic", "hex_of"]
