"""`declare --interactive`: questions with their paragraphs, answers checked as they are given, a file that can be declared."""

import pytest
import yaml
from cli_world import BANK, good, run

from dualtrack.domain.questions import questions

WRONG_ANSWER = {"bool": "perhaps", "string": "other", "list": "all of it"}
ANSWER = {"bool": "no", "list": "rag, tools"}


def answers(**changes):
    """Return what a person types, one line a question; names in `changes` replace answers to the typed questions."""
    facts = {name: item_answer(item) for name, item in questions().items()}
    lines = [
        *["My Bank/x", "other-bank/x", "my-bank/new-use"],  # wrong, wrong, right
        *["A new [bold] use", "新用途", "To help", ""],
        *["cooking", "risk", "bank"],
        *["everybody", "customers, staff"],
        *["", "First Line", "first-line", "", ""],
    ]
    for name, item in questions().items():
        lines += [WRONG_ANSWER[item.type], changes.get(name, facts[name])]
    lines += ["", "It ranks", "", "It refuses nobody", ""]  # builder, scope
    lines += ["y", "superiority", "finds-more", "It finds more", "", "points-card", "0", "0.02", "share"]
    return "\n".join(lines) + "\n"


def item_answer(item):
    return ANSWER.get(item.type) or min(item.choices)


@pytest.fixture(scope="module")
def asked(bank_master, tmp_path_factory):
    """Answer everything once, with two unknowns; returns how it ended and the file."""
    import shutil

    folder = tmp_path_factory.mktemp("interview")
    bank = shutil.copytree(bank_master, folder / "ws")
    path = folder / "new.yaml"
    text = answers(personal_data="?", decision_effect="?")
    done = run("declare", path, "--interactive", "--institution", BANK, "--workspace", bank, "--json", stdin=text)
    assert done.code == 0, done.err
    return bank, path, done


def test_the_answers_become_a_declaration(asked):
    bank, path, done = asked
    body = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert body["use"] == "my-bank/new-use"
    assert body["title"] == {"en": "A new [bold] use", "zh-Hant": "新用途"}
    assert body["purpose"] == {"en": "To help", "zh-Hant": "To help"}
    assert body["affected"] == ["customers", "staff"]
    assert body["facts"]["development"] == ["rag", "tools"]
    assert set(questions()) - set(body["facts"]) == {"personal_data", "decision_effect"}
    assert body["claims"][0]["minimum"] == 0.02
    assert body["claims"][0]["margin"] is None
    assert done.json["use"] == "my-bank/new-use"
    assert (
        good("assess", "my-bank/new-use", "--workspace", bank, "--json").json["assessment"]["verdict"]
        == "nothing_measured"
    )


def test_questions_go_to_standard_error_with_their_paragraphs(asked):
    _, _, done = asked
    asked_text = done.err
    for item in questions().values():
        assert item.ask.en in asked_text
        assert item.ask.zh in asked_text
        assert all(cite.paragraph in asked_text for cite in item.cites)
    assert "sfc-24ec55" in asked_text
    assert "is not an identifier" in asked_text
    assert "expected my-bank/…" in asked_text


def test_an_existing_file_is_kept_and_nothing_is_asked(bank, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("mine")
    done = run("declare", path, "--interactive", "--workspace", bank, stdin=answers())
    assert done.code == 2
    assert "exists" in done.err
    assert "Use id" not in done.err
    assert path.read_text() == "mine"


def test_an_interview_that_ends_early_leaves_nothing(bank, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("declare", "--interactive", "--workspace", bank, stdin="my-bank/new-use\nTitle\n")
    assert done.code == 2
    assert "input ended" in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ws"]
