"""Questions with known answers: what is right, what is cited, what a search finds, and the table without words that comes of them."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("typst", reason="the reports extra (typst) is not installed")
pytest.importorskip("pypdfium2", reason="the research extra (pypdfium2) is not installed")

from dualtrack.apps.research.asking import Reply, ask
from dualtrack.apps.research.documents.model import About, Document, Line, Page
from dualtrack.apps.research.documents.store import DocumentStore
from dualtrack.apps.research.evidence.baseline import baseline, first_page, is_found
from dualtrack.apps.research.evidence.citing import citations_hold
from dualtrack.apps.research.evidence.questions import KINDS, Amount, KnownQuestion, make_questions
from dualtrack.apps.research.evidence.reports import PLANTED, load_reports, names_of
from dualtrack.apps.research.evidence.shares import abstention_curve, answer_shares, share_of
from dualtrack.apps.research.evidence.table import answer_table, table_bytes, table_columns
from dualtrack.apps.research.generator.make import make_truth
from dualtrack.domain.documents import read_yaml
from dualtrack.errors import FieldError, MissingExtraError, NotFoundError
from dualtrack.evidence.plans.given import Given
from dualtrack.evidence.plans.reading import read_plan
from dualtrack.evidence.plans.running import Asked, run_plan
from house_tree import ROOT

ON = date(2026, 11, 27)


@pytest.fixture(scope="module")
def loaded():
    try:
        return list(load_reports(2, first=9_001))
    except (MissingExtraError, NotFoundError) as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def rows(loaded):
    return answer_table(loaded, on=ON, lines=1)


@pytest.mark.parametrize("language", ["en", "zh-Hant"])
def test_questions_are_of_every_kind_in_several_wordings_and_come_from_the_seed(language):
    made = [make_truth(seed, language=language, errors=("missing_page",)) for seed in range(9_000, 9_008)]
    asked = [each for truth in made for each in make_questions(truth)]
    assert {each.kind for each in asked} == set(KINDS)
    assert asked == [each for truth in made for each in make_questions(truth)]
    wordings: dict[str, set[str]] = {}
    for each in asked:
        wordings.setdefault(each.group, set()).add(each.text)
        assert bool(each.right) == (not each.kind.startswith(("missing", "other")))
    assert min(map(len, wordings.values())) >= 2
    assert set(baseline().minutes.by_kind) == set(KINDS)


def test_what_is_right_is_printed_on_the_pages_that_are_named():
    truth = make_truth(9_003)
    printed = {(Decimal(each.role_value), each.page) for each in truth.facts} | {
        (Decimal(each.value), each.page) for each in truth.facts
    }
    values = [each for each in make_questions(truth) if each.kind in {"value", "before"}]
    assert values
    for question in values:
        assert all((each.value, page) in printed for each in question.right for page in each.pages)


def test_reports_are_of_both_languages_and_every_way_of_planting():
    assert len(PLANTED) == 4
    places = [(place % 2, (place + place // len(PLANTED)) % len(PLANTED)) for place in range(8)]
    assert len(set(places)) == 8
    assert {planted for _, planted in places[:4]} == set(range(4))


def test_the_table_has_a_row_for_each_question_and_no_word_of_it(loaded, rows):
    asked = [each for one in loaded for each in make_questions(one.truth, lines=1)]
    assert [row["question"] for row in rows] == list(range(1, len(asked) + 1))
    text = table_bytes(rows).decode()
    assert len(list(csv.DictReader(io.StringIO(text)))) == len(asked)
    for each in asked:
        assert each.text not in text
        assert each.issuer not in text
    with pytest.raises(FieldError, match="no rows"):
        table_bytes([])


def test_a_row_is_right_for_the_printed_figure_and_for_silence_where_there_is_none(loaded, rows):
    asked = [each for one in loaded for each in make_questions(one.truth, lines=1)]
    for question, row in zip(asked, rows, strict=True):
        assert row["right"] + row["wrong"] + (not row["answered"] and bool(row["answerable"])) == 1
        if not row["answerable"]:
            assert row["right"] == (not row["answered"])
        elif row["outcome"] == "figure" and row["right"]:
            near = [abs(Decimal(str(row["given"])) - each.value) <= abs(each.value) / 10**9 for each in question.right]
            assert any(near)
    assert sum(int(row["right"]) for row in rows) > len(rows) / 2
    assert any(not row["right"] for row in rows) or all(row["answered"] for row in rows if row["answerable"])


def test_a_citation_that_was_moved_or_misread_does_not_hold(loaded):
    with DocumentStore(":memory:") as store:
        for each in loaded:
            store.add(each.document, each.facts)
        names = names_of([each.truth for each in loaded])
        issuer = loaded[0].truth.issuer.name.en
        reply = ask(f"What were the total assets of {issuer} in 2025?", store, names, on=ON)
        assert reply.outcome == "figure"
        assert citations_hold(reply, store)
        (operand,) = reply.figure.operands
        value = str(Decimal(operand.value) * 1000)
        for changed in ({"address": operand.address[:-1] + "9"}, {"text": "1"}, {"value": value}):
            figure = msgspec.structs.replace(reply.figure, operands=(msgspec.structs.replace(operand, **changed),))
            assert not citations_hold(msgspec.structs.replace(reply, figure=figure), store), changed
        assert not citations_hold(Reply(outcome="none"), store)


def plain(*pages):
    made = tuple(Page(number=at, width=1, height=1, lines=(Line(text),)) for at, text in enumerate(pages, 1))
    return Document(about=About(name="a.pdf", licence="test"), sha256="0" * 64, kind="pdf", language="en", pages=made)


def test_a_search_finds_the_first_page_with_the_words_and_serves_where_it_has_the_number():
    document = plain("Contents", "Total  ASSETS rose", "total assets 5")
    assert first_page([document], "total assets") == 2
    assert first_page([document], "goodwill") is None
    assert first_page([], "total assets") is None
    answer = (Amount(Decimal(5), frozenset({3})),)
    question = KnownQuestion("1-1", "value", 1, "?", "total assets", "A", answer)
    assert [is_found(question, page) for page in (2, 3, None)] == [False, True, False]
    missing = question._replace(kind="missing_line", right=())
    assert [is_found(missing, page) for page in (2, None)] == [False, True]
    assert is_found(missing._replace(kind="other_year"), 2)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=60))
def test_a_share_lies_within_its_limits_and_needs_two_documents(pairs):
    found = share_of(
        "a", "b", [{"document": of, "right": int(hit)} for of, hit in pairs], lambda row: bool(row["right"])
    )
    assert (found.n, found.hits) == (len(pairs), sum(hit for _, hit in pairs))
    assert (found.low is None) == (len({of for of, _ in pairs}) < 2)
    if found.low is not None:
        assert 0 <= found.low <= found.estimate <= found.high <= 1


def test_the_curve_answers_less_at_a_higher_match_and_shares_count_what_they_say(rows):
    curve = abstention_curve(rows)
    answered = [share.hits for share, _ in curve]
    assert answered == sorted(answered, reverse=True)
    assert all(share.hits == right.n for share, right in curve)
    shares = {each.name: each for each in answer_shares(rows)[:8]}
    assert shares["answered all the same"].n + shares["answered"].n == len(rows)
    assert shares["citations hold"].n == answered[0]
    assert shares["same in other words"].n == len({row["group"] for row in rows})


def test_the_shipped_plan_can_be_run_over_the_table_and_gates_what_it_says(rows):
    path = ROOT / "src" / "dualtrack" / "apps" / "research" / "evidence" / "plan.yaml"
    plan = read_plan(read_yaml(path.read_bytes(), where=path.name), where=path.name)
    plan = msgspec.structs.replace(plan, draws=100)
    run = run_plan(plan, Given(table_columns(rows)), Asked("0" * 64, None, 1, taken_at="2026-11-27T00:00:00Z"))
    assert {each.item.gate.topic for each in run.results if each.item.gate} == {
        "benefit", "factuality", "hallucination_test", "paraphrase_robustness", "end_to_end_test",
    }  # fmt: skip
    found = {each.item.id: each for each in run.results}
    assert {name for name, each in found.items() if each.standing == "not measurable"} == set()
    (right,) = (each for each in found["right"].measurements if each.measure == "answers.exact-match")
    assert right.estimate == pytest.approx(sum(int(row["right"]) for row in rows) / len(rows))
    assert found["right"].standing == "underpowered", "two reports are too few to tell"
