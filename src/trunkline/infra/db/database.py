"""The two verbs everything goes through: `read(fn)` and `write(fn)`, one transaction each.

`fn(tx)` is plain synchronous code. It may be run more than once, must not touch the network, and its effect
is committed before its answer is given. `read`/`write` are for the event loop; `read_now`/`write_now` block,
for the command line, jobs and tests.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from trunkline.infra.db.spec import Specs
from trunkline.infra.db.statements import Engine
from trunkline.infra.db.tx import Tx
from trunkline.kit.clock import Clock, SystemClock
from trunkline.kit.errors import ConflictError, UnavailableError

Answer = TypeVar("Answer")
Work = Callable[[Tx], Answer]

READ_DEADLINE_S = 5.0  # a list that takes longer is answered 503 instead of holding a reader
WRITE_DEADLINE_S = 60.0
READERS = 4  # reader connections; more threads than cores only queue inside SQLite
QUEUE_LIMIT = 1_000  # writes waiting before new ones are refused


class DeadlineError(UnavailableError):
    """The statement ran past its deadline and was stopped; nothing was changed."""

    code = "deadline_exceeded"


class BusyError(UnavailableError):
    """Too much is waiting to be written, or another process holds the database."""

    code = "database_busy"


class UniqueError(ConflictError):
    """A row with the same key exists; services check first, so this is the loser of a race."""

    code = "already_exists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What transactions carry for the code that runs in them; assembled once in `bootstrap`."""

    specs: Specs = field(default_factory=dict)
    reactions: Mapping[str, Sequence[Callable[..., None]]] = field(default_factory=dict)
    clock: Clock = field(default_factory=SystemClock)


class Database(ABC):
    """A migrated database, open for transactions.

    Attributes:
        engine: which one.
        catalog: specs, reactions and the clock handed to every transaction.
    """

    engine: Engine
    catalog: Catalog

    @abstractmethod
    async def read(self, work: Work[Answer], *, inline: bool = False) -> Answer:
        """Run `work` on one snapshot.

        Args:
            work: what to do with the transaction.
            inline: on SQLite, run on the calling thread: right for indexed point reads, which take less
                time than the hop to another thread; ignored where the database is remote.

        Raises:
            DeadlineError: it took longer than `READ_DEADLINE_S`.
        """

    @abstractmethod
    async def write(self, work: Work[Answer]) -> Answer:
        """Run `work` and commit it, answering only once it is durable.

        Raises:
            BusyError: too many writes wait already.
            UniqueError: a concurrent write took a unique key first.
        """

    @abstractmethod
    def read_now(self, work: Work[Answer]) -> Answer:
        """`read`, blocking the calling thread."""

    @abstractmethod
    def write_now(self, work: Work[Answer]) -> Answer:
        """`write`, blocking the calling thread."""

    @abstractmethod
    def check_now(self, work: Work[Answer]) -> Answer:
        """`read_now` without a deadline, for operator commands that look at everything."""

    @abstractmethod
    def close(self) -> None:
        """Finish what is queued and let go of every connection."""

    def transaction(self, cursor: Any, *, writable: bool) -> Tx:
        """A transaction object over an engine's cursor."""
        return Tx(
            cursor,
            engine=self.engine,
            clock=self.catalog.clock,
            specs=self.catalog.specs,
            reactions=self.catalog.reactions,
            writable=writable,
        )
