"""What a dialect declares about one operation, and what its handler receives and returns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import msgspec
from starlette.datastructures import Headers

from trunkline.infra.db import Database, Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ErrorKind
from trunkline.web.incoming import Incoming
from trunkline.web.services import Services

__all__ = ["BODY_LIMIT", "Call", "FlowCall", "Handler", "Headers", "Reply", "Route"]

BODY_LIMIT: Final = 1024 * 1024  # bytes
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PARAMETER = re.compile(r"\{([a-z_][a-z0-9_]*)(?:\.\.\.)?\}", re.ASCII)
_PERMISSION = re.compile(r"[a-z_]+:[a-z_]+", re.ASCII)
_PATH = re.compile(
    r"(?:/(?:[A-Za-z0-9._~-]+|\{[a-z_][a-z0-9_]*\})(?::[A-Za-z][A-Za-z-]*)?)+(?:/|/\{[a-z_][a-z0-9_]*\.\.\.\})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as its handler sees it: admitted, decoded, inside its transaction.

    Attributes:
        tx: read or write, as the route says.
        services: what stays the same while the process runs.
        request_id: also in the answer, the log and the audit.
        headers: case-insensitive and read-only.
        path: the values of the path's parameters, never empty.
        query: the route's query Struct, decoded.
        body: the route's body Struct, decoded.
        caller: who asks; None on public routes only.
        mount: what stands before the path, e.g. `/informer`; nothing at the root. Links go below it.
    """

    tx: Tx
    services: Services
    request_id: str
    headers: Headers
    path: Mapping[str, str]
    query: Any = None
    body: Any = None
    caller: Actor | None = None
    mount: str = ""

    @property
    def actor(self) -> Actor:
        """Who asks.

        Raises:
            RuntimeError: the route is public, so nobody was asked who they are.
        """
        if self.caller is None:
            raise RuntimeError("a public route has no actor")
        return self.caller


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowCall:
    """One request whose handler goes out to the network between its transactions.

    Attributes:
        database: for the transactions, each as short as it can be: `await call.database.write(fn)`.
        incoming: its body can be read piece by piece where the route says `raw`.
        looked: what the route's `look` saw; None where it has none.

    The others are those of a `Call`.
    """

    database: Database
    services: Services
    request_id: str
    headers: Headers
    path: Mapping[str, str]
    incoming: Incoming
    query: Any = None
    body: Any = None
    caller: Actor | None = None
    mount: str = ""
    looked: Any = None

    @property
    def actor(self) -> Actor:
        """Who asks.

        Raises:
            RuntimeError: the route is public, so nobody was asked who they are.
        """
        if self.caller is None:
            raise RuntimeError("a public route has no actor")
        return self.caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer that needs more than a value: another status, headers, or bytes of another type.

    Attributes:
        body: encoded by the dialect unless it is bytes already; a `Stream` of bytes, such as an async
            generator, is passed on as it comes; None for no body.
        headers: lower-case names. Kept for a repeated request, save those an answer says anew: `content-type`,
            `vary` and `set-cookie`.
    """

    body: Any = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str | None = None


Handler = Callable[[Any], Any]  # from a `Call`, or of a flow from a `FlowCall`


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation of a dialect; what is declared here is enforced, documented and tested.

    Attributes:
        path: e.g. `/api/integrations/{id}`, without the dialect's mount; a segment may end in a verb of its
            own: `/things:batch`, `/things/{id}:pause`.
        handler: plain function from a `Call` to a value the dialect can encode, or a `Reply`. It may be run
            again, so it must have no effect but through its transaction. Of a `flow`, a coroutine function
            from a `FlowCall`.
        operation_id: unique in the dialect; a client's method name.
        permission: `resource:action`, checked before anything else is read; None on public routes only.
        public: needs no credential.
        mount_only: served below the dialect's mount and not at the root.
        flow: goes out to the network, so it opens its transactions by itself.
        look: of a flow: plain function from a `Call` without query and body to what the handler needs first,
            read in the very transaction that admits the caller. It is for point reads.
        body: what the JSON body must be. A body whose members all have defaults may be left out.
        upload: the body is one file, as it is or as multipart/form-data; `Call.body` is an `Upload`.
        raw: body and query string are left to the handler of a flow.
        query: what the query string may hold; each member is one parameter, lists may repeat.
        returns: documented type of the answer; None for none, bytes for another media type. A str is sent as
            it is where `media_type` is a text's.
        write: whether it changes anything; by default every method but GET does.
        inline: an indexed point read: runs on the event loop instead of a reader thread.
        errors: kinds it may answer beside those that follow from this declaration.
        idempotent: honours Idempotency-Key; by default POST and DELETE do when they write.
        resource: renders the object's current representation, so that If-Match and If-None-Match can be
            honoured; usually the handler of the object's GET. It is called without query and body.
        etag: the answer is the object's representation and carries its tag; by default a GET of a path that
            ends in a parameter, and a PUT or PATCH that has a `resource`.
        one_time_secret: the answer holds a secret that is shown once; what is kept of it is sealed.
        body_limit: bytes.
        path_parameters: descriptions by name, for the documentation.
        media_type: of the answer, where it is not the dialect's.
        also: further statuses, each with what it says; a refusal among them may be a page for people.
    """

    method: str
    path: str
    handler: Handler
    operation_id: str
    summary: str
    description: str = ""
    tags: tuple[str, ...] = ()
    permission: str | None = None
    public: bool = False
    mount_only: bool = False
    flow: bool = False
    look: Handler | None = None
    body: type[msgspec.Struct] | None = None
    upload: bool = False
    raw: bool = False
    query: type[msgspec.Struct] | None = None
    returns: Any = None
    status: int = 200
    write: bool | None = None
    inline: bool = False
    errors: tuple[ErrorKind, ...] = ()
    idempotent: bool | None = None
    resource: Handler | None = None
    etag: bool | None = None
    one_time_secret: bool = False
    body_limit: int = BODY_LIMIT
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    media_type: str | None = None
    also: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a declaration that could not be meant.

        Raises:
            ValueError: what contradicts what.
        """
        problem = _contradiction(self)
        if problem:
            raise ValueError(f"route {self.method} {self.path}: {problem}")

    @property
    def writes(self) -> bool:
        """Whether it runs in a write transaction."""
        return self.method != "GET" if self.write is None else self.write

    @property
    def honours_idempotency_key(self) -> bool:
        """Whether a repeated request is answered from its record."""
        if self.idempotent is None:
            return self.writes and not self.raw and not self.public and self.method in ("POST", "DELETE")
        return self.idempotent

    @property
    def answers_representation(self) -> bool:
        """Whether the answer carries an ETag."""
        if self.etag is not None:
            return self.etag
        if self.method == "GET":
            return self.path.endswith("}") and not self.flow
        return self.resource is not None and self.method in ("PUT", "PATCH")

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the path's parameters, in order."""
        return _parameters(self.path)


