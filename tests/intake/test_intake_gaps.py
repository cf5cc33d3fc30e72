"""What an examiner would find, at its cell."""

from datetime import date

import intake_workbooks as ugly
import pytest

from dualtrack.intake import sample_path
from dualtrack.intake.catalogue import catalogue
from dualtrack.intake.report import as_records, gap_report
from dualtrack.intake.values import is_blank, typed_verdict, yes_no

AT = date(2026, 11, 22)


def found(path, *kinds, at=AT, **more):
    report = gap_report(path, at=at, **more)
    return [
        (f.kind, f.row, f.cells[-1].ref if f.cells else "") for f in report.findings if not kinds or f.kind in kinds
    ]


def one_row(tmp_path, header, values):
    return ugly.save(tmp_path, "one.xlsx", ("S", [header, values]))


def test_plain(tmp_path):
    assert found(ugly.plain(tmp_path)) == [
        ("language-model-not-marked", 3, "Models!F3"),
        ("no-owner", 4, "Models!C4"),
        ("no-executive", 3, "Models!D3"),
        ("no-validation-date", 3, "Models!G3"),
        ("no-due-diligence", None, ""),
        ("stale-validation", 4, "Models!G4"),
        ("no-area", None, ""),
        ("typed-verdict", 3, "Models!H3"),
    ]


def test_chinese(tmp_path):
    got = found(ugly.chinese_headers(tmp_path))
    assert ("no-owner", 3, "清單!D3") in got
    assert ("language-model-not-marked", 3, "清單!G3") in got
    assert ("stale-validation", 3, "清單!H3") in got
    assert ("typed-verdict", 2, "清單!I2") in got
    assert not [one for one in got if one[0] == "unreadable-date"]


def test_a_column_that_is_absent_is_one_finding_and_points_to_what_may_hold_it(tmp_path):
    path = ugly.save(
        tmp_path, "c.xlsx", ("S", [["Name", "Purpose", "Contact"], *[[f"M{n}", "p", "x"] for n in range(5)]])
    )
    report = gap_report(path, at=AT)
    owner = [f for f in report.findings if f.kind == "no-owner"]
    assert len(owner) == 1
    assert owner[0].row is None
    assert owner[0].detail.en.endswith("5 of 5 rows are affected; column C may hold it: say so and run again")
    assert owner[0].action.en.startswith("Add a column “Owner”")
    assert report.todo[0].kind == "keeper"


def test_mixed_dates(tmp_path):
    path = ugly.mixed_dates(tmp_path)
    assert found(path, "ambiguous-date", "unreadable-date", "stale-validation") == [
        ("ambiguous-date", 5, "Dates!C5"),
        ("unreadable-date", 11, "Dates!C11"),
    ]
    # A year later every readable date is stale; the ambiguous one too, because both of its readings are.
    later = found(path, "stale-validation", at=date(2027, 7, 1))
    assert [row for _, row, _ in later] == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    # On the day between its two readings' limits the ambiguous one is not called stale.
    between = found(path, "stale-validation", at=date(2027, 3, 7))
    assert [row for _, row, _ in between] == [2, 3, 4, 6, 7, 8]


def test_stale_limits_follow_the_tier(tmp_path):
    rows = [
        ["Name", "Tier", "Validation date"],
        *[[f"M {t}", t, date(2025, 6, 1)] for t in ("High", "Low", "高", None)],
    ]
    path = ugly.save(tmp_path, "t.xlsx", ("S", rows))
    assert [row for _, row, _ in found(path, "stale-validation")] == [2, 4, 5]


def test_future_validation(tmp_path):
    path = one_row(tmp_path, ["Name", "Purpose", "Validation date"], ["A", "p", date(2026, 11, 23)])
    assert found(path, "validation-in-future", "stale-validation") == [("validation-in-future", 2, "S!C2")]
    assert found(path, "validation-in-future", at=date(2026, 11, 23)) == []


def test_duplicates(tmp_path):
    path = ugly.duplicates(tmp_path)
    report = gap_report(path, at=AT)
    assert [(f.row, [c.ref for c in f.cells]) for f in report.findings if f.kind == "duplicate-row"] == [
        (4, ["Dup!B3", "Dup!B4"])
    ]
    assert [(f.row, [c.text for c in f.cells]) for f in report.findings if f.kind == "near-same-name"] == [
        (5, ["Trade surveillance alerts", "Trade surveillance alert"]),
        (8, ["Trade surveillance alerts", "surveillance: trade alerts"]),
    ]


