"""The flags that commands share, and the settings they amount to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from shlex import quote
from typing import Annotated

from cyclopts import Group, Parameter, Token

from trunkline.cli.screen import Screen
from trunkline.settings import LogFormat, LogLevel, Settings, load_settings, redacted_url

COMMON = Group("Options of every command", sort_key=100)
SERVER = Group("Server", sort_key=50)


def _path(_kind: object, tokens: Sequence[Token]) -> Path:
    # To `Path`, nothing is the current directory; it comes from a variable that is not set.
    if not tokens[0].value:
        raise ValueError("a path must not be empty")
    return Path(tokens[0].value)


Place = Annotated[Path | None, Parameter(converter=_path)]


@Parameter(name="*", group=COMMON)
@dataclass(frozen=True, kw_only=True)
class Common:
    """What every command takes.

    Attributes:
        data_dir: the directory everything is kept in.
        database_url: sqlite:///path or postgresql://…; by default a file in the data directory.
        vault_key: the file with the keys that seal credentials; by default in the data directory.
        config: the settings file; by default trunkline.toml in the data directory where there is one.
        json: answer in JSON.
    """

    data_dir: Place = None
    database_url: str | None = None
    vault_key: Place = None
    config: Place = None
    json: Annotated[bool, Parameter(negative="")] = False

    @property
    def screen(self) -> Screen:
        """Where the command prints."""
        return Screen(json=self.json)

    def settings(self, server: Server | None = None) -> Settings:
        """The settings, with these flags on top.

        Raises:
            SettingsError: an unknown name or a malformed value anywhere.
        """
        flags = {name: getattr(self, name) for name in ("data_dir", "database_url", "vault_key")}
        if server is not None:
            flags |= {field.name: getattr(server, field.name) for field in fields(server)}
        return load_settings(flags, config=self.config)

    def flags(self) -> str:
        """The flags again, for commands that hints suggest."""
        return flags_text(
            {
                "--data-dir": self.data_dir,
                "--database-url": self.database_url,
                "--vault-key": self.vault_key,
                "--config": self.config,
            }
        )


def flags_text(given: Mapping[str, Path | str | None]) -> str:
    """Flags to be put behind a command, from those that have a value; a password is not repeated."""
    url = given.get("--database-url")
    is_secret = url is not None and redacted_url(str(url)) != str(url)
    shown = "".join(
        f" {flag} {quote(str(value))}"
        for flag, value in given.items()
        if value is not None and not (is_secret and flag == "--database-url")
    )
    return f"{shown} (with the same TRUNKLINE_DATABASE_URL)" if is_secret else shown


@Parameter(name="*", group=SERVER)
@dataclass(frozen=True, kw_only=True)
class Server:
    """What the commands that serve take besides.

    Attributes:
        host: the address to listen on (127.0.0.1).
        port: the port to listen on (8080); 0 picks a free one and prints it.
        public_url: where clients reach this instance, e.g. https://hub.example.com.
        workers: server processes (1); more than one only on PostgreSQL.
        log_format: console or json.
        log_level: debug, info, warning or error.
        unsafe_public_http: listen beyond this machine without TLS in front.
        egress_allow: private or plain-http host:port pairs, separated by commas, that connections may lead to.
        default_dialect: the API that answers where several share a path and nothing tells (platform).
    """

    host: str | None = None
    port: int | None = None
    public_url: str | None = None
    workers: int | None = None
    log_format: LogFormat | None = None
    log_level: LogLevel | None = None
    unsafe_public_http: Annotated[bool | None, Parameter(negative="")] = None
    egress_allow: str | None = None
    default_dialect: str | None = None


NO_FLAGS = Common()
NO_SERVER_FLAGS = Server()
