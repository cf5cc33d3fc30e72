"""Measurements that make evidence: each returns a frozen `Measurement` with its interval, n, method and data digest.

A measurement states what was observed and how surely; whether that is enough is for a rule to say, never for this room.
Numbers come from sufficient statistics wherever they exist, so that an outsider can recompute them without the rows.
"""

from __future__ import annotations

__all__: list[str] = []
