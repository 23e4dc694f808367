"""The made-up people who own the data, and who say yes or no on the consent page."""

from __future__ import annotations

from msgspec import Struct


class Account(Struct, frozen=True, rename="camel"):
    """A person with an account at the simulated service."""

    id: str
    email: str
    display_name: str


ORGANIZATION = {"id": "org-example", "name": "Example Trading", "plan": "standard"}
ACCOUNTS = (
    Account("user-ada", "ada@crm.example", "Ada Marsh"),
    Account("user-ben", "ben@crm.example", "Ben Okoro"),
    Account("user-cleo", "cleo@crm.example", "Cleo Varga"),
)


def find_account(text: str | None) -> Account | None:
    """The account with this id or e-mail address; the first one where nothing is asked for."""
    if not text:
        return ACCOUNTS[0]
    return next((one for one in ACCOUNTS if text in (one.id, one.email)), None)
