"""A small private file: only its owner may read it, and a crash leaves the old or the new one whole."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trunkline.infra.vault.errors import KeyFileError
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.secret import Secret

_MODE = 0o600
_DIRECTORY_MODE = 0o700
_OTHERS = 0o077
_LIMIT_BYTES = 65_536


def read_private(path: Path) -> Secret:
    """The text of the file, once it is certain that nobody but its owner could read it.

    Raises:
        KeyFileError: the file is missing, not a regular file, open to group or world, too large or not
            text.
    """
    try:
        # Not blocking, or a named pipe in the file's place would hang the start.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise KeyFileError(f"the vault key file {path} does not exist; restore it from its backup") from None
    except OSError as error:
        raise _cannot("read", path, error) from error
    try:
        _check_private(path, os.fstat(descriptor))
        return Secret(os.read(descriptor, _LIMIT_BYTES))
    except InvalidRequestError:
        raise KeyFileError(f"the vault key file {path} is not text") from None
    except OSError as error:
        raise _cannot("read", path, error) from error
    finally:
        os.close(descriptor)


def create_private(path: Path, text: Secret) -> None:
    """Make the file, and its missing parent directories, readable by their owner only.

    The file appears whole, synced and under its final mode, or not at all.

    Raises:
        KeyFileError: the file exists already, or cannot be written.
    """
    try:
        _make_directory(path.parent)
        fresh = _write_beside(path, text)
        try:
            # Unlike a rename, a link never replaces a file that came to be there meanwhile.
            os.link(fresh, path)
        except FileExistsError:
            raise KeyFileError(f"the vault key file {path} exists already and is never overwritten") from None
        finally:
            fresh.unlink()
        _sync_directory(path.parent)
    except OSError as error:
        raise _cannot("create", path, error) from error


def replace_private(path: Path, text: Secret) -> None:
    """Put a new text in the file's place in one step, keeping its owner.

    What a process killed at this earlier left beside the file goes too: it may hold what was taken out since.
    Only for whoever is `alone_with` the file.

    Raises:
        KeyFileError: the file cannot be written; the old one stands.
    """
    try:
        # Before the new file is in place: from then on somebody else may be alone with it, and writing theirs.
        for left in path.parent.glob(_beside(path, "*")):
            left.unlink()
        fresh = _write_beside(path, text, like=path.stat())
        try:
            fresh.replace(path)
        except OSError:
            fresh.unlink()
            raise
        _sync_directory(path.parent)
    except OSError as error:
        raise _cannot("replace", path, error) from error


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Keep every other thread and process that asks for the same from rewriting the file meanwhile.

    Raises:
        KeyFileError: the file is missing or cannot be opened for writing.
    """
    try:
        descriptor = _locked(path)
    except OSError as error:
        raise _cannot("lock", path, error) from error
    try:
        yield
    finally:
        os.close(descriptor)


def _check_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise KeyFileError(f"the vault key file {path} is not a regular file")
    if status.st_mode & _OTHERS:
        mode = stat.S_IMODE(status.st_mode)
        raise KeyFileError(
            f"the vault key file {path} has mode {mode:04o}, which lets others at it; run: chmod 600 {path}"
        )
    if status.st_size > _LIMIT_BYTES:
        raise KeyFileError(f"the vault key file {path} is larger than {_LIMIT_BYTES} bytes")


def _locked(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Whoever held the lock has put another file in this one's place: that is the one to lock.
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _write_beside(path: Path, text: Secret, *, like: os.stat_result | None = None) -> Path:
    fresh = path.with_name(_beside(path, secrets.token_hex(8)))
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, _MODE)
            # An operator may rotate as root the file of a server that is not: it must stay the server's.
            if like is not None and (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(descriptor, like.st_uid, like.st_gid)
            file.write(text.reveal().encode())
            file.flush()
            os.fsync(descriptor)
    except OSError:
        fresh.unlink()
        raise
    return fresh


def _beside(path: Path, distinct: str) -> str:
    return f".{path.name}.{distinct}.new"


def _make_directory(directory: Path) -> None:
    if directory.is_dir():
        return
    _make_directory(directory.parent)
    directory.mkdir(mode=_DIRECTORY_MODE, exist_ok=True)
    _sync_directory(directory.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cannot(verb: str, path: Path, error: OSError) -> KeyFileError:
    reason = os.strerror(error.errno or errno.EIO)
    return KeyFileError(f"cannot {verb} the vault key file {path}: {reason}")
