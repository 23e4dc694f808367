"""Putting files here, reading them back, and forgetting them."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Final

from trunkline.core.access import Permission
from trunkline.core.journal import Change, record
from trunkline.core.uploads.archive import ARCHIVE_MAX, read_manifest_file
from trunkline.core.uploads.errors import UploadExistsError, UploadPlaceError, UploadsFullError
from trunkline.core.uploads.places import Place, check_md5, upload_id
from trunkline.core.uploads.queries import CONTENT_OF, DIGEST_OF, ENDED, HELD
from trunkline.core.uploads.tables import uploads
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.clock import read_stamp, stamp
from trunkline.kit.errors import InvalidRequestError, PayloadTooLargeError

KEPT_FOR_S: Final = 3_600  # seconds
UPLOADS_MAX: Final = 50  # of an organization at once


def keep_upload(tx: Tx, actor: Actor, place: Place, content: bytes, *, md5: str | None = None) -> None:
    """Put a file at a place, for an hour; a no-op when the same one is there.

    Args:
        tx: the transaction.
        actor: whom the place was given to.
        place: as `read_place` gives it.
        content: of the file.
        md5: what its sender says of it, in base64.

    Raises:
        UploadPlaceError: the caller has left the organization meanwhile.
        PayloadTooLargeError: more than a MiB.
        InvalidRequestError: the file is not what its MD5 says, or what the place is for.
        UploadExistsError: another file is there.
        UploadsFullError: the organization has 50 files waiting.
    """
    if place.organization_id not in actor.organizations or place.user_id != actor.user_id:
        raise UploadPlaceError("the place to upload to was given to somebody who has left")
    if len(content) > ARCHIVE_MAX:
        raise PayloadTooLargeError(f"an upload has at most {ARCHIVE_MAX // 1024} KiB")
    _check_sums(content, place.md5, md5)
    digest = hashlib.sha256(content).hexdigest()
    present = tx.value(DIGEST_OF, id=place.id)
    if present == digest:
        return
    if present is not None:
        raise UploadExistsError("a file was put there already; ask for another place")
    if tx.value(HELD, organization_id=place.organization_id, now=tx.now) >= UPLOADS_MAX:
        raise UploadsFullError(f"{UPLOADS_MAX} files are waiting to be used; each is forgotten after an hour")
    tx.insert(
        uploads,
        id=place.id,
        organization_id=place.organization_id,
        user_id=place.user_id,
        digest=digest,
        content=content,
        created_at=tx.now,
        expires_at=stamp(read_stamp(tx.now) + timedelta(seconds=KEPT_FOR_S)),
    )
    change = Change(
        type="upload.created",
        subject_kind="upload",
        subject_id=place.id,
        organization_id=place.organization_id,
        data={"bytes": len(content)},
    )
    record(tx, actor, change)


def open_upload(tx: Tx, actor: Actor, url: str) -> bytes:
    """The manifest in an archive that the caller has uploaded, by its `gs://<bucket>/<path>`.

    Raises:
        InvalidRequestError: the caller has uploaded nothing there in the last hour, or no archive that holds one
            manifest.
        PayloadTooLargeError: the manifest is longer than a MiB.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    row_id = upload_id(url)
    content = None
    for organization_id in actor.organizations if row_id is not None else ():
        content = content or tx.value(
            CONTENT_OF, id=row_id, organization_id=organization_id, user_id=actor.user_id, now=tx.now
        )
    if content is None:
        raise InvalidRequestError.at("sourceZipUrl", "nothing was uploaded there, or more than an hour ago")
    try:
        return read_manifest_file(bytes(content))
    except InvalidRequestError as error:
        raise InvalidRequestError.at("sourceZipUrl", error.message) from error


def forget_uploads(tx: Tx) -> int:
    """Remove what was put here more than an hour ago; how many."""
    return tx.delete(uploads, ENDED, now=tx.now)


def _check_sums(content: bytes, promised: str | None, said: str | None) -> None:
    actual = hashlib.md5(content, usedforsecurity=False).digest()
    for path, text in (("md5", promised), ("Content-MD5", said)):
        if text is not None and not hmac.compare_digest(check_md5(path, text), actual):
            raise InvalidRequestError.at(path, "the file is not the one with this MD5")
