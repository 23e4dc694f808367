"""Rules about the shape of a manifest: which members there are, and of what type."""

from __future__ import annotations

from trunkline.core.manifests.rules import Rulebook, Scope

SHAPE = Rulebook()

REQUIRED_FIELD = SHAPE.declare(
    "required-field",
    "error",
    Scope.SHAPE,
    "What must be given is there, and is not blank.",
    "Add the member with its value.",
)
WRONG_TYPE = SHAPE.declare(
    "wrong-type",
    "error",
    Scope.SHAPE,
    "Every value is of its member's type.",
    "Write a value of that type; put a text that looks like a number or a truth value in quotes.",
)
UNKNOWN_VALUE = SHAPE.declare(
    "unknown-value",
    "error",
    Scope.SHAPE,
    "A member with a fixed set of values has one of them.",
    "Use one of the values named, or remove the member.",
)
TEXT_LENGTH = SHAPE.declare(
    "text-length",
    "error",
    Scope.SHAPE,
    "A name has at most 200 characters, a field's name or a prompt 1,000.",
    "Use a shorter text.",
)
UNKNOWN_KEY = SHAPE.declare(
    "unknown-key",
    "warning",
    Scope.SHAPE,
    "Every key is one that a manifest knows; others are dropped.",
    "Correct the spelling, move it to where it belongs, or remove it.",
)
EMPTY_VALUE = SHAPE.declare(
    "empty-value",
    "warning",
    Scope.SHAPE,
    "A key has a value; one without counts as absent.",
    "Give it a value, or remove the key.",
)
