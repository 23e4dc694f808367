"""Files that are put here for an hour, to be named in a later request: archives with a manifest."""

from trunkline.core.uploads.archive import ARCHIVE_MAX, MANIFEST_MAX, read_manifest_file
from trunkline.core.uploads.errors import UploadExistsError, UploadPlaceError, UploadsFullError
from trunkline.core.uploads.places import BUCKET, OPEN_FOR_S, Place, give_place, read_place
from trunkline.core.uploads.service import (
    KEPT_FOR_S,
    UPLOADS_MAX,
    forget_uploads,
    keep_upload,
    open_upload,
)

__all__ = [
    "ARCHIVE_MAX",
    "BUCKET",
    "KEPT_FOR_S",
    "MANIFEST_MAX",
    "OPEN_FOR_S",
    "UPLOADS_MAX",
    "Place",
    "UploadExistsError",
    "UploadPlaceError",
    "UploadsFullError",
    "forget_uploads",
    "give_place",
    "keep_upload",
    "open_upload",
    "read_manifest_file",
    "read_place",
]
