"""Completeness, accuracy, timeliness, consistency: counted right, merged right, and never green where a column cannot be read."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.domain import canonical
from dualtrack.domain.records import read_record, to_plain
from dualtrack.errors import FieldError
from dualtrack.evidence.measure import Estimating
from dualtrack.evidence.quality.accuracy import Accuracy, AccuracySettings, Codes, Range, Verified
from dualtrack.evidence.quality.completeness import Completeness, CompletenessSettings
from dualtrack.evidence.quality.consistency import Consistency, ConsistencySettings, Rule
from dualtrack.evidence.quality.measures import MEASURES
from dualtrack.evidence.quality.timeliness import Timeliness, TimelinessSettings, epoch_seconds
from dualtrack.evidence.sample import Roles, make_sample

HOW = Estimating(data_digest="a" * 64, cell_size_min=5)


def table(n=40):
    amount = np.ma.array(np.arange(n) * 10.0, mask=np.arange(n) % 10 == 0)
    return {
        "amount": amount,
        "limit": np.arange(n) * 10 + (np.arange(n) % 4 > 0),
        "code": np.array(["A", "B", "C", ""] * (n // 4), dtype=object),
        "note": np.array(["text", " ", "文字", ""] * (n // 4), dtype=object),
        "when": np.array(["2026-11-20", "2026-11-01T08:00:00+08:00", "", "soon"] * (n // 4), dtype=object),
        "checked": np.ma.array(
            ["A", "B", "A", "B"] * (n // 4), mask=[False, False, False, True] * (n // 4), dtype=object
        ),
    }


def sample(n=40, **changed):
    columns = table(n) | changed
    roles = Roles(features=("amount", "limit"), attributes=("code", "checked"), answer="note", time="when")
    return make_sample(columns, roles)


def rows_of(whole, keep):
    return make_sample({name: column[keep] for name, column in whole.columns.items()}, whole.roles)


def lines(found):
    return {part.label: (part.n, part.estimate) for part in found.parts}


def test_completeness_counts_masked_and_blank_and_says_the_emptiest():
    kind, plan = Completeness(), CompletenessSettings()
    found = kind.estimate(kind.gather(sample(), plan), plan, HOW)[0]
    assert lines(found)["amount"] == (40, 0.9)
    assert lines(found)["note"] == (40, 0.5)  # a text of white space is no answer
    assert lines(found)["checked"] == (40, 0.75)
    assert found.estimate == 0.5
    assert found.facts["lowest"] == "note"
    assert found.outcome == "measured"
    assert found.low < 0.5 < found.high


def test_completeness_knows_a_blank_code_only_where_told():
    kind = Completeness()
    for blank, share in (((), 1.0), (("code",), 0.75)):
        plan = CompletenessSettings(columns=("code",), blank=blank)
        spaces = np.array(["A", "B", "C", "  "] * 10, dtype=object)
        assert kind.estimate(kind.gather(sample(code=spaces), plan), plan, HOW)[0].estimate == share


def test_accuracy_of_verified_values_ranges_and_codes():
    kind = Accuracy()
    plan = AccuracySettings(
        verified=(Verified(column="code", truth="checked"),),
        ranges=(Range(column="amount", low=10, high=390),),
        codes=(Codes(column="code", allowed=("A", "B")),),
    )
    found = kind.estimate(kind.gather(sample(), plan), plan, HOW)[0]
    shares = lines(found)
    assert shares["code as verified in checked"] == (30, pytest.approx(2 / 3))
    assert shares["amount from 10 to 390"] == (36, 1.0)  # the ends are inside, the four without a value not judged
    assert shares["code among 2 codes"] == (30, pytest.approx(2 / 3))
    assert found.facts["verified_checks"] == 1


def test_a_column_without_any_value_leaves_no_number():
    kind = Accuracy()
    empty = np.ma.masked_all(40, dtype=np.float64)
    plan = AccuracySettings(ranges=(Range(column="limit", low=0, high=1e9), Range(column="amount", low=0, high=1e9)))
    found = kind.estimate(kind.gather(sample(amount=empty), plan), plan, HOW)[0]
    assert (found.outcome, found.estimate) == ("underpowered", None)
    assert found.facts["first_not_judged"] == "amount from 0 to 1e+09"
    assert lines(found)["limit from 0 to 1e+09"][1] == 1.0


def test_timeliness_takes_what_has_no_time_for_old():
    kind, plan = Timeliness(), TimelinessSettings(at="2026-11-27T00:00:00Z", age_days_max=10)
    statistics = kind.gather(sample(), plan)
    assert (statistics.timely, statistics.stale, statistics.missing, statistics.unreadable) == (10, 10, 10, 10)
    found = kind.estimate(statistics, plan, HOW)[0]
    assert (found.estimate, found.n) == (0.25, 40)
    ahead = np.array(["2026-11-27T08:00:00", "2026-11-27T08:00:01"] * 20, dtype=object)
    assert (
        kind.gather(sample(when=ahead), plan).ahead == 20
    )  # one second after the instant, which is eight in Hong Kong
    nothing = np.array(["?"] * 40, dtype=object)
    assert kind.estimate(kind.gather(sample(when=nothing), plan), plan, HOW)[0].estimate is None


def test_timeliness_of_seconds_and_of_rows_from_the_future():
    kind, plan = Timeliness(), TimelinessSettings(at="2026-11-27T00:00:00Z", age_days_max=1, form="epoch")
    now = epoch_seconds("2026-11-27T00:00:00Z")
    when = np.ma.array([now, now - 86_400, now - 86_401, now + 1, 0.0] * 8, mask=[False] * 4 + [True] + [False] * 35)
    statistics = kind.gather(sample(when=when), plan)
    assert (statistics.timely, statistics.stale, statistics.ahead, statistics.missing) == (16, 15, 8, 1)
    assert epoch_seconds("2026-11-27T08:00:00") == now  # without a zone it is Hong Kong time


def test_consistency_of_each_form():
    kind = Consistency()
    plan = ConsistencySettings(
        rules=(
            Rule(id="amount within limit", form="not_above", columns=("amount", "limit")),
            Rule(id="limit is amount", form="sum_of", columns=("limit", "amount"), tolerance=0.5),
            Rule(id="limit is amount, nearly", form="sum_of", columns=("limit", "amount"), tolerance=1),
            Rule(id="same code", form="equal", columns=("code", "checked")),
            Rule(id="C has a note", form="filled_where", columns=("code", "note"), codes=("C",)),
            Rule(id="B has a note", form="filled_where", columns=("code", "note"), codes=("B",)),
        )
    )
    found = kind.estimate(kind.gather(sample(), plan), plan, HOW)[0]
    shares = lines(found)
    assert shares["amount within limit"] == (36, 1.0)
    assert shares["limit is amount"] == (36, pytest.approx(8 / 36))
    assert shares["limit is amount, nearly"] == (36, 1.0)
    assert shares["same code"] == (30, pytest.approx(2 / 3))
    assert shares["C has a note"] == (10, 1.0)
    assert shares["B has a note"] == (10, 0.0)
    assert (found.estimate, found.facts["lowest"]) == (0.0, "B has a note")


CASES = [
    (Completeness(), CompletenessSettings()),
    (
        Accuracy(),
        AccuracySettings(
            codes=(Codes(column="code", allowed=("A",)),), ranges=(Range(column="amount", low=0, high=99),)
        ),
    ),
    (Timeliness(), TimelinessSettings(at="2026-11-27T00:00:00Z", age_days_max=10)),
    (Consistency(), ConsistencySettings(rules=(Rule(id="r", form="not_above", columns=("amount", "limit")),))),
]


@pytest.mark.parametrize(("kind", "plan"), CASES, ids=lambda case: getattr(case, "name", ""))
@given(keep=st.lists(st.booleans(), min_size=40, max_size=40).filter(lambda bits: 0 < sum(bits) < 40))
@settings(max_examples=15, deadline=None)
def test_parts_add_up_to_all_at_once(kind, plan, keep):
    whole, first = sample(), np.array(keep)
    merged = kind.merge([kind.gather(rows_of(whole, first), plan), kind.gather(rows_of(whole, ~first), plan)])
    assert merged == kind.gather(whole, plan)


@pytest.mark.parametrize(("kind", "plan"), CASES, ids=lambda case: getattr(case, "name", ""))
def test_statistics_are_small_hold_no_row_and_give_the_same_again(kind, plan):
    statistics = kind.gather(sample(), plan)
    found = kind.estimate(statistics, plan, HOW)
    encoded = canonical.encode(found[0].statistics)
    assert len(encoded) < 5_000
    assert "文字" not in encoded.decode()
    assert kind.estimate(statistics, plan, HOW) == found


@pytest.mark.parametrize(("kind", "plan"), CASES, ids=lambda case: getattr(case, "name", ""))
def test_settings_are_read_from_a_plan_as_they_were_written(kind, plan):
    assert read_record(to_plain(plan), kind.settings, where="plan") == plan


@pytest.mark.parametrize(("kind", "plan"), CASES, ids=lambda case: getattr(case, "name", ""))
def test_few_rows_are_underpowered_and_say_how_many_would_do(kind, plan):
    one = rows_of(sample(), np.arange(40) == 1)
    found = kind.estimate(kind.gather(one, plan), plan, HOW)[0]
    assert found.outcome == "underpowered"
    assert found.facts["n_needed"] == 5


def test_the_interval_covers_the_weakest_column():
    random, kind, plan = np.random.default_rng(7), Completeness(), CompletenessSettings()
    hits = 0
    for _ in range(150):
        masks = random.random((4, 200)) < 0.2  # all alike: the lowest share of a sample lies below the lowest truth
        columns = {f"c{at}": np.ma.array(np.ones(200), mask=mask) for at, mask in enumerate(masks)}
        found = kind.estimate(kind.gather(make_sample(columns, Roles(features=tuple(columns))), plan), plan, HOW)[0]
        hits += found.low <= 0.8 <= found.high
    assert hits >= 140


@pytest.mark.parametrize(
    "make",
    [
        lambda: Range(column="a", low=2, high=1),
        lambda: Range(column="a", low=float("nan"), high=1),
        lambda: Codes(column="a", allowed=()),
        lambda: Rule(id="r", form="not_above", columns=("a",)),
        lambda: Rule(id="r", form="equal", columns=("a", "b"), codes=("x",)),
        lambda: Rule(id="r", form="sum_of", columns=("a", "b"), tolerance=-1),
        lambda: TimelinessSettings(at="yesterday", age_days_max=1),
        lambda: TimelinessSettings(at="2026-11-27T00:00:00Z", age_days_max=0),
    ],
)
def test_settings_that_mean_nothing_are_refused(make):
    with pytest.raises(FieldError):
        make()


@pytest.mark.parametrize(
    ("kind", "plan"),
    [
        (Accuracy(), AccuracySettings()),
        (Accuracy(), AccuracySettings(ranges=(Range(column="code", low=0, high=1),))),
        (Accuracy(), AccuracySettings(codes=(Codes(column="gone", allowed=("A",)),))),
        (Completeness(), CompletenessSettings(columns=("gone",))),
        (Completeness(), CompletenessSettings(columns=("code",), blank=("note",))),
        (Consistency(), ConsistencySettings(rules=())),
        (Consistency(), ConsistencySettings(rules=(Rule(id="r", form="not_above", columns=("code", "limit")),))),
        (Consistency(), ConsistencySettings(rules=(Rule(id="r", form="equal", columns=("gone", "limit")),))),
    ],
)
def test_what_cannot_be_judged_is_an_error_with_its_reason(kind, plan):
    with pytest.raises(FieldError):
        kind.gather(sample(), plan)


def test_infinite_numbers_are_refused():
    many = np.full(40, 1.0)
    many[3] = np.inf
    whole = make_sample(table() | {"amount": many}, sample().roles, digest="b" * 64)
    plan = ConsistencySettings(rules=(Rule(id="r", form="not_above", columns=("amount", "limit")),))
    with pytest.raises(FieldError, match="infinite"):
        Consistency().gather(whole, plan)


def test_every_measure_of_the_family_documents_itself():
    for kind in MEASURES:
        assert kind.name.startswith("quality.")
        assert kind.title.zh
        assert kind.misleads.en
        assert kind.misleads.zh
        assert kind.settings.__doc__
        assert kind.statistics.__doc__
