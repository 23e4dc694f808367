"""What can go wrong with connections and secrets, beyond the general."""

from __future__ import annotations

from trunkline.kit.errors import (
    BadGatewayError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    UnavailableError,
)


class SecretNameTakenError(ConflictError):
    """Another live secret of the workspace has this name."""

    code = "name_taken"


class WorkspaceDeletedError(ConflictError):
    """The workspace it belongs to is deleted: restore that first."""

    code = "workspace_deleted"


class CredentialDestroyedError(ConflictError):
    """The credential was destroyed and cannot be brought back; it must be given anew."""

    code = "credential_destroyed"


class NeedsReauthError(ConflictError):
    """The connection's owner must connect the account again; until then nothing can be done with it."""

    code = "connection_needs_reauth"


class ConnectionSuspendedError(ConflictError):
    """The connection is suspended; its reason says by what, and what ends it."""

    code = "connection_suspended"


class ConnectionPendingError(ConflictError):
    """Nobody has connected an account yet."""

    code = "connection_pending"


class NotConnectableError(ConflictError):
    """The integration does not say enough for an account to be connected, or has no client secret."""

    code = "not_connectable"


class NothingToConnectError(ConflictError):
    """The integration needs no connection, or is connected in another way than asked for."""

    code = "wrong_auth_type"


class WrongAccountError(ConflictError):
    """Another account was connected than the one this connection is for; nothing was changed."""

    code = "wrong_account"


class CredentialRefusedError(InvalidRequestError):
    """The provider refused the credential, so it was not saved."""

    code = "credential_refused"


class InvalidStateError(InvalidRequestError):
    """The authorization's state is unknown, used, expired or another browser's; it must be started again."""

    code = "invalid_state"


class IssuerMismatchError(InvalidRequestError):
    """The answer comes from another authorization server than the one that was asked."""

    code = "issuer_mismatch"


class AuthorizationRefusedError(InvalidRequestError):
    """The provider did not exchange what it had given for a token."""

    code = "authorization_refused"


class TokenRefusedError(BadGatewayError):
    """The provider refuses to give a token, for a reason that connecting again would not mend."""

    code = "token_refused"


class TokenMalformedError(BadGatewayError):
    """The provider's token endpoint answered something that is no token."""

    code = "token_malformed"


class RefreshUnavailableError(UnavailableError):
    """A fresh token is needed and cannot be got right now; the connection itself is fine."""

    code = "refresh_unavailable"


class CredentialUntestedError(BadGatewayError):
    """The provider could not be asked whether the credential is good, so it was not saved."""

    code = "credential_untested"


class CredentialWithheldError(ForbiddenError):
    """The connection's credential is not for this caller to see, whatever else they may do with it."""

    code = "credential_withheld"


class OriginsDifferError(ConflictError):
    """The servers that are consented to are not those the integration names now; `details` list these."""

    code = "origins_differ"


class NothingToConfirmError(ConflictError):
    """The connection's integration names nobody its owner has not consented to."""

    code = "nothing_to_confirm"
