"""The manifest: what an integration installs. A free object of which the platform reads some members.

Unknown members are kept verbatim. A draft may be incomplete, so only shapes are checked here; `publish`
checks that everything resolves. An integration that was deployed from a project's file carries its part of that
file as `source`: what installs of it may be configured with is read from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from trunkline.core import manifests
from trunkline.core.entities import KINDS
from trunkline.kit.errors import InvalidRequestError, Problem
from trunkline.kit.semver import SemVer, satisfies

MAX_MEMBERS = 5_000
MEMBER_POLICIES = ("auto_all", "auto_defaults", "manual")
SOURCE_FORMAT = "amp"
Shape = TypeVar("Shape", bound=msgspec.Struct)


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


class Source(msgspec.Struct, frozen=True, rename="camel"):
    """The document an integration was deployed from.

    Attributes:
        content: the JSON of one integration of a manifest; see `core.manifests`.
    """

    spec_version: str
    content: dict[str, Any]


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
    manifest = _converted(value, Manifest, "manifest")
    problems = [*_member_problems(manifest.members), *_other_problems(manifest)]
    if problems:
        raise InvalidRequestError(f"{problems[0].path}: {problems[0].message}", *problems)
    source_of(value)
    return manifest


def source_of(value: Mapping[str, Any]) -> Source | None:
    """The document a manifest says it came from; None where it was made otherwise, by hand or from another format.

    Raises:
        InvalidRequestError: it names the format without being of it.
    """
    found = value.get("source")
    if not isinstance(found, Mapping) or found.get("format") != SOURCE_FORMAT:
        return None
    source = _converted(found, Source, "manifest.source")
    _converted(source.content, manifests.Integration, "manifest.source.content")
    return source


def spelled_source(spec_version: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """The member `source` of a manifest that is deployed."""
    return {"format": SOURCE_FORMAT, "specVersion": spec_version, "content": dict(content)}


def _converted(value: Any, struct: type[Shape], path: str) -> Shape:
    try:
        return msgspec.convert(value, struct)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        path += place.removesuffix("`").replace("[...]", "[]")
        raise InvalidRequestError.at(path, message) from error


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
