"""Requests with a connection's credential: where they go, what travels along, what is kept of them.

addressing  the URL: below the base, or of an origin the connection was made for
headers     outward and back
flows       one request, sent again when its credential was refused
log         what went out, for 30 days
"""

from trunkline.core.proxy.flows import METHODS, Forwarded, Proxy, ProxyRequest, Sight
from trunkline.core.proxy.log import RequestLog, forget_requests
from trunkline.core.proxy.reads import get_request, list_requests
from trunkline.core.proxy.slots import PER_ORGANIZATION, Slots, TooManyRequestsError
from trunkline.core.proxy.specs import PROXIED_REQUEST, SPECS, ProxiedRequestRow

__all__ = [
    "METHODS",
    "PER_ORGANIZATION",
    "PROXIED_REQUEST",
    "SPECS",
    "Forwarded",
    "ProxiedRequestRow",
    "Proxy",
    "ProxyRequest",
    "RequestLog",
    "Sight",
    "Slots",
    "TooManyRequestsError",
    "forget_requests",
    "get_request",
    "list_requests",
]
