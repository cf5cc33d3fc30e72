"""What an import records of an inventory: every row once, in order, in parts that fit into entries."""

from __future__ import annotations

from datetime import date

import pytest

from dualtrack.domain.records import encode
from dualtrack.intake import inventory
from dualtrack.intake.report import gap_report

ROWS = [f"System {number},Purpose {number},Owner {number}" for number in range(100)]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("inventory") / "long.csv"
    path.write_text("AI system,Purpose,Owner\n" + "\n".join(ROWS))
    return gap_report(path, at=date(2026, 11, 27))


def test_a_short_inventory_is_one_part(report):
    (part,) = inventory.inventory_parts(report)
    assert (part.part, part.parts, part.file, part.sha256) == (1, 1, report.file, report.sha256)
    assert [",".join(row.values()) for row in part.rows] == ROWS
    assert "name" in part.mapping.values()


@pytest.mark.parametrize("room", [1, 150, 2_000])
def test_a_long_one_is_cut_between_rows(report, monkeypatch, room):
    monkeypatch.setattr(inventory, "ROWS_BYTES_MAX", room)
    parts = inventory.inventory_parts(report)
    assert [",".join(row.values()) for part in parts for row in part.rows] == ROWS
    assert [(part.part, part.parts) for part in parts] == [(n, len(parts)) for n in range(1, len(parts) + 1)]
    assert all(len(part.rows) == 1 or sum(len(encode(row)) for row in part.rows) <= room for part in parts)
