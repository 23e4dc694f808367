"""What a request needs beside its transaction; `bootstrap` assembles it once."""

from __future__ import annotations

from typing import Protocol

from trunkline.core.journal import AnswerSeal
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
    """

    @property
    def pepper(self) -> bytes: ...  # noqa: D102

    @property
    def answers(self) -> AnswerSeal: ...  # noqa: D102

    @property
    def cursors(self) -> CursorCodec: ...  # noqa: D102

    @property
    def vault(self) -> Vault: ...  # noqa: D102
