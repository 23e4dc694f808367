"""The columns of this capability that hold what the vault sealed; `bootstrap` registers them for rotation."""

from __future__ import annotations

from trunkline.infra.vault import SealedColumn

CLIENT_SECRET = SealedColumn(table="provider_apps", column="client_secret")

SEALED = (CLIENT_SECRET,)
