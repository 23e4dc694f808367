"""Which integration a path means, and who a principal is: ids, slugs and names, as this dialect writes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from trunkline.core import access, integrations
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import NotFoundError
from trunkline.web import Call

Subject = tuple[str, str]
"""Kind and 32 hex digits of a user or team."""

_AT_ONCE: Final = 500  # subjects of one statement
_LONGEST: Final = 300  # characters; no name and no address is longer


def find(call: Call) -> integrations.IntegrationRow:
    """The integration that `{id}` means: an id in any spelling, or a slug of the caller's organization.

    Raises:
        NotFoundError: absent, deleted or outside the caller's scope.
    """
    return find_in(call.tx, call.actor, call.path["id"])


def find_in(tx: Tx, actor: Actor, ref: str) -> integrations.IntegrationRow:
    """The same, in a transaction of a flow's."""
    return integrations.find_integration(
        tx, actor, ref, organization_id=access.acting_organization(tx, actor)
    )


def principal(call: Call, text: str, *, organization_id: str | None = None) -> access.Principal:
    """The user or team that is meant; see `core.access.resolve_principal`.

    Raises:
        NotFoundError: nobody the caller sees is called that, or more than one is.
    """
    if len(text) > _LONGEST:
        raise NotFoundError("principal")
    return access.resolve_principal(call.tx, call.actor, text, organization_id=organization_id)


def principals(call: Call, subjects: Iterable[Subject]) -> Mapping[Subject, access.Principal]:
    """The users and teams that the caller sees, however many are asked about."""
    wanted = sorted(set(subjects))
    found: dict[Subject, access.Principal] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        found.update(access.principals_of(call.tx, call.actor, wanted[start : start + _AT_ONCE]))
    return found
