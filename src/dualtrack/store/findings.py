"""What a verification found, each with its place: ledger, table, row, column."""

from __future__ import annotations

import msgspec

__all__ = ["FINDINGS_MAX", "Finding", "Report"]

FINDINGS_MAX = 1000
"""Findings listed for one ledger; a store with more is restored, not read."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not what was written. `row` is an entry's index, a head's size, or a key as text."""

    ledger: str
    table: str
    row: str
    column: str
    problem: str

    def __str__(self) -> str:
        return f"{self.ledger}: {self.table} {self.row}, {self.column}: {self.problem}"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Result of verifying one ledger. `root` is hexadecimal, of the leaves as they now are."""

    ledger: str
    size: int
    root: str
    heads: int
    cosignatures: int
    cosignatures_unchecked: int
    erased: tuple[int, ...]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Tell whether nothing was found."""
        return not self.findings
