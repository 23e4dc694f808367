"""An authorization as its caller sees it: how it is asked for, what comes back with the browser, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CALLBACK_PATH = "/api/oauth/callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAuthorization:
    """The request to connect an account by the provider's own page.

    Attributes:
        connection_id: the connection to be authorized again; None for a new one.
        return_to: where the browser goes in the end; see `check_return`.
        binding: what the browser's session is known by; it must come back with the callback. Empty outside of
            a browser session.
        mode: `per_user` or `shared`; None is as the integration says.
        singular: take the connection there is, instead of making a second.
        redirect_path: where the caller's callback is served, as it is registered at the provider.
    """

    integration_id: str
    workspace_id: str
    connection_id: str | None = None
    return_to: str | None = None
    binding: str = field(default="", repr=False)
    mode: str | None = None
    name: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    singular: bool = False
    redirect_path: str = CALLBACK_PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What came back with the browser.

    Attributes:
        iss: the authorization server's name for itself, where it says.
        binding: what this browser's session is known by; empty outside of one.
        redirect_path: where it came back to; None is not compared.
    """

    state: str = field(repr=False)
    code: str | None = field(default=None, repr=False)
    error: str | None = None
    error_description: str | None = None
    iss: str | None = None
    binding: str = field(default="", repr=False)
    redirect_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How an authorization ended.

    Attributes:
        connection_id: None where it failed.
        return_to: where the browser is to go.
        error: a word for programs, the provider's own where it has one; None on success.
        message: a sentence for people, unescaped.
    """

    connection_id: str | None
    integration_id: str
    return_to: str | None
    error: str | None = None
    message: str | None = None
