"""Is it fair: rates and gaps by group and intersection, calibration within groups, proxies, flips, frontiers and alternatives.

Numbers come from cell counts wherever they can. A group too small to say is `underpowered`, never equal.
"""

from __future__ import annotations

__all__: list[str] = []
