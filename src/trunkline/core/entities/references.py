"""References between definitions: every whole string value, or `$ref`, that is an entity's id.

They are found and rewritten in the stored text itself. Definitions are compact JSON made by one encoder, in
which a value's opening quote follows `:`, `[` or `,` and a quote inside a string is always escaped, so the
text is as exact as a walk over the decoded tree (a property test compares the two) and far cheaper.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from trunkline.core.entities.kinds import KINDS
from trunkline.kit.ids import KINDS as KIND_OF_PREFIX
from trunkline.kit.ids import PREFIXES

_ID = f"({'|'.join(PREFIXES[name] for name in KINDS)})_([0-9a-f]{{32}})"
# A whole value (not a member name, which a colon follows), or a `$ref` with its fragment kept.
_REFERENCE = re.compile(rf'(?<=[:\[,])"{_ID}(?="(?!:))|(?<="\$ref":)"{_ID}(?=#)', re.ASCII)


def find_references(definition: str) -> tuple[tuple[str, str], ...]:
    """The (kind, id) pairs a definition's text refers to, each once, in order of appearance."""
    found: dict[tuple[str, str], None] = {}
    for match in _REFERENCE.finditer(definition):
        prefix, hex_id = (match[1], match[2]) if match[1] else (match[3], match[4])
        found[KIND_OF_PREFIX[prefix], hex_id] = None
    return tuple(found)


def rewrite_references(definition: str, mapping: Mapping[str, str]) -> str:
    """The same text with every reference to a key of `mapping` (32 hex digits) pointing at its value."""

    def replace(match: re.Match[str]) -> str:
        prefix, hex_id = (match[1], match[2]) if match[1] else (match[3], match[4])
        return f'"{prefix}_{mapping.get(hex_id, hex_id)}'

    return _REFERENCE.sub(replace, definition)
