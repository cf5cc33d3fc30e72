"""Calibration error: no formula, said as such.

The expected calibration error is a sum of sizes, biased upwards by an amount that depends on the binning, on how scores are
spread and on the error itself; no closed form gives its power from quantities that a plan can know.
Sources: Brocker (2012), Climate Dynamics 39, 655-667; Kumar, Liang and Ma (2019), Verified Uncertainty Calibration, section 4.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["NoFormula", "power_calibration_error", "rows_for_calibration_error"]


class NoFormula(NamedTuple):
    """No number, why, and what to do instead."""

    reason: str
    instead: str


_ANSWER = NoFormula(
    reason="the error's bias and spread depend on scores and bins that a plan cannot know",
    instead="measure a pilot, draw samples of the planned size from it, and count how often the high limit is below the limit",
)


def rows_for_calibration_error() -> NoFormula:
    """Return why no number of rows can be computed beforehand."""
    return _ANSWER


def power_calibration_error() -> NoFormula:
    """Return why no power can be computed beforehand."""
    return _ANSWER
