"""Connections: the sealed credentials requests go out with. Workspace secrets are one kind of them.

    connect, start_authorization, finish_authorization    give a credential; tested, sealed, bound to its origins
    open_authorization, redeem_code                       on the way there: in which browser; with a pasted code
    authorized, renew                                     use it; the refresh engine keeps it fresh
    heed_answer                                           what an answer says of it
    disconnect, disconnect_all                            destroy it at once, and have it revoked
    probe, confirm_origins                                is it good; may it be shown to somebody new

What goes over the network is asynchronous and takes a `FlowServices`; the rest takes a transaction. An
integration's own secrets live here too, beside the connections they serve.
"""

from trunkline.core.connections.brought import Imported
from trunkline.core.connections.configuration import Configuration
from trunkline.core.connections.errors import (
    AuthorizationRefusedError,
    ConnectionPendingError,
    ConnectionSuspendedError,
    CredentialDestroyedError,
    CredentialRefusedError,
    CredentialUntestedError,
    CredentialWithheldError,
    InvalidStateError,
    IssuerMismatchError,
    NeedsReauthError,
    NotConnectableError,
    NothingToConfirmError,
    NothingToConnectError,
    OriginsDifferError,
    RefreshUnavailableError,
    SecretNameTakenError,
    TokenRefusedError,
    WorkspaceDeletedError,
    WrongAccountError,
)
from trunkline.core.connections.flows.authorization import finish_authorization, start_authorization
from trunkline.core.connections.flows.authorized import (
    Authorized,
    Looked,
    authorized,
    authorized_for,
    look_up,
)
from trunkline.core.connections.flows.connecting import Connect, connect, reconnect
from trunkline.core.connections.flows.heeding import heed_answer
from trunkline.core.connections.flows.inflight import in_flight
from trunkline.core.connections.flows.journey import (
    CALLBACK_PATH,
    START_PATH,
    Callback,
    Finished,
    PastedCode,
    StartAuthorization,
)
from trunkline.core.connections.flows.opening import open_authorization
from trunkline.core.connections.flows.pasting import redeem_code
from trunkline.core.connections.flows.probing import Verdict
from trunkline.core.connections.flows.renewing import renew
from trunkline.core.connections.flows.services import FlowServices
from trunkline.core.connections.flows.tending import (
    Probed,
    confirm_origins,
    disconnect,
    disconnect_all,
    probe,
)
from trunkline.core.connections.identity import Account
from trunkline.core.connections.integration_secrets import (
    IntegrationSecrets,
    integration_secrets_of,
    set_integration_secrets,
)
from trunkline.core.connections.jobs import PERIODICS, job_handlers
from trunkline.core.connections.reads import (
    connection_for,
    connection_through,
    get_connection,
    get_secret,
    list_connections,
    list_secrets,
    require_usable,
    reveal,
)
from trunkline.core.connections.reasons import Reason
from trunkline.core.connections.returning import returning
from trunkline.core.connections.revealing import Revealed, reveal_credential
from trunkline.core.connections.sealed import SEALED
from trunkline.core.connections.service import (
    UpdateConnection,
    confirm_connection_origins,
    destroy_connections,
    disconnect_connection,
    expired_connections,
    purge_connection,
    update_connection,
)
from trunkline.core.connections.specs import (
    AUTH_STATE,
    CONNECTION,
    SECRET,
    SPECS,
    ConnectionRow,
    SecretRow,
)
from trunkline.core.connections.standing import Held
from trunkline.core.connections.workspace_secrets import (
    MAX_VALUE,
    CreateSecret,
    UpdateSecret,
    create_secret,
    delete_secret,
    expired_secrets,
    purge_secret,
    restore_secret,
    update_secret,
)

__all__ = [
    "AUTH_STATE",
    "CALLBACK_PATH",
    "CONNECTION",
    "MAX_VALUE",
    "PERIODICS",
    "SEALED",
    "SECRET",
    "SPECS",
    "START_PATH",
    "Account",
    "AuthorizationRefusedError",
    "Authorized",
    "Callback",
    "Configuration",
    "Connect",
    "ConnectionPendingError",
    "ConnectionRow",
    "ConnectionSuspendedError",
    "CreateSecret",
    "CredentialDestroyedError",
    "CredentialRefusedError",
    "CredentialUntestedError",
    "CredentialWithheldError",
    "Finished",
    "FlowServices",
    "Held",
    "Imported",
    "IntegrationSecrets",
    "InvalidStateError",
    "IssuerMismatchError",
    "Looked",
    "NeedsReauthError",
    "NotConnectableError",
    "NothingToConfirmError",
    "NothingToConnectError",
    "OriginsDifferError",
    "PastedCode",
    "Probed",
    "Reason",
    "RefreshUnavailableError",
    "Revealed",
    "SecretNameTakenError",
    "SecretRow",
    "StartAuthorization",
    "TokenRefusedError",
    "UpdateConnection",
    "UpdateSecret",
    "Verdict",
    "WorkspaceDeletedError",
    "WrongAccountError",
    "authorized",
    "authorized_for",
    "confirm_connection_origins",
    "confirm_origins",
    "connect",
    "connection_for",
    "connection_through",
    "create_secret",
    "delete_secret",
    "destroy_connections",
    "disconnect",
    "disconnect_all",
    "disconnect_connection",
    "expired_connections",
    "expired_secrets",
    "finish_authorization",
    "get_connection",
    "get_secret",
    "heed_answer",
    "in_flight",
    "integration_secrets_of",
    "job_handlers",
    "list_connections",
    "list_secrets",
    "look_up",
    "open_authorization",
    "probe",
    "purge_connection",
    "purge_secret",
    "reconnect",
    "redeem_code",
    "renew",
    "require_usable",
    "restore_secret",
    "returning",
    "reveal",
    "reveal_credential",
    "set_integration_secrets",
    "start_authorization",
    "update_connection",
    "update_secret",
]
