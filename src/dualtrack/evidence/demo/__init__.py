"""Three uses of AI by a fictional bank on the carried accounts, each measured against a non-AI way of doing the same.

Training, baselines and measurements are pure functions of the data and a seed; nothing here knows which verdict follows.
"""

from __future__ import annotations

__all__: list[str] = []
