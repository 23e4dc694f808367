"""What an operator may set, read once at the start: flags, then TRUNKLINE_* variables, then one file.

    defaults  <  trunkline.toml  <  TRUNKLINE_PORT=8080  <  --port 8080

A name nobody knows is an error wherever it stands, so that a typing mistake never passes for a setting.
The reference page of the settings is made from the declarations below (see `cli.configuration`).
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_type_hints
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Meta, Struct
from msgspec.inspect import BoolType, EnumType, IntType, Metadata, VarTupleType, type_info

PREFIX = "TRUNKLINE_"
FILE_NAME = "trunkline.toml"
CLIENT_VARIABLES = ("TRUNKLINE_CONFIG", "TRUNKLINE_URL", "TRUNKLINE_TOKEN")
"""Variables of the command line that are no settings of an instance."""

SQLITE = "sqlite:///"
POSTGRESQL = "postgresql://"

# Kubernetes sets these for every service of the namespace; one called `trunkline` must not break a start.
# Source: kubernetes.io, "Discovering services", environment variables.
_SERVICE_LINK = re.compile(
    r"TRUNKLINE_(?:SERVICE_(?:HOST|PORT)(?:_.+)?|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_.+)?)"
)
_SERVICE_PORT = re.compile(r"(?:tcp|udp|sctp)://")

# What libpq takes; whatever else it is given, it quotes in its errors, and with it parts of the password.
# Source: PostgreSQL documentation, section 34.1.1.2, connection URIs.
_HOST = r"(?:\[[^\[\]/?@\s]+\]|[^\[\]:/?@,\s]*)(?::[0-9]{0,5})?"
_PAIR = r"[^=&]+=[^=&]*"
_POSTGRESQL_URL = re.compile(
    rf"postgresql://(?:[^@/?]*@)?{_HOST}(?:,{_HOST})*(?:/[^/?]*)?(?:\?(?:{_PAIR}(?:&{_PAIR})*)?)?"
)
_NO_ESCAPE = re.compile(r"%(?!(?!00)[0-9A-Fa-f]{2})")


class LogFormat(StrEnum):
    """How the log is written."""

    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    """The least that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class RetentionTier(StrEnum):
    """How long deleted objects can be restored."""

    SHORT = "short"
    MEDIUM = "medium"
    LONG = "long"
    NONE = "none"


