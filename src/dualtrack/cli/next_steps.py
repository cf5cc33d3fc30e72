"""The next step where nothing can be permitted yet, because no rule pack is adopted: said alike by every command."""

from __future__ import annotations

__all__ = ["no_pack_line"]


def no_pack_line(holder: str | None = None) -> str:
    """Return what to say while no pack is adopted; `holder` is who may adopt one, where that is known."""
    return (
        "no rule pack is adopted: nothing can be permitted; "
        f"next: dualtrack rules adopt PACK --as {holder or 'HOLDER'} (dualtrack rules list names them)"
    )
