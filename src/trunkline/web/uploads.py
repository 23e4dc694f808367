"""One file out of a request: the body as it is, or the only file of a form.

Source: RFC 7578 (multipart/form-data).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from trunkline.kit.errors import InvalidRequestError, UnsupportedMediaError

FORM: Final = "multipart/form-data"
MAX_PARTS: Final = 4
MAX_HEADERS: Final = 4 * 1024  # bytes of one part's headers


@dataclass(frozen=True, slots=True)
class Upload:
    """A file somebody sent.

    Attributes:
        media_type: as it was declared, which proves nothing.
    """

    content: bytes = field(repr=False)
    media_type: str
    filename: str | None = None


@dataclass(slots=True)
class _Part:
    headers: dict[str, str] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)


class _Form:
    """The parts of a form, collected by the parser's callbacks."""

    def __init__(self) -> None:
        self.parts: list[_Part] = []
        self._name = bytearray()
        self._value = bytearray()
        self._header_bytes = 0

    def begin(self) -> None:
        if len(self.parts) == MAX_PARTS:
            raise InvalidRequestError.at("", f"a form may have {MAX_PARTS} parts")
        self.parts.append(_Part())
        self._header_bytes = 0

    def name(self, data: bytes, start: int, end: int) -> None:
        self._collect(self._name, data[start:end])

    def value(self, data: bytes, start: int, end: int) -> None:
        self._collect(self._value, data[start:end])

    def header(self) -> None:
        self.parts[-1].headers[self._name.decode("latin-1").lower()] = self._value.decode("utf-8", "replace")
        self._name.clear()
        self._value.clear()

    def data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].content += data[start:end]

    def _collect(self, into: bytearray, piece: bytes) -> None:
        self._header_bytes += len(piece)
        if self._header_bytes > MAX_HEADERS:
            raise InvalidRequestError.at("", "the headers of a part are too long")
        into += piece


def read_upload(body: bytes, content_type: str | None) -> Upload:
    """The file in a body.

    Raises:
        UnsupportedMediaError: no media type is declared.
        InvalidRequestError: the body is empty, the form is malformed, or there is not exactly one file in it.
    """
    if content_type is None:
        raise UnsupportedMediaError(f"declare the file's content-type, or send it as {FORM}")
    essence, options = parse_options_header(content_type.encode("latin-1"))
    media_type = essence.decode("latin-1").lower()
    if media_type != FORM:
        if not body:
            raise InvalidRequestError.at("", "a file is required")
        return Upload(body, media_type)
    files = [upload for part in _parts(body, options.get(b"boundary", b"")) if (upload := _file(part))]
    if len(files) != 1:
        raise InvalidRequestError.at("", f"the form must hold one file, not {len(files)}")
    return files[0]


def _parts(body: bytes, boundary: bytes) -> list[_Part]:
    form = _Form()
    ended: list[bool] = []
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": form.begin,
                "on_header_field": form.name,
                "on_header_value": form.value,
                "on_header_end": form.header,
                "on_part_data": form.data,
                "on_end": lambda: ended.append(True),
            },
        )
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise InvalidRequestError.at("", "the form is malformed") from error
    if not ended:
        raise InvalidRequestError.at("", "the form is not complete")
    return form.parts


def _file(part: _Part) -> Upload | None:
    _, options = parse_options_header(part.headers.get("content-disposition", "").encode())
    filename = options.get(b"filename")
    if filename is None:
        return None
    declared, _ = parse_options_header(part.headers.get("content-type", "application/octet-stream").encode())
    return Upload(
        bytes(part.content), declared.decode("latin-1").lower(), filename.decode("utf-8", "replace")
    )