class SettingsError(ValueError):
    """A setting that is unknown, malformed or unsafe; the message names it and where it was set.

    Attributes:
        hint: what to do about it; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def _doc(text: str, default: str = "") -> Meta:
    return Meta(description=text, extra={"default": default} if default else None)


class Settings(Struct, frozen=True, kw_only=True):
    """One instance's settings; every path is absolute."""

    data_dir: Annotated[
        Path,
        _doc(
            "The directory everything is kept in unless set otherwise.",
            "$XDG_DATA_HOME/trunkline, else ~/.local/share/trunkline",
        ),
    ]
    database_url: Annotated[
        str,
        _doc(
            "`sqlite:///path` or `postgresql://user:password@host/name`.", "sqlite:///<data_dir>/trunkline.db"
        ),
    ]
    vault_key: Annotated[
        Path,
        _doc(
            "The file with the keys that seal credentials. Keep a copy of it apart from the backups of the"
            " database: without it nothing sealed can be opened again.",
            "`<data_dir>/vault.key`",
        ),
    ]
    host: Annotated[str, _doc("The address to listen on; 0.0.0.0 or :: for all.")] = "127.0.0.1"
    port: Annotated[
        int, Meta(ge=0, le=65_535), _doc("The port to listen on; 0 picks a free one and prints it.")
    ] = 8080
    public_url: Annotated[
        str | None,
        _doc("Where clients reach this instance, e.g. https://hub.example.com; printed and put into links."),
    ] = None
    unsafe_public_http: Annotated[
        bool,
        _doc(
            "Listen beyond this machine although no https:// `public_url` is set. Keys then travel readable:"
            " only for networks where nobody else listens."
        ),
    ] = False
    egress_allow: Annotated[
        tuple[str, ...],
        _doc(
            "Hosts with their ports, e.g. `crm.internal:8443`, that connections may lead to although they are"
            " private or speak plain http; a list in the file, else separated by commas. Everything else must"
            " be https to a public address.",
            "none",
        ),
    ] = ()
    default_dialect: Annotated[
        str,
        _doc(
            "Which published API answers at a path that several have, when neither media type, id, credential"
            " nor body tells: the name of its mount, e.g. `informer`."
        ),
    ] = "platform"
    workers: Annotated[
        int, Meta(ge=1, le=64), _doc("Server processes; more than one only on PostgreSQL.")
    ] = 1
    log_format: Annotated[LogFormat, _doc("`console` for people, `json` for one object per line.")] = (
        LogFormat.CONSOLE
    )
    log_level: Annotated[LogLevel, _doc("The least that is logged: debug, info, warning or error.")] = (
        LogLevel.INFO
    )
    retention_tier: Annotated[
        RetentionTier,
        _doc(
            "What `init` sets for the organization it makes: how long deleted objects can be restored (short"
            " 7 days, medium 30, long 90, none for good)."
        ),
    ] = RetentionTier.MEDIUM

    @property
    def sqlite_path(self) -> Path | None:
        """The database file; None on PostgreSQL."""
        if not self.database_url.startswith(SQLITE):
            return None
        return Path(self.database_url.removeprefix(SQLITE))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address to listen on."""
        return is_loopback(self.host)

    def base_url(self, port: int | None = None) -> str:
        """Where clients reach this instance, without a slash at the end.

        Args:
            port: the one in use, where `port` is 0.
        """
        if self.public_url is not None:
            return self.public_url
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  # what is compared
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port if port is None else port}"

    def __rich_repr__(self) -> Any:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            yield name, redacted_url(value) if name == "database_url" else value

    def __repr__(self) -> str:
        members = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"Settings({members})"


def load_settings(
    flags: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    config: Path | None = None,
) -> Settings:
    """Read the settings from everywhere they may stand.

    Args:
        flags: by field name; None values count as not given.
        environ: the process's environment unless given.
        config: the file to read, which then must exist; by default TRUNKLINE_CONFIG, or `trunkline.toml` in
            the data directory where there is one.

    Raises:
        SettingsError: an unknown name, a malformed value, or a file that cannot be read.
    """
    environment = os.environ if environ is None else environ
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    variables = _variables(environment)
    named = config or (Path(path) if (path := environment.get("TRUNKLINE_CONFIG")) else None)
    early = given.get("data_dir", variables.get("data_dir"))
    home = _absolute(Path(early) if early else _default_data_dir(environment), Path.cwd())
    file = named or home / FILE_NAME
    values: dict[str, Any] = {}
    if named is not None or file.is_file():
        stored = _read_file(file)
        if named is None and "data_dir" in stored:
            raise SettingsError(f"data_dir cannot be set in {file}, which is itself found through it")
        values |= _converted(stored, f"in {file}", base=file.parent, strict=True)
    values |= _converted(variables, "in the environment", base=Path.cwd(), strict=False, spell=variable_of)
    values |= _converted(given, "on the command line", base=Path.cwd(), strict=False, spell=flag_of)
    return _completed(values, home)


def check_exposure(settings: Settings) -> None:
    """Refuse to put keys on a network in the clear.

    Raises:
        SettingsError: the address is not loopback and nothing says that TLS ends in front of this server.
    """
    secure = settings.public_url is not None and settings.public_url.startswith("https://")
    if settings.is_loopback or secure or settings.unsafe_public_http:
        return
    raise SettingsError(
        f"listening on {settings.host} without TLS would send access keys readable over the network",
        "put a proxy that ends TLS in front and pass --public-url https://…, or listen on 127.0.0.1;"
        " --unsafe-public-http overrides this on a network nobody else can listen to",
    )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, as seen from itself alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def redacted_url(url: str) -> str:
    """The URL without a password, fit to be shown; where it is malformed, rather with too little than too much."""
    for pattern in _PASSWORDS:
        url = pattern.sub(r"\1***", url)
    return url


# Behind two slashes; behind a first colon, where these are missing; where a host and a port should be; by name.
_PASSWORDS = (
    re.compile(r"(//[^:@]*:).*(?=@)", re.DOTALL),
    re.compile(r"\A([^:@]*:)(?!//).*(?=@)", re.DOTALL),
    re.compile(r"(//[^:@/?#\[]*:)(?!\d+\W|\d*(?:[/?#,]|\Z)|\*\*\*@).*", re.DOTALL),
    re.compile(r"(password\s*=)[^&]*", re.IGNORECASE),
)


def redacted_text(text: str) -> str:
    """A sentence that may quote URLs, these without passwords."""
    return re.sub(r"\S*(?://|(?i:password=))\S*", lambda found: redacted_url(found[0]), text)


def read_http_url(text: str) -> SplitResult | None:
    """The parts of an http or https URL with a host; None for what is no such URL."""
    if " " in text or not text.isprintable():
        return None  # else tabs and line ends would silently be left out
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or port == 0:
        return None
    return parts if _HOST_NAME.fullmatch(parts.hostname or "") else None


_HOST_NAME = re.compile(r"[\w.:-]+")  # of any language, or an address


def _variables(environment: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or variable in CLIENT_VARIABLES or not value:
            continue
        if _SERVICE_LINK.fullmatch(variable) or (variable == "TRUNKLINE_PORT" and _SERVICE_PORT.match(value)):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if variable != variable_of(name) or name not in Settings.__struct_fields__:
            known = [variable_of(field) for field in Settings.__struct_fields__]
            raise SettingsError(f"unknown variable {variable}", _meant(variable, [*known, *CLIENT_VARIABLES]))
        found[name] = value
    return found


def _read_file(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read the settings file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"the settings file {path} is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"the settings file {path} is not TOML: {error}") from error
    for name in values:
        if name not in Settings.__struct_fields__:
            raise SettingsError(f"unknown setting {name} in {path}", _meant(name, Settings.__struct_fields__))
    return values


def _converted(
    values: Mapping[str, Any], where: str, *, base: Path, strict: bool, spell: Any = str
) -> dict[str, Any]:
    hints = get_type_hints(Settings, include_extras=True)
    kinds = _kinds()
    converted: dict[str, Any] = {}
    for name, value in values.items():
        plain = _plain(value, kinds[name])
        try:
            read = msgspec.convert(plain, hints[name], strict=strict, dec_hook=_path)
        except (msgspec.ValidationError, TypeError) as error:
            shown = "" if name == "database_url" else f", not {value!r}"  # a password may be anywhere in it
            raise SettingsError(f"{spell(name)} {where} must be {_expected(name)}{shown}") from error
        converted[name] = _placed(name, read, base)
    return converted


def _kinds() -> dict[str, Any]:
    fields = type_info(Settings).fields  # type: ignore[attr-defined]
    return {
        field.name: field.type.type if isinstance(field.type, Metadata) else field.type for field in fields
    }


def _plain(value: Any, kind: Any) -> Any:
    """What msgspec converts: a path as its text, and a list that was given as one text as its items."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str) and isinstance(kind, VarTupleType):
        return [item for part in value.split(",") if (item := part.strip())]
    return value


