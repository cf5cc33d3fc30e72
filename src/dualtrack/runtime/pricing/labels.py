"""A firm's own labels: which decisions were harmful, from a table of decision ids and 0 or 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import FieldError
from dualtrack.evidence.arrays import labels
from dualtrack.evidence.numeric import np
from dualtrack.evidence.tables import load_table

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_labels"]


def read_labels(path: Path) -> dict[str, bool]:
    """Return truth by decision from a CSV or Parquet file with columns `decision` and `harmful` (0 or 1).

    A row without a value is left out: unknown is not harmless. Raises FieldError for a missing column, another value, a value
    without a decision, or a decision labelled twice.
    """
    table = load_table(path)
    for name in ("decision", "harmful"):
        if name not in table:
            raise FieldError(f"no column {name!r}", where=str(path), expected="columns decision and harmful")
    told = ~np.ma.getmaskarray(table["harmful"])
    values = np.ma.getdata(table["harmful"])
    if values.dtype.kind == "f":
        told &= ~np.isnan(values)
    harmful = labels(values[told], "harmful")
    if (told & np.ma.getmaskarray(table["decision"])).any():
        raise FieldError("a value without a decision", where=f"{path}, column decision", fix="say whose it is")
    names = [str(name) for name in np.ma.getdata(table["decision"])[told].tolist()]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise FieldError(f"decision {twice} twice", where=f"{path}, column decision", fix="keep one of them")
    return dict(zip(names, map(bool, harmful.tolist()), strict=True))
