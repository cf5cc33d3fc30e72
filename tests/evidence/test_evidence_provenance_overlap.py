"""Verbatim overlap: against brute force over token lists, in Chinese and English, with copies planted and texts left out."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import FieldError
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.provenance.near import catch_rate, jaccard, near_texts, shingles
from dualtrack.evidence.provenance.overlap import Copied, Overlap, OverlapSettings
from dualtrack.evidence.provenance.tokens import longest_shared, pool, shared, tokens
from dualtrack.evidence.sample import Roles, make_sample

KIND = Overlap()
HOW = Estimating(data_digest="a" * 64, cell_size_min=2)
CORPUS = ["The bank answers every complaint within thirty days of receipt.", "本行會在收到投訴後三十日內答覆客戶。"]


def texts(*values):
    return np.ma.array([each or "" for each in values], mask=[each is None for each in values], dtype=object)


def sample(*outputs, corpus=CORPUS):
    reference = make_sample({"doc": texts(*corpus)}, Roles(passages="doc"))
    return make_sample({"out": texts(*outputs)}, Roles(answer="out"), reference=reference)


def measured(*outputs, corpus=CORPUS, **plan):
    settings_ = OverlapSettings(**plan)
    return KIND.estimate(KIND.gather(sample(*outputs, corpus=corpus), settings_), settings_, HOW)


def test_tokens_are_words_and_single_chinese_characters():
    assert tokens("Hello, ＷＯＲＬＤ_2! 投訴ABC三十日") == ["hello", "world", "2", "投", "訴", "abc", "三", "十", "日"]
    assert tokens("… \u3000") == []


def test_copies_are_found_in_both_languages_and_measured():
    found = measured(
        "We promise: the bank ANSWERS every complaint, within thirty days!",
        "請放心，本行會在收到投訴後三十日內答覆。",
        "Nothing of the kind is said here at all.",
        "Short.",
        None,
        span_min=6,
    )[0]
    assert (found.n, found.estimate) == (3, pytest.approx(1000 * 2 / 3))
    assert found.low < found.estimate < found.high
    assert found.facts["longest_span"] == len("本行會在收到投訴後三十日內答覆")
    assert (found.facts["outputs_too_short"], found.facts["outputs_empty"]) == (1, 1)
    assert found.unit == "per 1,000 outputs"


word = st.lists(st.sampled_from("ab"), max_size=9).map(" ".join)


@given(st.lists(word, min_size=1, max_size=5), st.lists(word, min_size=1, max_size=5), st.integers(2, 5))
@settings(max_examples=80, deadline=None)
def test_spans_are_those_of_brute_force(outputs, corpus, span):
    ours, theirs = [each.split() for each in outputs], [each.split() for each in corpus]
    codes = {}
    first, second = pool(ours, codes), pool(theirs, codes)

    def spans(lists, size):
        return {tuple(each[at : at + size]) for each in lists for at in range(len(each) - size + 1)}

    hits = shared(first, second, span)
    copied = {place for place, each in enumerate(ours) if spans([each], span) & spans(theirs, span)}
    assert set(first.owner[hits].tolist()) == copied
    if copied:
        assert longest_shared(first, second, span) == max(
            size for size in range(span, 10) if spans(ours, size) & spans(theirs, size)
        )


@given(st.lists(word, min_size=2, max_size=8), st.data())
@settings(max_examples=30, deadline=None)
def test_parts_add_up_to_all_at_once(outputs, data):
    corpus, plan = ["a b a a b b a b", "b b b a"], OverlapSettings(span_min=3, near_min=0.5)
    cut = data.draw(st.integers(1, len(outputs) - 1))
    parts = [KIND.gather(sample(*some, corpus=corpus), plan) for some in (outputs[:cut], outputs[cut:])]
    statistics = KIND.gather(sample(*outputs, corpus=corpus), plan)
    assert KIND.merge(parts) == statistics
    found = KIND.estimate(statistics, plan, HOW)
    assert KIND.estimate(Copied(**found[0].statistics), plan, HOW) == found


def test_tokens_that_are_copied_are_counted_once():
    statistics = KIND.gather(sample("x a b c d y", corpus=["a b c d"]), OverlapSettings(span_min=2))
    assert (statistics.tokens, statistics.tokens_copied, statistics.longest) == (6, 4, 4)


def test_equal_hashes_of_different_spans_are_no_copy():
    codes = {}
    ours, theirs = pool([["a", "b", "c"]], codes), pool([["x", "y", "z"]], codes)
    collide = mock.patch(
        "dualtrack.evidence.provenance.tokens._hashes", lambda row, span: row[: len(row) - span + 1] * 0
    )
    with collide:
        assert len(shared(ours, theirs, 2)) == 0


def test_no_span_runs_from_one_text_into_the_next():
    assert KIND.gather(sample("a b c d", corpus=["x a b", "c d y"]), OverlapSettings(span_min=3)).copied == 0


def test_near_texts_are_found_and_others_not_accused():
    base = [f"w{at}" for at in range(60)]
    changed = [*base[:30], "other", *base[31:]]
    corpus = [shingles(base), shingles([f"v{at}" for at in range(60)])]
    assert jaccard(shingles(changed), corpus[0]) == pytest.approx(55 / 61)
    outputs = [shingles(changed), shingles([f"u{at}" for at in range(60)]), shingles([]), shingles(base)]
    assert near_texts(outputs, corpus, 0.8) == [True, False, False, True]
    assert near_texts(outputs, corpus, 0.99) == [False, False, False, True]
    assert catch_rate(0.8) > 0.9999


def test_the_share_of_pairs_caught_is_as_stated():
    random, least = np.random.default_rng(3), 0.5
    caught = 0
    for _ in range(200):
        names = random.integers(0, 2**31 - 1, 90)
        first, second = frozenset(names[:60].tolist()), frozenset(names[20:].tolist())
        both = frozenset(first & second)
        assert len(both) == 40
        caught += near_texts([first], [second], 40 / 90)[0]
    assert abs(caught / 200 - catch_rate(40 / 90)) < 0.11
    assert catch_rate(least) == pytest.approx(0.873, abs=1e-3)


def test_near_outputs_are_a_second_measurement():
    exact, near = measured(CORPUS[0], "Something else entirely is written down here.", span_min=4, near_min=0.9)
    assert (near.measure, near.estimate, exact.estimate) == ("provenance.overlap-near", 500, 500)
    assert near.facts["catch_rate"] > 0.9999


def test_outputs_too_short_to_hold_a_span_say_nothing():
    found = measured("Yes.", "No.", span_min=8)[0]
    assert (found.outcome, found.estimate, found.facts["n_needed"]) == ("underpowered", None, 2)
    assert measured("The bank answers every complaint now.", span_min=4)[0].outcome == "underpowered"  # one output


@pytest.mark.parametrize("corpus", [[None], ["  "], ["…"]])
def test_a_corpus_without_text_is_refused(corpus):
    with pytest.raises(FieldError):
        measured("Some output.", corpus=corpus, span_min=2)


def test_bad_settings_and_samples_are_refused():
    for plan in ({"span_min": 1}, {"span_min": 4, "near_min": 0.0}, {"span_min": 4, "near_min": float("nan")}):
        with pytest.raises(FieldError):
            OverlapSettings(**plan)
    plan = OverlapSettings(span_min=4)
    with pytest.raises(FieldError):
        KIND.gather(make_sample({"out": texts("x")}, Roles(answer="out")), plan)
    with pytest.raises(FieldError):
        KIND.gather(make_sample({"out": np.ones(2)}, Roles(answer="out"), reference=sample("x").reference), plan)
    with pytest.raises(FieldError):
        KIND.merge([KIND.gather(sample("x"), plan), KIND.gather(sample("x", corpus=["y"]), plan)])
