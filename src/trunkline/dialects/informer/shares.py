"""Shares: which users and teams have what right to an integration beside its owner.

Source: informer-gestal reference A3 rows 16-19, A4 (accessLevel).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from msgspec import Meta, field

from trunkline.core import access
from trunkline.core import integrations as core
from trunkline.dialects.informer.hal import Collection, Links, Resource, curies, link, segment, template
from trunkline.dialects.informer.integrations import ID, path_of
from trunkline.dialects.informer.lists import whole
from trunkline.dialects.informer.principals import PrincipalSummary, summary
from trunkline.dialects.informer.references import Subject, find, principal, principals
from trunkline.dialects.informer.wire_base import Body, Wire, spell_time
from trunkline.kit.actor import TIER_NAMES, Tier
from trunkline.kit.errors import ErrorKind, NotFoundError
from trunkline.kit.ids import format_uuid
from trunkline.web import Call, Route

_NAMES: Final = {int(tier): name for name, tier in TIER_NAMES.items()}
_Level = Annotated[int, Meta(ge=1, le=3, description="1 to use it, 2 to edit it, 3 to share and delete it.")]


class ShareWire(Resource, frozen=True, kw_only=True):
    """A right that somebody was given to an integration."""

    integration_id: str
    principal_id: str
    access_level: _Level
    principal: PrincipalSummary
    created_at: str
    updated_at: str


class EmbeddedShares(Wire, frozen=True, kw_only=True):
    """The shares of an integration."""

    shares: list[ShareWire] = field(name="inf:integration-share")


class ShareBody(Body, frozen=True, kw_only=True):
    """The right to give; what somebody is to have no more is deleted instead."""

    access_level: _Level = 1


def list_shares(call: Call) -> Collection[EmbeddedShares]:
    """GET /api/integrations/{id}/shares."""
    row = find(call)
    held = _held(call, row)
    known = principals(call, held)
    shown = [_spell(call, row, known[subject], share) for subject, share in held.items() if subject in known]
    path = f"{path_of(row)}/shares"
    relations: Links = {"inf:integration-share": template(call, f"{path}/{{principalId}}")}
    return whole(call, path, EmbeddedShares(shares=shown), len(shown), relations)


def get_share(call: Call) -> ShareWire:
    """GET /api/integrations/{id}/shares/{principalId}."""
    row = find(call)
    holder, share = _share(call, row)
    return _spell(call, row, holder, share, curies(call))


def set_share(call: Call) -> ShareWire:
    """PUT /api/integrations/{id}/shares/{principalId}."""
    row = _administered(call)
    holder = _holder(call, row)
    tier = _NAMES[call.body.access_level]
    share = _held(call, row).get((holder.kind, holder.id))
    if share is not None:
        access.update_grant(call.tx, call.actor, access.UpdateGrant(id=share.id, tier=tier))
    else:
        request = access.CreateGrant(
            entity_kind="integration",
            entity_id=row.id,
            subject_kind=holder.kind,
            subject_id=holder.id,
            tier=tier,
        )
        access.create_grant(call.tx, call.actor, request)
    return get_share(call)


def remove_share(call: Call) -> None:
    """DELETE /api/integrations/{id}/shares/{principalId}."""
    _, share = _share(call, _administered(call))
    access.revoke_grant(call.tx, call.actor, share.id)


def _administered(call: Call) -> core.IntegrationRow:
    """The integration in the path, whose shares the caller may change.

    Whoever sees an integration is shown its shares, but as permissions they are its admins' alone: asked for one,
    the core would say that it is not there.

    Raises:
        ForbiddenError: the caller is no admin of the integration.
    """
    row = find(call)
    access.require_tier(call.tx, call.actor, row, Tier.ADMIN, "integration")
    return row


def _holder(call: Call, row: core.IntegrationRow) -> access.Principal:
    return principal(call, call.path["principal_id"], organization_id=row.organization_id)


def _share(call: Call, row: core.IntegrationRow) -> tuple[access.Principal, access.ShareRow]:
    holder = _holder(call, row)
    share = _held(call, row).get((holder.kind, holder.id))
    if share is None:
        raise NotFoundError("share")
    return holder, share


def _held(call: Call, row: core.IntegrationRow) -> Mapping[Subject, access.ShareRow]:
    shares = access.shares_of(call.tx, call.actor, [row.id]).get(row.id, ())
    return {
        (share.subject_kind, share.subject_id): share
        for share in shares
        if share.subject_kind in {"user", "team"} and share.subject_id is not None
    }


def _spell(
    call: Call,
    row: core.IntegrationRow,
    holder: access.Principal,
    share: access.ShareRow,
    links: Links | None = None,
) -> ShareWire:
    key = access.principal_key(holder)
    path = path_of(row)
    own: Links = {
        "self": link(call, f"{path}/shares/{segment(key)}"),
        "inf:integration": link(call, path),
    }
    return ShareWire(
        links={**own, **(links or {})},
        integration_id=format_uuid(row.id),
        principal_id=key,
        access_level=int(share.tier),
        principal=summary(holder),
        created_at=spell_time(share.created_at),
        updated_at=spell_time(share.updated_at),
    )


_PATH: Final = "/api/integrations/{id}/shares/{principal_id}"
_PARAMETERS: Final = {
    **ID,
    "principal_id": "`alice` or `user:alice` for a user, `team:` and an id or name for a team.",
}
_TAGS = ("Shares",)

ROUTES = [
    Route(
        method="GET",
        path="/api/integrations/{id}/shares",
        handler=list_shares,
        operation_id="listShares",
        summary="List whom an integration is shared with.",
        permission="permissions:read",
        returns=Collection[EmbeddedShares],
        path_parameters=ID,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path=_PATH,
        handler=get_share,
        operation_id="getShare",
        summary="Get what right somebody was given to an integration.",
        permission="permissions:read",
        returns=ShareWire,
        path_parameters=_PARAMETERS,
        tags=_TAGS,
    ),
    Route(
        method="PUT",
        path=_PATH,
        handler=set_share,
        operation_id="setShare",
        summary="Share an integration with somebody, or change what right they have.",
        permission="permissions:write",
        body=ShareBody,
        returns=ShareWire,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=_PARAMETERS,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path=_PATH,
        handler=remove_share,
        operation_id="removeShare",
        summary="Stop sharing an integration with somebody.",
        permission="permissions:write",
        status=204,
        path_parameters=_PARAMETERS,
        tags=_TAGS,
    ),
]
