"""Everywhere an operation takes an id, found in what its route declares.

A text member must be known either to take ids of some kinds or to take none: a new one fails here until
somebody has said which.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from tests.conformance.operations import Operation
from tests.conformance.vocabulary import Example, Place, Put, vocabulary

LIST_PARAMETERS = frozenset(
    {"limit", "after", "before", "cursor", "ids", "filter", "orderBy", "include_deleted", "start", "sort"}
)


def places(operation: Operation) -> list[Place]:
    """Every place, each with every kind that may stand there."""
    words = vocabulary(operation)
    found = [*_path(operation), *_query(operation), *_body(operation), *words.body_places(operation)]
    return [*found, *words.list_places(operation)] if operation.is_list else found


def _path(operation: Operation) -> Iterator[Place]:
    for name in vocabulary(operation).ids_in_path(operation):
        kind = vocabulary(operation).kind_of_path_parameter(operation, name)
        yield Place(f"path {name}", (kind,), _in_path(name))


def _in_path(name: str) -> Put:
    return lambda example, text: example.with_path(**{name: text})


def _query(operation: Operation) -> Iterator[Place]:
    if operation.route.query is None:
        return
    for field in _fields(operation.route.query):
        name = field.encode_name
        if name in LIST_PARAMETERS or not list(_texts(field.type, name)):
            continue
        kinds = vocabulary(operation).kinds_of_member(operation, name)
        if kinds:
            yield Place(f"query {name}", kinds, _in_query(name))


def _in_query(name: str) -> Put:
    return lambda example, text: example.with_query(**{name: text})


def _body(operation: Operation) -> Iterator[Place]:
    if operation.route.body is None:
        return
    for field in _fields(operation.route.body):
        for pointer in _texts(field.type, field.encode_name):
            kinds = vocabulary(operation).kinds_of_member(operation, pointer)
            if kinds:
                yield Place(f"body {pointer}", kinds, _in_body(pointer))
        for pointer in _free(field.type, field.encode_name):
            if pointer.rpartition(".")[2] not in vocabulary(operation).free:
                pytest.fail(
                    f"{operation}: {pointer} takes any JSON: say in the vocabulary where it holds ids"
                )


def _in_body(pointer: str) -> Put:
    """Writes at a pointer such as `scopes.entityIds[]`, the only item of a list."""

    def put(example: Example, text: str) -> Example:
        value: Any = text
        head, *rest = pointer.split(".")
        for name in reversed(rest):
            value = {name.removesuffix("[]"): [value] if name.endswith("[]") else value}
        return example.with_body({head.removesuffix("[]"): [value] if head.endswith("[]") else value})

    return put


def _fields(struct: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return info.fields


def _texts(kind: inspect.Type, pointer: str) -> Iterator[str]:
    """Members at and below `pointer` that hold text."""
    for one in _alternatives(kind):
        if isinstance(one, inspect.StrType):
            yield pointer
        elif isinstance(one, inspect.ListType):
            yield from _texts(one.item_type, f"{pointer}[]")
        elif isinstance(one, inspect.StructType):
            for field in one.fields:
                yield from _texts(field.type, f"{pointer}.{field.encode_name}")


def _free(kind: inspect.Type, pointer: str) -> Iterator[str]:
    """Members below `pointer` that hold any JSON."""
    for one in _alternatives(kind):
        if isinstance(one, inspect.DictType | inspect.AnyType | inspect.RawType):
            yield pointer
        elif isinstance(one, inspect.ListType):
            yield from _free(one.item_type, pointer)
        elif isinstance(one, inspect.StructType):
            for field in one.fields:
                yield from _free(field.type, f"{pointer}.{field.encode_name}")


def _alternatives(kind: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(kind, inspect.Metadata):
        yield from _alternatives(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _alternatives(one)
    else:
        yield kind


__all__ = ["places"]
