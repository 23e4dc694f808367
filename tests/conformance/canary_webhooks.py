"""Secrets of destinations, and those that enter through the ampersand dialect."""

from __future__ import annotations

from typing import Any

from tests.conformance.canaries import Plant, World

PROJECT = "/v1/projects/main"


def destinations(world: World) -> None:
    """Given, changed, refused, and shown on request."""
    path = f"{PROJECT}/destinations"
    queue: dict[str, Any] = {
        "name": "queue",
        "type": "sqs",
        "metadata": {"queueUrl": "https://sqs.example.com/q"},
        "secrets": {
            "awsKeyId": world.canary("key id"),
            "awsSecretKey": world.canary("secret key of a queue"),
        },
    }
    for _ in range(2):
        world.ask("POST", path, queue, headers={"idempotency-key": "queue"}, status=201)
    change = {
        "updateMask": ["secrets.awsSecretKey"],
        "destination": {"secrets": {"awsSecretKey": world.canary("another secret key of a queue")}},
    }
    world.ask("PATCH", f"{path}/queue", change, status=200)
    refused = {
        **queue,
        "name": "other",
        "secrets": {"unknown": "x", "password": world.canary("lone password")},
    }
    world.ask("POST", path, refused, status=400)
    world.ask("POST", path, {**refused, "secrets": world.canary("secrets that are no object")}, status=400)
    world.ask("GET", f"{path}/queue?includeSecrets=true", status=200)
    world.ask("DELETE", f"{path}/queue", status=204)


def webhook(world: World, name: str, **secrets: str) -> None:
    """A destination with headers and a key to sign with."""
    headers = {"authorization": "Bearer of no use"}
    body = {
        "name": name,
        "type": "webhook",
        "metadata": {"url": "https://hooks.example.com/in", "headers": headers},
        "secrets": secrets,
    }
    world.ask("POST", f"{PROJECT}/destinations", body, status=201)


def signing_keys(world: World) -> None:
    """Shown to who asks for them by name, and to nobody else."""
    path = f"{PROJECT}/destinations"
    webhook(world, "hook", password=world.canary("password of a webhook"))
    for name in ("signing key", "signing key, second"):
        rotate = name != "signing key"
        answer = world.instance.api("GET", f"{path}/hook?includeSecrets=true&rotate={str(rotate).lower()}")
        world.keep(name, answer.json["secrets"]["webhookSigningKey"].removeprefix("whsec_"))
    world.ask("GET", f"{path}/hook", status=200)
    world.ask("GET", f"{path}/hook?rotate=true", status=200)
    world.ask("GET", path, status=200)


def provider_apps_of_projects(world: World) -> None:
    """Made, changed, and made in vain."""
    path = f"{PROJECT}/provider-apps"
    app = {"provider": "gitlab", "clientId": "a", "clientSecret": world.canary("client secret of a project")}
    made = world.ask("POST", path, app, status=200).json
    again = {**app, "clientSecret": world.canary("client secret in vain")}
    world.ask("POST", path, again, status=409)
    secret = world.canary("client secret of a project, second")
    change = {"updateMask": ["clientSecret"], "providerApp": {"clientSecret": secret}}
    world.ask("PATCH", f"{path}/{made['id']}", change, status=200)


def keys_of_projects(world: World) -> None:
    """Shown when they are made, and addressed by their own text."""
    key = world.mint("project key", f"{PROJECT}/api-keys", {"label": "a"}, "key", key="project-key")
    world.ask("GET", f"{PROJECT}/api-keys/{key}", shows="key", status=200)
    world.ask("GET", f"{PROJECT}/api-keys", status=200)
    body = {"updateMask": ["label"], "apiKey": {"label": "b"}}
    world.ask("PATCH", f"{PROJECT}/api-keys/{key}", body, shows="key", status=200)
    with world.without("workspaces"):
        answer = world.instance.api("GET", f"{PROJECT}/api-keys/{key}")
        assert answer.status == 500
    with_place = world.instance.api("DELETE", f"{PROJECT}/api-keys/{key}")
    assert with_place.status == 204


PLANTS: tuple[Plant, ...] = (destinations, signing_keys, provider_apps_of_projects, keys_of_projects)
