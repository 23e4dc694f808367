"""An authorization as its caller sees it: how it is asked for, what comes back with the browser, how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trunkline.kit.secret import Secret

CALLBACK_PATH = "/api/oauth/callback"
START_PATH = "/api/oauth/start"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAuthorization:
    """The request to connect an account by the provider's own page.

    Attributes:
        integration_id, provider: what to connect, one of them.
        connection_id: the connection to be authorized again; None for a new one.
        return_to: where the browser goes in the end; see `check_return`.
        binding: what the browser's session is known by; it must come back with the callback. Empty outside of
            a browser session.
        start_path: outside of one, where the caller serves the page that opens it (`open_authorization`), by
            which it is tied to the browser that does; None leaves it tied to none.
        mode: `per_user` or `shared`; None is as the integration says.
        singular: take the connection there is, instead of making a second.
        consumer_id: for whom its publisher has it connected.
        opener: origin of the page that asks, which is told how it ended; None where that is not known.
        redirect_path: where the caller's callback is served, as it is registered at the provider.
    """

    workspace_id: str
    integration_id: str | None = None
    provider: str | None = None
    connection_id: str | None = None
    return_to: str | None = None
    binding: str = field(default="", repr=False)
    start_path: str | None = None
    mode: str | None = None
    name: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    singular: bool = False
    consumer_id: str | None = None
    opener: str | None = None
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
class PastedCode:
    """A code that its owner brings by hand, where the provider shows it or the browser cannot come back.

    Attributes:
        integration_id, workspace_id: what the authorization was started for.
        state: which authorization it ends; None for the latest in this browser.
        binding: what this browser's session is known by, as when it was started.
        redirect_path: what it was started with.
    """

    integration_id: str
    workspace_id: str
    code: Secret
    state: str | None = field(default=None, repr=False)
    binding: str = field(default="", repr=False)
    redirect_path: str = CALLBACK_PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How an authorization ended.

    Attributes:
        connection_id: None where it failed.
        integration_id: None where a provider itself was to be connected.
        opener: origin of the page that began it, as it was told.
        return_to: where the browser is to go.
        error: a word for programs, the provider's own where it has one; None on success.
        message: a sentence for people, unescaped.
    """

    connection_id: str | None
    integration_id: str | None
    return_to: str | None
    opener: str | None = None
    error: str | None = None
    message: str | None = None
