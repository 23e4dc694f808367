"""Projects, orgs, keys, provider apps, destinations and topics of the ampersand dialect."""

from __future__ import annotations

from typing import Any

from tests.conformance.ampersand_parts import Part
from tests.conformance.holdings import PEM, PROJECT_KEYS, Holdings, provider_name
from tests.conformance.vocabulary import Example
from trunkline.core import access
from trunkline.infra.db import Tx
from trunkline.kit.ids import format_uuid


def _there(held: Holdings) -> dict[str, str]:
    return {"project": format_uuid(held.workspace_id)}


def _own_org(held: Holdings) -> str:
    """Another organization that the holdings' owner administers."""
    organization_id = held.make("organization")

    def join(tx: Tx) -> None:
        operator = access.act_as(tx, held.instance.user_id)
        access.add_membership(tx, operator, organization_id, held.owner_id, "admin")

    held.write(join)
    return format_uuid(organization_id)


def _add_user(held: Holdings) -> Example:
    return Example({"org": _own_org(held)}, body={"builderId": format_uuid(held.make("user"))})


def _update_project(held: Holdings) -> Example:
    name = held.handle()
    body = {"updateMask": ["appName", "name"], "project": {"appName": name, "name": name}}
    return Example({"project": format_uuid(held.make("workspace"))}, body=body)


def _update_org(held: Holdings) -> Example:
    body = {"updateMask": ["label"], "org": {"label": held.name("label")}}
    return Example({"org": format_uuid(held.organization_id)}, body=body)


def _on_key(held: Holdings, *, fresh: bool, body: dict[str, Any] | None = None) -> Example:
    key_id = held.make("project_key") if fresh else held.held("project_key")
    return Example({**_there(held), "key": PROJECT_KEYS[key_id]}, body=body)


def _update_key(held: Holdings) -> Example:
    key = {"label": held.name("label"), "active": True, "scopes": ["full"]}
    return _on_key(held, fresh=True, body={"updateMask": ["active", "label", "scopes"], "apiKey": key})


def _provider_app(held: Holdings) -> dict[str, Any]:
    return {
        "provider": provider_name(held),
        "clientId": "a-client",
        "clientSecret": "a secret to be kept",
        "externalRef": "app-1",
        "scopes": ["read"],
        "metadata": {"authQueryParams": {"prompt": ["consent"]}, "providerParams": {"region": "eu"}},
    }


def _webhook(held: Holdings) -> dict[str, Any]:
    return {
        "name": held.name("webhook"),
        "type": "webhook",
        "metadata": {"url": "https://hooks.example.com/in", "headers": {"Authorization": "Bearer 1234"}},
    }


def _path_kinds() -> dict[str, tuple[str, ...]]:
    return {
        "project": ("workspace",),
        "org": ("organization",),
        "jwt_key": ("jwt_key",),
        "provider_app": ("provider_app",),
        "destination": ("destination",),
        "topic": ("topic",),
        "topic_route": ("topic_route",),
        "destination_route": ("destination_route",),
    }


PART = Part(
    kinds={
        **_path_kinds(),
        "orgId": ("organization",),
        "builderId": ("user",),
        "topicId": ("topic",),
        "destinationId": ("destination",),
    },
    plain=frozenset(
        {
            "algorithm",
            "appName",
            "clientId",
            "clientSecret",
            "eventType",
            "externalRef",
            "label",
            "md5",
            "name",
            "provider",
            "publicKeyPem",
            "scopes",
            "type",
            "updateMask",
        }
    ),
    free=frozenset({"metadata", "secrets", "authQueryParams", "providerParams"}),
    words=frozenset({"getProvider.provider", "key"}),
    bodies={
        "createProject": lambda held: {
            "appName": held.name("app"),
            "name": held.handle(),
            "orgId": format_uuid(held.organization_id),
        },
        "createOrg": lambda held: {"label": held.name("org")},
        "createApiKey": lambda held: {"label": held.name("key"), "scopes": ["full"]},
        "createJWTKey": lambda held: {
            "label": held.name("key"),
            "algorithm": "RS256",
            "publicKeyPem": PEM,
        },
        "updateJWTKey": lambda held: {
            "updateMask": ["active", "label"],
            "jwtKey": {"active": False, "label": held.name("key")},
        },
        "createProviderApp": _provider_app,
        "updateProviderApp": lambda held: {
            "updateMask": ["externalRef", "clientId", "clientSecret", "scopes", "metadata"],
            "providerApp": {name: value for name, value in _provider_app(held).items() if name != "provider"},
        },
        "createDestination": _webhook,
        "updateDestination": lambda held: {
            "updateMask": ["name", "metadata"],
            "destination": {name: value for name, value in _webhook(held).items() if name != "type"},
        },
        "createTopic": lambda held: {"name": held.name("topic")},
        "updateTopic": lambda held: {"name": held.name("renamed")},
        "createEventTopicRoute": lambda held: {
            "eventType": "connection.created",
            "topicId": format_uuid(held.make("topic")),
        },
        "createTopicDestinationRoute": lambda held: {
            "topicId": format_uuid(held.make("topic")),
            "destinationId": format_uuid(held.held("destination")),
        },
    },
    wholes={
        "addUserToOrg": _add_user,
        "updateProject": _update_project,
        "updateOrg": _update_org,
        "getApiKey": lambda held: _on_key(held, fresh=False),
        "updateApiKey": _update_key,
        "deleteApiKey": lambda held: _on_key(held, fresh=True),
        "getProvider": lambda _held: Example({"provider": "github"}),
    },
    at_home=frozenset({"createOrg"}),
)
