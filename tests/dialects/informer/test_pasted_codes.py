from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from tests.dialects.informer.desk import PASSWORD, Online

REFUSED = (
    "you have started no such authorization in this browser, or it was used already or has expired: start one"
)


def pasted(online: Online, path: str, body: Any, cookie: str = "", **more: Any) -> tuple[int, Any]:
    answer = online.send("POST", f"{path}/connect", body, headers={"cookie": cookie}, **more)
    return answer.status, answer.json


@pytest.mark.parametrize("members", [("code",), ("code", "state")])
def test_a_pasted_code_connects_the_account(online: Online, members: tuple[str, ...]) -> None:
    path = online.crm()
    started, cookie = online.start(path)
    said = {name: value for name, value in online.said(started).items() if name in members}
    answer = online.send("POST", f"{path}/connect", said, headers={"cookie": cookie})
    assert (answer.status, answer.json["status"]) == (201, "ok"), answer.body
    assert answer.headers["location"] == f"{path}/connection" == answer.json["_links"]["self"]["href"]
    assert said["code"] not in answer.body.decode()
    assert online.ok("GET", f"{path}/connection") == answer.json
    assert online.send("POST", f"{path}/request", {"url": "/health"}).status == 200


def test_it_does_so_once(online: Online) -> None:
    path = online.crm()
    started, cookie = online.start(path)
    said = online.said(started)
    assert pasted(online, path, said, cookie)[0] == 201
    assert pasted(online, path, said, cookie) == (
        400,
        {"statusCode": 400, "error": "Bad Request", "message": REFUSED},
    )
    callback = f"/oauth2/callback?state={said['state']}&code={said['code']}"
    assert online.bare("GET", callback, headers={"cookie": cookie}).status == 400


def test_a_code_sent_again_under_its_key_gets_the_same_answer(online: Online) -> None:
    path = online.crm()
    started, cookie = online.start(path)
    headers = {"cookie": cookie, "idempotency-key": "once"}
    first, again = (
        online.send("POST", f"{path}/connect", said, headers=headers) for said in [online.said(started)] * 2
    )
    assert (first.status, again.status, again.body) == (201, 201, first.body)


def test_a_code_without_an_authorization_of_the_same_user_and_browser_is_refused(online: Online) -> None:
    path, bob = online.crm(), online.member("bob")
    online.ok("PUT", f"{path}/shares/bob", {"accessLevel": 1})
    assert pasted(online, path, {"code": "found"}) == (
        400,
        {"statusCode": 400, "error": "Bad Request", "message": REFUSED},
    )
    started, cookie = online.start(path)
    said = online.said(started)
    for more in ({"cookie": ""}, {"cookie": f"trunkline-oauth={'x' * 43}"}, {"token": bob}):
        assert pasted(online, path, said, **{"cookie": cookie, **more})[0] == 400
    assert pasted(online, path, {**said, "state": "another"}, cookie)[0] == 400
    assert pasted(online, online.crm(name="Other"), said, cookie)[0] == 400
    assert pasted(online, path, said, cookie)[0] == 201


def test_a_code_the_provider_does_not_know_is_refused_and_the_authorization_is_over(online: Online) -> None:
    path = online.crm()
    started, cookie = online.start(path)
    status, told = pasted(online, path, {"code": "mistyped"}, cookie)
    assert (status, told["message"][:22]) == (400, "the provider refused: ")
    assert pasted(online, path, online.said(started), cookie)[0] == 400
    assert online.send("GET", f"{path}/connection").status == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"state": "x"}, "code: is required beside state"),
        ({"code": "x", "token": "y"}, "token: is not asked for beside code"),
        ({"code": ""}, "code: "),
        ({"code": "x" * 8_193}, "code: "),
    ],
)
def test_a_code_comes_alone(online: Online, body: Any, message: str) -> None:
    status, told = pasted(online, online.crm(), body)
    assert (status, told["message"][: len(message)]) == (400, message), told


def test_a_code_is_pasted_on_a_page_of_ours(online: Online) -> None:
    """With a session or a password, as everything that changes something."""
    path = online.crm()
    online.give_password(online.instance.user_id)
    basic = f"Basic {b64encode(f'ada:{PASSWORD}'.encode()).decode()}"
    started, cookie = online.start(path)
    body = json.dumps(online.said(started)).encode()
    headers = {"authorization": basic, "cookie": cookie, "content-type": "application/json"}
    there = {**headers, "sec-fetch-site": "cross-site"}
    assert online.bare("POST", f"{path}/connect", body, there).status == 403
    assert online.bare("POST", f"{path}/connect", body, headers).status == 201
