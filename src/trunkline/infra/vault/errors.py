"""What the vault refuses. None of these is an answer to a caller, and none carries secret material.

    VaultError
    ├── KeyFileError     the key file is missing, malformed, readable by others or cannot be written
    ├── WrongKeyError    the key file belongs to another database
    ├── UnknownKeyError  the key that would open this is not there any more
    ├── KeyInUseError    the key cannot be retired: something is wrapped under it
    └── SealError        a sealed value was changed, or belongs to another place, tenant or generation

The messages name files, keys, tenants and places, so that an operator knows where to look.
"""

from __future__ import annotations


class VaultError(Exception):
    """Base of everything the vault refuses."""


class KeyFileError(VaultError):
    """The key file cannot be used as it is; the message says what to do about it."""


class WrongKeyError(VaultError):
    """The key file is well-formed but does not belong to this database; nothing may be written."""


class UnknownKeyError(VaultError):
    """A key-encryption key or a data key that is needed to open something is not there any more."""


class KeyInUseError(VaultError):
    """The key-encryption key cannot be retired: something is wrapped under it; nothing was changed."""


class SealError(VaultError):
    """What was sealed does not open: it was changed, moved from elsewhere, or is out of date."""
