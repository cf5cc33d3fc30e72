"""Tables of what the assistant does: the keyword menu beside it, shares with intervals, and no words of anybody."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from msgspec.structs import replace

from dualtrack.apps.service.baseline import KeywordMenu
from dualtrack.apps.service.evidence.answers import answer_shares, answer_table, outside_shares, outside_table
from dualtrack.apps.service.evidence.questions import TestQuestion as Asked
from dualtrack.apps.service.evidence.questions import carried_questions, language_asked, read_questions
from dualtrack.apps.service.evidence.replies import Replied
from dualtrack.apps.service.evidence.rows import write_table
from dualtrack.apps.service.evidence.sentences import sentence_table
from dualtrack.apps.service.language import detect
from dualtrack.apps.service.starting import SECTORS, starter_corpus
from dualtrack.errors import DocumentError, FieldError, NotFoundError

ON = date(2026, 11, 27)
ASKED = [
    Asked(text="What percentage does an employee contribute?", register="english", passage="mpf-con-employee"),
    Asked(text="僱員要供百分之幾？", register="written", passage="mpf-con-employee"),
    Asked(text="Which planet has most moons?", register="english"),
]


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


def test_each_question_has_a_row_without_its_words_and_what_nothing_answers_stands_apart(corpus):
    rows, outside = answer_table(corpus, ASKED, on=ON), outside_table(corpus, ASKED, on=ON)
    assert [row["cluster"] for row in rows] == ["mpf-con-employee"] * 2
    assert [row["wrong_language"] for row in rows] == [0, 0]
    assert [(row["answered"], row["language"]) for row in outside] == [(0, "en")]
    data = write_table(rows).decode()
    assert [line["register"] for line in csv.DictReader(io.StringIO(data))] == ["english", "written"]
    assert "percentage" not in data
    shares = {(each.group, each.share): each for each in answer_shares(rows)}
    found = shares["all", "right"]
    assert found.n == 2
    assert 0 <= found.low <= found.hits / 2 <= found.high <= 1
    assert {each.share for each in outside_shares(outside)} == {"answered", "menu_answered"}


def test_another_way_to_ask_is_measured_by_what_it_says(corpus):
    """What it gets wrong must show: another passage, the other language, a sentence of nobody, no answer at all."""
    passage = next(item for item in corpus.passages if item.id == "mpf-con-employee")
    replies = {
        ASKED[0].text: Replied(passage.text.zh, (passage.id,)),
        ASKED[1].text: Replied(None, nearest=(passage.id,)),
        ASKED[2].text: Replied(f"{passage.text.en} Saturn has most moons.", ("mpf-con-employer",)),
    }
    rows = answer_table(corpus, ASKED, on=ON, ask=replies.__getitem__)
    assert [(row["right"], row["answered"], row["wrong_language"]) for row in rows] == [(1, 1, 1), (0, 0, "")]
    assert [row["among_three"] for row in rows] == [1, 1]
    assert outside_table(corpus, ASKED, on=ON, ask=replies.__getitem__)[0]["answered"] == 1
    marks = [row["unsupported"] for row in sentence_table(corpus, ASKED, on=ON, ask=replies.__getitem__)]
    assert marks[-1] == 1
    assert sum(marks) == 1
    assert len(marks) >= 3


def test_a_mixed_question_is_in_the_language_of_its_sentence_and_a_reply_in_the_other_is_seen(corpus):
    every = [
        each for sector in SECTORS for each in carried_questions(starter_corpus(sector)) if each.register == "mixed"
    ]
    assert all(each.language for each in every)
    assert not [each.text for each in every if detect(each.text).language != language_asked(each)]
    labelled = Asked(text="x", register="mixed", language="en", passage="mpf-con-employee")
    assert language_asked(labelled) == "en"
    assert language_asked(Asked(text="How much 強積金 do I pay?", register="mixed")) == "en"
    passage = next(item for item in corpus.passages if item.id == "mpf-con-employee")
    for text, wrong in ((passage.text.zh, 1), (passage.text.en, 0)):
        [row] = answer_table(corpus, [labelled], on=ON, ask=lambda _, text=text: Replied(text, (passage.id,)))
        assert (row["language"], row["wrong_language"]) == ("en", wrong)


def test_the_menu_is_asked_where_its_words_would_be_found(corpus):
    asked = Asked(text="How much 僱員供款額 is due?", register="mixed", language="en", passage="mpf-con-employee")
    [row] = answer_table(corpus, [asked], on=ON)
    assert (row["language"], row["baseline_right"]) == ("en", 1)


def test_several_passages_may_answer_and_a_case_is_its_own_cluster(corpus):
    asked = [
        Asked(
            text="x", register="english", passage="mpf-con-employer", also=("mpf-con-employee",), case="contributions"
        )
    ]
    [row] = answer_table(corpus, asked, on=ON, ask=lambda _: Replied("y", ("mpf-con-employee",)))
    assert (row["right"], row["cluster"], row["passage"]) == (1, "contributions", "mpf-con-employer|mpf-con-employee")


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
    with pytest.raises(FieldError, match="no carried question"):
        carried_questions(replace(corpus, passages=[]))
