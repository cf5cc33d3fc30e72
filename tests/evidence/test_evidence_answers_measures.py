"""The measures of answers: known cases in both languages, sums by question, merging, and that no text is kept."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.domain.records import encode, read_record
from dualtrack.errors import FieldError
from dualtrack.evidence.answers.citation import Citation, CitationSettings
from dualtrack.evidence.answers.clusters import ClusterSums, add_sums, clusters_of, mean_of, share_of, sum_clusters
from dualtrack.evidence.answers.consistency import Consistency, ConsistencySettings
from dualtrack.evidence.answers.exact import Exact, ExactSettings
from dualtrack.evidence.answers.faithfulness import Faithfulness, FaithfulnessSettings
from dualtrack.evidence.answers.measures import MEASURES
from dualtrack.evidence.answers.numeric import Numeric, NumericSettings
from dualtrack.evidence.answers.passages import citations, is_quoted, quotes, read_passages
from dualtrack.evidence.answers.support import make_source, unsupported
from dualtrack.evidence.measure import Estimating, NoSettings
from dualtrack.evidence.sample import Roles, make_sample

HOW = Estimating(data_digest="0" * 64)
ROLES = Roles(question="q", answer="a", expected="e", passages="p")
CASES = [
    (Exact(), ExactSettings()),
    (Numeric(), NumericSettings(relative_tolerance=0.01)),
    (Citation(), CitationSettings()),
    (Faithfulness(), FaithfulnessSettings(coverage=0.6)),
    (Consistency(), ConsistencySettings(alike=0.7)),
]
IDS = [measure.name for measure, _ in CASES]
PASSAGE = (
    "[fees] The annual fee of the Gold Card is HK$1,800. It is waived in the first year.\n\n"
    "[late] 逾期還款須付手續費三百元，客戶不得豁免。 The interest rate on late balances rose to 35% on 1 May 2024."
)
RIGHT = "The annual fee of the Gold Card is HK$1,800 [fees]."
WRONG = "The annual fee of the Gold Card is HK$2,800 [price]."


def columns(n=120, seed=1):
    random = np.random.default_rng(seed)
    return {
        "q": np.array([f"question {at // 3}" for at in range(n)], dtype=object),
        "a": np.array([RIGHT if each else WRONG for each in random.random(n) < 0.7], dtype=object),
        "e": np.array([RIGHT] * n, dtype=object),
        "p": np.array([PASSAGE] * n, dtype=object),
    }


def one(answer, **more):
    data = {"q": "q", "a": answer, "e": RIGHT, "p": PASSAGE} | more
    return make_sample({name: np.array([value], dtype=object) for name, value in data.items()}, ROLES)


def rows(data, chosen):
    return {name: column[chosen] for name, column in data.items()}


# --- laws of every measure ---


@pytest.mark.parametrize(("measure", "setting"), CASES, ids=IDS)
def test_parts_by_question_add_up_to_all_rows(measure, setting):
    data = columns()
    part = np.random.default_rng(4).integers(0, 3, 40)[np.arange(120) // 3]
    whole = measure.gather(make_sample(data, ROLES), setting)
    parts = [measure.gather(make_sample(rows(data, part == at), ROLES), setting) for at in (1, 2, 0)]
    assert measure.merge(parts) == whole


@pytest.mark.parametrize(("measure", "setting"), CASES, ids=IDS)
def test_an_outsider_gets_the_same_and_reads_no_text(measure, setting):
    statistics = measure.gather(make_sample(columns(), ROLES), setting)
    written = encode(statistics)
    assert len(written) < 5_000
    assert all(word not in written for word in (b"Gold", b"question", b"1,800"))
    again = read_record(json.loads(written), measure.statistics, where="bundle")
    measured = measure.estimate(statistics, setting, HOW)
    assert measure.estimate(again, setting, HOW) == measured
    for each in measured:
        if each.n:
            assert each.outcome == "measured"
            assert 0 <= each.low <= each.estimate <= each.high <= 1


@pytest.mark.parametrize(("measure", "setting"), CASES, ids=IDS)
def test_few_questions_are_never_enough(measure, setting):
    for each in measure.estimate(measure.gather(make_sample(columns(60), ROLES), setting), setting, HOW):
        assert each.outcome == "underpowered"
        assert not each.n or each.facts["n_needed"] > each.n


@pytest.mark.parametrize(("measure", "setting"), CASES, ids=IDS)
def test_weights_and_missing_roles_are_refused(measure, setting):
    data = columns(6) | {"w": np.ones(6)}
    with pytest.raises(FieldError, match="weights"):
        measure.gather(
            make_sample(data, Roles(question="q", answer="a", expected="e", passages="p", weight="w")), setting
        )
    with pytest.raises(FieldError, match="no column plays"):
        measure.gather(make_sample(data, Roles(passages="p", expected="e", question="q")), setting)


def test_every_measure_documents_itself():
    assert len({kind.name for kind in MEASURES}) == 6
    assert all(kind.name.startswith("answers.") and kind.misleads.zh for kind in MEASURES)
    for kind in (NumericSettings, FaithfulnessSettings, ConsistencySettings):
        with pytest.raises(TypeError):
            kind()  # a limit comes from the plan


@pytest.mark.parametrize(
    ("kind", "bad"),
    [(NumericSettings, {"relative_tolerance": -0.1}), (FaithfulnessSettings, {"coverage": 1.1}),
     (ConsistencySettings, {"alike": math.nan}), (CitationSettings, {"quote_tokens": 0})],
)  # fmt: skip
def test_settings_have_bounds(kind, bad):
    with pytest.raises(FieldError):
        kind(**bad)


# --- exact ---


@pytest.mark.parametrize(
    ("answer", "expected", "match", "f1"),
    [
        ("Ｙes!", "yes", 1, 1),
        ("三個月。", "三個月", 1, 1),
        ("三十日", "三個月", 0, 1 / 3),
        ("the fee is waived", "fee waived", 0, 2 * 2 / 6),
        ("", "yes", 0, 0),
        ("...", "yes", 0, 0),
        ("no", "yes", 0, 0),
        ("no", "yes || no", 1, 1),
    ],
)
def test_exact_cases(answer, expected, match, f1):
    found = Exact().gather(one(answer, e=expected), ExactSettings(alternatives="||"))
    assert found.match.hits == match
    assert found.f1.estimate == pytest.approx(f1, abs=1e-6)


def test_nothing_expected_is_an_error():
    for measure, setting in CASES[:2]:
        with pytest.raises(FieldError, match="nothing expected"):
            measure.gather(one("yes", e=" . "), setting)


# --- numeric ---


@pytest.mark.parametrize(
    ("answer", "expected", "right", "unexpected"),
    [
        ("about HK$3.5 million", "3,500,000 港元", 1, 0),
        ("HK$3,510,000", "HK$3.5m", 1, 0),
        ("HK$3,600,000", "HK$3.5m", 0, 1),
        ("US$3.5m", "HK$3.5m", 0, 1),
        ("虧損為（1,200）元", "-1200", 1, 0),
        ("1,200", "(1,200)", 0, 1),
        ("5", "5%", 0, 1),
        ("50 basis points", "0.5%", 1, 0),
        ("5%, 6%, 7%", "6%", 1, 1),
        ("5% [12]", "5%", 1, 0),
        ("", "5%", 0, 0),
        ("three and 20", "3 and 20", 1, 0),
    ],
)
def test_numeric_cases(answer, expected, right, unexpected):
    found = Numeric().gather(one(answer, e=expected), NumericSettings(relative_tolerance=0.01))
    assert (found.right.hits, found.unexpected.hits) == (right, unexpected)


def test_expected_answers_without_figures_are_left_out():
    found = Numeric().gather(one("5", e="yes"), NumericSettings(relative_tolerance=0))
    assert (found.right.tries, found.without_figure) == (0, 1)
    assert Numeric().estimate(found, NumericSettings(relative_tolerance=0), HOW)[0].estimate is None


# --- citation ---


def test_passages_have_names_or_numbers():
    assert [each.name for each in read_passages("[A1] one\n\ntwo\n \nthree", "p")] == ["a1", "2", "3"]
    assert read_passages("", "p") == []
    assert [each.name for each in read_passages("[x] a\n\n[x] b", "p")] == ["x", "x"]
    with pytest.raises(FieldError, match="at most"):
        read_passages("\n\n".join(["x"] * 201), "p")


def test_marks_of_citations():
    assert citations("x [1] y [a-2, 3]【4】 [1]") == ["1", "a-2", "3", "4"]
    assert citations("[see the annex below]") == []


def test_quotes_are_looked_up_word_for_word():
    known = read_passages(PASSAGE, "p")
    assert quotes("He said “fee” and “the annual fee of the Gold Card”", 4) == ["the annual fee of the Gold Card"]
    assert is_quoted("annual  fee of the Gold Card", known)
    assert is_quoted("The annual fee … waived in the first year.", known)
    assert not is_quoted("waived in the first year … The annual fee", known)
    assert not is_quoted("annual fee of the Silver Card", known)
    assert is_quoted("逾期還款須付手續費三百元", known)


@pytest.mark.parametrize(
    ("answer", "existing", "expected", "quoted"),
    [
        (RIGHT, (1, 1), (1, 1), (0, 0)),
        (WRONG, (0, 1), (0, 1), (0, 0)),
        ("Nothing cited.", (0, 0), (0, 1), (0, 0)),
        ("“It is waived in the first year” [fees]", (1, 1), (1, 1), (1, 1)),
        ("“It is waived in the first year” [late]", (1, 1), (0, 1), (0, 1)),
        ("「客戶可以豁免手續費」[late]", (1, 1), (0, 1), (0, 1)),
    ],
)
def test_citation_cases(answer, existing, expected, quoted):
    found = Citation().gather(one(answer), CitationSettings())
    assert [(each.hits, each.tries) for each in (found.existing, found.expected, found.quoted)] == [
        existing,
        expected,
        quoted,
    ]


def test_empty_answers_cite_nothing_and_are_counted():
    found = Citation().gather(one(" "), CitationSettings())
    assert (found.empty, found.cited.tries) == (1, 0)


# --- faithfulness ---

SOURCE = make_source([each.text for each in read_passages(PASSAGE, "p")])


@pytest.mark.parametrize(
    ("sentence", "causes"),
    [
        ("The annual fee of the Gold Card is HK$1,800.", set()),
        ("The annual fee of the Gold Card is 1.8k Hong Kong dollars.", {"name", "coverage"}),
        ("The annual fee of the Gold Card is HK$2,800.", {"figure"}),
        ("The annual fee of the Platinum Card is HK$1,800.", {"name"}),
        ("The interest rate on late balances rose to 35% on 2 May 2024.", {"date"}),
        ("The interest rate on late balances fell to 35% on 1 May 2024.", {"polarity"}),
        ("It is not waived in the first year.", {"polarity"}),
        ("逾期還款須付手續費三百元。", set()),
        ("客戶不得豁免手續費三百元。", set()),
        ("客戶可獲豁免逾期手續費。", {"coverage"}),
        ("逾期還款須付手續費五百元。", {"figure"}),
        ("銀行會提供免費旅遊保險服務。", {"coverage"}),
    ],
)
def test_what_a_sentence_lacks(sentence, causes):
    assert unsupported(sentence, SOURCE, 0.7) == [causes]


def test_words_that_state_nothing_are_no_sentences():
    assert unsupported("Yes. 好的。 Of course!", SOURCE, 0.9) == []


def test_a_text_too_long_to_read_whole_is_refused():
    for text in ("a.\n" * 2_001, "7 " * 2_001):
        with pytest.raises(FieldError, match="at most 2000"):
            unsupported(text, SOURCE, 0.5)


def test_answers_without_passages_are_unsupported():
    found = Faithfulness().gather(one(RIGHT, p=""), FaithfulnessSettings(coverage=0.0))
    assert (found.answers.hits, found.answers.tries, found.without_passages) == (1, 1, 1)
    empty = Faithfulness().gather(one(""), FaithfulnessSettings(coverage=0.5))
    assert (empty.answers.tries, empty.empty, empty.silent) == (0, 1, 0)


def test_a_higher_demand_never_supports_more():
    data = one("The fee of many gold cards was changed lately by us.")
    hits = [Faithfulness().gather(data, FaithfulnessSettings(coverage=at / 10)).answers.hits for at in range(11)]
    assert hits == sorted(hits)
    assert (hits[0], hits[-1]) == (0, 1)


# --- consistency ---


@pytest.mark.parametrize(
    ("answers", "changed", "agreeing"),
    [
        (["The fee is HK$300.", "The fee: 300 HKD"], 0, 1),
        (["The fee is HK$300.", "The fee is $300."], 0, 1),
        (["The fee is HK$300.", "The fee is HK$301."], 1, 0),
        (["It is waived.", "It is not waived."], 1, 0),
        (["It is waived.", ""], 1, 0),
        (["", ""], 1, 0),  # two answers that say nothing do not say the same
        (["It is waived.", "it is waived", "Ask the branch manager."], 1, 1),
    ],
)
def test_consistency_cases(answers, changed, agreeing):
    data = {"q": np.array(["x"] * len(answers), dtype=object), "a": np.array(answers, dtype=object)}
    roles = Roles(cluster="q", answer="a")
    found = Consistency().gather(make_sample(data, roles), ConsistencySettings(alike=0.5))
    assert (found.changed.hits, found.pairs.hits) == (changed, agreeing)


def test_questions_with_one_answer_are_left_out():
    found = Consistency().gather(one("yes"), ConsistencySettings(alike=0.5))
    assert (found.alone, found.changed.tries, found.answers_least) == (1, 0, 0)
    assert [each.estimate for each in Consistency().estimate(found, ConsistencySettings(alike=0.5), HOW)] == [
        None,
        None,
    ]
    data = {"q": np.array(["x"] * 101, dtype=object), "a": np.array(["y"] * 101, dtype=object)}
    many = make_sample(data, Roles(cluster="q", answer="a"))
    with pytest.raises(FieldError, match="at most 100"):
        Consistency().gather(many, ConsistencySettings(alike=0.5))


# --- sums over clusters ---

tried = st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=60)


@settings(max_examples=40, deadline=None)
@given(tried)
def test_sums_give_the_variance_between_clusters(drawn):
    sums = sum_clusters((cluster, int(hit), 1) for cluster, hit in drawn)
    parts = [sum_clusters((cluster, int(hit), 1) for cluster, hit in drawn if cluster % 2 == at) for at in (0, 1)]
    assert add_sums(parts) == sums
    sizes = {cluster: [hit for other, hit in drawn if other == cluster] for cluster, _ in drawn}
    share = sum(hit for _, hit in drawn) / len(drawn)
    found = share_of("x.y", "share", sums, NoSettings(), HOW, {})
    assert found.low <= share <= found.high
    if 0 < share < 1 and len(sizes) > 1:
        residual = sum((sum(hits) - share * len(hits)) ** 2 for hits in sizes.values())
        variance = len(sizes) / (len(sizes) - 1) * residual / len(drawn) ** 2
        effective = len(drawn) / max(1.0, variance / (share * (1 - share) / len(drawn)))
        assert found.facts["effective_n"] == pytest.approx(effective)


def test_repeating_answers_teaches_nothing():
    once = sum_clusters((at, int(at % 3 > 0), 1) for at in range(60))
    often = sum_clusters((at % 60, int(at % 60 % 3 > 0), 1) for at in range(600))
    first, second = (share_of("x.y", "share", each, NoSettings(), HOW, {}) for each in (once, often))
    assert second.facts["effective_n"] == pytest.approx(first.facts["effective_n"], rel=0.02)
    assert (
        share_of("x.y", "share", sum_clusters((at % 40, 1, 1) for at in range(4_000)), NoSettings(), HOW, {}).low < 0.95
    )


def test_clustered_intervals_cover_about_as_often_as_they_say():
    hits = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        rate = random.beta(2, 2, 60)
        drawn = [(at, int(random.random() < rate[at]), 1) for at in range(60) for _ in range(4)]
        found = share_of("x.y", "share", sum_clusters(drawn), NoSettings(), HOW, {})
        hits += found.low <= 0.5 <= found.high
    assert 0.91 <= hits / 200 <= 0.99


def test_means_need_clusters_that_vary():
    assert mean_of("x.y", "u", sum_clusters([(1, 5, 1)], unit=10), NoSettings(), HOW, {}).estimate is None
    assert (
        mean_of("x.y", "u", sum_clusters([(at, 5, 1) for at in range(50)], unit=10), NoSettings(), HOW, {}).estimate
        is None
    )
    found = mean_of("x.y", "u", sum_clusters([(at, at % 10, 1) for at in range(50)], unit=10), NoSettings(), HOW, {})
    assert found.estimate == pytest.approx(0.45)
    assert (found.high - found.low) / 2 == pytest.approx(
        2.0096 * np.std(np.arange(50) % 10 / 10, ddof=1) / math.sqrt(50), rel=1e-4
    )
    with pytest.raises(FieldError, match="different units"):
        add_sums([ClusterSums(), ClusterSums(unit=2)])


def test_the_independent_unit_is_cluster_then_question_then_row():
    data = {
        "c": np.array([1, 1, 2]),
        "q": np.array(["a", "b", "b"], dtype=object),
        "a": np.array(["x"] * 3, dtype=object),
    }
    assert clusters_of(make_sample(data, Roles(cluster="c", question="q", answer="a"))) == [1, 1, 2]
    assert clusters_of(make_sample(data, Roles(question="q", answer="a"))) == ["a", "b", "b"]
    assert clusters_of(make_sample(data, Roles(answer="a"))) == [0, 1, 2]
    for bad in (np.array([1, np.nan, 2]), np.ma.masked_array([1, 2, 3], mask=[0, 1, 0])):
        with pytest.raises(FieldError, match="c\\[1\\]"):
            clusters_of(make_sample(data | {"c": bad}, Roles(cluster="c", answer="a"), digest="0" * 64))
