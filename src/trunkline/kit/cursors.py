"""Cursors as text: a place in one list of one organization, signed so that only we can have made it.

A cursor is bound to the entity, the organization and the order it was made for, not to the filter: a caller
may narrow the filter while paging. It holds the key values themselves, so that deleting the row it was
taken from does not break the walk.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import NoReturn

import msgspec

from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.filters import OrderKey
from trunkline.kit.pages import Anchor, Keyset, KeyValue, Position

MAX_CURSOR = 2 * 1024  # characters
VERSION = 1
_TAG = 16  # bytes of the HMAC kept: forging one takes 2^127 guesses on average
_KEY_MINIMUM = 16  # bytes


class _Place(msgspec.Struct, array_like=True, frozen=True):
    version: int
    entity: str
    organization: str
    order: str
    values: tuple[KeyValue, ...]


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Place)


class CursorCodec:
    """Makes and reads cursors under one secret key."""

    def __init__(self, key: bytes) -> None:
        if len(key) < _KEY_MINIMUM:
            raise ValueError(f"a cursor key has at least {_KEY_MINIMUM} bytes")
        self._key = key

    def encode(self, entity: str, organization: str, order: tuple[OrderKey, ...], keyset: Keyset) -> str:
        """Spell a place; `order` is the resolved one the page was read in.

        Key values too long for a cursor are left out: such a cursor holds the row's id alone and is read
        back as an `Anchor`.
        """
        text = self._spell(entity, organization, _fingerprint(order), keyset.values)
        if len(text) <= MAX_CURSOR:
            return text
        return self._spell(entity, organization, _fingerprint(order), keyset.values[-1:])

    def decode(
        self, text: str, entity: str, organization: str, order: tuple[OrderKey, ...], *, path: str = ""
    ) -> Position:
        """Read a place back; `order` is the resolved one the next page will be read in.

        Raises:
            InvalidRequestError: not a cursor of ours, or one of another entity, organization or order.
        """
        place = self._read(text, path)
        if (place.version, place.entity, place.organization) != (VERSION, entity, organization):
            _refuse(path, "not a cursor of this list")
        if place.order != _fingerprint(order):
            _refuse(path, "the cursor belongs to another order")
        if len(place.values) == len(order):
            return Keyset(place.values)
        return Anchor(str(place.values[-1]))

    def _spell(self, entity: str, organization: str, order: str, values: tuple[KeyValue, ...]) -> str:
        body = _encoder.encode(_Place(VERSION, entity, organization, order, values))
        return urlsafe_b64encode(self._tag(body) + body).rstrip(b"=").decode()

    def _read(self, text: str, path: str) -> _Place:
        if len(text) > MAX_CURSOR:
            _refuse(path, "not a cursor")
        try:
            raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        except ValueError:
            _refuse(path, "not a cursor")
        # Base64 has many spellings of the same bytes; only the one we print is a cursor.
        if urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
            _refuse(path, "not a cursor")
        if not hmac.compare_digest(raw[:_TAG], self._tag(raw[_TAG:])):
            _refuse(path, "not a cursor")
        try:
            return _decoder.decode(raw[_TAG:])
        except msgspec.DecodeError:  # signed by us, in the words of another version
            _refuse(path, "not a cursor of this version")

    def _tag(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, sha256)[:_TAG]


def _fingerprint(order: tuple[OrderKey, ...]) -> str:
    spelled = "\n".join(f"{key.field} {key.direction} {key.nulls_first}" for key in order)
    return sha256(spelled.encode()).hexdigest()[:16]


def _refuse(path: str, message: str) -> NoReturn:
    raise InvalidRequestError.at(path, message)
