"""Narwhals, for the modules that write one expression for all engines; without it they say what to install."""

from __future__ import annotations

from dualtrack.errors import MissingExtraError

try:
    import narwhals as nw
except ImportError as error:
    raise MissingExtraError("evidence", "counting outside memory") from error

__all__ = ["nw"]
