"""Whether the data are fit: accuracy, completeness, timeliness, consistency, and leaks between training and test."""

from __future__ import annotations

__all__: list[str] = []
