"""The readable reference of a dialect: the same document that clients are generated from, as one page.

Rendered on the server, without a line of script and without anything from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import resources
from typing import Any, Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from trunkline import __version__
from trunkline.web.answer import Answer
from trunkline.web.application import Page
from trunkline.web.dialect import Dialect
from trunkline.web.etag import matches_weakly, strong_etag
from trunkline.web.incoming import Incoming
from trunkline.web.openapi import openapi_document
from trunkline.web.reference import Reference

_SECURITY: Final = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
_CACHED: Final = "public, max-age=0, must-revalidate"


class Docs:
    """The documents and pages of every served dialect, made on first use and kept."""

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self._dialects = {dialect.name: dialect for dialect in dialects}
        self._kept: dict[str, Answer] = {}
        self._templates = Environment(
            loader=PackageLoader("trunkline.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["prose"] = _prose

    def pages(self) -> dict[str, Page]:
        """`/`, `/docs`, `/docs/<name>`, `/openapi/<name>.json` and the style sheet, by path."""
        makers: dict[str, Callable[[], Answer]] = {
            "/": self._index,
            "/docs": self._first,
            "/docs/reference.css": _style_sheet,
        }
        for name in self._dialects:
            makers[f"/docs/{name}"] = partial(self._reference, name)
            makers[f"/openapi/{name}.json"] = partial(self._document, name)
        return {path: partial(self._answer, path, make) for path, make in makers.items()}

    async def _answer(self, path: str, make: Callable[[], Answer], incoming: Incoming) -> Answer:
        if path not in self._kept:
            self._kept[path] = make()
        kept = self._kept[path]
        condition = ",".join(incoming.headers.getlist("if-none-match"))
        if condition and "etag" in kept.headers and matches_weakly(condition, kept.headers["etag"]):
            return Answer(
                304, {name: value for name, value in kept.headers.items() if name != "content-type"}
            )
        return kept

    def _first(self) -> Answer:
        return Answer(307, {"location": f"/docs/{next(iter(self._dialects))}"})

    def _index(self) -> Answer:
        return self._html("index.html", dialects=self._dialects.values(), version=__version__)

    def _reference(self, name: str) -> Answer:
        dialect = self._dialects[name]
        reference = Reference(openapi_document(dialect), dialect.security.curl, dialect.examples)
        return self._html(
            "reference.html",
            dialect=dialect,
            dialects=self._dialects.values(),
            info=reference.document["info"],
            groups=reference.groups(),
            failure=reference.failure(),
        )

    def _document(self, name: str) -> Answer:
        body = msgspec.json.encode(openapi_document(self._dialects[name]))
        return _cached("application/json", body)

    def _html(self, template: str, **values: Any) -> Answer:
        body = self._templates.get_template(template).render(**values).encode()
        return _cached("text/html; charset=utf-8", body)


def _style_sheet() -> Answer:
    body = resources.files("trunkline.web").joinpath("static/reference.css").read_bytes()
    return _cached("text/css; charset=utf-8", body)


def _cached(content_type: str, body: bytes) -> Answer:
    headers = {"content-type": content_type, "etag": strong_etag(body), "cache-control": _CACHED, **_SECURITY}
    return Answer(200, headers, body)


def _prose(text: str) -> Markup:
    """Paragraphs and `code` of a description, everything else escaped."""
    paragraphs = []
    for paragraph in filter(None, text.split("\n\n")):
        parts = str(escape(paragraph)).split("`")
        spans = [f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts)]
        paragraphs.append(f"<p>{''.join(spans)}</p>")
    return Markup("".join(paragraphs))  # noqa: S704  # every part was escaped above