def _expected(name: str) -> str:
    match _kinds()[name]:
        case IntType(ge=least, le=most):
            return f"a whole number from {least} to {most}"
        case BoolType():
            return "true or false"
        case EnumType(cls=choices):
            return f"one of {', '.join(choice.value for choice in choices)}"
        case VarTupleType():
            return "a list of texts"
        case _:
            return "a text"


def _path(kind: type, value: Any) -> Any:
    if kind is not Path:
        raise TypeError(f"no setting is a {kind.__name__}")
    if not isinstance(value, str) or not value or "\x00" in value:
        raise TypeError("expected a path")
    return Path(value)


def _placed(name: str, value: Any, base: Path) -> Any:
    """Absolute paths, and URLs in the one spelling the rest of the code knows."""
    if isinstance(value, Path):
        return _absolute(value, base)
    if name == "database_url":
        return _database_url(value, base)
    if name == "public_url":
        return _public_url(value)
    return value


def _database_url(value: str, base: Path) -> str:
    if value.startswith("postgres://"):
        value = POSTGRESQL + value.removeprefix("postgres://")
    if value.startswith(POSTGRESQL):
        if _POSTGRESQL_URL.fullmatch(value) and not _NO_ESCAPE.search(value):
            return value
        raise SettingsError(
            f"the database URL {redacted_url(value)} is malformed",
            "it looks like postgresql://user:password@host:5432/name; in a password, write / as %2F, @ as %40,"
            " : as %3A, ? as %3F and % as %25",
        )
    if value.startswith(SQLITE) and value != SQLITE and "?" not in value:
        return f"{SQLITE}{_absolute(Path(value.removeprefix(SQLITE)), base)}"
    raise SettingsError(
        f"the database URL {redacted_url(value)} is neither sqlite:///path nor postgresql://…",
        "an absolute SQLite path has four slashes: sqlite:////var/lib/trunkline/trunkline.db",
    )


def _public_url(value: str) -> str:
    parts = read_http_url(value)
    # It is put into headers, which hold ASCII.
    if parts is None or not value.isascii() or parts.query or parts.fragment:
        raise SettingsError(f"the public URL {redacted_url(value)} is not like https://hub.example.com")
    if parts.path not in {"", "/"} or "@" in parts.netloc:
        raise SettingsError(
            f"the public URL {redacted_url(value)} must be an origin: no path and no credentials"
        )
    return value.removesuffix("/")


def _completed(values: dict[str, Any], home: Path) -> Settings:
    data_dir = values.get("data_dir", home)
    derived = {
        "data_dir": data_dir,
        "database_url": f"{SQLITE}{data_dir / 'trunkline.db'}",
        "vault_key": data_dir / "vault.key",
    }
    return Settings(**derived | values)


def _default_data_dir(environment: Mapping[str, str]) -> Path:
    shared = environment.get("XDG_DATA_HOME")
    # Source: XDG Base Directory Specification 0.8; a relative path there must be ignored.
    home = Path(shared) if shared and shared.startswith("/") else Path.home() / ".local" / "share"
    return home / "trunkline"


def _absolute(path: Path, base: Path) -> Path:
    return Path(os.path.normpath(base.absolute() / path.expanduser()))


def variable_of(name: str) -> str:
    """The variable a setting is read from, e.g. `TRUNKLINE_DATA_DIR`."""
    return PREFIX + name.upper()


def flag_of(name: str) -> str:
    """The flag a setting is read from, e.g. `--data-dir`."""
    return "--" + name.replace("_", "-")


def _meant(given: str, known: Any) -> str:
    close = difflib.get_close_matches(given, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
