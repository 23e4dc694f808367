"""What making a group and making a consumer have in common: who may, and what they may be called."""

from __future__ import annotations

from trunkline.core.access import (
    OtherFrontEndError,
    Permission,
    Project,
    TierTooLowError,
    check_ref,
    require_project,
)
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier

# Groups and consumers come into being as something is connected or installed for them.
_MAKING = (Permission.CONNECTIONS_WRITE, Permission.INSTALLS_WRITE)


def require_maker(tx: Tx, actor: Actor, project_id: str) -> Project:
    """Refuse unless the caller may connect or install in the groups of a project; the project otherwise.

    Raises:
        NotFoundError: the project is absent, deleted, a group, or the caller holds no tier there.
        ForbiddenError: the caller's key allows neither, or the caller is no editor of the groups.
    """
    if not any(actor.allows(permission) for permission in _MAKING):
        actor.require(_MAKING[0])
    project = require_project(tx, actor, project_id, Tier.VIEWER)
    if not project.actor.is_system and project.actor.tier_in_groups < Tier.EDITOR:
        raise TierTooLowError(Tier.EDITOR, "workspace")
    return project


def require_own(asked: str, own: str | None, what: str) -> None:
    """Refuse a page what is not its own to name, whether it exists or not.

    Args:
        asked: the ref that is asked for.
        own: the only one the caller may name; None where any will do.
        what: a group or a consumer.

    Raises:
        OtherFrontEndError: it is another one.
    """
    if own is not None and asked != own:
        raise OtherFrontEndError(f"the token is for another {what}")


def called(path: str, name: str | None) -> str | None:
    """The name that is given; None where none is, or an empty one.

    Raises:
        InvalidRequestError: longer than 255 characters, or with a control character.
    """
    return check_ref(path, name) if name else None
