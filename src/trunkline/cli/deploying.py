"""`trunkline deploy`: a project's manifest becomes its integrations, on a server or in the database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter
from msgspec import UNSET, Struct, UnsetType, structs
from rich.text import Text

from trunkline.cli.checking import finding_lines, manifest_file, manifest_text
from trunkline.cli.failures import CommandError, Exit
from trunkline.cli.lookups import find_user
from trunkline.cli.opening import opened
from trunkline.cli.options import NO_FLAGS, Common
from trunkline.cli.remote_deploy import ProjectRemote, RefusedManifestError
from trunkline.cli.screen import Step
from trunkline.core.access import act_as
from trunkline.core.installs import deploy_project
from trunkline.core.integrations import Deployed
from trunkline.core.manifests import Finding, Manifest, ProviderSupport, content_of, read_manifest
from trunkline.core.providers import find_provider
from trunkline.core.workspaces import WorkspaceRow, get_workspace, list_workspaces
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, system_actor
from trunkline.kit.filters import All, Compare, Op, OrderKey
from trunkline.kit.ids import format_uuid, parse_id
from trunkline.kit.pages import ListQuery
from trunkline.kit.secret import Secret

Outcome: TypeAlias = Literal["created", "updated", "unchanged"]

UNKNOWN_PROVIDER = "provider-unknown"
SHOWN = 10  # names listed in a hint
_COLOURS = {"created": "green", "updated": "yellow", "unchanged": "dim"}


class DeployedIntegration(Struct, frozen=True, rename="camel", kw_only=True):
    """What became of an integration, or would; `version` and its objects where the database was asked."""

    name: str
    outcome: Outcome
    id: str | UnsetType = UNSET
    version: str | UnsetType = UNSET
    created: tuple[str, ...] | UnsetType = UNSET
    updated: tuple[str, ...] | UnsetType = UNSET
    removed: tuple[str, ...] | UnsetType = UNSET


class Deployment(Struct, frozen=True, rename="camel", kw_only=True):
    """What a deployment came to, or would.

    Attributes:
        ok: the manifest was taken; otherwise nothing was changed.
    """

    file: str
    ok: bool
    dry_run: bool
    integrations: tuple[DeployedIntegration, ...]
    findings: tuple[Finding, ...]


class _Undone(Exception):  # noqa: N818  # nothing went wrong: it takes a dry run's transaction back
    def __init__(self, outcome: tuple[DeployedIntegration, ...]) -> None:
        super().__init__()
        self.outcome = outcome


def deploy(
    path: Annotated[Path, Parameter(allow_leading_hyphen=True)] = Path(),
    *,
    project: Annotated[str | None, Parameter(alias="-p")] = None,
    destructive: Annotated[bool, Parameter(negative="")] = False,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    user: str | None = None,
    url: Annotated[str | None, Parameter(env_var="TRUNKLINE_URL")] = None,
    token: Annotated[str | None, Parameter(env_var="TRUNKLINE_TOKEN", show_env_var=True)] = None,
    common: Common = NO_FLAGS,
) -> Exit:
    """Deploy a manifest, amp.yaml: make or update the integrations it declares, and publish what changed.

    Deploying the same again changes nothing. A manifest that breaks a rule is refused as a whole, each finding
    printed as `trunkline check` does. Without --url it works on the database, in one transaction; with it, over
    HTTP on a running server.

    **Examples**

        trunkline deploy

        trunkline deploy integrations -p acme --dry-run

        TRUNKLINE_TOKEN=sec_… trunkline deploy integrations --url https://hub.example.com --json

    Args:
        path: the file, or the directory that amp.yaml or amp.yml is in; - reads standard input.
        project: handle or id of the project; may be left out where there is only one.
        destructive: pause the reads of objects that are declared no more, for everybody who has them.
        dry_run: tell what would change, and change nothing.
        user: e-mail address or id of whom it is done as; by default the project's owner.
        url: a running server to deploy to.
        token: a key for --url; better set as TRUNKLINE_TOKEN, as others see the command line.
        common: the flags of every command.
    """
    file = manifest_file(path)
    text = manifest_text(file)
    read = read_manifest(text)
    if read.manifest is None:
        return _refused(common, file, read.findings, dry_run=dry_run)
    order = _Order(text, read.manifest, read.findings, project, destructive, dry_run, user)
    try:
        with common.screen.progress(f"Deploying {file}") as step:
            done = _to_server(common, url, token, order) if url else _to_database(common, order, step)
    except RefusedManifestError as error:
        return _refused(common, file, (*read.findings, *error.findings), dry_run=dry_run)
    _show(
        common,
        Deployment(file=str(file), ok=True, dry_run=dry_run, integrations=done, findings=read.findings),
    )
    return Exit.OK


class _Order(Struct, frozen=True):
    """What is to be deployed, and where to, as far as the command line says."""

    text: str
    manifest: Manifest
    findings: tuple[Finding, ...]
    project: str | None
    destructive: bool
    dry_run: bool
    user: str | None


def _to_database(common: Common, order: _Order, step: Step) -> tuple[DeployedIntegration, ...]:
    def work(tx: Tx) -> tuple[DeployedIntegration, ...]:
        operator = system_actor("deploy on the command line")
        project = find_project(tx, operator, order.project)
        _require_providers(tx, project.organization_id, order.text)
        user_id = find_user(tx, operator, order.user).id if order.user else project.owner_id
        deployed = deploy_project(
            tx, act_as(tx, user_id), project.id, order.manifest, destructive=order.destructive, progress=step
        )
        outcome = tuple(map(_outcome, deployed))
        if order.dry_run:
            raise _Undone(outcome)
        return outcome

    with opened(common.settings()) as platform:
        try:
            return platform.database.write_now(work)
        except _Undone as undone:
            return undone.outcome


def find_project(tx: Tx, actor: Actor, wanted: str | None) -> WorkspaceRow:
    """The project with this handle or id; without either, the only one there is. Groups are none.

    Raises:
        CommandError: there is none such, or several to choose from.
    """
    is_project = Compare("owner_workspace_id", Op.EQ, None)
    if wanted is not None:
        workspace_id = parse_id("workspace", wanted)
        if workspace_id is not None:
            return get_workspace(tx, actor, workspace_id)
        named = All((is_project, Compare("handle", Op.EQ, wanted.lower())))
        found = list_workspaces(tx, actor, ListQuery(where=named, limit=1, count=False)).rows
        if found:
            return found[0]
    query = ListQuery(where=is_project, order=(OrderKey("created_at"),), limit=SHOWN, count=False)
    page = list_workspaces(tx, actor, query)
    if wanted is None and len(page.rows) == 1:
        return page.rows[0]
    raise _not_one(wanted, [row.handle for row in page.rows])


def _not_one(wanted: str | None, names: Sequence[str]) -> CommandError:
    shown = ", ".join(names)
    if wanted is None and names:
        return CommandError(
            "project_needed", "which project? there are several", f"--project, one of {shown}"
        )
    what = f"there is no project {wanted}" if wanted else "there is no project"
    return CommandError(
        "project_not_found", what, f"there are {shown}" if names else "make one: trunkline init"
    )


def _require_providers(tx: Tx, organization_id: str, text: str) -> None:
    """Refuse providers that this instance does not know, each at its line."""

    def lookup(name: str) -> ProviderSupport | None:
        return None if find_provider(tx, organization_id, name) is None else ProviderSupport()

    findings = read_manifest(text, is_provider=lookup).findings
    unknown = [structs.replace(one, severity="error") for one in findings if one.rule == UNKNOWN_PROVIDER]
    if unknown:
        raise RefusedManifestError(tuple(unknown))


def _outcome(deployed: Deployed) -> DeployedIntegration:
    is_new = deployed.changed and deployed.version.version == "0.0.1"
    outcome: Outcome = "created" if is_new else "updated" if deployed.changed else "unchanged"
    return DeployedIntegration(
        name=deployed.integration.name,
        outcome=outcome,
        id=format_uuid(deployed.integration.id),
        version=deployed.version.version,
        created=deployed.created,
        updated=deployed.updated,
        removed=deployed.removed,
    )


def _to_server(common: Common, url: str, token: str | None, order: _Order) -> tuple[DeployedIntegration, ...]:
    if not token:
        hint = "make one with: trunkline key create; then set TRUNKLINE_TOKEN"
        raise CommandError("token_needed", "--url needs a key", hint, exit_code=Exit.USAGE)
    with ProjectRemote(url, Secret(token)) as remote:
        if remote.is_exposed:
            common.screen.warn("the key travels readable: give --url as https://…")
        project = order.project
        if project is None:
            names = [str(one["name"]) for one in remote.projects()]
            if len(names) != 1:
                raise _not_one(None, names[:SHOWN])
            project = names[0]
        before = {one.name: remote.integration(project, one.name) for one in order.manifest.integrations}
        if order.dry_run:
            wanted = [content_of(one) for one in order.manifest.integrations]
            return tuple(_expected(content, before[content["name"]]) for content in wanted)
        answer = remote.deploy(project, order.text, destructive=order.destructive)
    return tuple(_made(one, before.get(one["name"])) for one in answer)


def _expected(content: dict[str, Any], before: dict[str, Any] | None) -> DeployedIntegration:
    """What deploying would come to, as far as the present revision tells."""
    if before is None:
        return DeployedIntegration(name=content["name"], outcome="created")
    same = before["latestRevision"]["content"] == content
    return DeployedIntegration(
        name=content["name"], outcome="unchanged" if same else "updated", id=before["id"]
    )


def _made(after: dict[str, Any], before: dict[str, Any] | None) -> DeployedIntegration:
    outcome: Outcome = "created"
    if before is not None:
        same = before["latestRevision"]["id"] == after["latestRevision"]["id"]
        outcome = "unchanged" if same else "updated"
    return DeployedIntegration(name=after["name"], outcome=outcome, id=after["id"])


def _refused(common: Common, file: Path, findings: tuple[Finding, ...], *, dry_run: bool) -> Exit:
    result = Deployment(file=str(file), ok=False, dry_run=dry_run, integrations=(), findings=findings)
    summary = Text(f"{file}: refused, nothing was deployed.", style="red")
    common.screen.result(result, *finding_lines(str(file), findings), summary)
    return Exit.FAILED


def _show(common: Common, result: Deployment) -> None:
    lines = finding_lines(result.file, result.findings)
    for one in result.integrations:
        version = "" if one.version is UNSET else f" at {one.version}"
        lines.append(Text.assemble(f"{one.name}: ", (one.outcome, _COLOURS[one.outcome]), version))
        for what in ("created", "updated", "removed"):
            slugs = getattr(one, what)
            if slugs and slugs is not UNSET and one.outcome != "unchanged":
                lines.append(Text(f"    {what} {', '.join(slugs)}", style="dim"))
    if result.dry_run:
        lines.append(Text("A dry run: nothing was deployed.", style="dim"))
    common.screen.result(result, *lines)
