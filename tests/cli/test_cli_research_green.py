"""`research green`: each claim with its verdict and place, what is kept, and what ends with which code."""

import json

import pytest
from cli_world import good, run

pytest.importorskip("typst", reason="the reports extra (typst) is not installed")
pytest.importorskip("pypdfium2", reason="the research extra (pypdfium2) is not installed")

import typst

TABLE = """
#set page(paper: "a4", margin: 20mm)
#table(columns: (1fr, auto, auto, auto), stroke: none, align: (x, y) => if x == 0 { left } else { right },
  [Environmental performance], [Unit], [2025], [2024], [Water consumption], [m3], [48,000], [50,000],
  [Waste], [tonnes], [200], [210],
)
"""
HOLDS, WRONG, OPEN = "Our water use fell by 4%.", "Our water use rose by 4%.", "Our solar panels are eco-friendly."


def written(folder, *claims):
    path = folder / "esg.pdf"
    path.write_bytes(typst.compile((TABLE + "\n\n".join(claims)).encode(), format="pdf"))
    return path


def test_claims_are_shown_and_kept_and_one_that_fails_ends_with_1(tmp_path):
    path, kept = written(tmp_path, HOLDS, WRONG, OPEN), tmp_path / "checked.json"
    done = run("research", "green", path, "--licence", "own", "--period", "FY2025", "--output", kept)
    assert done.code == 1
    for wanted in (
        "quantified, supported: Our water use fell by 4%.", "esg.pdf#p1/t1/r1c2: 48,000", "contradicted: Our water use rose",
        "1 supported, 0 partly, 1 unsupported, 1 contradicted", "unsupported: 1 of 3 claims, 95% interval 6% to 79%",
        "taxonomy, indicative", "of secondary grade",
    ):  # fmt: skip
        assert wanted in done.out, done.out
    report = json.loads(kept.read_text())
    assert (report["counts"]["contradicted"], report["unsupported"]["n"]) == (1, 3)


def test_claims_that_hold_or_none_end_with_0(tmp_path):
    found = good("research", "green", written(tmp_path, HOLDS), "--licence", "own", "--json").json
    assert [each["outcome"] for each in found["verdicts"]] == ["supported"]
    assert "No claims about the environment" in good("research", "green", written(tmp_path), "--licence", "own").out


def test_what_cannot_be_checked_ends_with_2(tmp_path):
    path = written(tmp_path, HOLDS)
    (tmp_path / "text.txt").write_text("words")
    for given, words in (
        ((path, "--licence", " "), "no licence"),
        ((path,), "--licence"),
        ((tmp_path / "none.pdf", "--licence", "own"), "cannot be read"),
        ((tmp_path / "text.txt", "--licence", "own"), "no PDF"),
        ((path, "--licence", "own", "--form", "novel"), "novel"),
        ((path, "--licence", "own", "--output", path), "exists"),
    ):
        done = run("research", "green", *given)
        assert (done.code, words in " ".join(done.err.split())) == (2, True), done.err
