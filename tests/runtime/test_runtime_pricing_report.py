"""Prices from a ledger: which decisions are compared, who tells their truth, what is left out by name, and guards run again."""

from __future__ import annotations

import pytest

from dualtrack.domain import canonical
from dualtrack.domain.oversight import Access, Complaint
from dualtrack.domain.policy import GuardSetting
from dualtrack.domain.records import encode, read_record
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.runtime.pricing.labels import read_labels
from dualtrack.runtime.pricing.reading import Span
from dualtrack.runtime.pricing.report import Asked, Trial, price_use
from dualtrack.runtime.pricing.rerun import Asker
from permit.firm import USE
from runtime.pricing_log import log_decisions
from runtime.service_desk import ServiceDesk

GUARDS = [
    {"guard": "injection", "stage": "input", "action": "block", "threshold": 500},
    {"guard": "opt_out", "stage": "input", "action": "route", "threshold": 500},
]
HIGH, LOW = {"injection/input": 900, "opt_out/input": 0}, {"injection/input": 100, "opt_out/input": 0}
WRONG, RIGHT = {"review": "sample", "end": "reject"}, {"review": "sample", "end": "approve"}
TEN = tuple(f"r{number}" for number in range(10))


@pytest.fixture
def desk(tmp_path):
    made = ServiceDesk(tmp_path, guards=GUARDS)
    yield made
    made.store.close()


def priced(desk, **asked):
    return price_use(desk.register, USE, Asked(draws=100, **asked))


def of(report, name="injection/input"):
    return next(item for item in report.prices if item.counts.control.name == name)


def test_a_use_without_decisions_has_no_price_and_one_that_is_not_declared_is_refused(desk):
    report = priced(desk)
    assert (report.prices, len(report.compared.decisions), report.compared.release) == ((), 0, None)
    with pytest.raises(NotFoundError):
        price_use(desk.register, "test-bank/nowhere", Asked())


def test_reviews_tell_the_truth_and_what_expired_or_waits_does_not(desk):
    log_decisions(
        desk,
        [
            *(HIGH | WRONG, HIGH | RIGHT, HIGH | {"review": "sample"}, HIGH, LOW),
            *(HIGH | {"review": "sample", "end": "modify"}, HIGH | {"review": "sample", "end": "modify", "edit": 0}),
        ],
    )
    report = priced(desk)
    view = of(report).marginal
    assert (view.acted, view.unknown) == (6, 2)
    assert report.truths.sources == {"review": 4}
    assert view.averted.bound_low == pytest.approx(1000 * 2 / 7)
    assert view.withheld.bound_low == pytest.approx(1000 * 2 / 7)


def test_labels_of_the_firm_outweigh_a_review_and_those_of_other_decisions_are_counted(desk, tmp_path):
    first, second = log_decisions(desk, [HIGH | RIGHT, HIGH])
    file = tmp_path / "labels.csv"
    file.write_text(f"decision,harmful\n{first},1\n{second},\nother,0\n")
    report = priced(desk, labels=read_labels(file))
    assert report.truths.harmful == {first: True}
    assert (report.truths.sources, report.truths.unknown_labels) == ({"labels": 1}, 1)
    for text, found in [("decision\na\n", "no column 'harmful'"), ("decision,harmful\na,1\na,0\n", "twice"),
                        ("decision,harmful\na,2\n", "value 2"), ("decision,harmful\na,1\n,0\n", "without a decision")]:  # fmt: skip
        file.write_text(text)
        with pytest.raises(FieldError, match=found):
            read_labels(file)


def test_a_complaint_is_upheld_where_its_review_changed_the_answer(desk):
    changed, kept, unseen = log_decisions(desk, [HIGH | WRONG, HIGH | RIGHT, HIGH])
    for number, decision in enumerate((changed, kept, unseen)):
        said = Complaint(id=f"{number:026}", use=USE, decision=decision, subject=None, text="a" * 64, counted=True,
                         by="owner", means="staff", at=desk.register.now())  # fmt: skip
        desk.register.append_plain([("complaint/1", USE, encode(said))])
    truths = priced(desk).truths
    assert truths.sources == {"complaint upheld": 1, "review": 1}
    assert (truths.complaints, truths.harmful) == (3, {changed: True, kept: False})


def test_one_release_is_compared_and_the_others_are_counted_by_name(desk):
    log_decisions(desk, [HIGH] * 3)
    before, desk.release_digest = desk.release_digest, desk.release("another")
    log_decisions(desk, [HIGH, LOW])
    report = priced(desk)
    assert (len(report.compared.decisions), report.compared.release) == (2, desk.release_digest)
    assert report.compared.others == {(before, desk.policy_digest): 3}


def test_observed_decisions_and_drills_are_sets_of_their_own(desk):
    log_decisions(desk, [LOW] * 2)
    log_decisions(desk, [HIGH] * 3, mode="observe")
    log_decisions(desk, [HIGH] * 4, mode="drill")
    assert priced(desk).compared.modes == {"observe": 3, "drill": 4}
    report = priced(desk, population="drill")
    assert (len(report.compared.decisions), report.compared.modes) == (4, {"live": 2, "observe": 3})


