"""Providers of a running server, read and imported request by request.

Unlike an import into the database it is not one transaction: what an interrupted run has made is found and
brought up to date by the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from trunkline.cli.failures import CommandError
from trunkline.cli.remote import Remote
from trunkline.cli.screen import Step
from trunkline.core.providers import Catalog, CatalogImport, ProviderDefinition, built_in_problem
from trunkline.kit.ids import format_id, parse_id

_MEMBERS = ProviderDefinition.__struct_encode_fields__


def remote_providers(
    remote: Remote, *, name: str | None = None
) -> Iterator[tuple[dict[str, Any], ProviderDefinition]]:
    """Every provider the caller sees, as the server spells it and as a definition.

    Raises:
        CommandError: the server cannot be reached, refuses, or knows more of providers than this release.
    """
    for one in remote.pages("/providers", name=name):
        try:
            yield one, msgspec.convert({member: one[member] for member in _MEMBERS}, ProviderDefinition)
        except (KeyError, msgspec.ValidationError) as error:
            message = f"the server's provider {one.get('name')} is not of this release's shape: {error}"
            raise CommandError("not_trunkline", message, "use the release the server runs") from error


def find_remote_organization(remote: Remote, wanted: str | None) -> str:
    """The id (32 hex digits) of the organization with this handle or id; without either, the only one.

    Raises:
        CommandError: there is none such, or several to choose from.
    """
    if wanted is not None and (given := parse_id("organization", wanted)) is not None:
        return given
    found = list(remote.pages("/organizations"))
    names = ", ".join(one["handle"] for one in found)
    chosen = found if wanted is None else [one for one in found if one["handle"] == wanted]
    if len(chosen) == 1 and (only := parse_id("organization", chosen[0]["id"])) is not None:
        return only
    if wanted is None and found:
        hint = f"--organization, one of {names}"
        raise CommandError("organization_needed", "which organization? there are several", hint)
    message = f"there is no organization {wanted or ''}".rstrip()
    raise CommandError("organization_not_found", message, f"there are {names}")


def import_remotely(remote: Remote, organization_id: str, catalog: Catalog, step: Step) -> CatalogImport:
    """Add a catalog to an organization's own providers, or bring those of the same names up to date.

    Raises:
        CommandError: the server cannot be reached or refuses; what was made so far stays.
    """
    owner = format_id("organization", organization_id)
    known = list(remote_providers(remote))
    built_in = {definition.name for one, definition in known if one["organizationId"] is None}
    own = {definition.name: (one, definition) for one, definition in known if one["organizationId"] == owner}
    outcome: dict[str, list[str]] = {"created": [], "updated": [], "unchanged": []}
    skipped = list(catalog.problems)
    for done, wanted in enumerate(catalog.definitions, start=1):
        body = msgspec.to_builtins(wanted)
        if wanted.name in own:
            one, definition = own[wanted.name]
            if definition == wanted:
                outcome["unchanged"].append(wanted.name)
            else:
                del body["name"]
                remote.patch(f"/providers/{one['id']}", body)
                outcome["updated"].append(wanted.name)
        elif wanted.name in built_in:
            skipped.append(built_in_problem(wanted.name))
        else:
            remote.post("/providers", {"organizationId": owner, **body})
            outcome["created"].append(wanted.name)
        step(done, len(catalog.definitions))
    created, updated, unchanged = (tuple(names) for names in outcome.values())
    return CatalogImport(created=created, updated=updated, unchanged=unchanged, skipped=tuple(skipped))
