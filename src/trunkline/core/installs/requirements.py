"""What an install or upgrade needs before it may happen: variables, a connection, other integrations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.json import decode

from trunkline.core.installs.errors import DependencyError
from trunkline.core.installs.queries import INSTALLED_VERSIONS
from trunkline.core.integrations import Manifest, VersionRow, needs_auth
from trunkline.infra.db import Tx
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.jsonschema import apply_defaults, value_problems
from trunkline.kit.semver import parse, satisfies
from trunkline.kit.strictjson import encode


def resolve_variables(version: VersionRow, manifest: Manifest, given: Mapping[str, Any]) -> str:
    """The variables an install holds, as JSON text: given ones over the manifest's over the schema's defaults.

    Raises:
        InvalidRequestError: the result does not fit the version's variables schema.
    """
    schema_text = bytes(version.variables_schema).decode()
    schema: dict[str, Any] = decode(schema_text)
    variables = apply_defaults(schema, {**manifest.defaults.variables, **given})
    problems = value_problems(schema_text, variables, "variables") if schema else []
    if problems:
        raise InvalidRequestError(f"{problems[0].path}: {problems[0].message}", *problems)
    return encode(variables)


def require_auth(version: VersionRow, auth_state_id: str | None) -> None:
    """Refuse to go without a connection where the version needs one.

    Raises:
        InvalidRequestError: it needs one and none is given.
    """
    if auth_state_id is None and needs_auth(decode(version.auth_config)):
        raise InvalidRequestError.at(
            "authStateId", "this version needs a connection; connect an account first"
        )


def require_dependencies(tx: Tx, workspace_id: str, manifest: Manifest) -> None:
    """Check that every integration this one depends on is installed at a fitting version.

    Raises:
        DependencyError: one is not.
    """
    for wanted in manifest.dependencies:
        installed = tx.column(
            INSTALLED_VERSIONS, workspace_id=workspace_id, publisher=wanted.publisher, slug=wanted.slug
        )
        versions = [version for version in map(parse, installed) if version is not None]
        if not any(satisfies(version, wanted.version) for version in versions):
            raise DependencyError(
                f"install {wanted.publisher}/{wanted.slug} {wanted.version} in this workspace first"
            )
