"""How the authorization server says no: a code that RFC 6749 defines, and a sentence."""

from __future__ import annotations


class OAuthRefusal(Exception):  # noqa: N818  # it is an answer of the protocol, told to the client as such
    """A request that an OAuth endpoint refuses.

    Attributes:
        code: what `error` says, e.g. `invalid_grant`.
        status: the HTTP status at the token and revocation endpoints.
    """

    def __init__(self, code: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.status = status
