"""The informer dialect's ids, orders and a succeeding request to each of its operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from tests.conformance.holdings import Holdings
from tests.conformance.informer_examples import succeeding
from tests.conformance.operations import Operation
from tests.conformance.vocabulary import Ask, Example, Pages, Place, Vocabulary
from trunkline.core import access
from trunkline.dialects.informer import integrations, people, tags, tokens
from trunkline.infra.db import Database
from trunkline.kit.ids import PREFIXES, format_uuid

SORTS: Mapping[str, Mapping[str, str]] = {
    "listIntegrations": integrations.SORT,
    "listTags": tags.SORT,
    "listTokens": tokens.SORT,
    "listUsers": people.USER_SORT,
    "listTeams": people.TEAM_SORT,
    "listTeamMembers": people.MEMBER_SORT,
}
COLLECTIONS = {
    "integrations": "integration",
    "tags": "tag",
    "tokens": "key",
    "users": "user",
    "teams": "team",
    "principals": "user",
}
MEMBERS: dict[str, tuple[str, ...]] = {
    "principal_id": ("user", "team"),
    "tag_id": ("tag",),
    "setOwner.userId": ("user",),
    "setOwner.teamId": ("team",),
}
# A client's own id for a new integration is free or taken (DESIGN 9): it is none that names anything.
PLAIN = frozenset(
    [
        "accessToken",
        "apiBaseUri",
        "apiKey",
        "apiKeyLocation",
        "apiKeyName",
        "authType",
        "authUri",
        "category",
        "clientId",
        "clientSecret",
        "code",
        "color",
        "description",
        "error",
        "error_description",
        "expiresAt",
        "folderId",
        "id",
        "imageUrl",
        "iss",
        "method",
        "mode",
        "name",
        "password",
        "q",
        "refreshToken",
        "returnTo",
        "revocationUri",
        "scope",
        "state",
        "token",
        "tokenUri",
        "type",
        "url",
        "username",
    ]
)
FREE = frozenset({"headers", "data", "params", "credentials", "parameters"})
_NUMBERS = ("-1", "x", "", "1.5", "1e1", "+1", "0x10", "01", " 1", "\uff11", "9" * 70, "null", "NaN", "true")
_ORDERS = (
    "",
    ",",
    "-",
    "--name",
    "+name",
    "name,",
    ",name",
    "name desc",
    "name:desc",
    "NAME",
    "password",
    "__proto__",
    "organizationId",
    "organization_id",
    "created_at",
    "id; DROP TABLE users",
    "(1)",
    "1",
    "*",
    "\u00e9",
    "x" * 2_000,
)


def page_shape(answer: Any) -> None:
    assert set(answer) == {"_links", "_embedded", "start", "count", "total"}
    assert answer["count"] == len(rows(answer))
    assert {"self", "search", "curies"} <= set(answer["_links"])


def rows(answer: Any) -> list[Any]:
    [(rel, found)] = answer["_embedded"].items()
    assert rel.startswith("inf:")
    return list(found)


PAGES = Pages(
    shape=page_shape,
    rows=rows,
    total=lambda answer: int(answer["total"]),
    has_next=lambda answer: "next" in answer["_links"],
    has_previous=lambda answer: "prev" in answer["_links"],
    behind=lambda answer: {"start": str(answer["start"] + answer["count"])},
    before=lambda answer, count: {"start": str(max(0, answer["start"] - count))},
    cursors=None,
    size=30,
)


def example(operation: Operation, held: Holdings) -> Example:
    return succeeding(operation, held, VOCABULARY)


def no_places(_operation: Operation) -> list[Place]:
    return []


def orders(operation: Operation) -> list[Mapping[str, str]]:
    names = list(SORTS[operation.route.operation_id])
    found = [{"sort": f"{way}{name}"} for name in names for way in ("", "-")]
    return [{}, *found, {"sort": ",".join(f"-{name}" for name in names[:4])}]


def add_row(operation: Operation, held: Holdings) -> None:
    name = operation.route.operation_id
    if name == "listTokens":
        held.make("api token")
    elif name == "listTeamMembers":
        team_id, user_id = held.held("team"), held.make("user")
        held.write(lambda tx: access.add_team_member(tx, held.actor(tx), team_id, user_id))
    else:
        held.make(COLLECTIONS[operation.route.path.split("/")[2]])


def asker(random: Random, database: Database) -> Ask:
    sql = "SELECT name FROM integrations UNION SELECT name FROM tags ORDER BY 1"
    names = database.read_now(lambda tx: tx.column(sql))

    def ask(operation: Operation, _places: Sequence[Mapping[str, str]]) -> dict[str, str]:
        query: dict[str, str] = {}
        if random.random() < 0.5:
            query["limit"] = str(random.choice((1, 2, 3, 5, 10, 50, 500)))
        if random.random() < 0.3:
            query["start"] = str(random.randrange(40))
        if random.random() < 0.5:
            chosen = random.sample(list(SORTS[operation.route.operation_id]), random.randint(1, 2))
            query["sort"] = ",".join(random.choice(("", "-")) + name for name in chosen)
        if "q" in operation.parameters and random.random() < 0.3:
            query["q"] = random.choice(names)[-random.randint(1, 6) :]
        if "supportsUpload" in operation.parameters and random.random() < 0.2:
            query["supportsUpload"] = random.choice(("true", "false"))
        if "name" in operation.parameters and random.random() < 0.2:
            query["name"] = random.choice(names)
        return query

    return ask


def bad_queries(operation: Operation) -> Iterator[tuple[str, str]]:
    sort = SORTS[operation.route.operation_id]
    for name in ("start", "limit"):
        yield from ((f"{name} is no number", f"{name}={_quoted(text)}") for text in _NUMBERS)
        yield f"{name} twice", f"{name}=1&{name}=1"
    yield from (("limit is out of bounds", f"limit={limit}") for limit in (0, 501, 2**31))
    yield "start is out of bounds", f"start={2**31}"
    yield from (("nothing to sort by", f"sort={_quoted(text)}") for text in _ORDERS)
    for name in sort:
        wrong = (name.upper(), f"{name}x", f"-{name} asc", f"{name},nothing", f"nothing,-{name}", f" {name}")
        yield from (("nothing to sort by", f"sort={_quoted(text)}") for text in wrong)
    yield "too much to sort by", f"sort={','.join(['-createdAt'] * 5)}"
    yield "no text", "sort=%00"
    letters = ("%0a", "%09", "_", "%c2%a0", "%d9%a1", "e1")
    yield from (("no number", f"{name}=1{end}") for name in ("start", "limit") for end in letters)
    yield from (("no UTF-8", f"{name}=%ff") for name in operation.parameters)
    yield from (("given twice", f"sort=createdAt&sort={name}") for name in sort)
    yield from (
        ("several at once", f"start=0&limit=1&sort={name}&{extra}")
        for name in sort
        for extra in ("limit=2", "start=1")
    )
    yield from (
        ("words before a number", f"limit={word}1")
        for word in ("a", "=", "-", "%2b", "1,", "%20", "%0a", "_")
    )
    yield from (
        ("words behind a number", f"start=1{word}")
        for word in ("a", "=", "-", "%2b", ",1", "%20", "%0a", "_1")
    )
    if "supportsUpload" in operation.parameters:
        yield from (
            ("no boolean", f"supportsUpload={text}") for text in ("", "1", "0", "TRUE", "yes", "null")
        )
    if "q" in operation.parameters:
        yield "too many words", f"q={'+'.join(['word'] * 11)}"
        yield "no text", "q=%00"


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def malformed(known: str, kind: str) -> list[str]:
    """What is nearly the id of something that is there; a UUID is read in any case, and without its prefix."""
    bare = known.replace("-", "")
    others = [f"{prefix}_{bare}" for other, prefix in PREFIXES.items() if other != kind]
    near = [
        known[:-1],
        f"{known}0",
        f" {known}",
        f"{known} ",
        f"{known}\n",
        f"{known}\x00",
        f"_{known}",
        f"urn:uuid:{known}",
    ]
    near += [] if kind == "user" else [bare, bare.upper()]
    far = ["x", "0", "null", "undefined", "*", "..", "%", "\u00e9", "\U0001f4a9", "' OR 1=1 --", "x" * 5_000]
    return [*others, *near, *far, f"{known}/", f"{known}%2f", f"{{{known}}}"]


_CONNECTING = frozenset({"connections", "audit_entries", "events", "event_payloads"})
_OF_KEYS = frozenset({"access_keys", "audit_entries", "events", "event_payloads"})

VOCABULARY = Vocabulary(
    credential=lambda token: {"authorization": f"Bearer {token}"},
    spell=lambda _kind, hex_id: format_uuid(hex_id),
    pages=PAGES,
    malformed=malformed,
    example=example,
    body_places=no_places,
    list_places=no_places,
    orders=orders,
    add_row=add_row,
    asker=asker,
    bad_queries=bad_queries,
    collections=COLLECTIONS,
    members=MEMBERS,
    plain=PLAIN,
    free=FREE,
    words=frozenset({"domain", "rel", "type"}),
    accepts_unknown={},
    for_oneself={
        "createToken": _OF_KEYS,
        "logOut": _OF_KEYS,
        "connect": _CONNECTING,
    },
    browsing={
        "startAuthorization": frozenset({"oauth_states"}),
        "finishAuthorization": frozenset({"oauth_states", *_CONNECTING}),
    },
    at_home=frozenset({"createIntegration", "createTag"}),
)
