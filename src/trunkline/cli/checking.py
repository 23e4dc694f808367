"""`trunkline check`: is a manifest right? Without a server, a database or the network."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from msgspec import Struct
from rich.text import Text

from trunkline.cli.failures import CommandError, Exit
from trunkline.cli.options import NO_FLAGS, Common
from trunkline.core.manifests import Finding, ProviderSupport, read_manifest
from trunkline.core.providers import built_in_providers

NAMES = ("amp.yaml", "amp.yml")
FILE_MAX_BYTES = 1024 * 1024  # what a manifest may have at most
_COLOURS = {"error": "bold red", "warning": "yellow"}


class CheckedManifest(Struct, frozen=True):
    """What a check came to.

    Attributes:
        ok: the command succeeds: no errors, and with --strict no warnings.
    """

    file: str
    ok: bool
    errors: int
    warnings: int
    findings: tuple[Finding, ...]


def check(
    path: Annotated[Path, Parameter(allow_leading_hyphen=True)] = Path(),
    *,
    strict: Annotated[bool, Parameter(negative="")] = False,
    common: Common = NO_FLAGS,
) -> Exit:
    """Check a manifest, amp.yaml; exit code 1 when something is wrong with it.

    Every finding is printed as file:line:column with its rule and a remedy. Needs no server and no database.
    Providers are looked for among the built-in ones; another is a warning, since a server may have its own.

    **Examples**

        trunkline check

        trunkline check integrations/amp.yaml --strict

        trunkline check - --json < amp.yaml | jq '.findings[].rule'

    Args:
        path: the file, or the directory that amp.yaml or amp.yml is in; - reads standard input.
        strict: fail on warnings, too.
        common: the flags of every command.
    """
    file = manifest_file(path)
    known = {provider.name for provider in built_in_providers()}
    support = ProviderSupport()  # the catalog says how providers are connected, not what they can do
    text = manifest_text(file)
    findings = read_manifest(text, is_provider=lambda name: support if name in known else None).findings
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    ok = not errors and not (strict and warnings)
    result = CheckedManifest(str(file), ok, errors, warnings, findings)
    common.screen.result(result, *finding_lines(str(file), findings), _summary(result))
    return Exit.OK if ok else Exit.FAILED


def manifest_file(path: Path) -> Path:
    """The manifest that is meant.

    Raises:
        CommandError: a directory without one, or with two.
    """
    if not path.is_dir():
        return path
    found = [path / name for name in NAMES if (path / name).is_file()]
    if len(found) == 1:
        return found[0]
    if found:
        message = f"{path} has both {NAMES[0]} and {NAMES[1]}"
        raise CommandError("manifest_ambiguous", message, "name one of them", exit_code=Exit.USAGE)
    message = f"{path} has neither {NAMES[0]} nor {NAMES[1]}"
    raise CommandError("manifest_missing", message, "name the file", exit_code=Exit.USAGE)


def manifest_text(file: Path) -> str:
    """What is in a file, or on standard input for `-`; bytes that are not UTF-8 become findings with their place."""
    return _content(file).decode("utf-8", "surrogateescape")


def _content(file: Path) -> bytes:
    # One byte more than is read tells that it is too large, however large it is.
    if str(file) == "-":
        return sys.stdin.buffer.read(FILE_MAX_BYTES + 1)
    with file.open("rb") as opened_file:
        return opened_file.read(FILE_MAX_BYTES + 1)


def finding_lines(file: str, findings: Sequence[Finding]) -> list[Text]:
    """Findings as people read them: the place, the rule, what is wrong, and below it what to do."""
    lines = []
    for one in findings:
        colour = _COLOURS[one.severity]
        place = (f"{file}:{one.line}:{one.column}: ", "bold")
        lines.append(Text.assemble(place, (one.severity, colour), f" [{one.rule}] {one.message}"))
        lines.append(Text(f"    {one.remedy}", style="dim"))
    return lines


def _summary(result: CheckedManifest) -> Text:
    if not result.findings:
        return Text(f"{result.file}: nothing to complain about.", style="green")
    counts = [_counted(result.errors, "error"), _counted(result.warnings, "warning")]
    return Text(f"{result.file}: {', '.join(count for count in counts if count)}.")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}" if count else ""
