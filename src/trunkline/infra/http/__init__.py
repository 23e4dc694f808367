"""Everything outbound: one client that only ever connects to addresses anybody may reach.

    egress = Egress(egress_policy(settings.egress_allow))
    answer = await egress.fetch(Outbound("GET", "https://api.example.com/v1/me", [("Accept", "application/json")]))
    async with egress.stream(Outbound("POST", url, headers, body=chunks)) as answer:
        async for chunk in answer.chunks: ...

A URL has one spelling, a name is looked up once and every address of it must be public, the connection goes to
the address that was checked. Redirects are answers like others. See `errors` for how it fails.
"""

from trunkline.infra.http.client import Egress
from trunkline.infra.http.errors import (
    EgressError,
    InvalidHeaderError,
    InvalidUrlError,
    TargetForbiddenError,
    UnreachableError,
    UpstreamProtocolError,
    UpstreamTimeoutError,
    UpstreamTooLargeError,
)
from trunkline.infra.http.framing import check_header, is_framing
from trunkline.infra.http.messages import Fetched, Limits, Outbound, Streamed
from trunkline.infra.http.policy import EgressPolicy, egress_policy
from trunkline.infra.http.resolving import Resolve
from trunkline.infra.http.targets import Origin, Target, parse_target

__all__ = [
    "Egress",
    "EgressError",
    "EgressPolicy",
    "Fetched",
    "InvalidHeaderError",
    "InvalidUrlError",
    "Limits",
    "Origin",
    "Outbound",
    "Resolve",
    "Streamed",
    "Target",
    "TargetForbiddenError",
    "UnreachableError",
    "UpstreamProtocolError",
    "UpstreamTimeoutError",
    "UpstreamTooLargeError",
    "check_header",
    "egress_policy",
    "is_framing",
    "parse_target",
]
