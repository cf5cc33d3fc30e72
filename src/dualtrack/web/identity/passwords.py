"""Passwords: which are taken, and how they are kept (argon2id, RFC 9106).

The cost is an object that is passed in. A hash made at another cost still verifies, and is made anew when its password is
next seen.
"""

from __future__ import annotations

import re
import threading
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

import argon2
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret_raw

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "HASHES_AT_ONCE_MAX",
    "PASSWORD_BYTES_MAX",
    "PASSWORD_CHARACTERS_MIN",
    "PASSWORD_DISTINCT_MIN",
    "RFC_9106_MEMORY_CONSTRAINED",
    "HashCost",
    "PasswordHasher",
    "check_password",
]

PASSWORD_CHARACTERS_MIN = 12
"""Shortest password, as for key files: it also seals a signing key, which whoever has the database can try offline."""

PASSWORD_BYTES_MAX = 512
"""Longest password in UTF-8; a sentence fits, and nobody can have megabytes hashed."""

PASSWORD_DISTINCT_MIN = 5
"""Fewest different characters: `aaaaaaaaaaaa` is long and not a password."""

HASHES_AT_ONCE_MAX = 2
"""Hashes made at one time in a process: each takes 64 MiB and a quarter of a second, so logins queue instead of swapping."""

_SALT_BYTES, _HASH_BYTES = 16, 32


class HashCost(NamedTuple):
    """Memory in KiB, passes over it, lanes."""

    memory_kib: int
    passes: int
    lanes: int


RFC_9106_MEMORY_CONSTRAINED = HashCost(memory_kib=65_536, passes=3, lanes=4)
"""argon2id, t=3, p=4, m=64 MiB: the second recommended option of RFC 9106, section 4."""


class PasswordHasher:
    """Makes and checks argon2id hashes at one cost."""

    def __init__(self, cost: HashCost = RFC_9106_MEMORY_CONSTRAINED) -> None:
        self.cost = cost
        self._argon2 = argon2.PasswordHasher(
            time_cost=cost.passes,
            memory_cost=cost.memory_kib,
            parallelism=cost.lanes,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
        )
        self._turn = threading.BoundedSemaphore(HASHES_AT_ONCE_MAX)
        self._dummy = self.hash("no account has this password")

    def hash(self, password: str) -> str:
        """Return the hash in its usual text form, with a salt of its own."""
        with self._turn:
            return self._argon2.hash(_bytes(password))

    def verify(self, password: str, stored: str | None) -> bool:
        """Tell whether this is the password.

        None, a foreign row and a hash of a lower cost are made up to a hash of the present cost, so that by time neither an
        unknown name nor an account of older days can be told. One of a higher cost takes longer, until its person signs in.
        """
        data = _bytes(password)
        fits = len(data) <= PASSWORD_BYTES_MAX
        said = data if fits else b""
        with self._turn:
            held = stored is not None and self._matches(stored, said)
            if stored is None or self._is_cheaper(stored):
                self._matches(self._dummy, said)
        return held and fits

    def _matches(self, stored: str, data: bytes) -> bool:
        try:
            return self._argon2.verify(stored, data)
        except (VerificationError, InvalidHashError):
            return False

    def _is_cheaper(self, stored: str) -> bool:
        """Tell whether a hash costs less work than one of the present cost; what is no hash costs none."""
        try:
            found = argon2.extract_parameters(stored)
        except InvalidHashError:
            return True
        return found.memory_cost * found.time_cost < self.cost.memory_kib * self.cost.passes

    def is_stale(self, stored: str) -> bool:
        """Tell whether the hash was made at another cost."""
        return self._argon2.check_needs_rehash(stored)

    def derive(self, password: str, salt: bytes, cost: HashCost | None = None) -> bytes:
        """Return 32 bytes of key from a password, a salt of its own and a cost (else the present one)."""
        with self._turn:
            memory_kib, passes, lanes = cost or self.cost
            return hash_secret_raw(_bytes(password), salt, passes, memory_kib, lanes, _HASH_BYTES, Type.ID)


class _CommonPasswords(Record, frozen=True):
    """The carried list: form, date, source, and the words."""

    format: str
    as_of: str
    source: str
    stems: list[str]
    whole: list[str]


_STAND_INS = str.maketrans("013457@$", "oieastas")
_EDGES = re.compile(r"\A[\W\d_]+|[\W\d_]+\Z")


def check_password(password: str, *, names: Sequence[str] = ()) -> None:
    """Raise FieldError unless the password is long enough, not too long, varied, uncommon and none of `names`.

    Only what can be tried from the door is refused. Digits and signs are not asked for (NIST SP 800-63B, section 5.1.1.2).
    """
    if len(password) < PASSWORD_CHARACTERS_MIN or len(_bytes(password)) > PASSWORD_BYTES_MAX:
        raise _refused(f"a password of {len(password)} characters")
    if len(set(password)) < PASSWORD_DISTINCT_MIN:
        raise _refused(f"fewer than {PASSWORD_DISTINCT_MIN} different characters")
    if not any(character.isalpha() for character in password):
        raise _refused("a password without a letter")
    cores = _cores(password)
    if cores & {normalize("NFKC", name).casefold().replace("-", "") for name in names if name}:
        raise _refused("the password is the name")
    if cores & _common():
        raise _refused("the password is among the first that anybody tries")


def _cores(password: str) -> set[str]:
    """Return what a guesser would see in it: itself, without hyphens, without its edges, with stand-ins read as letters."""
    plain = normalize("NFKC", password).casefold()
    seen = {plain, _EDGES.sub("", plain)}
    seen |= {word.translate(_STAND_INS) for word in seen}
    seen |= {_EDGES.sub("", word) for word in seen}
    return seen | {word.replace("-", "") for word in seen}


@cache
def _common() -> frozenset[str]:
    data = (files(__package__) / "common_passwords.yaml").read_bytes()
    found = read_record(read_yaml(data, where="common_passwords.yaml"), _CommonPasswords, where="common_passwords.yaml")
    return frozenset([*found.stems, *found.whole])


def _bytes(password: str) -> bytes:
    """Return the bytes that are hashed: NFKC, so that the same key strokes on two keyboards are one password."""
    return normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _refused(found: str) -> FieldError:
    return FieldError(
        found,
        where="password",
        expected=f"at least {PASSWORD_CHARACTERS_MIN} characters, at most {PASSWORD_BYTES_MAX} bytes",
        fix="take four or five words that have nothing to do with each other",
        code="input.field.password",
    )
