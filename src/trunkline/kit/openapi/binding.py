"""Binding: the placeholders of a converted definition replaced by what its schemas are called in the end."""

from __future__ import annotations

from collections.abc import Mapping

from trunkline.kit.openapi.keywords import LISTED, NAMED, SINGLE
from trunkline.kit.openapi.values import SCHEMA_SLUG_PREFIX, ConvertedMember


def bound_definition(member: ConvertedMember, ids: Mapping[str, str]) -> dict[str, object]:
    """The member's definition with the slugs of schemas replaced by ids in every reference, fragments kept.

    Only references and discriminator mappings are looked at; data that happens to look like one stays.

    Raises:
        KeyError: `ids` lacks a slug of `member.refs`.
    """
    if member.kind == "schema":
        return _bound_object(member.definition, ids)
    return {
        key: value if key == "operation" else _bound(value, ids) for key, value in member.definition.items()
    }


def _bound(schema: object, ids: Mapping[str, str]) -> object:
    return _bound_object(schema, ids) if isinstance(schema, dict) else schema


def _bound_object(schema: Mapping[str, object], ids: Mapping[str, str]) -> dict[str, object]:
    return {key: _bound_keyword(key, value, ids) for key, value in schema.items()}


def _bound_keyword(key: str, value: object, ids: Mapping[str, str]) -> object:
    if key == "$ref" and isinstance(value, str):
        return _renamed(value, ids)
    if key in SINGLE:
        return _bound(value, ids)
    if key in LISTED and isinstance(value, list):
        return [_bound(item, ids) for item in value]
    if key in NAMED and isinstance(value, dict):
        return {name: _bound(item, ids) for name, item in value.items()}
    if key == "discriminator" and isinstance(value, dict) and isinstance(value.get("mapping"), dict):
        return {
            **value,
            "mapping": {name: _renamed(target, ids) for name, target in value["mapping"].items()},
        }
    return value


def _renamed(reference: str, ids: Mapping[str, str]) -> str:
    slug, hash_sign, fragment = reference.partition("#")
    return ids[slug] + hash_sign + fragment if slug.startswith(SCHEMA_SLUG_PREFIX) else reference
