"""Manifests in requests: read, checked, and refused with the lines that are wrong.

Source: ampersand reference sections 1.4 and 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec import UNSET, UnsetType
from msgspec.json import encode

from trunkline.core import manifests, providers, uploads
from trunkline.dialects.ampersand.errors import UnprocessableError
from trunkline.kit.actor import Actor
from trunkline.kit.errors import InvalidRequestError, Problem
from trunkline.web import Call

UNKNOWN_PROVIDER: Final = "provider-unknown"
SHOWN: Final = 100  # findings in one answer


class ManifestRefusedError(UnprocessableError):
    """The manifest breaks rules; each is told with its line, and nothing was deployed."""

    code = "manifest_refused"


def read_source(
    call: Call, actor: Actor, organization_id: str, *, source_yaml: str | UnsetType, zip_url: str | UnsetType
) -> manifests.Manifest:
    """The manifest that a request carries, as text or as the place of an archive.

    Raises:
        InvalidRequestError: neither is given, or both, or nothing is at that place.
        ManifestRefusedError: it breaks rules, or names a provider this server does not know.
    """
    if (source_yaml is UNSET) == (zip_url is UNSET):
        raise InvalidRequestError.at("sourceYaml", "give either sourceYaml or sourceZipUrl")
    if zip_url is not UNSET:
        # Bytes that are not UTF-8 become a finding with their place.
        text = uploads.open_upload(call.tx, actor, zip_url).decode("utf-8", "surrogateescape")
        return _read(call, organization_id, text, _line)
    return _read(call, organization_id, str(source_yaml), _line)


def read_content(
    call: Call, organization_id: str, *, name: str, provider: str, spec_version: str, content: dict[str, Any]
) -> manifests.Manifest:
    """The manifest of one integration whose content a request carries as JSON.

    Raises:
        ManifestRefusedError: it breaks rules, or names a provider this server does not know.
    """
    # The content of a revision shows an empty schedule where the manifest has none.
    integration = {**content, "name": name, "provider": provider}
    document = {"specVersion": spec_version, "integrations": [integration]}
    return _read(call, organization_id, encode(document).decode(), _member)


def _read(
    call: Call, organization_id: str, text: str, place: Callable[[manifests.Finding], str]
) -> manifests.Manifest:
    def lookup(name: str) -> manifests.ProviderSupport | None:
        known = providers.find_provider(call.tx, organization_id, name)
        # The catalog says how a provider is connected, not what it can do.
        return None if known is None else manifests.ProviderSupport()

    found = manifests.read_manifest(text, is_provider=lookup)
    wrong = [one for one in found.findings if one.severity == "error" or one.rule == UNKNOWN_PROVIDER]
    if found.manifest is None or wrong:
        raise _refusal(wrong or found.findings, place)
    return found.manifest


def _refusal(
    wrong: Sequence[manifests.Finding], place: Callable[[manifests.Finding], str]
) -> ManifestRefusedError:
    problems = [Problem(place(one), f"[{one.rule}] {one.message}") for one in wrong[:SHOWN]]
    first, more = wrong[0], len(wrong) - 1
    others = f" (and {more} more)" if more else ""
    return ManifestRefusedError(
        f"{problems[0].path}: {first.message}{others}", *problems, remedy=first.remedy
    )


def _line(finding: manifests.Finding) -> str:
    return f"amp.yaml:{finding.line}:{finding.column}"


def _member(finding: manifests.Finding) -> str:
    member = finding.path.removeprefix("integrations[0]").removeprefix(".")
    if finding.path == "specVersion":
        return "latestRevision.specVersion"
    return f"latestRevision.content.{member}".rstrip(".") if member else "latestRevision.content"
