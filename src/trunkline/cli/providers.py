"""`trunkline provider …`: the built-in providers, and what organizations define or import beside them."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from msgspec import Struct, structs
from rich.text import Text

from trunkline.cli.failures import CommandError, Exit
from trunkline.cli.lookups import find_organization
from trunkline.cli.opening import opened
from trunkline.cli.options import NO_FLAGS, Common
from trunkline.cli.remote import Remote
from trunkline.cli.remote_providers import find_remote_organization, import_remotely, remote_providers
from trunkline.cli.screen import Step, table
from trunkline.core.providers import (
    AccountRequest,
    CatalogImport,
    HealthRequest,
    ProviderAuth,
    ProviderDefinition,
    ProviderRow,
    Substitution,
    defined,
    import_catalog,
    list_providers,
    read_catalog,
)
from trunkline.infra.db import Tx
from trunkline.kit.actor import system_actor
from trunkline.kit.errors import Problem
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import format_id, parse_id
from trunkline.kit.pages import ListQuery
from trunkline.kit.secret import Secret
from trunkline.kit.strictjson import decode

FILE_MAX_BYTES = 16 * 1024 * 1024
SKIPPED_SHOWN = 10

_Url = Annotated[str | None, Parameter(env_var="TRUNKLINE_URL")]
_Token = Annotated[str | None, Parameter(env_var="TRUNKLINE_TOKEN", show_env_var=True)]

provider_app = App(name="provider", help="Providers: list and show them, import a catalog of them.")


class ShownProvider(Struct, frozen=True, rename="camel"):
    """A provider as commands show it; a built-in one belongs to no organization."""

    id: str
    organization_id: str | None
    name: str
    display_name: str
    base_url: str | None
    auth: ProviderAuth
    substitutions: list[Substitution]
    account: AccountRequest | None
    health: HealthRequest | None

    @property
    def whose(self) -> str:
        """For people."""
        return self.organization_id or "built in"


class Summary(Struct, frozen=True, rename="camel"):
    """What an import came to: names of providers, and what was skipped, and why."""

    organization_id: str
    created: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    skipped: tuple[Problem, ...]


@provider_app.command(name="list")
def list_(
    *,
    name: str | None = None,
    url: _Url = None,
    token: _Token = None,
    common: Common = NO_FLAGS,
) -> Exit:
    """List the built-in providers and those that organizations have defined, by name.

    **Examples**

        trunkline provider list

        trunkline provider list --name zen --json

    Args:
        name: part of the name, in any case.
        url: a running server to ask; without it the database is opened.
        token: a secret key for --url; better set as TRUNKLINE_TOKEN, as others see the command line.
        common: the flags of every command.
    """
    found = _providers(common, url, token, name)
    lines = [(one.name, one.display_name, one.auth.scheme, one.base_url or "", one.whose) for one in found]
    heads = ("name", "called", "scheme", "base URL", "of")
    common.screen.result(found, table(heads, lines) if lines else Text("no providers"))
    return Exit.OK


@provider_app.command
def show(
    provider: str,
    *,
    url: _Url = None,
    token: _Token = None,
    common: Common = NO_FLAGS,
) -> Exit:
    """Show one provider; all of a name, where organizations have several.

    **Examples**

        trunkline provider show github

        trunkline provider show zendesk --json

    Args:
        provider: its name or id, as `trunkline provider list` shows it.
        url: a running server to ask; without it the database is opened.
        token: a secret key for --url; better set as TRUNKLINE_TOKEN, as others see the command line.
        common: the flags of every command.
    """
    wanted = parse_id("provider", provider)
    printed = None if wanted is None else format_id("provider", wanted)
    everything = _providers(common, url, token, None if printed else provider)
    found = [one for one in everything if one.id == printed or one.name == provider]
    if not found:
        hint = "`trunkline provider list` shows all"
        raise CommandError("provider_not_found", f"there is no provider {provider}", hint)
    common.screen.result(found, *[line for one in found for line in _described(one)])
    return Exit.OK


@provider_app.command(name="import")
def import_(
    file: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    *,
    organization: str | None = None,
    url: _Url = None,
    token: _Token = None,
    common: Common = NO_FLAGS,
) -> Exit:
    """Import a catalog of providers, JSON in the shape of Ampersand's, into an organization's own.

    Importing again brings those of the same names up to date. Names of built-in providers are skipped, and so
    is what a definition cannot say. Without --url it works on the database, in one transaction.

    **Examples**

        trunkline provider import catalog.json

        trunkline provider import catalog.json --organization acme --json

        TRUNKLINE_TOKEN=sec_… trunkline provider import catalog.json --url https://hub.example.com

    Args:
        file: the document; - reads standard input.
        organization: the handle or id of the organization; may be left out where there is only one.
        url: a running server to import into.
        token: a secret key for --url; better set as TRUNKLINE_TOKEN, as others see the command line.
        common: the flags of every command.
    """
    screen = common.screen
    document = decode(_content(file), what=file.name)
    with screen.progress("Importing providers") as step:
        if url:
            with _remote(common, url, token) as remote:
                organization_id = find_remote_organization(remote, organization)
                result = import_remotely(remote, organization_id, read_catalog(document), step)
        else:
            with opened(common.settings()) as platform:
                work = partial(_import, organization=organization, document=document, step=step)
                organization_id, result = platform.database.write_now(work)
    summary = Summary(
        format_id("organization", organization_id),
        result.created,
        result.updated,
        result.unchanged,
        result.skipped,
    )
    screen.result(
        summary,
        f"{len(result.created)} created, {len(result.updated)} updated, {len(result.unchanged)} unchanged,"
        f" {len(result.skipped)} skipped",
    )
    for problem in result.skipped[:SKIPPED_SHOWN]:
        screen.warn(f"{problem.path}: {problem.message}")
    if len(result.skipped) > SKIPPED_SHOWN:
        screen.warn(f"and {len(result.skipped) - SKIPPED_SHOWN} more; --json lists all")
    return Exit.OK


def _import(tx: Tx, *, organization: str | None, document: object, step: Step) -> tuple[str, CatalogImport]:
    actor = system_actor("providers imported on the command line")
    organization_id = find_organization(tx, actor, organization).id
    return organization_id, import_catalog(tx, actor, organization_id, document, step)


def _providers(common: Common, url: str | None, token: str | None, name: str | None) -> list[ShownProvider]:
    """Every provider whose name holds `name`, in order."""
    if url:
        with _remote(common, url, token) as remote:
            return [
                _shown(one["id"], one["organizationId"], definition)
                for one, definition in remote_providers(remote, name=name)
            ]
    with opened(common.settings()) as platform:
        rows = platform.database.read_now(partial(_all_rows, name=name))
    return [
        _shown(
            format_id("provider", row.id),
            row.organization_id and format_id("organization", row.organization_id),
            defined(row.name, row.display_name, row.base_url, row.definition),
        )
        for row in rows
    ]


def _all_rows(tx: Tx, *, name: str | None) -> list[ProviderRow]:
    actor = system_actor("providers listed on the command line")
    where = None if name is None else Compare("name", Op.ICONTAINS, name)
    rows: list[ProviderRow] = []
    after = None
    while True:
        page = list_providers(tx, actor, ListQuery(where=where, after=after, count=False))
        rows += page.rows
        if not page.has_next:
            return rows
        after = page.end


def _shown(provider_id: str, organization_id: str | None, definition: ProviderDefinition) -> ShownProvider:
    return ShownProvider(id=provider_id, organization_id=organization_id, **structs.asdict(definition))


def _described(one: ShownProvider) -> list[str]:
    auth = one.auth
    lines = [
        ("", f"{one.name}: {one.display_name}"),
        ("id", one.id),
        ("of", one.whose),
        ("base URL", one.base_url),
        ("scheme", auth.scheme),
        ("authorization URL", auth.authorization_url),
        ("token URL", auth.token_url),
        ("revocation URL", auth.revocation_url),
        ("scopes", auth.scope_separator.join(auth.default_scopes)),
        ("key", f"{auth.api_key_in} {auth.api_key_name}" if auth.scheme == "api_key" else None),
        ("asks for", ", ".join(sub.name for sub in one.substitutions if sub.default is None)),
        ("account", one.account and f"{one.account.method} {one.account.path}"),
        ("health", one.health and f"{one.health.method} {one.health.path}"),
    ]
    return [f"{f'  {head:<19}' if head else ''}{text}" for head, text in lines if text]


def _remote(common: Common, url: str, token: str | None) -> Remote:
    if not token:
        hint = "make one with: trunkline key create; then set TRUNKLINE_TOKEN"
        raise CommandError("token_needed", "--url needs a secret key", hint, exit_code=Exit.USAGE)
    remote = Remote(url, Secret(token))
    if remote.is_exposed:
        common.screen.warn("the key travels readable: give --url as https://…")
    return remote


def _content(file: Path) -> bytes:
    # One byte more than is read tells that it is too large, however large it is.
    if str(file) == "-":
        content = sys.stdin.buffer.read(FILE_MAX_BYTES + 1)
    else:
        with file.open("rb") as opened_file:
            content = opened_file.read(FILE_MAX_BYTES + 1)
    if len(content) > FILE_MAX_BYTES:
        raise CommandError("too_large", f"{file.name} has more than {FILE_MAX_BYTES} bytes")
    return content
