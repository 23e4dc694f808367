"""`trunkline import …`: make integrations from documents people have already."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from msgspec import UNSET, Struct, UnsetType

from trunkline.cli.failures import CommandError, Exit
from trunkline.cli.lookups import find_user, find_workspace, handle_of
from trunkline.cli.opening import opened
from trunkline.cli.options import NO_FLAGS, Common
from trunkline.cli.remote import Remote
from trunkline.cli.remote_import import find_remote_workspace, import_remotely
from trunkline.cli.screen import Screen, Step
from trunkline.core.access import act_as
from trunkline.core.integrations import (
    ImportOpenApi,
    ImportResult,
    PublishIntegration,
    import_openapi,
    publish_version,
)
from trunkline.infra.db import Tx
from trunkline.kit.actor import system_actor
from trunkline.kit.errors import Problem
from trunkline.kit.ids import format_id
from trunkline.kit.openapi import Conversion, convert, read_document
from trunkline.kit.openapi.document import SIZE_MAX_BYTES
from trunkline.kit.secret import Secret

WARNINGS_SHOWN = 5

import_app = App(name="import", help="Make integrations from documents.")


class Changes(Struct, frozen=True):
    """Slugs of the members an import made, changed or took out."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    removed: tuple[str, ...]


class Summary(Struct, frozen=True, rename="camel", kw_only=True):
    """What an import came to; `version` where it was published."""

    integration_id: str
    slug: str
    members: int
    created: int
    updated: int
    unchanged: int
    removed: int
    version: str | UnsetType = UNSET
    changes: Changes
    warnings: list[Problem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be imported, and where to, as far as the command line says."""

    conversion: Conversion
    slug: str
    name: str | None
    workspace: str | None
    user: str | None
    publish: str | None

    def into(self, workspace_id: str) -> ImportOpenApi:
        """The request, once the workspace is found."""
        return ImportOpenApi(
            workspace_id=workspace_id, slug=self.slug, name=self.name, conversion=self.conversion
        )


@import_app.command
def openapi(
    file: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    *,
    workspace: str | None = None,
    slug: str | None = None,
    name: str | None = None,
    publish: str | None = None,
    user: str | None = None,
    url: Annotated[str | None, Parameter(env_var="TRUNKLINE_URL")] = None,
    token: Annotated[str | None, Parameter(env_var="TRUNKLINE_TOKEN", show_env_var=True)] = None,
    common: Common = NO_FLAGS,
) -> Exit:
    """Import an OpenAPI 3.0 or 3.1 document, JSON or YAML, as the draft of an integration.

    Operations become functions, components become schemas. Importing again updates the same draft. Without
    --url it works on the database, in one transaction; with it, over HTTP on a running server.

    **Examples**

        trunkline import openapi crm.yaml

        trunkline import openapi crm.json --publish 1.0.0 --json

        TRUNKLINE_TOKEN=sec_… trunkline import openapi crm.yaml --url https://hub.example.com

    Args:
        file: the document; - reads standard input.
        workspace: handle or id of the workspace; may be left out where there is only one.
        slug: the integration's short name; by default made of the document's title.
        name: the integration's name, where it is made; by default the document's title.
        publish: publish the draft as this version, too.
        user: e-mail address or id of whom it is done as; by default the workspace's owner.
        url: a running server to import into.
        token: a secret key for --url; better set as TRUNKLINE_TOKEN, as others see the command line.
        common: the flags of every command.
    """
    screen = common.screen
    conversion = convert(read_document(_content(file), filename=file.name))
    order = Order(
        conversion=conversion,
        slug=slug or handle_of(conversion.title),
        name=name,
        workspace=workspace,
        user=user,
        publish=publish,
    )
    with screen.progress(f"Importing {conversion.title}") as step:
        result = _into_server(common, url, token, order, step) if url else _into_database(common, order, step)
    show(screen, order, result)
    return Exit.OK


def _into_database(common: Common, order: Order, step: Step) -> ImportResult:
    def work(tx: Tx) -> ImportResult:
        operator = system_actor("import on the command line")
        workspace = find_workspace(tx, operator, order.workspace)
        user_id = find_user(tx, operator, order.user).id if order.user else workspace.owner_id
        actor = act_as(tx, user_id)
        result = import_openapi(tx, actor, order.into(workspace.id), step)
        if order.publish is not None:
            request = PublishIntegration(integration_id=result.integration_id, version=order.publish)
            publish_version(tx, actor, request)
        return result

    with opened(common.settings()) as platform:
        return platform.database.write_now(work)


def _into_server(common: Common, url: str, token: str | None, order: Order, step: Step) -> ImportResult:
    if not token:
        hint = "make one with: trunkline key create; then set TRUNKLINE_TOKEN"
        raise CommandError("token_needed", "--url needs a secret key", hint, exit_code=Exit.USAGE)
    with Remote(url, Secret(token)) as remote:
        if remote.is_exposed:
            common.screen.warn("the key travels readable: give --url as https://…")
        workspace_id = find_remote_workspace(remote, order.workspace)
        result = import_remotely(remote, order.into(workspace_id), step)
        if order.publish is not None:
            path = f"/integrations/{format_id('integration', result.integration_id)}/publish"
            remote.post(path, {"version": order.publish})
        return result


def show(screen: Screen, order: Order, result: ImportResult) -> None:
    """Print what an import came to."""
    conversion, slug, version = order.conversion, order.slug, order.publish
    integration_id = format_id("integration", result.integration_id)
    summary = Summary(
        integration_id=integration_id,
        slug=slug,
        members=len(conversion.members),
        created=len(result.created),
        updated=len(result.updated),
        unchanged=len(result.unchanged),
        removed=len(result.removed),
        version=version or UNSET,
        changes=Changes(result.created, result.updated, result.removed),
        warnings=list(conversion.warnings),
    )
    screen.result(
        summary,
        f"{slug} ({integration_id}): {summary.members} members, {summary.created} created,"
        f" {summary.updated} updated, {summary.unchanged} unchanged, {summary.removed} removed",
        *([f"published as {version}"] if version else []),
    )
    for warning in conversion.warnings[:WARNINGS_SHOWN]:
        screen.warn(f"{warning.path}: {warning.message}")
    if len(conversion.warnings) > WARNINGS_SHOWN:
        screen.warn(f"and {len(conversion.warnings) - WARNINGS_SHOWN} more; --json lists all")


def _content(file: Path) -> bytes:
    # One byte more than is read tells that it is too large, however large it is.
    if str(file) == "-":
        return sys.stdin.buffer.read(SIZE_MAX_BYTES + 1)
    with file.open("rb") as opened_file:
        return opened_file.read(SIZE_MAX_BYTES + 1)
