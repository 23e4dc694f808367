"""The CRM's data: companies, contacts and deals, made up from a seed and kept in memory."""

from __future__ import annotations

import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from trunkline.kit.clock import stamp
from trunkline.kit.errors import ConflictError, InvalidRequestError, NotFoundError
from trunkline.simulator.options import Options, SimulatedClock
from trunkline.simulator.seeding import seeded

Record = dict[str, Any]


class Collection(StrEnum):
    """The kinds of record; the value is the path they are served at."""

    COMPANIES = "companies"
    CONTACTS = "contacts"
    DEALS = "deals"


class _Fields(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a caller may set; unknown members are refused."""


class CompanyFields(_Fields):
    """A company."""

    name: str
    domain: str | None = None
    industry: str | None = None
    employees: int | None = None


class ContactFields(_Fields):
    """A person at a company."""

    email: str
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    company_id: str | None = None


class Stage(StrEnum):
    """How far a deal has come."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class DealFields(_Fields):
    """Something that may be sold; the amount is in hundredths of the currency."""

    title: str
    amount: int = 0
    currency: str = "EUR"
    stage: Stage = Stage.OPEN
    company_id: str | None = None
    contact_id: str | None = None


_FIELDS: Mapping[Collection, type[_Fields]] = {
    Collection.COMPANIES: CompanyFields,
    Collection.CONTACTS: ContactFields,
    Collection.DEALS: DealFields,
}
_PREFIXES = {Collection.COMPANIES: "cmp", Collection.CONTACTS: "ctc", Collection.DEALS: "dea"}
_REFERENCES = {"companyId": Collection.COMPANIES, "contactId": Collection.CONTACTS}


@dataclass(frozen=True, slots=True)
class Listing:
    """Which records to list: those changed since, and with these values."""

    updated_since: str | None = None
    equal: tuple[tuple[str, str], ...] = ()

    def takes(self, record: Record) -> bool:
        """The record belongs to the list."""
        recent = self.updated_since is None or record["updatedAt"] >= self.updated_since
        return recent and all(record[name] == value for name, value in self.equal)


@dataclass(slots=True)
class _Shelf:
    prefix: str
    last: int = 0
    ids: list[str] = field(default_factory=list)
    records: dict[str, Record] = field(default_factory=dict)

    def next_id(self) -> str:
        self.last += 1
        return f"{self.prefix}_{self.last:08d}"

    def add(self, record: Record) -> None:
        self.ids.append(record["id"])
        self.records[record["id"]] = record

    def remove(self, record_id: str) -> None:
        del self.records[record_id]
        del self.ids[bisect_right(self.ids, record_id) - 1]


class Records:
    """Every record, in the order of its making; ids grow and are never used again."""

    def __init__(self, lock: threading.RLock, options: Options, clock: SimulatedClock) -> None:
        self._lock = lock
        self._options = options
        self._clock = clock
        self._shelves: dict[Collection, _Shelf] = {}
        self.reset()

    def reset(self) -> None:
        """Go back to the seeded data."""
        with self._lock:
            self._shelves = {one: _Shelf(_PREFIXES[one]) for one in Collection}
            options = self._options
            numbers = {
                Collection.COMPANIES: options.companies,
                Collection.CONTACTS: options.contacts,
                Collection.DEALS: options.deals,
            }
            ids = {
                one.value: [self._shelves[one].next_id() for _ in range(number)]
                for one, number in numbers.items()
            }
            for name, record in seeded(options.seed, ids):
                self._shelves[Collection(name)].add(record)

    def count(self, collection: Collection, listing: Listing) -> int:
        """How many records a list has."""
        with self._lock:
            return sum(map(listing.takes, self._shelves[collection].records.values()))

    def after(
        self, collection: Collection, listing: Listing, cursor: str | None, limit: int
    ) -> tuple[list[Record], str | None]:
        """The records behind a cursor, and the cursor of what follows where anything does.

        Raises:
            InvalidRequestError: the cursor is none of this collection's.
        """
        with self._lock:
            shelf = self._shelves[collection]
            start = 0 if cursor is None else bisect_right(shelf.ids, _read_cursor(cursor, shelf.prefix))
            found: list[Record] = []
            for index in range(start, len(shelf.ids)):
                record = shelf.records[shelf.ids[index]]
                if not listing.takes(record):
                    continue
                if len(found) == limit:
                    return found, _cursor(found[-1]["id"])
                found.append(record)
            return found, None

    def page(self, collection: Collection, listing: Listing, number: int, size: int) -> list[Record]:
        """The records of one page, counted from 1."""
        with self._lock:
            matching = filter(listing.takes, self._shelves[collection].records.values())
            return list(islice(matching, (number - 1) * size, number * size))

    def get(self, collection: Collection, record_id: str) -> Record:
        """One record.

        Raises:
            NotFoundError: there is none with this id.
        """
        with self._lock:
            found = self._shelves[collection].records.get(record_id)
        if found is None:
            raise NotFoundError(collection.value)
        return found

    def create(self, collection: Collection, values: Mapping[str, Any]) -> Record:
        """Add a record.

        Raises:
            InvalidRequestError: a member is unknown, missing, malformed, or refers to no record.
        """
        with self._lock:
            fields = self._checked(collection, values)
            now = stamp(self._clock.now())
            shelf = self._shelves[collection]
            record = {"id": shelf.next_id(), **fields, "createdAt": now, "updatedAt": now}
            shelf.add(record)
            return record

    def update(
        self, collection: Collection, record_id: str, values: Mapping[str, Any], *, replace: bool
    ) -> Record:
        """Change the given members of a record, or all of them.

        Raises:
            NotFoundError: there is none with this id.
            InvalidRequestError: a member is unknown, missing, malformed, or refers to no record.
        """
        with self._lock:
            old = self.get(collection, record_id)
            kept = {} if replace else {name: old[name] for name in _names(collection)}
            fields = self._checked(collection, kept | dict(values))
            times = {"createdAt": old["createdAt"], "updatedAt": stamp(self._clock.now())}
            record = {"id": record_id, **fields, **times}
            self._shelves[collection].records[record_id] = record
            return record

    def delete(self, collection: Collection, record_id: str) -> None:
        """Remove a record.

        Raises:
            NotFoundError: there is none with this id.
            ConflictError: another record refers to it.
        """
        with self._lock:
            self.get(collection, record_id)
            referring = [name for name, target in _REFERENCES.items() if target is collection]
            for shelf in self._shelves.values() if referring else ():
                for record in shelf.records.values():
                    if any(record.get(name) == record_id for name in referring):
                        raise ConflictError(f"{record['id']} refers to it")
            self._shelves[collection].remove(record_id)

    def _checked(self, collection: Collection, values: Mapping[str, Any]) -> Record:
        try:
            fields = msgspec.convert(values, _FIELDS[collection])
        except msgspec.ValidationError as error:
            raise InvalidRequestError(str(error)) from error
        checked: Record = msgspec.to_builtins(fields)
        for name, target in _REFERENCES.items():
            given = checked.get(name)
            if given is not None and given not in self._shelves[target].records:
                raise InvalidRequestError.at(name, f"there is no such record in {target.value}")
        return checked


def filterable(collection: Collection) -> tuple[str, ...]:
    """The members that a list can be narrowed by."""
    return tuple(name for name in _REFERENCES if name in _names(collection))


def _names(collection: Collection) -> tuple[str, ...]:
    return tuple(one.encode_name for one in msgspec.structs.fields(_FIELDS[collection]))


def _cursor(record_id: str) -> str:
    return urlsafe_b64encode(record_id.encode()).rstrip(b"=").decode()


def _read_cursor(text: str, prefix: str) -> str:
    try:
        record_id = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode()
    except ValueError:
        record_id = ""
    if not record_id.startswith(f"{prefix}_"):
        raise InvalidRequestError.at("after", "is no cursor of this list")
    return record_id
