"""Where to put an archive with a manifest, and putting it there.

The vendor's command line asks for a place, puts the archive there, and names it in the deployment as
`gs://<bucket>/<path>`.

Source: ampersand reference section 2 (CLI deploy sequence).
"""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import parse_qs, urlencode

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import access
from trunkline.core import uploads as core
from trunkline.dialects.ampersand.wire_base import Query, Wire
from trunkline.infra.db import Tx
from trunkline.kit.errors import ErrorKind
from trunkline.web import FlowCall, Route

_SIGNATURE: Final = "signature"


class UploadParameters(Query, frozen=True, kw_only=True):
    """What is said of the archive before."""

    md5: Annotated[str, Meta(description="Its MD5 in base64: no other may be put there.")] | UnsetType = UNSET


class SignedUrl(Wire, frozen=True, kw_only=True):
    """A place for one archive, for a quarter of an hour; then `gs://<bucket>/<path>` names it for an hour."""

    url: str
    bucket: str
    path: str


async def generate_upload_url(call: FlowCall) -> SignedUrl:
    """GET /generate-upload-url."""
    asked: UploadParameters | None = call.query
    md5 = None if asked is None or asked.md5 is UNSET else asked.md5
    pepper = call.services.pepper
    place = await call.database.read(
        lambda tx: core.give_place(tx, call.actor, pepper=pepper, md5=md5), inline=True
    )
    query = urlencode({_SIGNATURE: place.signature})
    url = f"{call.services.public_url}{call.mount}/v1/uploads/{core.BUCKET}/{place.path}?{query}"
    return SignedUrl(url=url, bucket=core.BUCKET, path=place.path)


async def put_upload(call: FlowCall) -> None:
    """PUT /uploads/{bucket}/{name}."""
    given = parse_qs(call.incoming.query_string.decode("latin-1"))
    signature = given.get(_SIGNATURE, [""])[0]

    def place(tx: Tx) -> core.Place:
        return core.read_place(
            call.path["bucket"], call.path["name"], signature, pepper=call.services.pepper, now=tx.now
        )

    # Nothing is read of what comes without a place.
    await call.database.read(place, inline=True)
    content = await call.incoming.body(core.ARCHIVE_MAX)

    def keep(tx: Tx) -> None:
        found = place(tx)
        actor = access.act_as(tx, found.user_id, request_id=call.request_id)
        core.keep_upload(tx, actor, found, content, md5=call.headers.get("content-md5"))

    await call.database.write(keep)


_TAGS = ("Deployments",)

ROUTES = [
    Route(
        method="GET",
        path="/v1/generate-upload-url",
        handler=generate_upload_url,
        operation_id="generateUploadUrl",
        summary="Where to put an archive with a manifest.",
        permission="integrations:write",
        flow=True,
        query=UploadParameters,
        returns=SignedUrl,
        tags=_TAGS,
    ),
    Route(
        method="PUT",
        path="/v1/uploads/{bucket}/{name}",
        handler=put_upload,
        operation_id="putUpload",
        summary="Put an archive at the place that was given out; the URL is all it takes.",
        public=True,
        flow=True,
        raw=True,
        body_limit=core.ARCHIVE_MAX,
        errors=(ErrorKind.UNAUTHENTICATED, ErrorKind.FORBIDDEN, ErrorKind.CONFLICT),
        path_parameters={"bucket": "As it was answered.", "name": "The path as it was answered."},
        tags=_TAGS,
    ),
]
