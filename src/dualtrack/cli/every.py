"""What commands that only look work at: the registers of every institution of a workspace, or of the one that was named."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from dualtrack.cli.desk import open_desk, open_store, open_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dualtrack.store.register import Register

__all__ = ["every_register"]


@contextmanager
def every_register(workspace: Path | None, institution: str | None) -> Iterator[list[Register]]:
    """Open the registers of all institutions that have a log here, or of the one named; raises NotFoundError."""
    found = open_workspace(workspace)
    with open_store(found) as store:
        names = [institution] if institution else [item.id for item in found.config.institutions if "main" in item.logs]
        yield [open_desk(found, store, name).register for name in names]
