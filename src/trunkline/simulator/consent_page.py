"""The pages that people see: consent, and what is wrong with a request that leads nowhere."""

from __future__ import annotations

from html import escape
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from trunkline.simulator.accounts import ACCOUNTS
from trunkline.simulator.consents import AuthorizationRequest

_STYLE = """\
body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}
button{font:inherit;padding:.5rem 1.25rem;margin-right:.5rem}
code{overflow-wrap:anywhere}
@media(prefers-color-scheme:dark){body{background:#16181c;color:#e8e8e8}a{color:#8ab4f8}}"""


def consent_page(handle: str, request: AuthorizationRequest) -> HTMLResponse:
    """Ask which account, and whether the client may have what it asks for."""
    name = escape(request.client.name or request.client.client_id)
    scopes = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in request.scopes)
    choices = "".join(
        f'<option value="{escape(one.id)}"{" selected" if one == request.hinted else ""}>'
        f"{escape(one.display_name)} ({escape(one.email)})</option>"
        for one in ACCOUNTS
    )
    body = f"""\
<h1>{name} asks for access</h1>
<p>It would be allowed to:</p>
<ul>{scopes}</ul>
<form method="post" action="/oauth/consent">
<input type="hidden" name="request" value="{escape(handle)}">
<p><label>Account <select name="account">{choices}</select></label></p>
<p><button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button></p>
</form>
<p>You will be sent back to <code>{escape(request.redirect_uri)}</code>. This is a simulator: the accounts and
their data are made up.</p>"""
    return _page(f"{name} asks for access", body, 200, form_action=f"'self' {_origin(request.redirect_uri)}")


def refusal_page(title: str, sentence: str) -> HTMLResponse:
    """Say what is wrong where nobody can be sent back."""
    body = f"<h1>{escape(title)}</h1>\n<p>{escape(sentence)}</p>"
    return _page(escape(title), body, 400, form_action="'none'")


def _page(title: str, body: str, status: int, *, form_action: str) -> HTMLResponse:
    text = f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
        # Browsers apply this to the redirect that follows a form, too.
        f"form-action {form_action}"
    )
    headers = {
        "cache-control": "no-store",
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    return HTMLResponse(text, status, headers)


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    host = parts.netloc.rpartition("@")[2]
    is_plain = host and all(one.isalnum() or one in ".-:[]" for one in host)
    return f"{parts.scheme}://{host}" if is_plain else f"{parts.scheme}:"
