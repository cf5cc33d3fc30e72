"""Where components and data come from and what may be done with them; how much of an output is copied."""

from __future__ import annotations

__all__: list[str] = []