def test_errors(tmp_path):
    got = found(ugly.formula_errors(tmp_path), "cell-error", "no-owner", "no-validation-date")
    assert got == [
        ("no-owner", 3, "F!B3"), ("no-validation-date", 2, "F!D2"), ("cell-error", 2, "F!D2"), ("cell-error", 3, "F!B3")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "vendor", "kind", "marked", "expected"),
    [
        ("GPT-4o notes", "", "", "", "language-model-not-marked"),
        ("Notes", "Azure OpenAI", "", "N", "language-model-not-marked"),
        ("Notes", "Azure OpenAI", "", "Y", ""),
        ("Notes", "", "LLM (llama3)", "", ""),
        ("會議摘要（通義千問）", "", "", "否", "language-model-not-marked"),
        ("客服聊天機械人", "", "", "", "language-model-possible"),
        ("客服聊天機械人", "", "", "否", ""),
        ("GLM pricing", "", "GLM", "", ""),
        ("Fragile stock ragtime", "", "", "", ""),
        ("Currency translation", "", "", "", ""),
    ],
)
def test_language_models(tmp_path, name, vendor, kind, marked, expected):
    header = ["Name", "Vendor", "Model type", "Gen AI (Y/N)", "Owner"]
    path = one_row(tmp_path, header, [name, vendor, kind, marked, "Fiona Lau"])
    got = [one[0] for one in found(path) if one[0].startswith("language-model")]
    assert got == ([expected] if expected else [])


def test_vendors_and_disclosures(tmp_path):
    header = ["Name", "Vendor", "Due diligence", "Customer facing", "Disclosure"]
    rows = [
        ["A", "Acme", date(2025, 1, 1), "Y", "web banner"],
        ["B", "Acme", "N", "Y", "no"],
        ["C", "In-house", "", "N", ""],
        ["D", "Acme", "outstanding", "maybe", ""],
    ]
    path = ugly.save(tmp_path, "v.xlsx", ("S", [header, *rows]))
    assert found(path, "no-due-diligence", "no-disclosure", "unclear-mark") == [
        ("no-due-diligence", 3, "S!C3"), ("no-due-diligence", 5, "S!C5"), ("no-disclosure", 3, "S!E3"), ("unclear-mark", 5, "S!D5")
    ]  # fmt: skip


def test_citations_for_language_models_only_where_there_is_one(tmp_path):
    report = gap_report(ugly.plain(tmp_path), at=AT)
    cited = {
        f.row: [(c.document, c.paragraph) for c in f.cites]
        for f in report.findings
        if f.kind in ("no-owner", "no-executive")
    }
    assert cited == {4: [("hkma-2019", "1")], 3: [("hkma-2019", "1"), ("sfc-24ec55", "9")]}


def test_every_citation_names_a_document_and_every_kind_has_both_languages():
    for spec in catalogue().findings.values():
        assert {cite.document for cite in spec.cites} <= set(catalogue().documents)
        for text in (spec.title, spec.question, spec.action):
            assert text.en
            assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh)


def test_todo_is_by_owner_and_rows_without_one_go_to_nobody(tmp_path):
    todo = gap_report(ugly.plain(tmp_path), at=AT).todo
    assert [(owner.kind, owner.name.en, [use.row for use in owner.uses]) for owner in todo] == [
        ("keeper", "Whoever keeps this inventory", [None]), ("nobody", "No owner named", [4]), ("owner", "Sam Wu", [3])
    ]  # fmt: skip


def test_owners_that_differ_in_case_are_one(tmp_path):
    rows = [["Name", "Owner", "Purpose"], ["A", "Fiona Lau", ""], ["B", "FIONA  LAU", ""]]
    todo = gap_report(ugly.save(tmp_path, "o.xlsx", ("S", rows)), at=AT).todo
    assert [owner.name.en for owner in todo if owner.kind == "owner"] == ["Fiona Lau"]


def test_words():
    assert [yes_no(text) for text in ("Y", "是", "TRUE", "Yes - since 2023", "否", "n", "No.", "maybe", "")] == [
        "yes", "yes", "yes", "yes", "no", "no", "no", "", ""
    ]  # fmt: skip
    assert typed_verdict("Approved - Peter Chan") == ("approved", "Peter Chan")
    assert typed_verdict("not approved") == ("", "")
    assert typed_verdict("不合規") == ("", "")
    assert is_blank("TBC")
    assert is_blank("待定")
    assert is_blank("#N/A", "error")
    assert not is_blank("Fiona")


def test_sample_counts_are_what_its_builder_wrote():
    report = gap_report(sample_path(), at=AT)
    counts = {count.kind: (count.n, count.of) for count in report.counts if not count.table}
    assert counts["language-model-not-marked"] == (11, 39)
    assert counts["no-owner"] == (4, 39)
    assert counts["duplicate-row"] == (1, 39)
    assert counts["near-same-name"] == (2, 39)
    assert "fictional" in report.aside[0].cells[0].text
    assert isinstance(as_records(report), dict)
