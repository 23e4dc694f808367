"""From a matched request to its answer: admit, decode, one transaction, encode."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from trunkline.core.journal import RepeatableRequest
from trunkline.infra.db import Database, Tx, UniqueError
from trunkline.kit.actor import Actor
from trunkline.kit.errors import InvalidRequestError, PayloadTooLargeError, PreconditionFailedError
from trunkline.web.answer import BODILESS, VARY, Answer, Stream
from trunkline.web.decoding import body_reader, in_thread_if_large, query_reader
from trunkline.web.dialect import Credentials, Dialect
from trunkline.web.etag import matches_strongly, matches_weakly, strong_etag
from trunkline.web.idempotency import Repeat, read_key, repeatable
from trunkline.web.incoming import Incoming
from trunkline.web.route import Call, FlowCall, Reply, Route
from trunkline.web.services import Services
from trunkline.web.uploads import read_upload

_NO_BODY: Final = (b"", b"{}")
_NO_BODY_LIMIT: Final = 1024  # bytes read of a body where none is declared


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request asks for, as far as it can be read without a transaction."""

    incoming: Incoming
    path: Mapping[str, str]
    plain: Any = None
    body: Any = None
    key: str | None = None


class Endpoint:
    """A dialect's route, ready to answer.

    Attributes:
        dialect, route: what it was made of.
    """

    def __init__(self, dialect: Dialect, route: Route, database: Database, services: Services) -> None:
        """Prepare the readers of a route.

        Raises:
            ValueError: the dialect refuses unknown members, but the route's body would ignore them, or a
                query member has a type that no parameter can spell.
        """
        self.dialect = dialect
        self.route = route
        self._database = database
        self._services = services
        self._query = query_reader(route.query, forbid_unknown=dialect.forbid_unknown)
        self._body = body_reader(route.body, dialect.request_media_types) if route.body else None
        if (
            route.body is not None
            and dialect.forbid_unknown
            and not route.body.__struct_config__.forbid_unknown_fields
        ):
            raise ValueError(f"{route.operation_id}: {route.body.__name__} must forbid unknown members")

    async def answer(self, incoming: Incoming, path: Mapping[str, str]) -> Answer:
        """Answer one request.

        Raises:
            TrunklineError: to be spelled by the dialect; nothing was changed.
            ClientGoneError: the client hung up while sending its body; nothing was changed.
        """
        if self.dialect.verify is not None and not self.route.public:
            verified = await self.dialect.verify(self._database, self._services, incoming)
            incoming.verified_user = verified
        if self.route.flow:
            return await self._flow(incoming, path)
        if self.route.method == "GET":
            asked = _Asked(incoming, path)
            return await self._database.read(lambda tx: self._read(tx, asked), inline=self.route.inline)
        # Before anything large is read or waits for the writer: who cannot come in costs one look-up.
        if not self.route.public:
            await self._database.read(lambda tx: self._admit(tx, incoming), inline=True)
        asked = await self._asked(incoming, path)
        if not self.route.writes:
            return await self._database.read(lambda tx: self._read(tx, asked), inline=self.route.inline)
        try:
            return await self._database.write(lambda tx: self._write(tx, asked))
        except UniqueError:
            if asked.key is None:
                raise
            # Lost against the same request sent twice at once: its record is there now.
            return await self._database.write(lambda tx: self._write(tx, asked))

    async def _flow(self, incoming: Incoming, path: Mapping[str, str]) -> Answer:
        caller = looked = None
        if not self.route.public:
            caller, looked = await self._database.read(
                lambda tx: self._looked(tx, incoming, path), inline=True
            )
        asked = _Asked(incoming, path) if self.route.raw else await self._asked(incoming, path)
        call = FlowCall(
            database=self._database,
            services=self._services,
            request_id=incoming.request_id,
            headers=incoming.headers,
            path=path,
            incoming=incoming,
            query=None if self.route.raw else self._query.read(incoming.query_string),
            body=asked.body,
            caller=caller,
            mount=self._mount(incoming),
            looked=looked,
        )
        request = self._repeatable(call, asked)
        if request is None:
            return self._encoded(await self.route.handler(call), incoming)
        return await self._once(call, request)

    async def _once(self, call: FlowCall, request: RepeatableRequest) -> Answer:
        """Run a flow under its caller's key: taken on in one transaction, its answer kept in a later one."""

        def repeat(tx: Tx) -> Repeat:
            return Repeat(tx, self._services, request)

        media_type = self._media_type(call.incoming)
        kept = await self._database.write(lambda tx: repeat(tx).begin(media_type))
        if kept is not None:
            return self._varying(kept)
        try:
            answer = self._encoded(await self.route.handler(call), call.incoming)
        except Exception:
            await self._database.write(lambda tx: repeat(tx).give_up())
            raise
        await self._database.write(lambda tx: repeat(tx).keep(answer))
        return answer

    async def _asked(self, incoming: Incoming, path: Mapping[str, str]) -> _Asked:
        key = read_key(incoming.headers) if self.route.honours_idempotency_key else None
        if self.route.resource is None and self.dialect.forbid_unknown and "if-match" in incoming.headers:
            raise InvalidRequestError.at("If-Match", "this operation is not conditional")
        content_type = incoming.headers.get("content-type")
        if self.route.upload:
            upload = read_upload(await incoming.body(self.route.body_limit), content_type)
            return _Asked(incoming, path, None, upload, key)
        if self._body is None:
            await self._refuse_body(incoming)
            return _Asked(incoming, path, key=key)
        self._body.check_media_type(content_type, incoming.headers.get("content-encoding"))
        data = await incoming.body(self.route.body_limit)
        reader = self._body
        plain, body = await in_thread_if_large(data, lambda: reader.read(data, content_type))
        return _Asked(incoming, path, plain, body, key)

    async def _refuse_body(self, incoming: Incoming) -> None:
        if not self.dialect.forbid_unknown:
            return
        try:
            data = await incoming.body(_NO_BODY_LIMIT)
        except PayloadTooLargeError:
            data = None
        if data is None or data.strip() not in _NO_BODY:
            raise InvalidRequestError.at("", "this operation takes no body")

    def _looked(self, tx: Tx, incoming: Incoming, path: Mapping[str, str]) -> tuple[Actor | None, Any]:
        """Who asks, and what their flow looks at first."""
        caller = self._admit(tx, incoming)
        if self.route.look is None:
            return caller, None
        call = Call(
            tx=tx,
            services=self._services,
            request_id=incoming.request_id,
            headers=incoming.headers,
            path=path,
            caller=caller,
            mount=self._mount(incoming),
        )
        return caller, self.route.look(call)

    def _admit(self, tx: Tx, incoming: Incoming) -> Actor | None:
        if self.route.permission is None:
            return None
        credentials = Credentials(incoming.headers, incoming.verified_user, incoming.method)
        actor = self.dialect.authenticate(tx, credentials, self._services)
        actor.require(self.route.permission)
        return replace(actor, request_id=incoming.request_id)

    def _call(self, tx: Tx, asked: _Asked) -> Call:
        # Admitted again in every transaction: what was revoked meanwhile no longer counts.
        return Call(
            tx=tx,
            services=self._services,
            request_id=asked.incoming.request_id,
            headers=asked.incoming.headers,
            path=asked.path,
            caller=self._admit(tx, asked.incoming),
            query=self._query.read(asked.incoming.query_string),
            body=asked.body,
            mount=self._mount(asked.incoming),
        )

    def _mount(self, incoming: Incoming) -> str:
        mount = f"/{self.dialect.name}"
        return mount if incoming.path.startswith(f"{mount}/") else ""

    def _read(self, tx: Tx, asked: _Asked) -> Answer:
        answer = self._encoded(self.route.handler(self._call(tx, asked)), asked.incoming)
        if not self._tag(answer) or self.route.method != "GET":
            return answer
        condition = ",".join(asked.incoming.headers.getlist("if-none-match"))
        if condition and matches_weakly(condition, answer.headers["etag"]):
            answer.headers.pop("content-type", None)
            return Answer(304, answer.headers)
        return answer

    def _write(self, tx: Tx, asked: _Asked) -> Answer:
        call = self._call(tx, asked)
        request = self._repeatable(call, asked)
        repeat = Repeat(call.tx, self._services, request) if request is not None else None
        answer = repeat.answer(self._media_type(asked.incoming)) if repeat is not None else None
        if answer is None:
            self._check_preconditions(call)
            answer = self._encoded(self.route.handler(call), asked.incoming)
            if repeat is not None:
                repeat.keep(answer)
        self._tag(answer)
        return self._varying(answer)

    def _repeatable(self, call: Call | FlowCall, asked: _Asked) -> RepeatableRequest | None:
        if asked.key is None:
            return None
        return repeatable(
            call.actor,
            f"{self.dialect.name} {self.route.operation_id}",
            "/".join(asked.path.values()),
            asked.key,
            content=(asked.plain, call.query),
            pepper=self._services.pepper,
            secret=self.route.one_time_secret,
        )

    def _check_preconditions(self, call: Call) -> None:
        if self.route.resource is None:
            return
        must_match = call.headers.getlist("if-match")
        must_differ = call.headers.getlist("if-none-match")
        if not must_match and not must_differ:
            return
        current = self.route.resource(replace(call, query=None, body=None))
        etag = strong_etag(self._bytes(current.body if isinstance(current, Reply) else current))
        if must_match and not matches_strongly(",".join(must_match), etag):
            raise PreconditionFailedError("the object has changed since; read it again")
        if must_differ and matches_weakly(",".join(must_differ), etag):
            raise PreconditionFailedError("the object's representation is one that If-None-Match excludes")

    def _media_type(self, incoming: Incoming) -> str:
        if self.route.media_type is not None or self.dialect.negotiate is None:
            return self.route.media_type or self.dialect.media_type
        return self.dialect.negotiate(incoming.headers)

    def _encoded(self, result: Any, incoming: Incoming) -> Answer:
        reply = result if isinstance(result, Reply) else Reply(body=result)
        answer = self._varying(Answer(reply.status or self.route.status, dict(reply.headers)))
        if isinstance(reply.body, AsyncIterator):
            answer.stream = cast("Stream", reply.body)
            if reply.media_type is not None:
                answer.headers["content-type"] = reply.media_type
        elif reply.body is not None and answer.status not in BODILESS:
            answer.body = self._bytes(reply.body)
            answer.headers["content-type"] = reply.media_type or self._media_type(incoming)
        return answer

    def _varying(self, answer: Answer) -> Answer:
        if self.dialect.negotiate is not None:
            answer.headers.setdefault("vary", VARY)
        return answer

    def _bytes(self, value: Any) -> bytes:
        if isinstance(value, str) and (self.route.media_type or "").startswith("text/"):
            return value.encode()
        return value if isinstance(value, bytes) else self.dialect.encode(value)

    def _tag(self, answer: Answer) -> bool:
        if not self.route.answers_representation or answer.status != self.route.status:
            return False
        answer.headers["etag"] = strong_etag(answer.body)
        answer.headers.setdefault("cache-control", "private, no-cache")
        return True
