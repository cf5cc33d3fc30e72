"""How many rows a claim needs before it is measured, and what a number of rows can show: one claim a module.

Each `rows_for_...` has its `power_...`: the rows it returns have at least the power asked for. "Shown" always means that the
two-sided interval of the stated level lies wholly on the right side, as a rule asks it. Limits, margins and rates are
the caller's. Where there is no formula, the answer says so (`calibration`).
"""

from __future__ import annotations

__all__: list[str] = []
