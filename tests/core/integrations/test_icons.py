"""An integration's own icon, from sending it to its end."""

from __future__ import annotations

import pytest

from tests.core.integrations.desk import Desk
from tests.core.integrations.pictures import png, svg, webp
from trunkline.core import integrations
from trunkline.core.access import DeletedError
from trunkline.core.integrations import Icon, check_icon
from trunkline.kit.errors import ForbiddenError, NotFoundError


def test_an_icon_comes_back_byte_for_byte(desk: Desk) -> None:
    row = desk.create()
    assert desk.by("viewer", integrations.get_icon, row.id) is None
    for content in (png(), webp(), svg()):
        icon = check_icon(content)
        desk.by("editor", integrations.set_icon, row.id, icon)
        found = desk.by("viewer", integrations.get_icon, row.id)
        assert found == Icon(icon.media_type, icon.digest, content)
    assert desk.rows("integration_icons") == 1
    assert desk.told(row.id) == ["integration.created", *["integration.icon_set"] * 3]


def test_sending_the_same_again_or_removing_nothing_changes_nothing(desk: Desk) -> None:
    row = desk.create()
    desk.by("editor", integrations.remove_icon, row.id)
    desk.by("editor", integrations.set_icon, row.id, check_icon(png()))
    desk.by("editor", integrations.set_icon, row.id, check_icon(png()))
    desk.by("editor", integrations.remove_icon, row.id)
    desk.by("editor", integrations.remove_icon, row.id)
    assert desk.by("editor", integrations.get_icon, row.id) is None
    assert desk.told(row.id) == ["integration.created", "integration.icon_set", "integration.icon_removed"]


def test_editors_set_it_and_whoever_sees_the_integration_sees_it(desk: Desk) -> None:
    row, icon = desk.authored(), check_icon(png())
    desk.share(row, "plain")
    for name, error in [("plain", ForbiddenError), ("viewer", ForbiddenError), ("eve", NotFoundError)]:
        with pytest.raises(error):
            desk.by(name, integrations.set_icon, row.id, icon)
        with pytest.raises(error):
            desk.by(name, integrations.remove_icon, row.id)
    desk.by("author", integrations.set_icon, row.id, icon)
    assert desk.by("plain", integrations.get_icon, row.id) == Icon("image/png", icon.digest, png())
    with pytest.raises(NotFoundError):
        desk.by("eve", integrations.get_icon, row.id)


def test_a_deleted_integration_keeps_the_icon_it_has(desk: Desk) -> None:
    row = desk.create("ada")
    desk.by("ada", integrations.set_icon, row.id, check_icon(png()))
    desk.by("ada", integrations.delete_integration, row.id)
    with pytest.raises(DeletedError):
        desk.by("ada", integrations.set_icon, row.id, check_icon(svg()))
    with pytest.raises(DeletedError):
        desk.by("ada", integrations.remove_icon, row.id)
    assert desk.rows("integration_icons") == 1
