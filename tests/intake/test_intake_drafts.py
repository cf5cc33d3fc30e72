"""Drafts: answers are read as the gap report reads them, and each row is given its own things to do."""

from datetime import date

import intake_workbooks as ugly
import pytest
import yaml
from msgspec.structs import replace

from dualtrack.intake.drafts import drafts
from dualtrack.intake.report import gap_report

HEADER = ["Name", "Owner", "Purpose", "Is it an LLM?", "Customer facing", "Personal data"]


def made(folder, *rows):
    path = ugly.save(folder, "d.xlsx", ("S", [HEADER, *rows]))
    report = gap_report(path, at=date(2026, 11, 22), mapping={"is_language_model": "D"})
    return report, drafts(report, "my-bank", "bank")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Yes - since 2023", True),
        ("✓", True),
        ("對", True),
        ("No (retired)", False),
        ("✗", False),
        ("没有", False),
        ("不是", False),
        ("沒有", False),
        ("Y", True),
        ("maybe", None),
        ("TBC", None),
        ("", None),
    ],
)
def test_an_answer_is_read_as_the_report_reads_it(tmp_path, text, answer):
    _, (draft,) = made(tmp_path, ["A", "Fiona", "p", text, text, text])
    names = ("language_model", "customer_facing", "personal_data")
    assert yaml.safe_load(draft.text)["facts"] == ({} if answer is None else dict.fromkeys(names, answer))


def test_each_draft_lists_what_its_row_lacks_and_the_findings_are_gone_through_once(tmp_path):
    rows = [["A", "Fiona", "p", "", "", ""], ["B", "", "p", "", "", ""], ["C", "", "", "", "", ""]]
    report, _ = made(tmp_path, *rows)
    findings = ugly.Counted(report.findings)
    found = drafts(replace(report, findings=findings), "my-bank", "bank")
    assert [draft.slug for draft in found] == ["a", "b", "c"]
    for draft, row in zip(found, report.rows, strict=True):
        actions = sorted({finding.action.en for finding in report.findings if finding.row == row.row})
        listed = [line.removeprefix("# - ") for line in draft.text.splitlines() if line.startswith("# - ")]
        assert listed == actions
    assert findings.times == 1
