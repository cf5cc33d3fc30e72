"""Many tests at once: Holm for what is gated, Benjamini and Hochberg for what is reported.

Holm keeps the chance of any false alarm at the level, whatever the dependence between columns; Benjamini and Hochberg keep the
expected share of false ones among those named, under independence or positive dependence. Sources: Holm (1979), Scandinavian
Journal of Statistics 6, 65-70; Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["benjamini_hochberg", "holm"]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the order given."""
    adjusted, running = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(_ascending(p_values)):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = running
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p-values that hold the false discovery rate, in the order given."""
    adjusted, running, total = [0.0] * len(p_values), 1.0, len(p_values)
    for rank, place in reversed(list(enumerate(_ascending(p_values), start=1))):
        running = min(running, p_values[place] * total / rank)
        adjusted[place] = running
    return adjusted


def _ascending(p_values: Sequence[float]) -> list[int]:
    return sorted(range(len(p_values)), key=lambda place: (p_values[place], place))
