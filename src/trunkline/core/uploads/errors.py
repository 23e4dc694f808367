"""What can go wrong with uploads, beyond the general."""

from __future__ import annotations

from trunkline.kit.errors import ConflictError, ForbiddenError


class UploadPlaceError(ForbiddenError):
    """The place is not one that was given out, or it was given out too long ago."""

    code = "upload_place_invalid"


class UploadExistsError(ConflictError):
    """Something else was put there already: a place takes one file."""

    code = "upload_exists"


class UploadsFullError(ConflictError):
    """The organization has as many files waiting as it may have."""

    code = "uploads_full"
