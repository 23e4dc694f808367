"""Publishing with every change, for those whose words know no versions."""

from __future__ import annotations

import pytest

from tests.instance import Instance
from trunkline.core import access, integrations
from trunkline.infra.db import Tx
from trunkline.kit.ids import parse_id


def made(tx: Tx, instance: Instance) -> str:
    organization_id = parse_id("organization", instance.organization_id)
    actor = access.act_as(tx, instance.user_id)
    request = integrations.CreateIntegration(name="Acme", organization_id=organization_id)
    return integrations.create_integration(tx, actor, request).id


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ([], ["1.0.0", "1.0.1"]),
        (["0.9.9"], ["0.9.10", "0.9.11"]),
        (["2.4.0", "2.5.0-rc.1"], ["2.4.1", "2.4.2"]),
        (["1.0.0+build.5"], ["1.0.1", "1.0.2"]),
        (["1.0.0-rc.1"], ["1.0.0", "1.0.1"]),
    ],
)
def test_a_change_is_the_patch_that_follows(
    instance: Instance, published: list[str], expected: list[str]
) -> None:
    def work(tx: Tx) -> list[str]:
        actor = access.act_as(tx, instance.user_id)
        integration_id = made(tx, instance)
        for version in published:
            request = integrations.PublishIntegration(integration_id=integration_id, version=version)
            integrations.publish_version(tx, actor, request)
        return [integrations.publish_change(tx, actor, integration_id).version for _ in expected]

    assert instance.database.write_now(work) == expected


@pytest.mark.parametrize(
    "url", ["https://acme.example", "http://acme.example:8080/a?b#c", "HTTPS://acme.example/é"]
)
def test_a_homepage_is_any_web_address(instance: Instance, url: str) -> None:
    def work(tx: Tx) -> str | None:
        actor = access.act_as(tx, instance.user_id)
        request = integrations.UpdateIntegration(id=made(tx, instance), homepage_url=url)
        return integrations.update_integration(tx, actor, request).homepage_url

    assert instance.database.write_now(work) == url
