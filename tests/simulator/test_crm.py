from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulated import Simulated, SimulatedClient, serving
from trunkline.simulator import Options

KEY = {"x-api-key": "demo-api-key"}


def basic(user: str, password: str) -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def send(simulated: Simulated, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    sent = b"" if body is None else json.dumps(body).encode()
    answer = simulated.request(method, path, {**KEY, "content-type": "application/json"}, sent)
    return answer.status, answer.json if answer.body else None


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/crm/whoami", KEY),
        ("/crm/whoami?api_key=demo-api-key", {}),
        ("/crm/whoami", {"authorization": basic("demo", "demo-password")}),
        ("/crm/whoami", {"authorization": "Bearer demo-bearer-token"}),
        ("/crm/whoami", {"authorization": "bearer demo-bearer-token"}),
    ],
)
def test_takes_every_fixed_credential(simulated: Simulated, path: str, headers: dict[str, str]) -> None:
    answer = simulated.request("GET", path, headers)
    assert (answer.status, answer.json["id"]) == (200, "user-ada")


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/crm/whoami", {}),
        ("/crm/whoami", {"x-api-key": "demo-password"}),
        ("/crm/whoami?api_key=", {}),
        ("/crm/whoami", {"authorization": basic("demo", "wrong")}),
        ("/crm/whoami", {"authorization": basic("nobody", "demo-password")}),
        ("/crm/whoami", {"authorization": "Basic ???"}),
        ("/crm/whoami", {"authorization": "Bearer demo-api-key"}),
        ("/crm/whoami", {"authorization": "Bearer wrong", **KEY}),
        ("/crm/whoami", {"x-session-token": "wrong"}),
    ],
)
def test_refuses_everything_else(simulated: Simulated, path: str, headers: dict[str, str]) -> None:
    answer = simulated.request("GET", path, headers)
    assert (answer.status, answer.json["error"]["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="simulator", Basic realm="simulator"'


@pytest.mark.parametrize(
    "use", [lambda token: {"x-session-token": token}, lambda token: {"authorization": f"Bearer {token}"}]
)
def test_a_password_is_exchanged_for_a_token(
    simulated: Simulated, use: Callable[[str], dict[str, str]]
) -> None:
    status, session = send(
        simulated, "POST", "/crm/sessions", {"username": "demo", "password": "demo-password"}
    )
    assert (status, session["header"], session["expiresIn"]) == (201, "x-session-token", 3600)
    headers = use(session["token"])
    assert simulated.request("GET", "/crm/health", headers).status == 200
    simulated.admin("POST", "/simulator/advance", {"seconds": 3600})
    assert simulated.request("GET", "/crm/health", headers).status == 401
    status, refused = send(simulated, "POST", "/crm/sessions", {"username": "demo", "password": "wrong"})
    assert (status, refused["error"]["code"]) == (401, "unauthenticated")
    exchanges = simulated.admin("GET", "/simulator/statistics")["tokenExchanges"]
    assert exchanges == {"total": 2, "by": {"issued": 1, "refused": 1}}


def test_the_exchange_fails_like_a_token_endpoint(simulated: Simulated) -> None:
    login = json.dumps({"username": "demo", "password": "demo-password"}).encode()
    headers = {"content-type": "application/json", "x-simulator-profile": "server-error"}
    assert simulated.request("POST", "/crm/sessions", headers, login).status == 503
    exchanges = simulated.admin("GET", "/simulator/statistics")["tokenExchanges"]
    assert exchanges == {"total": 1, "by": {"server-error": 1}}


def test_a_scope_that_was_not_granted_is_missed(client: SimulatedClient) -> None:
    token = client.connect(scope="crm.read")["access_token"]
    api = client.simulated.api
    assert api("GET", "/crm/deals", token).status == 200
    answer = api("POST", "/crm/deals", token, {"title": "x"})
    assert (answer.status, answer.json["error"]["code"]) == (403, "insufficient_scope")
    assert 'scope="crm.write"' in answer.headers["www-authenticate"]


def test_the_account_is_the_organization(simulated: Simulated) -> None:
    assert send(simulated, "GET", "/crm/account") == (
        200,
        {"id": "org-example", "name": "Example Trading", "plan": "standard"},
    )


def _walked(simulated: Simulated, path: str) -> list[str]:
    seen: list[str] = []
    cursor = ""
    while True:
        _, page = send(simulated, "GET", path + cursor)
        seen += [one["id"] for one in page["data"]]
        if page["paging"]["next"] is None:
            return seen
        assert len(page["data"]) == 7
        cursor = f"&after={page['paging']['next']}"


@pytest.mark.parametrize(("collection", "number"), [("companies", 40), ("contacts", 250), ("deals", 120)])
def test_cursors_reach_every_record_once(simulated: Simulated, collection: str, number: int) -> None:
    seen = _walked(simulated, f"/crm/{collection}?limit=7")
    assert (len(seen), len(set(seen)), seen) == (number, number, sorted(seen))


@pytest.mark.parametrize(("collection", "number"), [("companies", 40), ("contacts", 250), ("deals", 120)])
def test_pages_reach_every_record_once(simulated: Simulated, collection: str, number: int) -> None:
    pages = -(-number // 7)
    seen = []
    for page in range(1, pages + 1):
        _, found = send(simulated, "GET", f"/crm/{collection}?page={page}&perPage=7")
        assert found["paging"] == {"page": page, "perPage": 7, "total": number, "pages": pages}
        seen += [one["id"] for one in found["data"]]
    assert (len(seen), len(set(seen))) == (number, number)
    assert send(simulated, "GET", f"/crm/{collection}?page={pages + 1}&perPage=7")[1]["data"] == []


def test_a_walk_survives_what_is_made_and_deleted_meanwhile(simulated: Simulated) -> None:
    _, first = send(simulated, "GET", "/crm/deals?limit=50")
    last = first["data"][-1]["id"]
    assert send(simulated, "DELETE", f"/crm/deals/{last}") == (204, None)
    _, made = send(simulated, "POST", "/crm/deals", {"title": "New"})
    _, rest = send(simulated, "GET", f"/crm/deals?limit=200&after={first['paging']['next']}")
    seen = [one["id"] for one in (*first["data"], *rest["data"])]
    assert seen == [f"dea_{number:08d}" for number in range(1, 122)]
    assert seen[-1] == made["id"]


def test_lists_are_narrowed_by_time_and_reference(simulated: Simulated) -> None:
    since = "2026-01-01T20:00:00Z"  # the 172nd record, 7 minutes apart, is made at 19:57
    seen = _walked(simulated, f"/crm/contacts?limit=7&updatedSince={since}")
    assert seen == [f"ctc_{number:08d}" for number in range(173, 251)]
    assert send(simulated, "PATCH", "/crm/contacts/ctc_00000005", {"phone": None})[0] == 200
    seen = _walked(simulated, f"/crm/contacts?limit=7&updatedSince={since}")
    assert seen == ["ctc_00000005", *(f"ctc_{number:08d}" for number in range(173, 251))]
    company = send(simulated, "GET", "/crm/contacts/ctc_00000001")[1]["companyId"]
    _, found = send(simulated, "GET", f"/crm/contacts?companyId={company}&page=1")
    assert {one["companyId"] for one in found["data"]} == {company}
    assert found["paging"]["total"] == len(found["data"])


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=x", "limit=1&limit=2", "after=x", "after=Y21wXzAwMDAwMDAx", "page=0",
        "page=1&limit=5", "perPage=201", "updatedSince=yesterday", "status=open", "contactId=ctc_00000001",
    ],
)  # fmt: skip
def test_refuses_a_query_it_does_not_understand(simulated: Simulated, query: str) -> None:
    status, refused = send(simulated, "GET", f"/crm/contacts?{query}")
    assert (status, refused["error"]["code"]) == (400, "invalid_request")


def test_a_record_lives(simulated: Simulated) -> None:
    status, made = send(simulated, "POST", "/crm/contacts", {"email": "new@people.example"})
    assert (status, made["id"]) == (201, "ctc_00000251")
    assert made == {
        "id": "ctc_00000251",
        "email": "new@people.example",
        "firstName": None,
        "lastName": None,
        "phone": None,
        "companyId": None,
        "createdAt": made["updatedAt"],
        "updatedAt": made["updatedAt"],
    }
    where = f"/crm/contacts/{made['id']}"
    assert send(simulated, "GET", where) == (200, made)
    simulated.admin("POST", "/simulator/advance", {"seconds": 1})
    status, changed = send(simulated, "PATCH", where, {"firstName": "Nia"})
    assert (status, changed["firstName"], changed["email"]) == (200, "Nia", "new@people.example")
    assert changed["createdAt"] == made["createdAt"] < changed["updatedAt"]
    status, replaced = send(simulated, "PUT", where, {"email": "other@people.example"})
    assert (status, replaced["firstName"], replaced["email"]) == (200, None, "other@people.example")
    assert send(simulated, "DELETE", where) == (204, None)
    assert [send(simulated, method, where, {})[0] for method in ("GET", "DELETE", "PATCH")] == [404] * 3
    assert send(simulated, "POST", "/crm/contacts", {"email": "x"})[1]["id"] == "ctc_00000252"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/crm/contacts", {}),
        ("POST", "/crm/contacts", {"email": 1}),
        ("POST", "/crm/contacts", {"email": "x", "role": "boss"}),
        ("POST", "/crm/contacts", {"email": "x", "companyId": "cmp_99999999"}),
        ("POST", "/crm/contacts", ["x"]),
        ("POST", "/crm/deals", {"title": "x", "stage": "maybe"}),
        ("PUT", "/crm/contacts/ctc_00000001", {"phone": "1"}),
        ("PATCH", "/crm/contacts/ctc_00000001", {"id": "ctc_00000002"}),
        ("PATCH", "/crm/contacts/ctc_00000001", {"email": None}),
    ],
)
def test_refuses_a_malformed_record_and_changes_nothing(
    simulated: Simulated, method: str, path: str, body: Any
) -> None:
    before = send(simulated, "GET", "/crm/contacts?page=1")
    status, refused = send(simulated, method, path, body)
    assert (status, refused["error"]["code"]) == (400, "invalid_request")
    assert send(simulated, "GET", "/crm/contacts?page=1") == before


