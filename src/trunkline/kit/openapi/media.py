"""Media types: which entry of a `content` map a function speaks, and the schema of a body in it."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.kit.openapi.places import Place, refused
from trunkline.kit.openapi.references import Source
from trunkline.kit.openapi.schemas import SchemaWalk, as_object

_EXACT_JSON, _OTHER_JSON, _ANYTHING, _FORM, _MULTIPART, _OPAQUE = range(6)


@dataclass(frozen=True, slots=True)
class Body:
    """The chosen entry of a `content` map.

    Attributes:
        media_type: as the document spells it.
        raw: the media type object.
        place: where that stands.
    """

    media_type: str
    raw: object
    place: Place

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON, or anything and so also JSON."""
        return _rank(self.media_type) <= _ANYTHING

    @property
    def sent_as(self) -> str:
        """What to put into Content-Type; a wildcard is sent as JSON."""
        return "application/json" if _rank(self.media_type) == _ANYTHING else self.media_type

    def schema(self, walk: SchemaWalk, depth: int) -> dict[str, object]:
        """The schema of the body; what is neither JSON nor a form is a text of its media type.

        Raises:
            InvalidRequestError: not a media type object, or its schema is none.
        """
        if _rank(self.media_type) == _OPAQUE:
            return {"type": "string", "contentMediaType": _bare(self.media_type)}
        raw = {} if self.raw is None else self.raw
        if not isinstance(raw, dict):
            raise refused(self.place, "must be an object")
        if "schema" not in raw:
            return {} if self.is_json else {"type": "object"}
        return as_object(walk.schema(raw["schema"], self.place.child("schema"), depth))


def chosen_body(source: Source, content: object, place: Place) -> Body | None:
    """The entry to speak: JSON, `+json`, anything, a form, multipart, else the first; `None`: no entry.

    Raises:
        InvalidRequestError: `content` is not an object.
    """
    if content is None:
        return None
    if not isinstance(content, dict):
        raise refused(place, "must be an object of media types")
    source.budget.spend(len(content), place)
    if not content:
        return None
    media_type = min(content, key=_rank)
    return Body(media_type, content[media_type], place.child(media_type))


def _bare(media_type: str) -> str:
    return media_type.split(";", 1)[0].strip().lower()


def _rank(media_type: str) -> int:
    bare = _bare(media_type)
    if bare == "application/json":
        return _EXACT_JSON
    if bare.endswith("+json") or bare == "text/json":
        return _OTHER_JSON
    if bare in {"*/*", "application/*"}:
        return _ANYTHING
    if bare == "application/x-www-form-urlencoded":
        return _FORM
    return _MULTIPART if bare.startswith("multipart/") else _OPAQUE
