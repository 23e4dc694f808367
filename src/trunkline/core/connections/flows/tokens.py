"""Calls to token endpoints: one request, one answer, nothing followed and nothing repeated."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, unquote_plus

from trunkline.core.connections.clients import CLIENT_ID, Client, client_of
from trunkline.core.connections.configuration import OWN_GRANTS, PASSWORD, Configuration
from trunkline.core.connections.credential import Credential
from trunkline.core.connections.errors import NotConnectableError
from trunkline.core.connections.exchange import exchange_of, exchange_request, read_exchange
from trunkline.core.connections.sentences import shortened
from trunkline.core.connections.token_request import (
    TOKEN_LIMITS,
    basic_pair,
    form_request,
    own_fields,
    refresh_fields,
)
from trunkline.core.connections.token_response import Refusal, Refused, Tokens, read_answer
from trunkline.infra.db import Tx
from trunkline.infra.http import Egress, Fetched, Outbound
from trunkline.infra.vault import Vault
from trunkline.kit.secret import Secret

TELLING = 8  # characters of a secret that do not stand anywhere by chance; a shorter one is looked for whole
CUT = 3  # characters of one that may be left where what the provider says was shortened


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCall:
    """A request for tokens, ready to be sent.

    Attributes:
        endpoint: where to; what the breaker counts by.
        single_use: whether it spends something that is good once.
        own_client: whether the client's credentials are the connection's own, so that their refusal is its.
        secrets: what must not come back in what the provider says.
        by_password: whether one of them is a person's own, of which nothing a provider says is worth a piece.
    """

    endpoint: str
    outbound: Outbound = field(repr=False)
    read: Callable[[Fetched], Tokens | Refusal]
    single_use: bool = False
    own_client: bool = False
    secrets: tuple[Secret, ...] = ()
    by_password: bool = False


def form_call(
    configuration: Configuration, client: Client, fields: dict[str, str], *spent: Secret | None
) -> TokenCall:
    """A call to the integration's token endpoint.

    Args:
        configuration: names it.
        client: who asks.
        fields: what is asked.
        spent: what is good once.

    Raises:
        NotConnectableError: the integration has no token endpoint.
    """
    url = configuration.require("token_url")
    once = tuple(secret for secret in spent if secret is not None)
    own = () if client.secret is None else (client.secret, basic_pair(client.id, client.secret))
    return TokenCall(
        endpoint=url,
        outbound=form_request(url, client, configuration.token_auth, fields),
        read=read_answer,
        single_use=bool(once),
        secrets=once + own,
    )


def renewal_call(tx: Tx, vault: Vault, configuration: Configuration, credential: Credential) -> TokenCall:
    """The call that gets a connection a fresh token, by its scheme and grant.

    Raises:
        NotConnectableError: the integration lacks an endpoint, a client or its secret.
        InvalidRequestError: a template of its token exchange cannot be filled.
        VaultError: a stored secret does not open.
    """
    if configuration.scheme == "token_exchange":
        exchange = exchange_of(configuration)
        return TokenCall(
            endpoint=exchange.url,
            outbound=exchange_request(exchange, credential),
            read=lambda answer: read_exchange(exchange, answer),
            own_client=True,  # and no secrets: of a refusal, only the status is told
        )
    client = client_of(tx, vault, configuration, credential.given)
    own = CLIENT_ID in credential.given
    if configuration.grant_type in OWN_GRANTS:
        call = form_call(configuration, client, own_fields(configuration, credential))
        if configuration.grant_type != PASSWORD:
            return replace(call, own_client=own)
        typed = credential.given["password"]
        return replace(call, own_client=own, secrets=(*call.secrets, typed), by_password=True)
    if credential.refresh is None:
        raise NotConnectableError("there is no refresh token")
    call = form_call(configuration, client, refresh_fields(credential.refresh), credential.refresh)
    return replace(call, own_client=own)


async def ask(egress: Egress, call: TokenCall) -> Tokens | Refusal:
    """Send it and read what comes back.

    Raises:
        EgressError: there is no answer; `sent` says whether the request may have been carried out.
    """
    outcome = call.read(await egress.fetch(call.outbound, TOKEN_LIMITS))
    return outcome if isinstance(outcome, Tokens) else discreet(outcome, call)


def is_final(refusal: Refusal, call: TokenCall) -> bool:
    """Whether only the connection's owner can help."""
    return refusal.kind is Refused.GRANT or (refusal.kind is Refused.CLIENT and call.own_client)


def discreet(refusal: Refusal, call: TokenCall) -> Refusal:
    """Without its code or sentence, where that may repeat a secret: whole or in part, plain or as a form writes it.

    A password is short, and like what people say: its provider's sentence is never repeated, only its code.
    """
    forms = tuple(_forms(call.secrets))

    def repeats(text: str) -> bool:
        return any(_repeats(text, form) for form in forms)

    return replace(
        refusal,
        code=refusal.kind.value if repeats(refusal.code) else refusal.code,
        said="" if call.by_password or repeats(refusal.said) else refusal.said,
    )


def _forms(secrets: Iterable[Secret]) -> Iterator[str]:
    for secret in secrets:
        value = secret.reveal()
        # On one line, as what the provider says is by now.
        yield shortened(value, len(value))
        for encoded in (b64encode(value.encode()), urlsafe_b64encode(value.encode())):
            yield encoded.decode().rstrip("=")


def _repeats(text: str, form: str) -> bool:
    """Whether a text holds a piece of a secret, in any case and with any of it percent-encoded."""
    form = form.casefold()
    if not form:
        return False
    width = min(TELLING, len(form))
    for spelled in {text.casefold(), unquote(text).casefold(), unquote_plus(text).casefold()}:
        if any(spelled[at : at + width] in form for at in range(len(spelled) - width + 1)):
            return True
        kept, cut, _ = spelled.rpartition("…")
        if cut and any(kept.endswith(form[:length]) for length in range(CUT + 1, width)):
            return True
    return False
