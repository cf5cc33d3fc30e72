"""Tables of what the assistant does: the keyword menu beside it, shares with intervals, conversations without a word of anybody."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from dualtrack.apps.service.baseline import KeywordMenu
from dualtrack.apps.service.evidence import TestQuestion as Asked
from dualtrack.apps.service.evidence import answer_shares, answer_table, read_questions, write_table
from dualtrack.apps.service.starting import SECTORS, starter_corpus
from dualtrack.errors import DocumentError, FieldError, NotFoundError

ON = date(2026, 11, 27)


@pytest.fixture(scope="module")
def corpus():
    return starter_corpus("mpf", "my-firm/answers")


def test_the_pack_has_its_sectors_with_other_ways_of_asking_and_a_glossary(corpus):
    assert corpus.use == "my-firm/answers"
    assert corpus.glossary
    assert all(item.asked.en and item.asked.zh for item in corpus.passages)
    assert len(corpus.passages) + sum(len(starter_corpus(each).passages) for each in SECTORS if each != "mpf") == 338
    with pytest.raises(NotFoundError, match="no starter pack"):
        starter_corpus("casino")


def test_the_menu_shows_what_shares_most_words_and_nothing_for_none(corpus):
    menu = KeywordMenu(corpus, on=ON)
    assert menu.find("How much an employee contributes", "en").id == "mpf-con-employee"
    assert menu.find("僱員供款額", "zh-Hant").id == "mpf-con-employee"
    assert menu.find("zzzz", "en") is None


def test_each_question_has_a_row_without_its_words(corpus):
    asked = [
        Asked(text="What percentage does an employee contribute?", register="english", passage="mpf-con-employee"),
        Asked(text="僱員要供百分之幾？", register="written", passage="mpf-con-employee"),
        Asked(text="Which planet has most moons?", register="english"),
    ]
    rows = answer_table(corpus, asked, on=ON)
    assert [row["answerable"] for row in rows] == [1, 1, 0]
    assert rows[2]["right"] == int(rows[2]["outcome"] != "answer")
    assert [row["wrong_language"] for row in rows] == [0, 0, 0]
    read = list(csv.DictReader(io.StringIO(write_table(rows).decode())))
    assert [line["register"] for line in read] == ["english", "written", "english"]
    assert not [line for line in read if "moons" in str(line.values())]
    shares = {(each.register, each.share): each for each in answer_shares(rows)}
    assert shares["all", "right"].n == 2
    assert 0 <= shares["all", "right"].low <= shares["all", "right"].hits / 2 <= shares["all", "right"].high <= 1


def test_bad_test_sets_are_refused_by_name(corpus):
    with pytest.raises(FieldError, match="passage 'gone'"):
        answer_table(corpus, [Asked(text="x", register="english", passage="gone")], on=ON)
    with pytest.raises(FieldError, match="no question"):
        read_questions(b"[]", where="test.yaml")
    with pytest.raises(FieldError, match="register"):
        read_questions(b"- {text: x, register: shouting}", where="test.yaml")
    with pytest.raises((DocumentError, FieldError)):
        read_questions(b"- [", where="test.yaml")
    with pytest.raises(FieldError, match="no rows"):
        write_table([])
