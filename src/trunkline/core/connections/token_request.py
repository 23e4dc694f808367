"""Requests to token endpoints: what they say, and how the client proves who it is.

Source: RFC 6749 sections 2.3.1, 4.1.3, 4.3.2, 4.4.2 and 6; RFC 7636 section 4.5; RFC 7009 section 2.1.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote_plus, urlencode

from trunkline.core.connections.clients import Client
from trunkline.core.connections.configuration import PASSWORD, Configuration
from trunkline.core.connections.credential import Credential
from trunkline.infra.http import Limits, Outbound
from trunkline.kit.secret import Secret

# A lease outlives this by far, so that nobody else spends the same refresh token meanwhile.
TOKEN_LIMITS = Limits(connect_s=5, first_byte_s=20, total_s=20, response_bytes=64 * 1024)

BASIC = "basic"
SCOPE = "scope"  # among what is given: what to ask for instead of what everybody asks for

Fields = Mapping[str, str]


def code_fields(code: Secret, redirect_uri: str, verifier: Secret | None) -> dict[str, str]:
    """What exchanges an authorization code."""
    fields = {"grant_type": "authorization_code", "code": code.reveal(), "redirect_uri": redirect_uri}
    if verifier is not None:
        fields["code_verifier"] = verifier.reveal()
    return fields


def refresh_fields(refresh: Secret) -> dict[str, str]:
    """What exchanges a refresh token; no scope, so that all that was granted stays."""
    return {"grant_type": "refresh_token", "refresh_token": refresh.reveal()}


def own_fields(configuration: Configuration, credential: Credential) -> dict[str, str]:
    """What asks for a token by what was given once: the client's own, or that of a user's password."""
    fields = {"grant_type": configuration.grant_type or ""}
    if configuration.grant_type == PASSWORD:
        fields |= {name: credential.text(name) for name in ("username", "password")}
    scopes = credential.text(SCOPE).split() or configuration.scopes
    if scopes:
        fields["scope"] = configuration.scope_separator.join(scopes)
    return fields


def basic_pair(client_id: str, secret: Secret) -> Secret:
    """A client's credentials as a header says them."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}"
    return Secret(b64encode(pair.encode()).decode())


def form_request(url: str, client: Client, token_auth: str, fields: Fields) -> Outbound:
    """A form to an endpoint that knows the client, with its credentials as the endpoint wants them.

    Args:
        url: the token or revocation endpoint.
        client: who asks.
        token_auth: `basic` for a header, `body` for members of the form.
        fields: what is asked.
    """
    headers = [("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")]
    form = dict(fields)
    if token_auth == BASIC and client.secret is not None:
        headers.append(("Authorization", f"Basic {basic_pair(client.id, client.secret).reveal()}"))
    else:
        form["client_id"] = client.id
        if client.secret is not None:
            form["client_secret"] = client.secret.reveal()
    return Outbound("POST", url, headers, urlencode(form).encode())
