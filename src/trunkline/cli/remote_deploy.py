"""Deploying to a running server: what the vendor's own command line asks for, in its words."""

from __future__ import annotations

import http
import re
from typing import Any
from urllib.parse import quote

import msgspec

from trunkline.cli.failures import CommandError
from trunkline.cli.remote import API, RefusedError, Remote
from trunkline.core.manifests import Finding
from trunkline.kit.secret import Secret

DIALECT = "/ampersand/v1"
_PLACE = re.compile(r"amp\.yaml:([0-9]{1,9}):([0-9]{1,9})", re.ASCII)
_RULE = re.compile(r"\[([a-z0-9-]{1,100})\] (.*)", re.ASCII | re.DOTALL)


class RefusedManifestError(CommandError):
    """The manifest breaks rules; nothing was deployed.

    Attributes:
        findings: what is wrong, and where.
    """

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("manifest_refused", "the manifest breaks rules")
        self.findings = findings


class ProjectRemote(Remote):
    """One server's projects, spoken to over one connection."""

    def __init__(self, url: str, token: Secret) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            CommandError: the URL is none of a server.
        """
        super().__init__(url, token)
        self._prefix = self._prefix.removesuffix(API) + DIALECT

    def projects(self) -> list[dict[str, Any]]:
        """The projects the key reaches.

        Raises:
            CommandError: the server cannot be reached or refuses.
        """
        return self._items("GET", "/projects")

    def integration(self, project: str, name: str) -> dict[str, Any] | None:
        """The integration of a project with exactly this name; None where there is none.

        Raises:
            CommandError: the server cannot be reached or refuses.
        """
        path = f"/projects/{quote(project, safe='')}/integrations/{quote(name, safe='')}"
        try:
            return self._send("GET", path, None)
        except RefusedError as error:
            if error.status == http.HTTPStatus.NOT_FOUND:
                return None
            raise

    def deploy(self, project: str, text: str, *, destructive: bool) -> list[dict[str, Any]]:
        """Deploy a manifest; its integrations as they are now.

        Raises:
            RefusedManifestError: the manifest breaks rules.
            CommandError: the server cannot be reached, or refuses for another reason.
        """
        query = "?destructive=true" if destructive else ""
        path = f"/projects/{quote(project, safe='')}/integrations:batch{query}"
        return self._items("PUT", path, {"sourceYaml": text})

    def _items(self, method: str, path: str, body: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._send(method, path, body)["items"]
        return found

    def _read(self, status: int, answer: bytes) -> dict[str, Any]:
        """Lists are bare here, and refusals are problems."""
        if status < http.HTTPStatus.BAD_REQUEST and answer[:1] == b"[":
            return {"items": super()._read(status, b'{"items":' + answer + b"}")["items"]}
        if status < http.HTTPStatus.BAD_REQUEST:
            return super()._read(status, answer)
        try:
            problem = msgspec.json.decode(answer, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return super()._read(status, answer)
        findings = _findings(problem)
        if findings:
            raise RefusedManifestError(findings)
        raise _refusal(status, problem)


def _findings(problem: dict[str, Any]) -> tuple[Finding, ...]:
    """What a server found wrong with a manifest; none where it refuses for another reason."""
    found = []
    for issue in problem.get("issues") or ():
        place = _PLACE.fullmatch(str(issue.get("name")))
        rule = _RULE.fullmatch(str(issue.get("detail")))
        if place is None or rule is None:
            return ()
        found.append(
            Finding(
                rule=rule[1],
                severity="error",
                line=int(place[1]),
                column=int(place[2]),
                path="",
                message=rule[2],
                remedy=str(problem.get("remedy") or ""),
            )
        )
    return tuple(found)


def _refusal(status: int, problem: dict[str, Any]) -> RefusedError:
    code = str(problem.get("type", "")).rpartition(":")[2] or "refused"
    message = str(problem.get("detail") or problem.get("title") or f"the server answered {status}")
    hint = str(problem.get("remedy") or "")
    if status == http.HTTPStatus.UNAUTHORIZED:
        hint = "check --token or TRUNKLINE_TOKEN; make a key with: trunkline key create"
    return RefusedError(status, code, message, hint)
