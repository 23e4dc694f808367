"""Which slug a name would be given, asked beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.integrations.desk import Desk
from trunkline.core import integrations
from trunkline.core.integrations import CreateIntegration
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError


def slug(desk: Desk, by: str, name: str = "Acme CRM", **place: Any) -> str:
    request = CreateIntegration(name=name, **(place or {"organization_id": desk.acme}))
    return desk.by(by, integrations.free_slug, request)


def test_it_is_the_slug_that_making_it_gives(desk: Desk) -> None:
    for expected in ("acme-crm", "acme-crm-2"):
        assert slug(desk, "author") == slug(desk, "editor", workspace_id=desk.main) == expected
        assert desk.create("author", organization_id=desk.acme).slug == expected
    assert slug(desk, "eve", organization_id=desk.rival) == "acme-crm"


def test_it_is_told_to_those_who_could_make_it(desk: Desk) -> None:
    with pytest.raises(ForbiddenError):
        slug(desk, "plain")
    with pytest.raises(NotFoundError):
        slug(desk, "eve")
    with pytest.raises(InvalidRequestError):
        slug(desk, "author", " ")
