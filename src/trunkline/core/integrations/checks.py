"""The rules of an integration's members that creating and editing share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trunkline.core.integrations.errors import SlugTakenError
from trunkline.core.integrations.queries import SLUG_TAKEN
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import InvalidRequestError, Problem
from trunkline.kit.ids import parse_id
from trunkline.kit.leaks import find_secrets
from trunkline.kit.strictjson import encode
from trunkline.kit.text import check_name, check_slug, check_text

DEFAULT_TRUST = "verified_publisher"
DEFAULT_DRIVER = "custom"
MAX_URL = 2_000  # characters
MAX_CATEGORY = 100  # characters
MAX_DATA = 32 * 1024  # bytes of JSON
_PAGE = re.compile(r"https?://[^\s/?#\\@\x00-\x1f\x7f]+(?:[/?#][^\s\x00-\x1f\x7f]*)?", re.IGNORECASE)
_DRIVER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


def check_texts(name: str, description: str | None, icon_url: str | None) -> None:
    """Refuse a blank name and texts that are too long.

    Raises:
        InvalidRequestError: one is.
    """
    check_name("name", name)
    check_text("description", description)
    check_text("iconUrl", icon_url, MAX_URL)


def check_homepage(url: str | None) -> None:
    """Refuse what is no address of a page: an absolute http or https URL.

    It is shown to people and never asked for anything.

    Raises:
        InvalidRequestError: it is none, or too long.
    """
    if url is None:
        return
    if len(url) > MAX_URL or not _PAGE.fullmatch(url):
        raise InvalidRequestError.at(
            "homepageUrl", f"must be an http or https URL of at most {MAX_URL} characters"
        )


def check_trust(actor: Actor, trust_tier: str | None) -> None:
    """Refuse a trust tier that only an operator gives.

    Raises:
        ForbiddenError: the caller is none.
    """
    if trust_tier not in (None, DEFAULT_TRUST):
        actor.require_operator(f"the trust tier {trust_tier}")


def check_driver(driver: str, category: str | None) -> None:
    """Refuse what cannot name a driver or a category.

    Raises:
        InvalidRequestError: either cannot.
    """
    if not _DRIVER.fullmatch(driver):
        raise InvalidRequestError.at("driver", "must be 1-100 letters, digits or ._- and start with neither")
    if category is not None and not category.strip():
        raise InvalidRequestError.at("category", "must not be blank")
    check_text("category", category, MAX_CATEGORY)


def check_data(data: Mapping[str, Any]) -> None:
    """Refuse a driver's configuration that is too large or holds a credential.

    Raises:
        InvalidRequestError: more than 32 KiB, or what looks like a credential.
    """
    if len(encode(data).encode()) > MAX_DATA:
        raise InvalidRequestError.at("data", f"larger than {MAX_DATA // 1024} KiB")
    message = "looks like a credential; connect with it instead, so that it is kept sealed"
    problems = [Problem(path, message) for path in find_secrets(data, "data", slots=True)]
    if problems:
        raise InvalidRequestError(f"{problems[0].path}: {problems[0].message}", *problems)


def check_integration_slug(slug: str) -> str:
    """The slug itself when it is one, and could not be read as an id where either may stand.

    Raises:
        InvalidRequestError: it is none, looks like a UUID or begins with `int_`.
    """
    check_slug("slug", slug)
    if looks_like_id(slug):
        raise InvalidRequestError.at("slug", "must not look like an id")
    return slug


def looks_like_id(slug: str) -> bool:
    """Whether a reader who takes ids and slugs would take it for an id."""
    return slug.lower().startswith("int_") or parse_id("integration", slug) is not None


def require_free_slug(tx: Tx, workspace_id: str, slug: str, own_id: str = "") -> None:
    """Refuse a slug that another live integration of the workspace has.

    Raises:
        SlugTakenError: one has.
    """
    if tx.value(SLUG_TAKEN, workspace_id=workspace_id, slug=slug, id=own_id):
        raise SlugTakenError(f"an integration with slug {slug} exists in this workspace")
