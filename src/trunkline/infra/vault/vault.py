"""Seals and opens the tenants' values, each tenant's under data keys of its own."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Lock
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trunkline.infra.vault.envelope import (
    KEY_BYTES,
    VERSION,
    Context,
    check_part,
    decrypt,
    encrypt,
    format_token,
    parse_token,
)
from trunkline.infra.vault.errors import SealError, UnknownKeyError, VaultError, WrongKeyError
from trunkline.infra.vault.keyring import KeyRing
from trunkline.kit.clock import Clock, SystemClock, read_stamp, stamp
from trunkline.kit.ids import new_id
from trunkline.kit.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A tenant's data key as it is stored: sealed under a key-encryption key.

    Attributes:
        id: 32 hex digits; sorts by age.
        kek_id: the key-encryption key it is sealed under.
        created_at: stored time text.
    """

    id: str
    tenant: str
    kek_id: str
    wrapped: str = field(repr=False)
    created_at: str


class DataKeyStore(Protocol):
    """Where wrapped data keys are kept, bound to the transaction of the values they seal."""

    def hold_ring(self) -> None:
        """Keep every key-encryption key from being retired until the transaction ends."""
        ...

    def load(self, tenant: str) -> list[WrappedKey]:
        """The tenant's keys, newest last."""
        ...

    def add(self, keys: Sequence[WrappedKey]) -> None:
        """Keep new keys."""
        ...

    def rewrap(self, keys: Sequence[WrappedKey]) -> None:
        """Replace what keys are sealed under and as."""
        ...


class Vault:
    """Seals values for tenants; one instance serves all threads.

    Unwrapped data keys are kept in memory, the least recently used given up first. Which key seals is asked
    of the store each time and never remembered: a key whose transaction was rolled back, or that was
    destroyed with its tenant, must not seal anything.
    """

    def __init__(self, ring: KeyRing, *, clock: Clock | None = None, cached_keys: int = 4096) -> None:
        self._ring = ring
        self._clock = clock or SystemClock()
        self._cache = _Cache(cached_keys)

    def seal(self, store: DataKeyStore, tenant: str, context: Context, plaintext: Secret) -> str:
        """Seal a value for one place of one tenant, making the tenant's first data key where it has none.

        Raises:
            KeyFileError: a data key must be made or unwrapped and the key file cannot be read.
            WrongKeyError: the key file was exchanged for another database's.
            UnknownKeyError: the data key's own key is no longer in the key file.
            SealError: the stored data key was changed.
            ValueError: the tenant is no id.
        """
        associated = context.bound_to(tenant)
        keys = store.load(tenant)
        key = keys[-1] if keys else self.add_data_key(store, tenant)
        cipher = self._cipher(tenant, key)
        return format_token(key.id, encrypt(cipher, plaintext.reveal().encode(), associated))

    def open(self, store: DataKeyStore, tenant: str, context: Context, token: str) -> Secret:
        """Open a value in the place and for the tenant it was sealed for.

        Raises:
            SealError: the value or its data key was changed, or belongs to another place or generation.
            UnknownKeyError: the tenant has no such data key, or that one's own key has left the key file.
            KeyFileError: the data key must be unwrapped and the key file cannot be read.
            WrongKeyError: the key file was exchanged for another database's.
            ValueError: the tenant is no id.
        """
        associated = context.bound_to(tenant)
        key_id, sealed = parse_token(token)
        cipher = self._cache.get(tenant, key_id) or self._cipher(tenant, _find(store, tenant, key_id))
        try:
            return Secret(decrypt(cipher, sealed, associated))
        except SealError:
            raise SealError(
                f"the sealed value in {context} of tenant {tenant} does not open: it was changed, or it was"
                " sealed for another row, column or generation"
            ) from None

    def add_data_key(self, store: DataKeyStore, tenant: str) -> WrappedKey:
        """Give a tenant a fresh data key, which seals from now on; the older ones still open.

        Raises:
            KeyFileError: the key file cannot be read.
            WrongKeyError: the key file was exchanged for another database's.
            ValueError: the tenant is no id.
        """
        return self.add_data_keys(store, [tenant])[0]

    def add_data_keys(self, store: DataKeyStore, tenants: Iterable[str]) -> list[WrappedKey]:
        """`add_data_key` for many tenants, reading the key file once.

        Raises:
            KeyFileError: the key file cannot be read.
            WrongKeyError: the key file was exchanged for another database's.
            ValueError: a tenant is no id.
        """
        due = list(tenants)
        for tenant in due:
            check_part(tenant)
        ring = self.held_ring(store)
        keys = [self._fresh_key(ring, tenant, store.load(tenant)) for tenant in due]
        store.add(keys)
        return keys

    def rewrap(self, store: DataKeyStore, keys: Iterable[WrappedKey]) -> int:
        """Wrap data keys under the active key-encryption key; how many were not yet.

        The values stay as they are, and every server can open them before, during and after.

        Raises:
            UnknownKeyError: a data key's own key is no longer in the key file.
            SealError: a stored data key was changed.
            KeyFileError: the key file cannot be read.
            WrongKeyError: the key file was exchanged for another database's.
        """
        ring = self.held_ring(store)
        changed = [
            replace(
                key,
                kek_id=ring.active_id,
                wrapped=ring.seal(_unwrap(ring, key.tenant, key), _place(key.tenant, key.id)),
            )
            for key in keys
            if key.kek_id != ring.active_id
        ]
        store.rewrap(changed)
        return len(changed)

    def broken(self, keys: Iterable[WrappedKey]) -> Iterator[tuple[WrappedKey, VaultError]]:
        """The data keys that the key file, as it is now, does not open, and why.

        Raises:
            KeyFileError: the key file cannot be read.
            WrongKeyError: the key file was exchanged for another database's.
        """
        ring = self.ring()
        for key in keys:
            try:
                _unwrap(ring, key.tenant, key)
            except VaultError as error:
                yield key, error

    def ring(self) -> KeyRing:
        """The key file as it is now.

        Raises:
            KeyFileError: it cannot be read.
            WrongKeyError: it was exchanged for another database's.
        """
        fresh = KeyRing.load(self._ring.path)
        if fresh.contradicts(self._ring):
            raise WrongKeyError(
                f"the vault key file {fresh.path} was exchanged for another database's while the server was"
                " running; put the one that belongs to this database back, from its copy"
            )
        # A key retired a moment ago may be needed by a transaction that began before.
        self._ring = fresh.remembering(self._ring)
        return fresh

    def held_ring(self, store: DataKeyStore) -> KeyRing:
        """The key file as it is now and stays, as far as its keys go, until the store's transaction ends.

        Whatever is wrapped must be wrapped under one of these: a ring read earlier may name as active a key
        that was replaced, found unused and retired meanwhile.

        Raises:
            KeyFileError: the key file cannot be read.
            WrongKeyError: the key file was exchanged for another database's.
        """
        store.hold_ring()
        return self.ring()

    def forget(self, tenant: str) -> None:
        """Drop a tenant's data keys from memory: call it when they are destroyed."""
        self._cache.drop(tenant)

    def _cipher(self, tenant: str, key: WrappedKey) -> AESGCM:
        cached = self._cache.get(tenant, key.id)
        if cached is not None:
            return cached
        cipher = AESGCM(_unwrap(self._ring_with(key.kek_id), tenant, key))
        self._cache.put(tenant, key.id, cipher)
        return cipher

    def _ring_with(self, kek_id: str) -> KeyRing:
        # An id this server has never seen means that the key file was rotated while it was running.
        return self._ring if self._ring.holds(kek_id) else self.ring()

    def _fresh_key(self, ring: KeyRing, tenant: str, older: Sequence[WrappedKey]) -> WrappedKey:
        key_id = new_id()
        return WrappedKey(
            id=key_id,
            tenant=tenant,
            kek_id=ring.active_id,
            wrapped=ring.seal(secrets.token_bytes(KEY_BYTES), _place(tenant, key_id)),
            created_at=self._moment_after(older[-1].created_at if older else ""),
        )

    def _moment_after(self, older: str) -> str:
        # The newest key seals, so a clock that was set back must not make a new key look like an old one.
        now = stamp(self._clock.now())
        return now if now > older else stamp(read_stamp(older) + timedelta(microseconds=1))


