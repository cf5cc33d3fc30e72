"""The page on passages: every line of it runs, and its count of questions is right."""

from page_shell import new_shell, steps

from dualtrack.demo.language.questions import asked, load_questions
from house_tree import ROOT

PAGE = ROOT / "docs" / "service.md"


def test_passages_go_as_the_page_says(tmp_path):
    shell = new_shell(tmp_path)
    for step in steps(PAGE):
        shell.do(step)


def test_its_number_of_questions_is_that_of_the_demo():
    others = [item for use in ("bank", "broker") for item in asked(load_questions(use)) if item.case.expect != "answer"]
    assert f"On the demo's {len(others)} questions outside the purpose" in PAGE.read_text("utf-8")
