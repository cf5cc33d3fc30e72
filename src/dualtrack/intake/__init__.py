"""Take in the spreadsheet a firm already has, and say what an examiner would find missing in it.

Nothing is guessed silently: every reading keeps its cell, and what is uncertain is asked, not filled in.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["sample_path"]


def sample_path() -> Path:
    """Return the carried sample inventory of a fictional firm, a real xlsx file that is as ugly as real ones are."""
    return Path(__file__).parent / "data" / "inventory-sample.xlsx"
