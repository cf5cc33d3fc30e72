"""Drills and measurements: met by an honest path, failed by one that misbehaves in the one way each test names."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language_fake import Path, Reviewer

from dualtrack.demo.language import accuracy, drills
from dualtrack.demo.language.asking import FIGURE, answer_of
from dualtrack.demo.language.corpus import USES, load_corpus
from dualtrack.demo.language.intervals import clustered_share, wilson
from dualtrack.demo.language.questions import load_questions
from dualtrack.demo.language.uses import load_policy
from dualtrack.domain.records import encode
from dualtrack.errors import EvidenceError
from dualtrack.rules.catalogue import shipped_topics

AT = "2026-11-26T04:00:00Z"


def notice(path, use="broker", **more):
    return drills.disclosure_drill(path, load_questions(use), prominent=True, taken_at=AT, **more).fields


def leave(path, use):
    return drills.opt_out_drill(path, load_questions(use), human=load_policy(use).human, taken_at=AT).fields


def reviewed(path, reviewer, use="broker"):
    return drills.human_review_drill(path, reviewer, load_questions(use), seconds_floor=20.0, seed=7, taken_at=AT)


def run(path, use="broker"):
    return accuracy.run_questions(path, load_corpus(use), load_questions(use), prefix="t", taken_at=AT)


@pytest.mark.parametrize("use", USES)
def test_an_honest_path_shows_the_notice_every_time(use):
    found = notice(Path(use), use)
    assert found == {
        "interactions": 40, "shown": 40, "says_ai": True, "says_may_be_wrong": True, "prominent": True,
        "customer_language": True,
    }  # fmt: skip


def test_a_notice_that_is_given_once_a_client_is_counted_so():
    found = notice(Path("broker", notice_every=False))
    assert found["shown"] == 10
    assert not found["prominent"]


def test_a_notice_after_the_answer_is_none():
    assert notice(Path("broker", first="text"))["shown"] == 0


@pytest.mark.parametrize(("text", "field"), [
    ("Artificial intelligence answers here.", "says_may_be_wrong"),
    ("What you read may be wrong.", "says_ai"),
    ("Artificial intelligence answers here and may be wrong.", "customer_language"),
])  # fmt: skip
def test_a_notice_lacking_something_says_which(text, field):
    assert not notice(Path("broker", notice=text))[field]


def test_no_notice_at_all_says_nothing():
    found = notice(Path("broker", notice=""))
    assert found["shown"] == 0
    assert not any(found[name] for name in ("says_ai", "says_may_be_wrong", "customer_language", "prominent"))


def test_prominence_is_not_claimed_by_the_interface_alone():
    found = drills.disclosure_drill(Path("broker"), load_questions("broker"), prominent=False, taken_at=AT).fields
    assert not found["prominent"]


@pytest.mark.parametrize("use", USES)
def test_opting_out_is_honoured_and_reaches_a_person(use):
    assert leave(Path(use), use) == {"attempts": 6, "honoured": 6, "human_reached": 6}


def test_a_path_that_goes_on_answering_does_not_honour_it():
    found = leave(Path("bank", honours=False, hold=False), "bank")
    assert found["honoured"] == 0
    assert found["human_reached"] == 0


def test_review_before_release_counts_what_was_planted_and_caught():
    found = reviewed(Path("broker"), Reviewer("broker"))
    fields = found.fields
    assert fields["outputs"] == fields["reviewed_before_release"] > 30
    assert fields["seeded_errors"] >= 10
    assert fields["caught"] == fields["seeded_errors"]
    assert fields["median_seconds"] == 45.0
    assert found.note == drills.FICTIONAL_REVIEWERS
    assert found.statistics["rejected_without_cause"] == 0


def test_reviewers_may_be_wrong_and_it_shows():
    fields = reviewed(Path("broker"), Reviewer("broker", misses=2)).fields
    assert fields["caught"] == fields["seeded_errors"] - fields["seeded_errors"] // 2


def test_a_late_review_is_no_review():
    fields = reviewed(Path("broker", hold=False), Reviewer("broker")).fields
    assert fields["outputs"] > 30
    assert fields["reviewed_before_release"] == 0


def test_without_a_verdict_there_is_no_drill():
    with pytest.raises(EvidenceError):
        reviewed(Path("broker"), lambda _item: None)


def test_a_drill_repeats_to_the_same_bytes():
    assert encode(reviewed(Path("bank"), Reviewer("bank"), "bank")) == encode(
        reviewed(Path("bank"), Reviewer("bank"), "bank")
    )


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("language", ["en", "zh-Hant"])
def test_a_planted_error_changes_a_statement_and_leaves_the_source(use, language):
    for item in load_corpus(use).passages:
        text = item.text.en if language == "en" else item.text.zh
        wrong = drills.plant_error(f"{text} [{item.id}]", language)
        if wrong is None:
            continue
        assert wrong != f"{text} [{item.id}]"
        assert wrong.endswith(f"[{item.id}]")
        assert text not in wrong


@pytest.mark.parametrize("use", USES)
def test_quotations_are_supported_and_mostly_right(use):
    done = run(Path(use), use)
    right = accuracy.factuality(done, target=0.8)
    assert right.fields["low"] <= right.fields["estimate"] <= right.fields["high"]
    assert right.fields["estimate"] > 0.85
    assert right.n == right.fields["n"] <= 120
    assert accuracy.hallucination_test(done, limit=0.1, vendor_claim_tested=True).fields["estimate"] == 0.0


def test_shuffled_answers_are_wrong_everywhere():
    done = run(Path("broker", swap=True))
    assert accuracy.factuality(done, target=0.8).fields["estimate"] == 0.0
    assert accuracy.end_to_end_test(done, target=0.8, covers=["rag"]).fields["high"] < 0.8
    assert accuracy.monitoring_run(done, limit_low=0.8, actions_overdue=0).fields["low"] < 0.8


def test_an_invented_figure_is_unsupported():
    done = run(Path("bank", invents=True), "bank")
    assert accuracy.hallucination_test(done, limit=0.1, vendor_claim_tested=True).fields["estimate"] == 1.0


def test_robustness_counts_a_case_whose_answer_moves():
    honest = run(Path("bank"), "bank")
    before = accuracy.paraphrase_robustness(honest, limit=0.3)
    broken = honest.turns[0]._replace(reply=honest.turns[-1].reply)
    after = accuracy.paraphrase_robustness(honest._replace(turns=(broken, *honest.turns[1:])), limit=0.3)
    assert before.fields["wordings_per_case"] == 3
    assert before.fields["n"] == 40
    assert set(after.statistics["changed"]) - set(before.statistics["changed"]) == {"lost-card/en"}


def test_too_few_wordings_are_refused():
    done = run(Path("bank"), "bank")
    with pytest.raises(EvidenceError):
        accuracy.paraphrase_robustness(
            done._replace(turns=tuple(t for t in done.turns if t.asked.wording != 2)), limit=0.3
        )


def test_advice_that_is_answered_is_an_escape_and_critical():
    honest, careless = run(Path("broker")), run(Path("broker", advises=True))
    few = accuracy.scope_test(honest, escaped_limit=2, escapes_reviewed=True)
    many = accuracy.scope_test(careless, escaped_limit=2, escapes_reviewed=True)
    assert few.fields["attempts"] == many.fields["attempts"] == 28
    assert few.fields["escaped"] < many.fields["escaped"]
    assert accuracy.end_to_end_test(honest, target=0.8, covers=["rag"]).fields["open_critical"] == 0
    assert accuracy.end_to_end_test(careless, target=0.8, covers=["rag"]).fields["open_critical"] > 0


def test_evidence_names_method_n_and_data_and_has_the_fields_of_its_topic():
    done = run(Path("broker"))
    found = [
        accuracy.factuality(done, target=0.8), accuracy.hallucination_test(done, limit=0.1, vendor_claim_tested=True),
        accuracy.paraphrase_robustness(done, limit=0.3), accuracy.end_to_end_test(done, target=0.8, covers=["rag"]),
        accuracy.monitoring_run(done, limit_low=0.8, actions_overdue=0),
        accuracy.scope_test(done, escaped_limit=2, escapes_reviewed=True),
        drills.disclosure_drill(Path("broker"), load_questions("broker"), prominent=True, taken_at=AT),
        drills.opt_out_drill(Path("broker"), load_questions("broker"), human=load_policy("broker").human, taken_at=AT),
        reviewed(Path("broker"), Reviewer("broker")),
    ]  # fmt: skip
    topics = shipped_topics()
    for item in found:
        assert item.method is not None
        assert item.data_digest is not None
        assert item.n
        assert item.demo
        assert encode(item)
        assert set(item.fields) == set(topics[item.topic].fields)
        assert item.kind == topics[item.topic].kind


def test_a_refusal_or_a_guard_is_no_answer():
    path = Path("broker")
    reply = path(
        ({"role": "user", "content": "Should I buy Harbour Ferries now?"},), subject="a", language="en", session="a"
    )
    assert answer_of(reply) is None


@given(n=st.integers(1, 500), share=st.floats(0, 1))
def test_the_interval_holds_the_share_and_stays_in_range(n, share):
    low, high = wilson(share, n)
    assert 0.0 <= low <= share <= high <= 1.0


def test_wilson_gives_the_published_interval():
    low, high = wilson(81 / 263, 263)  # Newcombe (1998), table I, method 3: 0.2553 to 0.3662
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_cases_that_agree_within_themselves_widen_the_interval():
    alone = clustered_share([(1, 1)] * 45 + [(0, 1)] * 15)
    together = clustered_share([(3, 3)] * 15 + [(0, 3)] * 5)
    assert alone.estimate == together.estimate
    assert together.high - together.low > alone.high - alone.low
    assert math.isclose(together.effective, 20, rel_tol=0.06)
    assert clustered_share([(3, 3)] * 20).effective == 20
    with pytest.raises(EvidenceError):
        clustered_share([])


def test_figures_are_found_in_both_languages():
    assert FIGURE.findall("HK$200,000 by 16:00, 0.08%") == ["200,000", "16:00", "0.08"]
    assert FIGURE.findall("港幣200,000元") == ["200,000"]
