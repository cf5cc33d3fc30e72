"""Built-in bounds of the assessment (docs/assessment.md, section 11). Bounds of rules are data in packs, not here."""

from __future__ import annotations

__all__ = [
    "CLOCK_SKEW_S",
    "CONDITION_MEMORY_DAYS",
    "CONTENT_BYTES_MAX",
    "ENTRIES_MAX",
    "EVIDENCE_AGE_DAYS_MAX",
    "PERMIT_DAYS_MAX",
    "PLAN_DAYS_MAX",
    "TRIAL_DECISIONS_MAX",
    "WAIVER_DAYS_MAX",
]

CLOCK_SKEW_S = 300
"""Seconds by which `taken_at` may lie after `recorded_at`: two honest clocks differ by less."""

EVIDENCE_AGE_DAYS_MAX = 3650
"""Days before `recorded_at` that an observation may have been taken; older is an archive, not evidence."""

WAIVER_DAYS_MAX = 366
"""Longest life of a waiver or a proportionality decision: a reason is looked at again within a year."""

PLAN_DAYS_MAX = 183
"""Longest shadow or trial plan: it exists to get a measurement, not to live on it."""

TRIAL_DECISIONS_MAX = 1_000_000
"""Most decisions of a shadow or trial plan: a trial measures, it does not serve a market."""

CONDITION_MEMORY_DAYS = 366
"""Days for which a condition keeps its first due instant, also when a permit in between did not carry it."""

PERMIT_DAYS_MAX = 366
"""Longest permit, when no evidence ends earlier."""

ENTRIES_MAX = 100_000
"""Entries in one assessment; a use with more has been logged in the wrong place."""

CONTENT_BYTES_MAX = 1 << 20
"""Bytes of one entry's content: statements and statistics fit, documents stay outside by digest."""
