"""What there is, and what its relation names mean.

Source: informer-gestal reference A2 (API root, CURIEs).
"""

from __future__ import annotations

from html import escape
from typing import Final

from trunkline.dialects.informer.hal import PREFIX, Links, Resource, link, mounted, own_links, template
from trunkline.dialects.informer.integrations import IntegrationParameters
from trunkline.dialects.informer.tags import TagParameters
from trunkline.kit.errors import NotFoundError
from trunkline.web import Call, Reply, Route, page

RELATIONS: Final = {
    "integration": "An integration: what it is called, what it connects to, and how.",
    "integrations": "The integrations you may see, a page at a time. `q` searches names and descriptions.",
    "integrations-list": "The same integrations all at once, with tags and shares: a plain array.",
    "integration-id": "GET with `name`: the slug that a new integration of this name would be given.",
    "icon": "An integration's picture. GET it, PUT another one (multipart/form-data), DELETE it.",
    "connect": "GET sends a browser to the provider's consent page; POST takes credentials instead.",
    "connection": "Your connection, or the shared one. GET tells its state, DELETE disconnects.",
    "account": "Whose account at the provider the connection is.",
    "request": "POST a request here to send it with the connection's credential.",
    "directories-preview": "POST a folder's id: the folders in it, where the driver knows how to ask.",
    "integration-owner": "The user or team that owns an integration. PUT hands it over.",
    "integration-shares": "Whom an integration is shared with.",
    "integration-share": "What right a user or team has. PUT gives it, DELETE takes it away.",
    "integration-tags": "The tags of an integration.",
    "tag-entity": "A tag on an integration. PUT assigns it, DELETE takes it off.",
    "tag": "A label of your organization's.",
    "tags": "The tags of your organization.",
    "integration-driver": "A kind of system there are presets for.",
    "integration-drivers": "The kinds of systems there are presets for.",
    "user": "A user of your organization.",
    "users": "The users of your organizations.",
    "team": "A team: users whom something can be given together.",
    "teams": "The teams of your organizations.",
    "team-member": "A user in a team.",
    "team-members": "The users in a team.",
    "principal": "A user or a team, wherever either may stand.",
    "token": "An API token: a key that acts as you.",
    "tokens": "Your API tokens.",
    "me": "The user you are here.",
    "login": "POST a user name and a password to open a session.",
}


class RootWire(Resource, frozen=True, kw_only=True):
    """Where everything begins."""


def get_root(call: Call) -> RootWire:
    """GET /api/."""
    relations: Links = {
        "inf:integrations": template(call, f"/api/integrations{_query(IntegrationParameters)}"),
        "inf:integrations-list": link(call, "/api/integrations-list"),
        "inf:integration": template(call, "/api/integrations/{id}"),
        "inf:integration-id": template(call, "/api/integration-id{?name}"),
        "inf:integration-drivers": link(call, "/api/integration-drivers"),
        "inf:tags": template(call, f"/api/tags{_query(TagParameters)}"),
        "inf:principal": template(call, "/api/principals/{id}"),
        "inf:login": link(call, "/api/auth/login"),
        "inf:me": link(call, "/api/me"),
        "inf:users": mounted("/api/users"),
        "inf:teams": mounted("/api/teams"),
        "inf:tokens": mounted("/api/tokens"),
    }
    return RootWire(links=own_links(call, "/api/", relations))


def get_relation(call: Call) -> Reply:
    """GET /rels/inf/{rel}."""
    meaning = RELATIONS.get(call.path["rel"])
    if meaning is None:
        raise NotFoundError("relation")
    name = f"{PREFIX}:{call.path['rel']}"
    return page(name, f"<h1>{escape(name)}</h1><p>{escape(meaning)}</p>")


def _query(parameters: type[IntegrationParameters | TagParameters]) -> str:
    return f"{{?{','.join(parameters.__struct_encode_fields__)}}}"


_TAGS = ("Documentation",)

ROUTES = [
    Route(
        method="GET",
        path="/api/",
        handler=get_root,
        operation_id="getRoot",
        summary="Find out what there is.",
        public=True,
        inline=True,
        returns=RootWire,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path=f"/rels/{PREFIX}/{{rel}}",
        handler=get_relation,
        operation_id="getRelation",
        summary="Read what a relation name means.",
        public=True,
        inline=True,
        returns=bytes,
        media_type="text/html; charset=utf-8",
        path_parameters={"rel": "The name behind `inf:`, e.g. `integration`."},
        tags=_TAGS,
    ),
]
