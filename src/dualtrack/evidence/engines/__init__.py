"""Engines: where the rows of a measure are counted. In memory, in files by DuckDB, or on a cluster by Spark; the same numbers from each.

Keys and amounts are written once, as Narwhals expressions, and every engine but the one in memory runs those. What comes back are
whole numbers, from which one local routine computes the estimates: equal counts give equal estimates.
"""

from __future__ import annotations

__all__: list[str] = []