@cache  # of as many paths as there are routes
def _parameters(path: str) -> tuple[str, ...]:
    return tuple(_PARAMETER.findall(path))


def _contradiction(route: Route) -> str:
    unsafe_repeat = not route.writes or route.public or route.returns is bytes or route.raw
    rules = (
        (route.method not in METHODS, f"the method is none of {', '.join(METHODS)}"),
        (not _PATH.fullmatch(route.path), "the path is malformed"),
        (len(set(route.parameters)) < len(route.parameters), "a path parameter occurs twice"),
        (route.public != (route.permission is None), "it must name a permission or be public, not both"),
        (not _PERMISSION.fullmatch(route.permission or "public:route"), "a permission is resource:action"),
        (route.method == "GET" and (route.writes or bool(route.body)), "a GET neither writes nor has a body"),
        (route.inline and route.writes, "writes never run inline"),
        (
            route.honours_idempotency_key and unsafe_repeat,
            "only an authenticated write with a JSON answer can be idempotent",
        ),
        (route.one_time_secret and route.returns is None, "an empty answer holds no secret"),
        (route.resource is not None and not route.writes, "only a write is conditional on a resource"),
        (route.resource is not None and route.flow, "a flow is not conditional"),
        (route.flow and route.inline, "a flow runs in no transaction, so in none on the event loop"),
        (
            route.look is not None and (not route.flow or route.public),
            "only a flow with a caller looks first",
        ),
        (route.raw and not route.flow, "only a flow reads its body by itself"),
        (sum((route.raw, route.upload, route.body is not None)) > 1, "a body is of one kind"),
    )
    return next((sentence for broken, sentence in rules if broken), "")
