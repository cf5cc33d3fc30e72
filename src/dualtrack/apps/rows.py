"""A table of evidence as CSV: a row for each case, for a plan that reads it."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["write_rows"]


def write_rows(rows: Sequence[Mapping[str, str | int | float]], *, fix: str) -> bytes:
    """Return rows under the names of the first one, as UTF-8; raises FieldError for none, with what to do."""
    if not rows:
        raise FieldError("no rows", where="table", fix=fix)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