def test_what_others_refer_to_is_not_deleted(simulated: Simulated) -> None:
    _, company = send(simulated, "POST", "/crm/companies", {"name": "Alone"})
    where = f"/crm/companies/{company['id']}"
    _, contact = send(simulated, "POST", "/crm/contacts", {"email": "x", "companyId": company["id"]})
    status, refused = send(simulated, "DELETE", where)
    assert (status, refused["error"]["code"]) == (409, "conflict")
    send(simulated, "DELETE", f"/crm/contacts/{contact['id']}")
    assert send(simulated, "DELETE", where) == (204, None)


def test_the_quota_is_told_and_kept(simulated: Simulated) -> None:
    simulated.admin("PUT", "/simulator/limit", {"perMinute": 3})

    def ask(headers: dict[str, str]) -> tuple[int, str, str, str | None]:
        answer = simulated.request("GET", "/crm/health", headers)
        limit, remaining = (answer.headers[f"x-ratelimit-{name}"] for name in ("limit", "remaining"))
        return answer.status, limit, remaining, answer.headers.get("retry-after")

    assert [ask(KEY)[:3] for _ in range(3)] == [(200, "3", "2"), (200, "3", "1"), (200, "3", "0")]
    status, _, remaining, retry_after = ask(KEY)
    assert (status, remaining) == (429, "0")
    assert retry_after is not None
    assert 1 <= int(retry_after) <= 60
    assert ask({"authorization": "Bearer demo-bearer-token"})[:3] == (200, "3", "2")
    simulated.admin("POST", "/simulator/advance", {"seconds": 60})
    assert ask(KEY)[:3] == (200, "3", "2")