def test_a_span_and_the_newest_narrow_what_is_read(desk):
    log_decisions(desk, [HIGH] * 3)
    middle = desk.register.now()
    log_decisions(desk, [LOW] * 2)
    assert len(priced(desk, span=Span(since=middle)).compared.decisions) == 2
    assert len(priced(desk, span=Span(until=middle)).compared.decisions) == 3
    newest = priced(desk, span=Span(newest=4)).compared
    assert (len(newest.decisions), newest.whole) == (4, False)
    with pytest.raises(FieldError, match="since"):
        priced(desk, span=Span(since="yesterday"))


def test_people_have_a_price_only_where_it_tells_about_nobody(desk):
    half = [LOW | (WRONG if number % 5 == 0 else RIGHT) for number in range(10)]
    log_decisions(desk, half)
    report = priced(desk)
    assert report.refused == {"human_review": "fewer than 10 reviewers"}
    log_decisions(desk, half * 2, people=TEN)
    report = priced(desk)
    assert report.refused == {}
    view = of(report, "human_review").marginal
    assert view.acted == 30
    assert view.averted.estimate == pytest.approx(1000 * 6 / 30)
    assert view.withheld.estimate == pytest.approx(1000 * 24 / 30)
    log_decisions(desk, [LOW | RIGHT] * 25, people=("rita",))
    assert priced(desk).refused == {"human_review": "more than half by one reviewer"}


def test_one_control_is_named_and_one_that_is_not_there_is_refused(desk):
    log_decisions(desk, [HIGH, LOW])
    assert [item.counts.control.name for item in priced(desk, control="injection").prices] == ["injection/input"]
    with pytest.raises(NotFoundError, match="no control 'wall'"):
        priced(desk, control="wall")
    against = priced(desk, against={"injection/input": 50.0})
    assert of(against).marginal.acted == 1
    with pytest.raises(FieldError, match="no logged score"):
        priced(desk, against={"wall": 50.0})


def test_a_guard_that_no_decision_has_a_score_of_is_named(desk):
    log_decisions(desk, [{"injection/input": 900}] * 2)
    report = priced(desk)
    assert report.refused == {"opt_out/input": "no decision has a score of it"}
    assert [item.counts.control.name for item in report.prices] == ["injection/input"]


TRIED = GuardSetting(guard="personal_data", stage="input", action="redact", threshold=500)


def said(text):
    return canonical.encode([{"role": "user", "text": text}]).decode()


def test_an_unlogged_guard_is_run_over_the_contents_that_are_left(desk):
    asked = [said("my card is 4111 1111 1111 1111"), said("good morning"), "not JSON"]
    names = log_decisions(
        desk, [LOW | {"asked": text} for text in asked] + [LOW | {"asked": said("ann here"), "person": "ann"}]
    )
    desk.contents.erase_subject(desk.subjects.pseudonym("test-bank", "ann"), at=desk.register.now())
    trial = Trial(TRIED, 10, Asker("validator", "try it before it is released"))
    report = priced(desk, trial=trial, labels={names[0]: True, names[1]: False})
    assert report.rerun is not None
    assert (len(report.rerun.places), report.rerun.erased, report.rerun.unreadable) == (4, 1, 1)
    found = of(report, "personal_data/input")
    assert (found.counts.n, found.marginal.acted) == (2, 1)
    looks = [read_record(canonical.decode(entry.content), Access, where="test")
             for entry in desk.register.repository.every(kinds=("access/1",))]  # fmt: skip
    assert len(looks) == 4
    assert {look.reason for look in looks} == {"try it before it is released"}
    with pytest.raises(FieldError, match="has logged scores"):
        priced(desk, trial=trial._replace(setting=GuardSetting(guard="injection", stage="input", action="block")))


def test_a_guard_on_answers_needs_an_answer(desk):
    log_decisions(desk, [LOW | {"asked": said("hello"), "output": '"call 9123 4567"'}, LOW | {"asked": said("hello")}])
    setting = GuardSetting(guard="personal_data", stage="output", action="redact", threshold=500)
    report = priced(desk, trial=Trial(setting, 10, Asker("validator", "try it on answers")))
    assert report.rerun is not None
    assert report.rerun.without_output == 1
    assert of(report, "personal_data/output").counts.n == 1


def test_a_tried_guard_has_a_price_or_a_reason_and_never_both(desk):
    log_decisions(desk, [{"injection/input": 900, "asked": said("good morning")}] * 2)
    setting = GuardSetting(guard="opt_out", stage="input", action="route", threshold=500)
    report = priced(desk, trial=Trial(setting, 10, Asker("validator", "no score was logged")))
    assert of(report, "opt_out/input").counts.n == 2
    assert report.refused == {}
    assert priced(desk, control="opt_out").refused == {"opt_out/input": "no decision has a score of it"}


def test_a_tried_guard_that_could_read_nothing_says_so(desk):
    log_decisions(desk, [LOW | {"asked": "not JSON"}])
    report = priced(desk, trial=Trial(TRIED, 10, Asker("validator", "a look at forms")))
    assert report.refused == {"personal_data/input": "none of the sampled contents could be shown to it"}
