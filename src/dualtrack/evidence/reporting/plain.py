"""The report as JSON: the whole record in canonical bytes, so that two people who made it can compare digests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import encode

if TYPE_CHECKING:
    from dualtrack.evidence.reporting.records import AssuranceReport

__all__ = ["report_json"]


def report_json(report: AssuranceReport) -> bytes:
    """Return the report in canonical JSON with a line end; every result is in it whole, with its statistics."""
    return encode(report) + b"\n"
