"""What is known of the systems that integrations connect to: defaults, and how their folders are listed.

A preset saves typing, nothing more: an integration keeps its own copy, and may be of a type that is not here.

Source: the providers' own documentation of their OAuth endpoints and file APIs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

GOOGLE_FOLDER: Final = "application/vnd.google-apps.folder"
OAUTH: Final = ("oauth2",)
EVERY_WAY: Final = ("oauth2", "apikey", "basic", "bearer", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderListing:
    """How to ask for the folders in a folder. `{folder}` stands for its id, escaped as the place needs it.

    Attributes:
        root_path: where the root is asked about, if not by an id.
        quoted: whether the id stands between single quotes in `params`.
        body: sent as JSON.
        items: member of the answer that holds the list.
        id, name, path, mime_type: members of an item; an empty name is none.
        folder: an item is a folder if it has this member, with this value where one is given.
    """

    method: str = "GET"
    path: str
    root_path: str | None = None
    root: str = "root"
    params: Mapping[str, str] = field(default_factory=dict)
    quoted: bool = False
    body: Mapping[str, str] | None = None
    items: str
    id: str = "id"
    name: str = "name"
    path_of: str = ""
    mime_type: str = ""
    folder: tuple[str, str | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One kind of system.

    Attributes:
        type: what an integration of this kind says.
        auth_types: how it may be connected to, the usual way first.
        config: of the connecting half, what a new integration need not say.
        folders: how its folders are listed, if it has any.
    """

    type: str
    name: str
    description: str
    category: str | None = None
    auth_types: tuple[str, ...] = OAUTH
    supports_upload: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)
    folders: FolderListing | None = None

    @property
    def features(self) -> list[str]:
        """What can be done beside requests."""
        found = {"directories": self.folders is not None, "upload": self.supports_upload}
        return [name for name, there in found.items() if there]


_MICROSOFT: Final = {
    "type": "oauth2",
    "authUri": "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    "tokenUri": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    "apiBaseUri": "https://graph.microsoft.com/v1.0",
    "account": {"path": "/me", "id": "/id", "email": "/mail", "name": "/displayName"},
}
_ONEDRIVE_FOLDERS: Final = FolderListing(
    path="/me/drive/items/{folder}/children",
    root_path="/me/drive/root/children",
    params={"$select": "id,name,folder,parentReference"},
    items="value",
    folder=("folder", None),
)

_ALL: Final = (
    Driver(
        type="custom",
        name="Custom",
        description="Any HTTP API: say where it is and how requests are authenticated.",
        auth_types=EVERY_WAY,
    ),
    Driver(
        type="google-drive",
        name="Google Drive",
        description="Files and folders in Google Drive.",
        category="storage",
        supports_upload=True,
        config={
            "type": "oauth2",
            "authUri": "https://accounts.google.com/o/oauth2/v2/auth",
            "tokenUri": "https://oauth2.googleapis.com/token",
            "revocationUri": "https://oauth2.googleapis.com/revoke",
            "apiBaseUri": "https://www.googleapis.com/drive/v3",
            "scope": "https://www.googleapis.com/auth/drive.readonly",
            # Without these, Google gives no refresh token.
            "authorizeParams": {"access_type": "offline", "prompt": "consent"},
            "account": {
                "path": "/about?fields=user",
                "id": "/user/permissionId",
                "email": "/user/emailAddress",
                "name": "/user/displayName",
            },
        },
        folders=FolderListing(
            path="/files",
            params={
                "q": f"'{{folder}}' in parents and mimeType = '{GOOGLE_FOLDER}' and trashed = false",
                "fields": "files(id,name,mimeType)",
                "pageSize": "1000",
                "orderBy": "name",
            },
            quoted=True,
            items="files",
            mime_type="mimeType",
        ),
    ),
    Driver(
        type="onedrive",
        name="OneDrive",
        description="Files and folders in OneDrive.",
        category="storage",
        supports_upload=True,
        config={**_MICROSOFT, "scope": "offline_access User.Read Files.Read.All"},
        folders=_ONEDRIVE_FOLDERS,
    ),
    Driver(
        type="sharepoint",
        name="SharePoint",
        description="Sites and document libraries in SharePoint.",
        category="storage",
        supports_upload=True,
        config={**_MICROSOFT, "scope": "offline_access User.Read Sites.Read.All"},
    ),
    Driver(
        type="dropbox",
        name="Dropbox",
        description="Files and folders in Dropbox.",
        category="storage",
        supports_upload=True,
        config={
            "type": "oauth2",
            "authUri": "https://www.dropbox.com/oauth2/authorize",
            "tokenUri": "https://api.dropboxapi.com/oauth2/token",
            "apiBaseUri": "https://api.dropboxapi.com/2",
            "scope": "account_info.read files.metadata.read files.content.read",
            "authorizeParams": {"token_access_type": "offline"},
            "account": {
                "path": "/users/get_current_account",
                "method": "POST",
                "id": "/account_id",
                "email": "/email",
                "name": "/name/display_name",
            },
        },
        folders=FolderListing(
            method="POST",
            path="/files/list_folder",
            root="",
            body={"path": "{folder}"},
            items="entries",
            path_of="path_display",
            folder=(".tag", "folder"),
        ),
    ),
    Driver(
        type="salesforce",
        name="Salesforce",
        description="Objects and queries in Salesforce; the base URL is that of your own instance.",
        category="crm",
        config={
            "type": "oauth2",
            "authUri": "https://login.salesforce.com/services/oauth2/authorize",
            "tokenUri": "https://login.salesforce.com/services/oauth2/token",
            "revocationUri": "https://login.salesforce.com/services/oauth2/revoke",
            "scope": "api refresh_token",
        },
    ),
    Driver(
        type="slack",
        name="Slack",
        description="Channels and messages in Slack.",
        category="communication",
        config={
            "type": "oauth2",
            "authUri": "https://slack.com/oauth/v2/authorize",
            "tokenUri": "https://slack.com/api/oauth.v2.access",
            "apiBaseUri": "https://slack.com/api",
            "scope": "channels:read,chat:write",
            "scopeSeparator": ",",
            "account": {"path": "/auth.test", "method": "POST", "id": "/user_id", "name": "/user"},
        },
    ),
)
DRIVERS: Final[Mapping[str, Driver]] = {driver.type: driver for driver in _ALL}
UPLOADING: Final = tuple(driver.type for driver in _ALL if driver.supports_upload)


def defaults_of(driver_type: str) -> Mapping[str, Any]:
    """What a new integration of this type need not say; nothing for a type that is not known."""
    found = DRIVERS.get(driver_type)
    return {} if found is None else found.config