def test_a_refresh_does_not_buy_a_new_quota(client: SimulatedClient) -> None:
    tokens = client.connect()
    client.simulated.admin("PUT", "/simulator/limit", {"perMinute": 1})
    assert client.simulated.api("GET", "/crm/health", tokens["access_token"]).status == 200
    renewed = client.refresh(tokens["refresh_token"]).json
    assert client.simulated.api("GET", "/crm/health", renewed["access_token"]).status == 429


def test_the_same_seed_makes_the_same_data() -> None:
    def data(seed: int) -> bytes:
        with serving(Options(seed=seed, companies=5, contacts=20, deals=9)) as simulated:
            return b"".join(
                simulated.request("GET", f"/crm/{collection}?limit=200", KEY).body
                for collection in ("companies", "contacts", "deals")
            )

    assert data(3) == data(3)
    assert data(3) != data(4)


def test_there_may_be_nothing() -> None:
    with serving(Options(companies=0, contacts=0, deals=0)) as simulated:
        assert send(simulated, "GET", "/crm/contacts") == (200, {"data": [], "paging": {"next": None}})
        assert send(simulated, "GET", "/crm/contacts?page=1")[1]["paging"]["pages"] == 0


def test_calls_are_counted_by_route_and_caller(client: SimulatedClient) -> None:
    token = client.connect()["access_token"]
    simulated = client.simulated
    for path in ("/crm/contacts/ctc_00000001", "/crm/contacts/ctc_00000002", "/crm/contacts/none"):
        simulated.api("GET", path, token)
    simulated.request("GET", "/crm/contacts/ctc_00000001", KEY)
    simulated.request("GET", "/crm/contacts/ctc_00000001")
    assert client.statistics()["apiCalls"] == {
        "total": 3,
        "byRoute": {"GET /crm/contacts/{id}": {"200": 2, "404": 1}},
    }
    everybody = simulated.admin("GET", "/simulator/statistics")["apiCalls"]
    assert everybody == {"total": 5, "byRoute": {"GET /crm/contacts/{id}": {"200": 3, "401": 1, "404": 1}}}
    of_key = simulated.admin("GET", "/simulator/statistics?clientId=api_key")["apiCalls"]
    assert of_key == {"total": 1, "byRoute": {"GET /crm/contacts/{id}": {"200": 1}}}
