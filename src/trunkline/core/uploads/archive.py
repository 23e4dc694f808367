"""The one file out of an archive that anybody may have made.

Source: APPNOTE.TXT (ZIP); zlib.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Final

from trunkline.kit.errors import InvalidRequestError, PayloadTooLargeError

ARCHIVE_MAX: Final = 1024 * 1024  # bytes, packed
MANIFEST_MAX: Final = 1024 * 1024  # bytes, unpacked
ENTRIES_MAX: Final = 16
NAMES: Final = ("amp.yaml", "amp.yml")
# What `zipfile` raises over bytes that somebody has thought about.
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    NotImplementedError,
    OSError,
    OverflowError,
)
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def read_manifest_file(archive: bytes) -> bytes:
    """The manifest in a zip archive: the one `amp.yaml` or `amp.yml` in it, at its top.

    What is unpacked is counted as it comes, whatever the archive says of its size.

    Raises:
        InvalidRequestError: no zip archive, a broken or encrypted one, or one without exactly one manifest.
        PayloadTooLargeError: it, or what is in it, is longer than a MiB.
    """
    if len(archive) > ARCHIVE_MAX:
        raise PayloadTooLargeError(f"an archive has at most {ARCHIVE_MAX // 1024} KiB")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return _unpacked(opened, _manifest_of(opened))
    except _BROKEN as error:
        raise InvalidRequestError.at("", "not a zip archive that can be read") from error


def _manifest_of(opened: zipfile.ZipFile) -> zipfile.ZipInfo:
    entries = opened.infolist()
    if len(entries) > ENTRIES_MAX:
        raise InvalidRequestError.at("", f"the archive holds more than {ENTRIES_MAX} files")
    found = [entry for entry in entries if entry.filename.removeprefix("./") in NAMES]
    if len(found) != 1:
        raise InvalidRequestError.at("", f"the archive must hold one {' or '.join(NAMES)}, not {len(found)}")
    [entry] = found
    if entry.flag_bits & 1 or entry.compress_type not in _METHODS:
        raise InvalidRequestError.at("", "the archive is encrypted or packed in an unusual way")
    return entry


def _unpacked(opened: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with opened.open(entry) as file:
        text = file.read(MANIFEST_MAX + 1)
    if len(text) > MANIFEST_MAX:
        raise PayloadTooLargeError(f"a manifest has at most {MANIFEST_MAX // 1024} KiB")
    return text
