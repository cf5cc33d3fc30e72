"""The journal of a run: finished items on disk, so that a run that was interrupted goes on where it stopped.

Nothing here is evidence. Results become entries together at the end of a run, all of them or none; then the journal goes.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from dualtrack.domain import canonical
from dualtrack.domain.records import encode, read_record
from dualtrack.errors import DualtrackError, PathError
from dualtrack.evidence.plans.records import MeasurementResult

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["RunJournal"]


class RunJournal:
    """Finished items of one run in a folder named by the run's digest."""

    def __init__(self, folder: Path, run: str) -> None:
        self._folder = folder / run

    def find(self, item: str) -> MeasurementResult | None:
        """Return the finished result of an item; one that was half written or of another form is none."""
        try:
            return read_record(canonical.decode(self._path(item).read_bytes()), MeasurementResult, where=item)
        except (OSError, DualtrackError):
            return None

    def keep(self, result: MeasurementResult) -> None:
        """Write a finished result whole or not at all; raises PathError where the folder cannot be written."""
        path = self._path(result.item.id)
        part = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(encode(result))
            part.replace(path)
        except OSError as error:
            raise PathError(str(error), where=str(path), fix="make room, or make the folder writable") from error

    def drop(self) -> None:
        """Remove the journal: its results are entries now."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, item: str) -> Path:
        return self._folder / f"{item}.json"
