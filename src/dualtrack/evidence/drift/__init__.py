"""Whether today still looks like the data that the evidence is about, with the false alarms of many columns under control."""

from __future__ import annotations

__all__: list[str] = []
