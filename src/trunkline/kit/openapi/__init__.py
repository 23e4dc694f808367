"""OpenAPI 3.0 and 3.1 documents turned into schemas and functions, without touching anything outside.

    data ── read_document ──> document ── convert ──> Conversion ── bound_definition ──> definitions

Reading refuses what two readers could read differently; converting refuses what would leave a reference
dangling and warns of what it reads otherwise than written; binding swaps the slugs that stand for schemas
for the ids the caller gave them. The limits that keep a hostile document cheap are in `budgets`.
"""

from trunkline.kit.openapi.binding import bound_definition
from trunkline.kit.openapi.conversion import convert
from trunkline.kit.openapi.document import read_document
from trunkline.kit.openapi.values import (
    JSON_SCHEMA_DIALECT,
    AuthHint,
    Conversion,
    ConvertedMember,
    MemberKind,
)

__all__ = [
    "JSON_SCHEMA_DIALECT",
    "AuthHint",
    "Conversion",
    "ConvertedMember",
    "MemberKind",
    "bound_definition",
    "convert",
    "read_document",
]
