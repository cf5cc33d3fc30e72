"""Quality of the demo's data, counted on the carried table (HKMA 1 November 2019, principle 4: four kinds of metric).

- accuracy: accounts whose education and marital status carry a code that the publisher explains;
- completeness: cells present, of all cells;
- timeliness: accounts with a repayment status for the newest month, September 2005;
- consistency: accounts whose fields do not contradict one another or the product: a positive limit, an adult holder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from dualtrack.demo.attestations import QualityAnswers
    from dualtrack.domain.records import Value
    from dualtrack.evidence.tables import Table

__all__ = ["quality_fields"]

_EXPLAINED = {"education": (1, 2, 3, 4), "marriage": (1, 2, 3)}
"""Codes that the data card explains."""

_STATUS_RANGE = (-2, 9)
"""Repayment status from unused to nine months late."""

_ADULT = 18


def quality_fields(table: Table, *, target: float, answers: QualityAnswers) -> dict[str, Value]:
    """Return the fields of topic `data_quality`; every share is of rows or cells of the whole table.

    Whether the data suit the use, and what is overdue, no table tells: `answers` are fictional, and the measurement says so.
    """
    rows = len(table["limit_bal"])
    explained = np.logical_and.reduce([np.isin(table[name], codes) for name, codes in _EXPLAINED.items()])
    present = sum(int(np.count_nonzero(~np.ma.getmaskarray(column))) for column in table.values())
    newest = (table["pay_0"] >= _STATUS_RANGE[0]) & (table["pay_0"] <= _STATUS_RANGE[1])
    consistent = (table["limit_bal"] > 0) & (table["age"] >= _ADULT)
    shares = {
        "accuracy": float(np.mean(explained)),
        "completeness": present / (rows * len(table)),
        "timeliness": float(np.mean(newest)),
        "consistency": float(np.mean(consistent)),
    }
    targets: dict[str, Value] = {f"{name}_target": target for name in shares}
    return {**shares, **targets, "n": rows, "relevant": answers.relevant, "defects_overdue": answers.defects_overdue}
