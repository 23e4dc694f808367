"""Places to put a file at: given out without writing anything down, and known again by their signature.

A place says who may put a file there, until when, and, if it was said before, which one.

Source: ampersand reference section 2 (CLI deploy sequence).
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

import msgspec

from trunkline.core.access import acting_organization
from trunkline.core.uploads.errors import UploadPlaceError
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.clock import read_stamp, stamp
from trunkline.kit.errors import InvalidRequestError

BUCKET: Final = "trunkline"
OPEN_FOR_S: Final = 900  # seconds in which a file can be put there
MD5_BYTES: Final = 16

_URL = re.compile(rf"gs://{BUCKET}/([0-9a-f]{{32}})\.zip", re.ASCII)
_NAME = re.compile(r"([0-9a-f]{32})\.zip", re.ASCII)
_PURPOSE: Final = b"upload place"


class _Permit(msgspec.Struct, array_like=True, frozen=True):
    """What the signature covers beside the file's name."""

    organization_id: str
    user_id: str
    expires_at: str
    md5: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a file may be put.

    Attributes:
        id: of the upload it will be.
        signature: proves that the place was given out; part of the URL, known to nobody else.
    """

    id: str
    organization_id: str
    user_id: str
    expires_at: str
    md5: str | None
    signature: str

    @property
    def path(self) -> str:
        """Its name in the bucket."""
        return f"{self.id}.zip"


def give_place(tx: Tx, actor: Actor, *, pepper: bytes, md5: str | None = None) -> Place:
    """A place for one file of the caller's, for a quarter of an hour; nothing is written.

    Args:
        tx: the transaction.
        actor: who will put a file there.
        pepper: signs the place.
        md5: of the file, in base64, where it is known: no other may be put there.

    Raises:
        NotFoundError: the caller belongs to no organization.
        InvalidRequestError: the MD5 is none.
    """
    if md5 is not None:
        check_md5("md5", md5)
    place_id = tx.new_id()
    permit = _Permit(
        acting_organization(tx, actor),
        actor.user_id,
        stamp(read_stamp(tx.now) + timedelta(seconds=OPEN_FOR_S)),
        md5,
    )
    text = msgspec.json.encode(permit)
    signature = urlsafe_b64encode(_tag(pepper, place_id, text) + text).rstrip(b"=").decode()
    return _placed(place_id, permit, signature)


def read_place(bucket: str, name: str, signature: str, *, pepper: bytes, now: str) -> Place:
    """The place that a URL names.

    Raises:
        UploadPlaceError: it was never given out, or too long ago.
    """
    found = _NAME.fullmatch(name)
    permit = None if found is None or bucket != BUCKET else _permit(pepper, found[1], signature)
    if found is None or permit is None:
        raise UploadPlaceError("no such place to upload to was given out")
    if permit.expires_at <= now:
        raise UploadPlaceError("the place to upload to was given out too long ago; ask for another")
    return _placed(found[1], permit, signature)


def check_md5(path: str, text: str) -> bytes:
    """The digest that a base64 text is.

    Raises:
        InvalidRequestError: it is none of 16 bytes.
    """
    try:
        digest = b64decode(text, validate=True)
    except (Error, ValueError):
        digest = b""
    if len(digest) != MD5_BYTES:
        raise InvalidRequestError.at(path, "must be an MD5 digest in base64")
    return digest


def upload_id(url: str) -> str | None:
    """The upload that `gs://<bucket>/<path>` names; None where it can be none of ours."""
    found = _URL.fullmatch(url)
    return None if found is None else found[1]


def _placed(place_id: str, permit: _Permit, signature: str) -> Place:
    return Place(
        id=place_id,
        organization_id=permit.organization_id,
        user_id=permit.user_id,
        expires_at=permit.expires_at,
        md5=permit.md5,
        signature=signature,
    )


def _permit(pepper: bytes, place_id: str, signature: str) -> _Permit | None:
    try:
        raw = urlsafe_b64decode(signature.encode("ascii") + b"=" * (-len(signature) % 4))
    except ValueError:
        return None
    tag, text = raw[: sha256().digest_size], raw[sha256().digest_size :]
    if not hmac.compare_digest(tag, _tag(pepper, place_id, text)):
        return None
    return msgspec.json.decode(text, type=_Permit)


def _tag(pepper: bytes, place_id: str, text: bytes) -> bytes:
    return hmac.digest(pepper, b"\0".join((_PURPOSE, place_id.encode(), text)), "sha256")
