from __future__ import annotations

import pytest
from supervisor_world import stricter_pack

from dualtrack.domain import canonical
from dualtrack.domain.records import Text, encode, read_record, to_plain
from dualtrack.errors import FieldError, NotFoundError, SignatureError
from dualtrack.keys import dsse
from dualtrack.keys.signer import FileSigner
from dualtrack.supervisor.firm import answer
from dualtrack.supervisor.issue import issue_notice
from dualtrack.supervisor.queries import QUERIES
from dualtrack.supervisor.returns import RETURN_PAYLOAD, Return


@pytest.fixture
def opened(watchdog):
    title = Text(en="Figures", zh="數字")
    return issue_notice(watchdog.register, watchdog.key(), title, pack=stricter_pack())[1]


@pytest.fixture
def answered(firm, opened):
    """A firm of two uses, one of them measured, and its return."""
    firm.add_use("second", area="service")
    firm.assess()
    return answer(firm.register, opened, firm.key("compliance"))[0]


def changed(data: bytes, signer, **points) -> bytes:
    """The return with fields of named data points replaced, and signed again by the firm."""
    plain = canonical.decode(dsse.parse(data).payload)
    plain["points"] = [point | points.get(point["id"], {}) for point in plain["points"]]
    return dsse.sign(canonical.encode(plain), RETURN_PAYLOAD, [signer])


def findings(checked) -> dict[str, str]:
    return {point.id: point.finding for point in checked.points}


def check(watchdog, firm, data, bundles=None):
    [checked] = watchdog.sit(firm.bundles() if bundles is None else bundles, firm.anchors(), returns=[data]).returns
    return checked


def test_every_figure_is_computed_again_and_equal(firm, watchdog, answered):
    checked = check(watchdog, firm, answered)
    assert set(findings(checked).values()) == {"equal"}
    assert checked.authentic
    assert checked.signed_by == ["compliance"]
    assert checked.unanswered == []
    by_id = {point.id: point for point in checked.points}
    assert by_id["verdicts"].computed == {"nothing_measured": 1, "permitted": 1}
    assert by_id["areas"].computed == {"risk": 1, "service": 1}
    assert by_id["benefits"].computed[0]["low"] == 0.02
    assert by_id["affected"].computed == [{"subject": firm.use, "without": "permitted", "with": "refused"}]
    assert by_id["verdicts"].n == 2


def test_the_return_is_in_both_ledgers(firm, watchdog, answered):
    check(watchdog, firm, answered)
    [entry] = firm.register.repository.entries(kinds=("return/1",))
    assert entry.content == answered
    digest = canonical.digest(answered)
    assert watchdog.workspace.path(f"received/test-bank/{digest}.return.json").read_bytes() == answered
    records = [canonical.decode(item.content) for item in watchdog.register.repository.entries(kinds=("received/1",))]
    assert [item["digest"] for item in records if item["what"] == "return"] == [digest]


@pytest.mark.parametrize(
    ("point", "change"),
    [
        ("verdicts", {"value": {"permitted": 2}}),
        ("verdicts", {"n": 3}),
        ("due-soon", {"value": 7}),
        ("due-soon", {"value": 0.0}),
        ("affected", {"value": []}),
        ("benefits", {"evidence": []}),
    ],
)
def test_a_changed_figure_differs_and_the_others_stay_equal(firm, watchdog, answered, point, change):
    checked = check(watchdog, firm, changed(answered, firm.key("compliance"), **{point: change}))
    found = findings(checked)
    assert found.pop(point) == "differs"
    assert set(found.values()) == {"equal"}


def test_a_better_interval_than_was_signed_differs(firm, watchdog, answered):
    plain = canonical.decode(dsse.parse(answered).payload)
    value = next(point["value"] for point in plain["points"] if point["id"] == "benefits")
    better = [{**value[0], "estimate": 0.05, "high": 0.06}]
    checked = check(watchdog, firm, changed(answered, firm.key("compliance"), benefits={"value": better}))
    assert findings(checked)["benefits"] == "differs"


