"""The columns of this capability that hold what the vault sealed; `bootstrap` registers them for rotation."""

from __future__ import annotations

from trunkline.infra.vault import SealedColumn

SECRETS = SealedColumn(table="destinations", column="secrets")
SIGNING_KEY = SealedColumn(table="signing_keys", column="signing_key", generation=0)

SEALED = (SECRETS, SIGNING_KEY)
