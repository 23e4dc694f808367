"""The manifest: what an integration installs. A free object of which the platform reads some members.

Unknown members are kept verbatim. A draft may be incomplete, so only shapes are checked here; `publish`
checks that everything resolves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from trunkline.core.entities import KINDS
from trunkline.kit.errors import InvalidRequestError, Problem
from trunkline.kit.semver import SemVer, satisfies

MAX_MEMBERS = 5_000
MEMBER_POLICIES = ("auto_all", "auto_defaults", "manual")


class MemberDecl(msgspec.Struct, frozen=True, rename="camel"):
    """A declared member: which entity, and how an install takes it."""

    slug: str
    entity_id: str
    kind: str
    required: bool = False
    default_enabled: bool = False
    fork_on_install: bool = False
    depends_on: list[str] = []


class Dependency(msgspec.Struct, frozen=True):
    """Another integration that must be installed in the workspace already, at a fitting version."""

    publisher: str
    slug: str
    version: str = "*"


class Defaults(msgspec.Struct, frozen=True, rename="camel"):
    """What an install gets when it names nothing."""

    member_policy: str | None = None
    variables: dict[str, Any] = {}


class Manifest(msgspec.Struct, frozen=True):
    """The members the platform reads."""

    members: list[MemberDecl] = []
    dependencies: list[Dependency] = []
    defaults: Defaults = Defaults()


def read_manifest(value: Mapping[str, Any]) -> Manifest:
    """Read a manifest's shape.

    Raises:
        InvalidRequestError: a member of the wrong type, a slug twice, an unknown kind or policy.
    """
    try:
        manifest = msgspec.convert(value, Manifest)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        path = "manifest" + place.removesuffix("`").replace("[...]", "[]")
        raise InvalidRequestError.at(path, message) from error
    problems = [*_member_problems(manifest.members), *_other_problems(manifest)]
    if problems:
        raise InvalidRequestError(f"{problems[0].path}: {problems[0].message}", *problems)
    return manifest


def _member_problems(members: list[MemberDecl]) -> list[Problem]:
    if len(members) > MAX_MEMBERS:
        return [Problem("manifest.members", f"must be at most {MAX_MEMBERS}")]
    problems = []
    seen: set[str] = set()
    for i, member in enumerate(members):
        place = f"manifest.members[{i}]"
        if not 1 <= len(member.slug) <= 200:
            problems.append(Problem(f"{place}.slug", "must be 1-200 characters"))
        if member.slug in seen:
            problems.append(Problem(f"{place}.slug", f"{member.slug[:200]} is declared twice"))
        if member.kind not in KINDS:
            problems.append(Problem(f"{place}.kind", f"must be one of {', '.join(KINDS)}"))
        seen.add(member.slug)
    return problems


def _other_problems(manifest: Manifest) -> list[Problem]:
    problems = []
    for i, dependency in enumerate(manifest.dependencies):
        if satisfies(SemVer(0, 0, 0), dependency.version) is None:
            path = f"manifest.dependencies[{i}].version"
            problems.append(Problem(path, "must be a version range such as ^1.2, ~1.2.3, >=1.0.0 or *"))
    policy = manifest.defaults.member_policy
    if policy is not None and policy not in MEMBER_POLICIES:
        message = f"must be one of {', '.join(MEMBER_POLICIES)}"
        problems.append(Problem("manifest.defaults.memberPolicy", message))
    return problems
