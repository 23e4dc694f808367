"""Hypertext: links from where the client came in, relation names that lead to their documentation.

Source: draft-kelly-json-hal-11; RFC 6570 (templates); informer-gestal reference A2.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from msgspec import UNSET, UnsetType, field

from trunkline.dialects.informer.wire_base import AnyCall, Wire

Embedded = TypeVar("Embedded")

PREFIX: Final = "inf"
MOUNT: Final = "/informer"
_SEGMENT: Final = ":@!$&'()*+,;=~"  # what RFC 3986 lets stand in a path segment as it is


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Where a relation leads; a template where `templated`."""

    href: str
    templated: bool | UnsetType = UNSET
    name: str | UnsetType = UNSET


Links = dict[str, Link | list[Link]]


class Resource(Wire, frozen=True, kw_only=True):
    """Base of what has links."""

    links: Links = field(name="_links")


class Collection(Resource, Generic[Embedded], frozen=True, kw_only=True):
    """One page of a list: `count` items from the one at `start`, of `total`."""

    embedded: Embedded = field(name="_embedded")
    start: int
    count: int
    total: int


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe=_SEGMENT)


def link(call: AnyCall, path: str) -> Link:
    """A link to a path of this dialect, below the mount the request came in through."""
    return Link(href=f"{call.mount}{path}")


def mounted(path: str) -> Link:
    """A link to a path that this dialect has below its mount only, wherever the request came in."""
    return Link(href=f"{MOUNT}{path}")


def template(call: AnyCall, path: str) -> Link:
    """A link with places to fill in."""
    return Link(href=f"{call.mount}{path}", templated=True)


def own_links(call: AnyCall, path: str, relations: Links | None = None) -> Links:
    """The links of what a request asked for: itself, its relations, and what tells their names' meaning."""
    return {"self": link(call, path), **(relations or {}), **curies(call)}


def curies(call: AnyCall) -> Links:
    """What tells the meaning of relation names; once, in the outermost resource."""
    return {"curies": [Link(href=f"{call.mount}/rels/{PREFIX}/{{rel}}", templated=True, name=PREFIX)]}


def with_query(path: str, parameters: dict[str, str]) -> str:
    """A path with a query string, or without one where there is nothing to say."""
    return f"{path}?{urlencode(parameters, safe=_SEGMENT)}" if parameters else path
