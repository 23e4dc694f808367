"""What a request needs beside its transaction; `bootstrap` assembles it once."""

from __future__ import annotations

from typing import Protocol

from trunkline.core.access import Logins
from trunkline.core.installs import KeyActivity
from trunkline.core.journal import AnswerSeal
from trunkline.core.proxy import Proxy
from trunkline.infra.http import Egress
from trunkline.infra.vault import Vault
from trunkline.kit.cursors import CursorCodec

__all__ = ["AnswerSeal", "CursorCodec", "Services"]


class Services(Protocol):
    """Values that stay the same while the process runs.

    Attributes:
        pepper: keys the digests under which access keys are stored.
        answers: seals what is kept of answers with one-time secrets.
        cursors: spells places in lists.
        vault: seals what callers entrust to the platform.
        egress: sends requests to other people's servers.
        logins: checks and hashes passwords, from flows only.
        public_url: where browsers reach this instance, without a slash at its end.
        proxy: sends requests with connections' credentials.
        activity: when installations' access keys were last used.
    """

    @property
    def pepper(self) -> bytes: ...  # noqa: D102

    @property
    def answers(self) -> AnswerSeal: ...  # noqa: D102

    @property
    def cursors(self) -> CursorCodec: ...  # noqa: D102

    @property
    def vault(self) -> Vault: ...  # noqa: D102

    @property
    def egress(self) -> Egress: ...  # noqa: D102

    @property
    def logins(self) -> Logins: ...  # noqa: D102

    @property
    def public_url(self) -> str: ...  # noqa: D102

    @property
    def proxy(self) -> Proxy: ...  # noqa: D102

    @property
    def activity(self) -> KeyActivity: ...  # noqa: D102
