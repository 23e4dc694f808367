"""Which language a user is to be spoken to in: as they are noted to want it, else as their organization is.

Both are noted where `${user.…}` and `${tenant.…}` come from: the user's field, or the organization's setting,
called `locale`. It chooses nothing here, where every sentence is English: it is for the client.

Source: informer-gestal reference A1 (the answer of logging in names `locale` and `lang`, and says no more).
"""

from __future__ import annotations

import re
from typing import Final

from trunkline.core import access
from trunkline.infra.db import Tx

DEFAULT: Final = "en-US"
_NAME: Final = "locale"
_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,4}", re.ASCII)  # of RFC 5646, what names a locale


def locale_of(tx: Tx, user: access.UserRow) -> str:
    """The user's locale, such as `pt-BR`; what is no language tag counts as not noted."""
    noted = access.variables_of(tx, user_id=user.id, organization_id=user.organization_id)
    for text in (noted.user.get(_NAME, ""), noted.tenant.get(_NAME, "")):
        if _TAG.fullmatch(text):
            return text.replace("_", "-")
    return DEFAULT


def language_of(locale: str) -> str:
    """The locale's language alone, such as `pt`."""
    return locale.partition("-")[0].lower()
