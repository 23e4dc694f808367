"""What belongs to the vendor's own business and is not here: invitations, claimed domains, billing.

Lists of it are empty, which is the truth; everything else is a 404 that says what to do instead.

Source: ampersand reference section 1.2 (invites, claimed domains, billing).
"""

from __future__ import annotations

from typing import Final

from trunkline.core import workspaces
from trunkline.dialects.ampersand.errors import NotHostedError
from trunkline.dialects.ampersand.orgs import ORG
from trunkline.dialects.ampersand.wire_base import Wire, path_id
from trunkline.kit.errors import ErrorKind
from trunkline.web import Call, FlowCall, Route

_INVITES: Final = (
    "invite",
    "this server sends no invitations",
    "make the user with POST /platform/api/users, or take one in with POST /v1/orgs/{org}/memberships",
)
_DOMAINS: Final = (
    "claimed domain",
    "no domain is claimed on a server of one's own",
    "take users in with POST /v1/orgs/{org}/memberships",
)
_BILLING: Final = (
    "billing account",
    "nobody is billed on a server of one's own",
    "nothing needs to be done",
)


class Nothing(Wire, frozen=True, kw_only=True):
    """What is never answered."""


def list_nothing(call: Call) -> list[Nothing]:
    """GET /orgs/{org}/invites and /orgs/{org}/claimed-domains."""
    workspaces.get_organization(call.tx, call.actor, path_id(call, "organization", "org"))
    return []


async def no_invite(_call: FlowCall) -> None:
    """Everything else about invitations."""
    raise NotHostedError(*_INVITES)


async def no_domain(_call: FlowCall) -> None:
    """Everything else about claimed domains."""
    raise NotHostedError(*_DOMAINS)


async def no_billing(_call: FlowCall) -> None:
    """Everything about billing."""
    raise NotHostedError(*_BILLING)


_TAGS = ("Not here",)
_READ: Final = "organizations:read"
_WRITE: Final = "organizations:write"
_ABSENT: Final = (
    ("POST", "/v1/orgs/{org}/invites", no_invite, "createOrgInvite", "Nothing is sent."),
    ("GET", "/v1/orgs/{org}/invites/{invite}", no_invite, "getOrgInvite", "There are no invitations."),
    ("DELETE", "/v1/orgs/{org}/invites/{invite}", no_invite, "deleteOrgInvite", "There are no invitations."),
    ("POST", "/v1/invites:accept", no_invite, "acceptInvite", "There are no invitations."),
    ("GET", "/v1/claimed-domains", no_domain, "checkClaimedDomain", "No domain is claimed."),
    ("POST", "/v1/claimed-domains", no_domain, "claimDomain", "No domain can be claimed."),
    ("GET", "/v1/orgs/{org}/billingAccount", no_billing, "getOrgBillingAccount", "Nobody is billed."),
    (
        "POST",
        "/v1/billingAccounts/{account}/portalSession",
        no_billing,
        "createBillingAccountSession",
        "Nobody is billed.",
    ),
)

ROUTES = [
    Route(
        method="GET",
        path="/v1/orgs/{org}/invites",
        handler=list_nothing,
        operation_id="listOrgInvites",
        summary="There are no invitations: the list is empty.",
        permission=_READ,
        returns=list[Nothing],
        path_parameters=ORG,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/v1/orgs/{org}/claimed-domains",
        handler=list_nothing,
        operation_id="listOrgClaimedDomains",
        summary="No domain is claimed: the list is empty.",
        permission=_READ,
        returns=list[Nothing],
        path_parameters=ORG,
        tags=_TAGS,
    ),
    *(
        # Nothing of the request matters, so nothing of it is read.
        Route(
            method=method,
            path=path,
            handler=handler,
            operation_id=operation_id,
            summary=f"{summary} Always 404, and what to do instead.",
            permission=_READ if method == "GET" else _WRITE,
            flow=True,
            raw=True,
            status=404,
            errors=(ErrorKind.NOT_FOUND,),
            tags=_TAGS,
        )
        for method, path, handler, operation_id, summary in _ABSENT
    ),
]
