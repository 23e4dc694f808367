"""Rules about the text and its YAML; broken, most of them leave nothing to look at any further."""

from __future__ import annotations

from trunkline.core.manifests.rules import Rulebook, Scope

SIZE_MAX_BYTES = 1024 * 1024
DEPTH_MAX = 32  # nested lists and mappings
VALUES_MAX = 50_000  # in the document, with every alias written out
ALIASES_MAX = 100
FINDINGS_MAX = 500  # of each severity; nobody reads more

TEXT = Rulebook()

TOO_LARGE = TEXT.declare(
    "too-large",
    "error",
    Scope.TEXT,
    "The text has at most 1 MiB.",
    "Split the project: a manifest of this size is hardly written by hand.",
)
UNREADABLE_CHARACTER = TEXT.declare(
    "unreadable-character",
    "error",
    Scope.TEXT,
    "The text is UTF-8 without control characters other than line breaks and tabs, escaped ones neither.",
    "Save the file as UTF-8, and remove the character.",
)
YAML_SYNTAX = TEXT.declare(
    "yaml-syntax",
    "error",
    Scope.TEXT,
    "The text is YAML.",
    "Look at the indentation, the quotes and the colons there and on the line above.",
)
ONE_DOCUMENT = TEXT.declare(
    "one-document",
    "error",
    Scope.TEXT,
    "The text holds exactly one YAML document.",
    "Keep one document in a file; list all integrations in it.",
)
TOO_DEEP = TEXT.declare(
    "too-deep",
    "error",
    Scope.TEXT,
    f"Lists and mappings nest at most {DEPTH_MAX} deep, with aliases written out.",
    "No part of a manifest nests so deeply: remove what is inside.",
)
TOO_MANY_VALUES = TEXT.declare(
    "too-many-values",
    "error",
    Scope.TEXT,
    f"The document has at most {VALUES_MAX:,} values, with aliases written out.",
    "Split the project, and use fewer aliases.",
)
YAML_ALIAS = TEXT.declare(
    "yaml-alias",
    "error",
    Scope.TEXT,
    f"At most {ALIASES_MAX} aliases stand for values that are complete above them; `<<` merges mappings.",
    "Write the value out instead.",
)
YAML_TAG = TEXT.declare(
    "yaml-tag",
    "error",
    Scope.TEXT,
    "No value has a YAML tag.",
    "Remove the tag; put the value in quotes where a text is meant.",
)
DUPLICATE_KEY = TEXT.declare(
    "duplicate-key",
    "error",
    Scope.TEXT,
    "A key stands once in a mapping.",
    "Keep one of the two.",
)
KEY_NOT_TEXT = TEXT.declare(
    "key-not-text",
    "error",
    Scope.TEXT,
    "Every key is a text.",
    "Use a member's name as the key, in quotes where it looks like a number or a truth value.",
)
TOO_MANY_FINDINGS = TEXT.declare(
    "too-many-findings",
    "warning",
    Scope.TEXT,
    f"There are at most {FINDINGS_MAX} errors and as many warnings.",
    "Repair the ones above, and check again.",
)
