"""From an access key of an install to its actor, out of committed rows; nothing is remembered between requests.

Uninstalling, deleting the integration or the workspace, and ending the key count from the next request on, in
every process.
"""

from __future__ import annotations

import re
import secrets
import string
from typing import Final

from trunkline.core.access import Permission
from trunkline.core.installs.queries import INSTALLATION_CREDENTIAL
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import UnauthenticatedError
from trunkline.kit.secret import Secret

PREFIX: Final = "ak_"
LENGTH: Final = 32  # characters behind the prefix, 190 bits; source: DESIGN section 4.13
SHOWN: Final = 4  # characters of a key that may be shown

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SHAPE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{LENGTH}}}", re.ASCII)
_ALLOWED = frozenset({Permission.INSTALLATION_READ.value})


def generate_access_key() -> Secret:
    """A fresh random access key."""
    return Secret(PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH)))


def is_access_key(text: str) -> bool:
    """Whether a text has the shape of an access key; it may still be unknown or ended."""
    return _SHAPE.fullmatch(text) is not None


def mask(ending: str) -> str:
    """How a key is shown after its first time, in the length of a real one: `ak_xxxx…7890`."""
    return f"{PREFIX}{'x' * (LENGTH - len(ending))}{ending}"


def authenticate_installation(tx: Tx, digest: str) -> Actor:
    """The actor behind an install's access key, found by the key's digest in one statement.

    It is nobody's user and holds no tier anywhere: it is bound to the install's workspace, narrowed to the
    install, and may do nothing but read what is its own to read.

    Args:
        tx: the transaction.
        digest: `infra.vault.key_hash` of the key.

    Raises:
        UnauthenticatedError: the key is unknown, ended or revoked, or its install, integration or workspace is
            deleted; the error does not say which.
    """
    found = tx.fetch(INSTALLATION_CREDENTIAL, {"digest": digest, "now": tx.now})
    if not found:
        raise UnauthenticatedError("the access key is unknown, expired or revoked")
    key_id, install_id, workspace_id = found[0]
    return Actor(
        user_id="",
        key_id=key_id,
        workspace_id=workspace_id,
        operations=_ALLOWED,
        entity_ids=frozenset({install_id}),
    )
