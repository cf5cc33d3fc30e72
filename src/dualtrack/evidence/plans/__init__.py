"""Plans: what will be measured, with thresholds, segments and sizes registered before the data are seen; runs; judgements.

A result under a registered plan may count; any other is exploratory, is recorded as such, and never becomes evidence.
"""

from __future__ import annotations

__all__: list[str] = []
