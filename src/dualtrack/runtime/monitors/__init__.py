"""Monitors over the decision stream: each use is compared with its own release's first windows, at a stated rate of false alarms.

A run reads the decisions of one window that has ended, from where the run before it stopped, and is one entry of the ledger; the
alarms that it raises are entries of the same batch. So nothing is counted twice, and nothing is lost, whenever a process dies.
"""

from __future__ import annotations

__all__: list[str] = []
