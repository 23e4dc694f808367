"""What tests of installations send, and what they look at in the answer."""

from __future__ import annotations

from typing import Any

from tests.dialects.ampersand.crm import Crm
from tests.dialects.ampersand.desk import Desk

UI_ACCOUNT = {
    "objectName": "account",
    "selectedFields": {},
    "selectedValueMappings": {},
    "dynamicMappingsInput": [],
    "selectedFieldMappings": {},
}
FILLED = {
    "objectName": "account",
    "schedule": "*/15 * * * *",
    "destination": "accountWebhook",
    "selectedFields": {"name": True},
    "selectedFieldMappings": {},
}


def account(installation: dict[str, Any]) -> Any:
    return installation["config"]["content"]["read"]["objects"]["account"]


def mask(desk: Desk, crm: Crm, installation: dict[str, Any], masks: list[str], given: Any) -> Any:
    body = {"updateMask": masks, "installation": given}
    return desk.ok("PATCH", crm.path(f"/{installation['id']}"), body)


def content(**sections: Any) -> dict[str, Any]:
    return {"config": {"content": {name: {"objects": objects} for name, objects in sections.items()}}}
