"""Which dialect is meant, where several have an operation at the same place of the root.

A mount (`/platform/…`, `/informer/…`) is final; only verbatim paths at the root come here. What decides, the
first that says anything:

    1. a media type only one dialect speaks   (Accept; of a request with a body its Content-Type too)
    2. an id only one dialect spells so
    3. a credential issued for one dialect alone
    4. an id that is nobody else's, for the dialect that takes any
    5. a member of the body only one dialect reads
    6. the default
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from trunkline.infra.db import Database
from trunkline.kit import strictjson
from trunkline.kit.errors import InvalidRequestError
from trunkline.web.decoding import in_thread_if_large
from trunkline.web.dialect import Claims
from trunkline.web.endpoint import Endpoint
from trunkline.web.incoming import Incoming
from trunkline.web.router import Match
from trunkline.web.services import Services

HEADER: Final = "integration-dialect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a request tells about who it is meant for.

    Attributes:
        accept, content_type: media types in lower case, without parameters.
        id: the last parameter of the path, None for a collection.
        pin: the dialect whose credential it carries.
        members: of the JSON object in its body.
    """

    accept: frozenset[str] = frozenset()
    content_type: str | None = None
    id: str | None = None
    pin: str | None = None
    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Choice:
    """A dialect, and what decided for it."""

    dialect: str
    by: str


def choose(facts: Facts, claims: Mapping[str, Claims], default: str) -> Choice:
    """The dialect a request is meant for.

    Args:
        facts: of the request.
        claims: of every dialect that could answer, by name.
        default: taken when nothing decides; one of them.

    Raises:
        InvalidRequestError: its media types belong to different dialects.
    """
    spoken = {
        name
        for name, claim in claims.items()
        for media_type in claim.media_types
        if media_type in facts.accept or media_type == facts.content_type
    }
    if len(spoken) > 1:
        raise InvalidRequestError.at("Accept", f"names media types of {' and of '.join(sorted(spoken))}")
    steps: Sequence[tuple[str, set[str]]] = (
        ("media-type", spoken),
        ("id", {name for name, claim in claims.items() if _spells(claim, facts.id)}),
        ("credential", {facts.pin} & claims.keys() if facts.pin else set()),
        ("id", {name for name, claim in claims.items() if facts.id is not None and claim.any_id}),
        ("body", {name for name, claim in claims.items() if claim.member in facts.members}),
    )
    for by, named in steps:
        if len(named) == 1:
            return Choice(named.pop(), by)
    return Choice(default, "default")


def _spells(claim: Claims, item: str | None) -> bool:
    return item is not None and claim.own_id is not None and claim.own_id.fullmatch(item) is not None


class DialectResolver:
    """Finds out the facts of a request, no more of them than are needed, and chooses."""

    def __init__(self, database: Database, services: Services, default: str) -> None:
        self._database = database
        self._services = services
        self._default = default

    async def __call__(self, incoming: Incoming, match: Match) -> tuple[Endpoint, Choice]:
        """The endpoint that is meant.

        Raises:
            InvalidRequestError: the request names media types of different dialects.
            PayloadTooLargeError: its body is longer than any of them reads.
        """
        endpoints = {endpoint.dialect.name: endpoint for endpoint in match.candidates}
        claims = {name: endpoint.dialect.claims for name, endpoint in endpoints.items()}
        default = self._default if self._default in endpoints else next(iter(endpoints))
        facts = Facts(
            accept=frozenset(_media_types(",".join(incoming.headers.getlist("accept")))),
            content_type=next(_media_types(incoming.headers.get("content-type", "")), None),
            id=match.values[-1] if match.values else None,
            pin=await self._pin(incoming, claims),
            members=await _members(incoming, match.candidates),
        )
        choice = choose(facts, claims, default)
        return endpoints[choice.dialect], choice

    async def _pin(self, incoming: Incoming, claims: Mapping[str, Claims]) -> str | None:
        pins = {name: claim.pins for name, claim in claims.items() if claim.pins is not None}
        if "authorization" not in incoming.headers and "cookie" not in incoming.headers:
            return None
        found = await self._database.read(
            lambda tx: [name for name, pin in pins.items() if pin(tx, incoming.headers, self._services)],
            inline=True,
        )
        return found[0] if len(found) == 1 else None


async def _members(incoming: Incoming, candidates: Sequence[Endpoint]) -> frozenset[str]:
    if incoming.method != "POST":
        return frozenset()
    body = await incoming.body(max(endpoint.route.body_limit for endpoint in candidates))
    try:
        value = await in_thread_if_large(body, lambda: strictjson.decode(body))
    except InvalidRequestError:
        return frozenset()  # whoever is chosen will say what is wrong with it
    return frozenset(value) if isinstance(value, dict) else frozenset()


def _media_types(header: str) -> Iterator[str]:
    for part in header.split(","):
        essence, *parameters = (piece.strip().lower() for piece in part.split(";"))
        refused = any(p.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for p in parameters)
        if essence and not refused:
            yield essence
