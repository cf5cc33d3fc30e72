"""Whether the reasons given are the reasons used: fidelity, stability, agreement, sparsity, monotonicity."""

from __future__ import annotations

__all__: list[str] = []
