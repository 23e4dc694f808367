"""The few pages people see in a browser: text, nothing from elsewhere, nothing that runs."""

from __future__ import annotations

from html import escape
from typing import Final

from trunkline.web.route import Reply

HTML: Final = "text/html; charset=utf-8"
PAGE_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
_STYLE: Final = "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}"


def page(title: str, content: str, *, status: int = 200) -> Reply:
    """A page; `content` is HTML, so whatever came from outside must be escaped in it."""
    html = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><main>{content}</main></html>"
    )
    return Reply(body=html.encode(), status=status, media_type=HTML, headers=PAGE_HEADERS)
