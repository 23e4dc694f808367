"""Where the server listens: the address is taken before anything slow begins, so that a clash shows at once."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from trunkline.cli.failures import CommandError
from trunkline.settings import Settings


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen, as numbers."""

    family: int
    host: str
    port: int

    @property
    def reachable_host(self) -> str:
        """An address of this machine that reaches it."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  # what is compared

    @property
    def url(self) -> str:
        """The server as seen from this machine, without a slash at the end."""
        host = self.reachable_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


@contextmanager
def reserved(settings: Settings) -> Iterator[Address]:
    """Hold the address for the server to be started inside; port 0 becomes a free one.

    Raises:
        CommandError: the host is unknown, or the port is taken or not allowed.
    """
    family, host = _resolved(settings.host)
    port = settings.port
    if port:
        _require_free(Address(family, host, port))
    with socket.socket(family, socket.SOCK_STREAM) as held:
        if sys.platform == "linux":
            # The server's own sockets bind beside this one, which never listens; nobody is given the same
            # free port meanwhile. Elsewhere two such sockets would share connections.
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _bind(held, Address(family, host, port))
        port = held.getsockname()[1]
        if sys.platform != "linux":
            held.close()
        yield Address(family, host, port)


@contextmanager
def served_alone(settings: Settings) -> Iterator[None]:
    """Keep a second server off the same SQLite file; on PostgreSQL any number may serve.

    Raises:
        CommandError: another server has it.
    """
    path = settings.sqlite_path
    if path is None:
        yield
        return
    descriptor = os.open(path.with_name(f"{path.name}.served"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.read(descriptor, 32).decode(errors="replace").strip()
            raise CommandError(
                "already_served",
                f"another server runs on {path}" + (f" (process {other})" if other else ""),
                "stop it first, give this one another --data-dir, or use PostgreSQL to run several",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def port_problem(settings: Settings) -> CommandError | None:
    """Why the server could not listen where the settings say, if so."""
    try:
        with reserved(settings):
            return None
    except CommandError as error:
        return error


def _resolved(host: str) -> tuple[int, str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise CommandError("unknown_host", f"{host} is no address of this machine: {error}") from error
    family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, str(address[0])


def _require_free(address: Address) -> None:
    # Without SO_REUSEPORT this fails where anybody listens, even with it.
    with socket.socket(address.family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(probe, address)


def _bind(bound: socket.socket, address: Address) -> None:
    try:
        bound.bind((address.host, address.port))
    except OSError as error:
        where = f"{address.host} port {address.port}"
        match error.errno:
            case errno.EADDRINUSE:
                hint = "choose another with --port, or --port 0 for any that is free"
                raise CommandError("port_in_use", f"{where} is in use", hint) from error
            case errno.EACCES:
                hint = "ports below 1024 need privileges: use a higher one behind a proxy"
                raise CommandError("port_forbidden", f"{where} is not allowed", hint) from error
            case _:
                raise CommandError("cannot_listen", f"cannot listen on {where}: {error.strerror}") from error
