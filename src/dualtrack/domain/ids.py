"""Identifiers: ASCII slugs for people, digests for machines."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from dualtrack.errors import FieldError

__all__ = ["UseId", "check_digest", "check_slug", "firm_digest", "parse_use", "use_digest"]

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_HEX = re.compile(r"[0-9a-f]{64}")


class UseId(NamedTuple):
    """`institution/use`, both slugs."""

    institution: str
    use: str

    def __str__(self) -> str:
        return f"{self.institution}/{self.use}"


def check_slug(text: str, *, where: str) -> str:
    """Return the slug, or raise FieldError: lower-case ASCII letters, digits and inner hyphens, at most 64."""
    if not _SLUG.fullmatch(text):
        raise FieldError(
            f"{text!r} is not an identifier", where=where, expected="a-z, 0-9 and inner hyphens, 1 to 64 characters"
        )
    return text


def parse_use(text: str, *, where: str = "use") -> UseId:
    """Read `institution/use`."""
    institution, slash, use = text.partition("/")
    if not slash:
        raise FieldError(f"{text!r} is not a use id", where=where, expected="institution/use")
    return UseId(check_slug(institution, where=where), check_slug(use, where=where))


def check_digest(text: str, *, where: str) -> str:
    """Return 64 lower-case hexadecimal digits, or raise FieldError."""
    if not _HEX.fullmatch(text):
        raise FieldError(f"{text!r} is not a SHA-256 digest", where=where, expected="64 lower-case hexadecimal digits")
    return text


def use_digest(use: str) -> str:
    """Return the subject digest of evidence that is about a use whatever its release."""
    return hashlib.sha256(f"use:{use}".encode()).hexdigest()


def firm_digest(institution: str) -> str:
    """Return the subject digest of evidence that is about a whole institution."""
    return hashlib.sha256(f"firm:{institution}".encode()).hexdigest()