class _Cache:
    """Unwrapped data keys by tenant and id, a bounded number of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._ciphers: OrderedDict[tuple[str, str], AESGCM] = OrderedDict()
        self._lock = Lock()

    def get(self, tenant: str, key_id: str) -> AESGCM | None:
        with self._lock:
            cipher = self._ciphers.get((tenant, key_id))
            if cipher is not None:
                self._ciphers.move_to_end((tenant, key_id))
            return cipher

    def put(self, tenant: str, key_id: str, cipher: AESGCM) -> None:
        with self._lock:
            self._ciphers[tenant, key_id] = cipher
            self._ciphers.move_to_end((tenant, key_id))
            while len(self._ciphers) > self._limit:
                self._ciphers.popitem(last=False)

    def drop(self, tenant: str) -> None:
        with self._lock:
            for held in [held for held in self._ciphers if held[0] == tenant]:
                del self._ciphers[held]


def _place(tenant: str, key_id: str) -> str:
    return f"{VERSION}|{tenant}|{key_id}|dek"


def _find(store: DataKeyStore, tenant: str, key_id: str) -> WrappedKey:
    for key in store.load(tenant):
        if key.id == key_id:
            return key
    raise UnknownKeyError(
        f"tenant {tenant} has no data key {key_id}: it was destroyed, or the sealed value is another tenant's"
    )


def _unwrap(ring: KeyRing, tenant: str, key: WrappedKey) -> bytes:
    try:
        return ring.open(key.kek_id, key.wrapped, _place(tenant, key.id))
    except SealError:
        raise SealError(
            f"data key {key.id} of tenant {tenant} does not open with {key.kek_id} of {ring.path}: its row was"
            " changed or is another tenant's, or the key file is another database's"
        ) from None
