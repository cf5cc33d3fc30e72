"""How well it works: discrimination, calibration, lift, cost, confusion at a policy, by segment, and answers of language models.

Each estimate has its interval and the sufficient statistics from which an outsider gets it again.
"""

from __future__ import annotations

__all__: list[str] = []
