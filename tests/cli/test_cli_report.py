"""`dualtrack report`: page and JSON on standard output or in a file, a PDF only in a file, and what is refused in words."""

from __future__ import annotations

import hashlib
import json

import pytest
from cli_world import USE, declared_bank, entries, good, refused, said

from dualtrack.evidence.reporting import typst as printing


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    """A bank with a planned and measured use, and its report as JSON."""
    folder = tmp_path_factory.mktemp("report")
    made = declared_bank(folder / "bank")
    rows = "".join(f"{place / 400},{int(place % 5 < place // 80)}\n" for place in range(400))
    (folder / "cases.csv").write_text("points,defaulted\n" + rows)
    (folder / "plan.yaml").write_text(
        f"format: dualtrack.measurement-plan/1\nuse: {USE}\ntitle: {{en: Plan, zh-Hant: 計劃}}\n"
        "data: {en: Cases, zh-Hant: 個案}\ncolumns: {label: defaulted, score: points}\nitems:\n"
        "- {id: order, measure: performance.discrimination, gate: {topic: predictive_performance, target: 0.6}}\n"
    )
    good("plan", "register", folder / "plan.yaml", "--as", "collector", "--workspace", made)
    good("measure", USE, "--data", folder / "cases.csv", "--workspace", made)
    return made


def test_the_page_and_the_record_are_on_standard_output_and_leave_nothing(bank):
    before = entries(bank)
    page = good("report", USE, "--workspace", bank).out
    assert page.startswith("<!DOCTYPE html>")
    assert "✓ met" in page
    plain = json.loads(good("report", USE, "--format", "json", "--workspace", bank).out)
    assert [each["result"]["standing"] for each in plain["items"]] == ["met"]
    assert plain["plan"]["signed_by"] == ["collector"]
    chinese = good("report", USE, "--language", "zh-Hant", "--workspace", bank).out
    assert '<html lang="zh-Hant-HK">' in chinese
    assert "✓ 達標" in chinese
    assert entries(bank) == before


def test_a_file_is_written_whole_and_never_over_another(bank, tmp_path):
    target = tmp_path / "report.json"
    done = good("report", USE, "--format", "json", "--output", target, "--json", "--workspace", bank).json
    first = target.read_bytes()
    assert done == {"written": str(target), "sha256": hashlib.sha256(first).hexdigest(), "bytes": len(first)}
    assert good("report", USE, "--json", "--workspace", bank).out.encode() == first
    assert json.loads(first)["use"] == USE
    said(refused(bank, "report", USE, "--format", "json", "-o", target, "--workspace", bank), "exists", "--force")
    good("report", USE, "--format", "json", "-o", target, "--force", "--workspace", bank)
    assert target.read_bytes() == first


def test_a_pdf_goes_to_a_file_only(bank, tmp_path, monkeypatch):
    said(refused(bank, "report", USE, "--format", "pdf", "--workspace", bank), "--output")
    monkeypatch.setattr(printing, "report_pdf", lambda report, language: f"%PDF {report.use} {language}".encode())
    target = tmp_path / "report.pdf"
    good("report", USE, "--format", "pdf", "-o", target, "--language", "zh-Hant", "--workspace", bank)
    assert target.read_bytes() == f"%PDF {USE} zh-Hant".encode()


WRONG = [
    ("no use", ["report", "nonsense"], ["USE"]),
    ("unknown", ["report", "my-bank/nothing"], ["not declared"]),
    ("no release", ["report", USE, "--release", "ab" * 32], ["no release"]),
    ("no folder", ["report", USE, "-o", "absent/report.html"], ["no such folder"]),
]


@pytest.mark.parametrize(("arguments", "expected"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_is_wrong_is_refused_in_words(bank, arguments, expected):
    said(refused(bank, *arguments, "--workspace", bank), *expected)
