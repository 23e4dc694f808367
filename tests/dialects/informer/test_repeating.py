from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from tests.dialects.informer.desk import PASSWORD, Online

KEYED = {"idempotency-key": "again"}
SAID = {"x-request-id", "idempotency-replayed"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/integrations", {"name": "Things", "type": "custom", "authType": "none"}),
        ("/informer/api/integrations", {"name": "Things", "type": "custom"}),
        ("/api/tags", {"name": "blue"}),
        ("/informer/api/tokens", {"name": "Mine"}),
        ("{bearer}/connect", {"token": "a-token"}),
    ],
)
def test_a_repetition_is_told_where_the_new_object_is(online: Online, path: str, body: Any) -> None:
    if "{bearer}" in path:
        made = online.made(authType="bearer", apiBaseUri=f"{online.simulated.url}/echo")
        path = path.format(bearer=f"/informer/api/integrations/{made['id']}")
    online.give_password(online.instance.user_id)
    # Tokens are made with a password only, and hold a secret, so that their answers are kept sealed.
    headers = {**KEYED, "authorization": f"Basic {b64encode(f'ada:{PASSWORD}'.encode()).decode()}"}
    first, again = (online.bare("POST", path, body, headers) for _ in range(2))
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert first.headers["location"] == first.json["_links"]["self"]["href"]
    assert _without(again.headers) == _without(first.headers)


def _without(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in SAID}
