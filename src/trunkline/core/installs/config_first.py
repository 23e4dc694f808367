"""The first configuration of an install: what was given with the request, or what the members it took come to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trunkline.core.installs.config_checks import checked_content
from trunkline.core.installs.config_content import chosen_slugs, first_content
from trunkline.core.installs.config_rows import GivenConfig, check_creator, creator
from trunkline.core.installs.selection import Members, is_configured, taken_by_policy
from trunkline.core.integrations import source_of
from trunkline.kit.actor import Actor
from trunkline.kit.errors import InvalidRequestError

PATH = "config.content"


@dataclass(frozen=True, slots=True)
class FirstConfig:
    """What a new install will be configured with, as far as that is known before its members are.

    Attributes:
        source: what the version declares; None where it takes no configuration.
        given: the configuration of the request, checked; None where it had none.
    """

    source: Mapping[str, Any] | None
    given: GivenConfig | None

    def selected(self, members: Members, policy: str, asked: Sequence[str] | None) -> Sequence[str] | None:
        """The slugs to take; None lets the policy decide.

        A configuration decides about the objects it may be about, the policy or the request about the others.
        """
        if self.given is None:
            return asked
        chosen = [slug for slug in chosen_slugs(self.given.content) if slug in members]
        others = asked
        if others is None:
            others = [slug for slug, member in members.items() if taken_by_policy(member, policy)]
        kept = [s for s in others if s not in members or not is_configured(s, members[s].kind)]
        return [*chosen, *kept]

    def settled(self, actor: Actor, taken: Collection[str]) -> GivenConfig | None:
        """The configuration, now that it is known which members were taken; None where there is none."""
        if self.source is None or self.given is not None:
            return self.given
        return GivenConfig(first_content(self.source, taken), creator(actor))


def read_first(manifest: Mapping[str, Any], given: GivenConfig | None) -> FirstConfig:
    """Check what a new install is to be configured with against its version's manifest.

    Raises:
        InvalidRequestError: the version takes no configuration, or the creator is malformed.
        InvalidConfigError: the content does not fit what the version declares.
    """
    source = source_of(manifest)
    if source is None:
        if given is not None:
            raise InvalidRequestError.at("config", "this integration takes no configuration")
        return FirstConfig(None, None)
    if given is None:
        return FirstConfig(source.content, None)
    check_creator(given.created_by)
    content = checked_content(source.content, given.content, {}, PATH)
    return FirstConfig(source.content, GivenConfig(content, given.created_by))