def test_a_verdict_left_out_is_noticed_where_its_bundle_was_received(firm, watchdog, answered):
    plain = canonical.decode(dsse.parse(answered).payload)
    named = plain["points"][0]["assessments"]
    trimmed = {"assessments": named[:1], "value": {"permitted": 1}, "n": 1}
    checked = check(watchdog, firm, changed(answered, firm.key("compliance"), verdicts=trimmed))
    [point] = [point for point in checked.points if point.id == "verdicts"]
    assert point.finding == "differs"
    assert "leaves out" in point.why


def test_what_was_not_received_cannot_be_recomputed(firm, watchdog, answered):
    checked = check(watchdog, firm, answered, bundles=firm.bundles()[:1])
    assert set(findings(checked).values()) == {"cannot"}
    assert "1 of the 2 verdicts" in checked.points[0].why


def test_a_point_that_was_not_asked_is_not_believed_and_one_not_answered_is_named(firm, watchdog, answered):
    checked = check(watchdog, firm, changed(answered, firm.key("compliance"), verdicts={"id": "praise"}))
    assert findings(checked)["praise"] == "cannot"
    assert checked.unanswered == ["verdicts"]


def test_verdicts_after_the_answer_do_not_make_it_wrong(firm, watchdog, answered):
    before = firm.bundles()
    size = firm.register.repository.size()
    firm.assess()
    assert size < firm.register.repository.size()
    checked = check(watchdog, firm, answered, [*before, *firm.bundles()])
    assert set(findings(checked).values()) == {"equal"}


@pytest.mark.parametrize("holder", ["owner", "validator"])
def test_only_compliance_answers(firm, watchdog, answered, holder):
    with pytest.raises(SignatureError, match="not signed by compliance"):
        check(watchdog, firm, changed(answered, firm.key(holder)))


def test_a_stranger_does_not_answer_for_a_firm(firm, watchdog, answered):
    with pytest.raises(SignatureError, match="not in force"):
        check(watchdog, firm, changed(answered, FileSigner.generate("stranger")))


def test_a_changed_byte_under_the_old_signature_is_refused(firm, watchdog, answered):
    envelope = dsse.parse(answered)
    record = read_record(canonical.decode(envelope.payload), Return, where="test")
    forged = to_plain(record) | {"at": "2026-11-22T08:30:00Z"}
    other = dsse.Envelope(
        payload=canonical.encode(forged), payload_type=envelope.payload_type, signatures=envelope.signatures
    )
    with pytest.raises(SignatureError, match="does not hold"):
        check(watchdog, firm, other.encode())


def test_an_answer_to_a_notice_never_sent_is_refused(firm, watchdog, answered):
    plain = canonical.decode(dsse.parse(answered).payload) | {"notice": "0" * 64}
    data = dsse.sign(canonical.encode(plain), RETURN_PAYLOAD, [firm.key("compliance")])
    with pytest.raises(NotFoundError):
        check(watchdog, firm, data)


def test_an_answer_from_tomorrow_is_refused(firm, watchdog, answered):
    plain = canonical.decode(dsse.parse(answered).payload) | {"at": "2027-01-01T00:00:00Z"}
    data = dsse.sign(canonical.encode(plain), RETURN_PAYLOAD, [firm.key("compliance")])
    with pytest.raises(FieldError, match="dated"):
        check(watchdog, firm, data)


def test_without_bundles_of_the_firm_its_keys_are_unknown(firm, watchdog, answered):
    with pytest.raises(SignatureError, match="keys are not known"):
        check(watchdog, firm, answered, [])


def test_conditions_due_soon_are_counted(firm, watchdog):
    firm.register.adopt(stricter_pack("2026-01-01", low=0.5), firm.key("compliance"))
    firm.assess()
    title = Text(en="Figures", zh="數字")
    _, opened = issue_notice(watchdog.register, watchdog.key(), title, pack=stricter_pack("2027-06-01", id="later"))
    data, _ = answer(firm.register, opened, firm.key("compliance"))
    checked = check(watchdog, firm, data)
    [due] = [point for point in checked.points if point.id == "due-soon"]
    assert (due.computed, due.finding) == (1, "equal")  # NEW-2 gives thirty days


def test_every_query_has_words_in_both_languages():
    assert all(query.title.en and query.title.zh for query in QUERIES.values())
    assert encode({"n": len(QUERIES)}) == b'{"n":6}'
