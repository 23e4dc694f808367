"""What installs are configured with, as it is stored: one row for each time, the newest counts, none ever changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Raw, Struct
from msgspec.json import decode

from trunkline.core.access import InWorkspace
from trunkline.core.installs.queries import BY_ID, CONFIG, CONFIGS_OF
from trunkline.core.installs.specs import InstallRow
from trunkline.core.installs.tables import install_configs, installs
from trunkline.core.integrations import Source, pinned_version, source_of
from trunkline.infra.db import Field, FieldKind, ListSpec, Tx
from trunkline.infra.db.rows import loader
from trunkline.kit.actor import Actor
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.filters import OrderKey
from trunkline.kit.ids import format_uuid
from trunkline.kit.strictjson import encode
from trunkline.kit.text import check_text

NOTE_MAX = 1_000  # characters
_CREATOR = re.compile(r"(?:consumer|builder|api):[^\x00-\x1f\x7f]{1,300}")


@dataclass(frozen=True, slots=True)
class GivenConfig:
    """What an install is to be configured with, and who says so: `consumer:…`, `builder:…` or `api:…`."""

    content: Mapping[str, Any]
    created_by: str


class ConfigRow(Struct, frozen=True):
    """One configuration of an install.

    Attributes:
        version_id: the version the install was at when it was configured so.
        content: JSON; what the install set, not what that comes to.
        note: why, where somebody said so.
    """

    id: str
    organization_id: str
    workspace_id: str
    install_id: str
    version_id: str
    content: Raw
    note: str | None
    created_by: str
    created_at: str


INSTALL_CONFIG = ListSpec(
    entity="install_config",
    table="install_configs",
    row=ConfigRow,
    rule=InWorkspace(),
    fields={
        "install_id": Field(kind=FieldKind.ID, id_kinds=("install",)),
        "created_at": Field(kind=FieldKind.TIME),
    },
    order=(OrderKey("created_at", "desc"),),
)


def creator(actor: Actor) -> str:
    """Who the caller is, where nobody said it otherwise."""
    return f"builder:{format_uuid(actor.user_id)}" if actor.user_id else "api:system"


def check_creator(text: str) -> str:
    """The text itself when it says who configured something.

    Raises:
        InvalidRequestError: it does not begin with `consumer:`, `builder:` or `api:`, or is too long.
    """
    if not _CREATOR.fullmatch(text):
        message = "must be consumer:, builder: or api: and up to 300 characters of an id"
        raise InvalidRequestError.at("config.createdBy", message)
    return text


def write_config(
    tx: Tx, install: InstallRow, version_id: str, given: GivenConfig, note: str | None = None
) -> str:
    """Add a configuration, which is the install's from now on; its id.

    Raises:
        InvalidRequestError: the creator or the note is malformed.
    """
    config_id = insert_config(
        tx, install.organization_id, install.workspace_id, install.id, version_id, given, note
    )
    tx.update(installs, BY_ID, {"id": install.id}, config_id=config_id, updated_at=tx.now)
    return config_id


def insert_config(
    tx: Tx,
    organization_id: str,
    workspace_id: str,
    install_id: str,
    version_id: str,
    given: GivenConfig,
    note: str | None = None,
) -> str:
    """Add a configuration and leave it to the caller to make it the install's; its id."""
    config_id = tx.new_id()
    tx.insert(
        install_configs,
        id=config_id,
        organization_id=organization_id,
        workspace_id=workspace_id,
        install_id=install_id,
        version_id=version_id,
        content=encode(given.content),
        note=check_text("note", note, NOTE_MAX),
        created_by=check_creator(given.created_by),
        created_at=tx.now,
    )
    return config_id


def current_content(tx: Tx, install: InstallRow) -> dict[str, Any] | None:
    """What an install is configured with; None where it takes no configuration."""
    if install.config_id is None:
        return None
    content: dict[str, Any] = decode(tx.value(CONFIG, id=install.config_id))
    return content


def configs_of(tx: Tx, installed: Iterable[InstallRow]) -> dict[str, ConfigRow]:
    """The present configurations of installs the caller was shown, by install."""
    wanted = [install.config_id for install in installed if install.config_id is not None]
    rows = loader(ConfigRow)(tx.fetch_for(CONFIGS_OF, wanted))
    return {row.install_id: row for row in rows}


def version_source(tx: Tx, version_id: str) -> Source | None:
    """What a version an install is pinned to was deployed from."""
    return source_of(decode(pinned_version(tx, version_id).manifest))
