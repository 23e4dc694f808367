"""Names of fields: a plain name, or a nested one as a JSONPath in brackets, `$['address']['city']`."""

from __future__ import annotations

_OPEN, _CLOSE = "['", "']"


class FieldPathError(ValueError):
    """A name begins like a nested one and is none; the message says why."""


def is_nested(name: str) -> bool:
    """Whether a name means to lead into a value: it begins with `$[` or `$.`; `$email` is a plain name."""
    return name.startswith(("$[", "$."))


def read_field_path(name: str) -> tuple[str, ...]:
    """The keys that a field's name leads through, one for a plain name.

    Raises:
        FieldPathError: it is nested, but not written as keys in brackets and single quotes.
    """
    if not is_nested(name):
        return (name,)
    if name.startswith("$."):
        raise FieldPathError("keys are written in brackets, not behind dots")
    rest, keys = name[1:], []
    while rest:
        key, closed, after = rest.removeprefix(_OPEN).partition(_CLOSE)
        if not rest.startswith(_OPEN) or not closed:
            raise FieldPathError("every key stands in brackets and single quotes")
        if not key or "'" in key:
            raise FieldPathError("a key is empty or holds a quote")
        keys.append(key)
        rest = after
    return tuple(keys)
