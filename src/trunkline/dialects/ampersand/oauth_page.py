"""The page an authorization ends on, in the window that was opened for it: it tells the page that opened it.

A window that has nothing more to say closes itself: the vendor's library closes it after a first authorization, but
not after one that is repeated.

The outcome stands in the page as data, so that the one script is always the same and the policy can name its
digest; nothing else runs, and nothing is loaded from anywhere.

Source: ampersand reference section 1.8; CSP level 3 section 6.7.3 (hashes); HTML section 9.3 (postMessage).
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import replace
from html import escape
from typing import Any, Final

from msgspec import json

from trunkline.web import Reply, page

SUCCEEDED: Final = "AUTHORIZATION_SUCCEEDED"
FAILED: Final = "AUTHORIZATION_FAILED"
ANYBODY: Final = "*"
_SCRIPT: Final = (
    'const told=document.getElementById("outcome").dataset;'
    "if(window.opener){window.opener.postMessage(JSON.parse(told.message),told.target);"
    'if(told.closes==="yes")window.close()}'
)
_DIGEST: Final = b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; "
    f"script-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    # The window that opened this one stays known to it; with any other policy it would not.
    "cross-origin-opener-policy": "unsafe-none",
}


def succeeded(connection_id: str, opener: str | None) -> Reply:
    """The page that says what was connected, to people and to the page that opened it."""
    message = {"eventType": SUCCEEDED, "data": {"connection": connection_id}}
    sentence = "The account is connected. You can close this window."
    return _told("Connected", sentence, message, opener, closes=True)


def failed(error: str, sentence: str, opener: str | None, *, status: int = 200) -> Reply:
    """The page that says why nothing was connected."""
    message = {"eventType": FAILED, "data": {"error": error}, "message": sentence}
    return _told("Not connected", f"{sentence} You can close this window.", message, opener, status=status)


def _told(
    title: str,
    sentence: str,
    message: Any,
    opener: str | None,
    *,
    status: int = 200,
    closes: bool = False,
) -> Reply:
    # Where it is not known who asked, anybody may hear it: the message names a connection, which opens nothing
    # without a key, and holds no credential.
    target = opener or ANYBODY
    content = (
        f"<h1>{escape(title)}</h1><p>{escape(sentence)}</p>"
        f'<div id="outcome" data-message="{escape(json.encode(message).decode())}" data-target="{escape(target)}"'
        f' data-closes="{"yes" if closes else "no"}"></div><script>{_SCRIPT}</script>'
    )
    answer = page(title, content, status=status)
    return replace(answer, headers={**answer.headers, **_HEADERS})
