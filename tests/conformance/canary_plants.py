"""Where secrets are entered over HTTP: rightly, wrongly, twice, too large, in the wrong place, while it breaks."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote

from tests.conformance.canaries import Plant, World
from trunkline.core import access
from trunkline.kit.errors import UnauthenticatedError
from trunkline.kit.secret import Secret

MAX_VALUE = 64 * 1024


def _secret(world: World, name: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"workspaceId": world.instance.workspace_id, "name": name, "value": value, **more}


def workspace_secrets(world: World) -> None:
    """Through their whole life."""
    first = world.canary("secret value")
    made = world.ask("POST", "/api/secrets", _secret(world, "one", first), status=201).json
    path = f"/api/secrets/{made['id']}"
    world.ask("PATCH", path, {"value": world.canary("secret value, second")}, status=200)
    world.ask("PATCH", path, {"name": "renamed", "metadata": {"for": "the shop"}}, status=200)
    world.ask("GET", path, status=200)
    world.ask("DELETE", path, status=200)
    world.ask("POST", f"{path}/restore", status=200)
    world.ask("DELETE", path, status=200)
    world.ask("DELETE", f"{path}/purge", status=200)
    long = world.canary("long secret value").ljust(MAX_VALUE - 1, ".")
    world.ask("POST", "/api/secrets", _secret(world, "long", long), status=201)
    several_lines = f"-----BEGIN x-----\r\n{world.canary('secret of several lines')}\n\t-----END x-----\n"
    world.ask("POST", "/api/secrets", _secret(world, "lines", several_lines), status=201)
    in_json = json.dumps({"token": world.canary("secret inside JSON")})
    world.ask("POST", "/api/secrets", _secret(world, "json", in_json), status=201)


def repeated_requests(world: World) -> None:
    """What is kept of a request and its answer, so that it may be sent again."""
    body = _secret(world, "repeated", world.canary("secret value sent twice"))
    for _ in range(2):
        world.ask("POST", "/api/secrets", body, headers={"idempotency-key": "same"}, status=201)
    other = {**body, "value": world.canary("secret value under a used key")}
    world.ask("POST", "/api/secrets", other, headers={"idempotency-key": "same"}, status=409)


def keys(world: World) -> None:
    """Keys are shown once, and once more to whoever asks the same thing again."""
    workspace = {"workspaceId": world.instance.workspace_id}
    secret = world.mint("secret key", "/api/keys", {"name": "a", "kind": "secret"}, "key")
    public = world.mint("publishable key", "/api/keys", {"name": "b", "kind": "publishable"}, "key", key="k1")
    token = world.mint("session token", "/api/tokens", workspace, "key")
    world.mint("session token asked for twice", "/api/tokens", workspace, "key", key="k2")
    revoked = world.mint("revoked key", "/api/keys", {"name": "c", "kind": "secret"}, "key")
    listed = world.ask("GET", "/api/keys", token=secret, status=200).json["data"]
    [row] = [row for row in listed if row["name"] == "c"]
    world.ask("DELETE", f"/api/keys/{row['id']}", status=200)
    world.ask("GET", "/api/keys", token=revoked, status=401)
    world.ask("GET", "/api/secrets", token=token)
    body = _secret(world, "refused", world.canary("secret value sent with too weak a key"))
    world.ask("POST", "/api/secrets", body, token=public, status=403)
    stranger = world.instance.tenant("stranger")
    world.keep("a stranger's key", stranger.token)
    body = _secret(world, "foreign", world.canary("secret value sent to a foreign workspace"))
    world.ask("POST", "/api/secrets", body, token=stranger.token, status=404)


def passwords(world: World) -> None:
    """Set, set anew, refused, and sent to log in with, rightly and wrongly."""
    user = {"organizationId": world.instance.organization_id, "email": "grace@acme.example", "name": "Grace"}
    path = f"/api/users/{world.ask('POST', '/api/users', user, status=201).json['id']}/password"
    first, second = world.canary("password"), world.canary("password, second")
    for password in (first, second):
        world.ask("PUT", path, {"password": password}, headers={"idempotency-key": "k"}, status=200)
    wrong = world.canary("wrong password")
    for username, password, right in (
        ("grace", second, True),
        ("grace", first, False),
        ("grace", wrong, False),
        ("nobody", world.canary("password of nobody"), False),
        (world.canary("password for a user name"), wrong, False),
    ):
        assert _logs_in(world, username, password) is right
    world.ask("PUT", path, {"password": world.canary("password too long") * 30}, status=400)
    world.ask("PUT", path, {"password": [world.canary("password in a list")]}, status=400)
    world.ask(
        "PUT", path, {"password": first, "old": world.canary("password in an unknown member")}, status=400
    )
    foreign = "/api/users/usr_" + "f" * 32 + "/password"
    world.ask("PUT", foreign, {"password": world.canary("password of an unknown user")}, status=404)
    member = {"fields": {"password": world.canary("password among the fields")}}
    world.ask("PATCH", path.removesuffix("/password"), member, status=400)
    with world.without("passwords"):
        world.ask("PUT", path, {"password": world.canary("password nobody can keep")}, status=500)


def _logs_in(world: World, username: str, password: str) -> bool:
    attempt = access.LoginAttempt(username=username, password=Secret(password), source="192.0.2.1")
    try:
        asyncio.run(world.instance.platform.services.logins.check(world.instance.database, attempt))
    except UnauthenticatedError as error:
        world.heard("logging in", str(error).encode())
        return False
    return True


def bodies_that_are_refused(world: World) -> None:
    """The answer says what is wrong, not what was there."""
    post = "/api/secrets"
    cut = json.dumps(_secret(world, "cut", world.canary("value in JSON cut off"))).encode()
    world.ask("POST", post, cut[:-1], headers={"content-type": "application/json"}, status=400)
    twice = cut.replace(b"{", b'{"name": "x", ', 1).replace(b"cut", b"twice")
    world.ask("POST", post, twice, headers={"content-type": "application/json"}, status=400)
    world.ask("POST", post, _secret(world, "a", [world.canary("value in a list")]), status=400)
    world.ask("POST", post, _secret(world, "a", {"x": world.canary("value in an object")}), status=400)
    world.ask("POST", post, _secret(world, "a", "x", password=world.canary("unknown member")), status=400)
    large = world.canary("value that is too large") * 2_000
    world.ask("POST", post, _secret(world, "a", large), status=400)
    huge = world.canary("body that is too large") * 50_000
    world.ask("POST", post, _secret(world, "a", huge))
    misplaced = {**_secret(world, "a", "x"), "workspaceId": world.canary("value for an id")}
    world.ask("POST", post, misplaced, status=400)
    world.ask("POST", post, {**_secret(world, world.canary("name too long") * 20, "x")}, status=400)
    surrogate = json.dumps(_secret(world, "a", "VALUE")).replace(
        "VALUE", "\\ud800" + json.dumps(world.canary("value that is no text"))[1:-1]
    )
    world.ask("POST", post, surrogate.encode(), headers={"content-type": "application/json"}, status=400)
    form = f"value={quote(world.canary('value in a form'))}".encode()
    world.ask("POST", post, form, headers={"content-type": "application/x-www-form-urlencoded"})
    world.ask("POST", post, json.dumps(world.canary("body that is a string")).encode(),
              headers={"content-type": "application/json"}, status=400)  # fmt: skip
    taken = _secret(world, "taken", world.canary("value under a taken name"))
    world.ask("POST", post, taken, status=201)
    world.ask("POST", post, {**taken, "value": world.canary("value under a taken name, second")}, status=409)


def requests_that_are_refused(world: World) -> None:
    """Headers, paths and queries, which proxies and logs like to repeat."""
    get = "/api/secrets"
    bearer = world.canary("bearer that is no key", plain=True)
    world.ask("GET", get, token=bearer, status=401)
    unknown = world.instance.token[:4] + world.canary("key of the right shape", plain=True).ljust(43, "0")
    world.ask("GET", get, token=unknown, status=401)
    world.keep("well-formed unknown key", unknown)
    basic = b64encode(f"ada:{world.canary('basic password')}".encode()).decode()
    world.ask("GET", get, headers={"authorization": f"Basic {basic}"}, status=401)
    for name in ("x-api-key", "cookie", "x-forwarded-for", "idempotency-key", "if-match", "accept"):
        secret = world.canary(f"{name} header", plain=True)
        world.ask("GET", get, headers={name: f"session={secret}" if name == "cookie" else secret})
    for name in ("content-type", "content-encoding", "if-match", "if-none-match"):
        secret = world.canary(f"{name} of a write", plain=True)
        world.ask("POST", get, _secret(world, f"with {name}", "x"), headers={name: secret})
    world.ask("POST", get, _secret(world, "long key", "x"),
              headers={"idempotency-key": world.canary("too long a key", plain=True) * 10}, status=400)  # fmt: skip
    world.ask("GET", f"{get}/{quote(world.canary('id in a path'), safe='')}", status=404)
    world.ask("GET", f"/{world.canary('unknown path', plain=True)}", status=404)
    for name in ("api_key", "workspace_id", "ids", "after", "limit", "orderBy", "where"):
        secret = quote(world.canary(f"{name} in a query"), safe="")
        world.ask("GET", f"{get}?{name}={secret}")


def while_it_breaks(world: World) -> None:
    """The answer says nothing, the log says where: neither says with what."""
    for table in ("connections", "audit_entries"):
        with world.refusing(table):
            body = _secret(world, f"refused by {table}", world.canary(f"value refused by {table}"))
            answer = world.ask("POST", "/api/secrets", body)
            assert answer.status >= 500, answer.body
        with world.without(table):
            body = _secret(world, f"without {table}", world.canary(f"value without {table}"))
            world.ask("POST", "/api/secrets", body, status=500)
    with world.without("access_keys"):
        token = world.canary("key nobody can look up", plain=True)
        world.ask("GET", "/api/secrets", token=token)
        world.ask("GET", "/api/secrets", status=500)
    with world.without("vault_keys"):
        body = _secret(world, "without keys", world.canary("value that cannot be sealed"))
        world.ask("POST", "/api/secrets", body, status=500)


def provider_app(world: World, provider: str) -> tuple[dict[str, Any], str]:
    """An OAuth client of a provider, asked for twice: the request's body and the client's id."""
    body = {
        "workspaceId": world.instance.workspace_id,
        "provider": provider,
        "clientId": "an id",
        "clientSecret": world.canary(f"client secret at {provider}"),
    }
    for _ in range(2):
        made = world.ask(
            "POST", "/api/provider-apps", body, headers={"idempotency-key": provider}, status=201
        )
    return body, made.json["id"]


def provider_apps(world: World) -> None:
    """The secrets of OAuth clients."""
    path = "/api/provider-apps"
    body, made_id = provider_app(world, "github")
    own = f"{path}/{made_id}"
    world.ask("PATCH", own, {"clientSecret": world.canary("client secret, second")}, status=200)
    world.ask("GET", own, status=200)
    again = {**body, "clientSecret": world.canary("client secret of a second app"), "name": "again"}
    world.ask("POST", path, again, status=409)
    unknown = {**body, "provider": "none", "clientSecret": world.canary("client secret for no provider")}
    world.ask("POST", path, unknown)
    large = {**body, "provider": "discord", "clientSecret": world.canary("client secret, too large") * 2_000}
    world.ask("POST", path, large, status=400)
    with world.refusing("provider_apps"):
        broken = {**body, "provider": "discord", "clientSecret": world.canary("client secret, refused")}
        world.ask("POST", path, broken, status=500)
    world.ask("DELETE", own, status=200)
    world.ask("DELETE", f"{own}/purge", status=200)


def secrets_in_definitions(world: World) -> None:
    """What is published is for everybody: a credential in it is refused, and not repeated."""
    key = world.mint(
        "secret key, pasted into definitions", "/api/keys", {"name": "p", "kind": "secret"}, "key"
    )
    workspace_id = world.instance.workspace_id
    body = {"workspaceId": workspace_id, "slug": "pasted", "name": "pasted", "manifest": {"members": []}}
    made = world.ask("POST", "/api/integrations", body, status=201).json
    path = f"/api/integrations/{made['id']}"
    slot = {"type": "oauth2", "clientSecret": world.canary("client secret in a definition")}
    for pasted in (slot, {"headers": {"Authorization": f"Bearer {key}"}}):
        assert world.ask("PATCH", path, {"authConfig": pasted}).status in (200, 400)
        assert world.ask("POST", f"{path}/publish", {"version": "1.0.0"}).status in (201, 400, 409)


def command_line(world: World) -> None:
    """What commands print, and what they say when they fail."""
    home = world.instance.settings.data_dir
    where = ("--data-dir", str(home), "--database-url", world.instance.settings.database_url)
    for arguments in (("verify",), ("vault", "status"), ("key", "list"), ("settings",), ("db", "status")):
        world.run(*arguments, *where)
        world.run(*arguments, *where, "--json")
    unreachable = f"postgresql://trunkline:{world.canary('database password', plain=True)}@127.0.0.1:1/hub"
    for arguments in (("db", "status"), ("verify",), ("doctor",), ("settings",)):
        world.run(*arguments, "--data-dir", str(home), "--database-url", unreachable)
    token = world.canary("token of a client command", plain=True)
    document = home / "document.json"
    document.write_text('{"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {}}')
    world.run("import", "openapi", str(document), "--url", "http://127.0.0.1:1", "--token", token)
    document.unlink()


PLANTS: tuple[Plant, ...] = (
    workspace_secrets,
    repeated_requests,
    keys,
    passwords,
    bodies_that_are_refused,
    requests_that_are_refused,
    while_it_breaks,
    provider_apps,
    secrets_in_definitions,
    command_line,
)
