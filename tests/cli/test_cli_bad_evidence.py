"""Evidence that must not get in: wrong in form, kind, signer, subject, time or signature. Refused before it is recorded."""

import pytest
import yaml
from cli_world import BANK, TAKEN, USE, good, plan_by_hand, refused, said

from dualtrack.cli.desk import sitting
from dualtrack.demo.attestations import demo_attestations
from dualtrack.domain.evidence import Predicate
from dualtrack.domain.records import encode, read_record
from dualtrack.keys import dsse
from dualtrack.keys.signer import FileSigner
from dualtrack.permit.opening import STATEMENT_PAYLOAD
from dualtrack.store.statements import make_statement

REPORT = {
    "kind": "document",
    "topic": "validation_report",
    "taken_at": TAKEN,
    "fields": next(item.fields for item in demo_attestations().every_measured_use if item.topic == "validation_report"),
}
MEASURED = {
    "kind": "measurement",
    "topic": "predictive_performance",
    "taken_at": TAKEN,
    "fields": {"metric": "auc", "target": 0.55, "estimate": 0.75, "low": 0.73, "high": 0.77, "n": 4000},
    "method": {"name": "by hand", "version": "1", "source": "notebook"},
    "data_digest": "ab" * 32,
    "n": 4000,
}
WAIVER = {
    "kind": "approval",
    "topic": "waiver",
    "taken_at": TAKEN,
    "fields": {"rule": "dualtrack-policy/WRK-02", "reason": "small", "until": "2027-01-01", "proportionality": False},
}
PLAN = {
    "kind": "approval",
    "topic": "trial_plan",
    "taken_at": TAKEN,
    "fields": {"mode": "trial", "decisions_max": 100, "until": "2027-01-01", "measures": "closer-estimates"},
}


def changed(body, **changes):
    """Return a copy with members replaced; `fields__x` replaces a field, None removes it."""
    made = {**body, "fields": dict(body["fields"])}
    for name, value in changes.items():
        outer, _, inner = name.partition("__")
        place = made[outer] if inner else made
        if value is None:
            place.pop(inner or outer)
        else:
            place[inner or outer] = value
    return made


FILES = [
    ("no field", changed(REPORT, fields__passed=None), "validator", ["validation_report", "field passed is missing (bool)"]),
    ("one more field", changed(REPORT, fields__extra=True), "validator", ["field extra is unknown"]),
    ("a word for yes", changed(REPORT, fields__passed="yes"), "validator", ["field passed", "bool"]),
    ("a number for yes", changed(REPORT, fields__passed=1), "validator", ["field passed", "bool"]),
    ("a part for a count", changed(REPORT, fields__open_critical=0.5), "validator", ["field open_critical", "int"]),
    ("a list of numbers", changed(REPORT, fields__passed=[1]), "validator", ["fields.passed", "a list of texts"]),
    ("unknown member", changed(REPORT, verdict="approved"), "validator", ["verdict"]),
    ("no topic", changed(REPORT, topic=None), "validator", ["topic"]),
    ("unknown topic", changed(REPORT, topic="astrology"), "validator", ["astrology", "field topic", "evidence topics"]),
    ("topic of a pack not adopted", changed(REPORT, topic="market_abuse_controls"), "validator", ["not known to any adopted"]),
    ("wrong kind", changed(REPORT, kind="approval"), "validator", ["another kind", "document"]),
    ("no kind of ours", changed(REPORT, kind="opinion"), "validator", ["field kind", "opinion"]),
    ("wrong role", REPORT, "developer", ["roles do not admit", "signed as"]),
    ("nobody", REPORT, "nobody", ["no key of 'nobody'"]),
    ("tomorrow", changed(REPORT, taken_at="2099-01-01T00:00:00Z"), "validator", ["future", "2099", "clock"]),
    ("long ago", changed(REPORT, taken_at="2001-01-01T00:00:00Z"), "validator", ["too long before"]),
    ("no instant", changed(REPORT, taken_at="yesterday"), "validator", ["field taken_at", "YYYY-MM-DD"]),
    ("a date that is none", changed(REPORT, taken_at="2026-02-30T00:00:00Z"), "validator", ["field taken_at"]),
    ("undeclared claim", changed(REPORT, claim="other-claim"), "validator", ["other-claim", "declare the claim"]),
    ("demo", changed(REPORT, demo=True), "validator", ["demo", "real institution"]),
    ("no method", changed(MEASURED, method=None), "collector", ["method, data_digest and n"]),
    ("no n", changed(MEASURED, n=None), "collector", ["method, data_digest and n"]),
    ("another n", changed(MEASURED, n=3), "collector", ["field n differs"]),
    ("interval upside down", changed(MEASURED, fields__low=0.9), "collector", ["low <= estimate <= high"]),
    ("no digest", changed(MEASURED, data_digest="abc"), "collector", ["data_digest"]),
    ("waiver of nothing", changed(WAIVER, fields__rule="dualtrack-policy/ABC-99"), "executive", ["ABC-99", "rules show dualtrack-policy"]),
    ("waiver of no pack", changed(WAIVER, fields__rule="sfc-24ec55/X"), "executive", ["no adopted pack", "dualtrack-policy"]),
    ("waiver until some day", changed(WAIVER, fields__until="soon"), "executive", ["fields.until", "YYYY-MM-DD"]),
    ("waiver by its builder", WAIVER, "developer", ["roles do not admit"]),
    ("plan to go live", changed(PLAN, fields__mode="live"), "executive", ["fields.mode", "shadow or trial"]),
    ("plan of no claim", changed(PLAN, fields__measures="luck"), "executive", ["fields.measures", "closer-estimates"]),
    ("plan until some day", changed(PLAN, fields__until="2027-13-01"), "executive", ["fields.until"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "holder", "words"), [case[1:] for case in FILES], ids=[case[0] for case in FILES])
def test_wrong_evidence_is_refused_in_words(ws, tmp_path, body, holder, words):
    path = tmp_path / "evidence.yaml"
    path.write_text(yaml.safe_dump(body))
    text = refused(ws, "evidence", "add", USE, path, "--as", holder, "--workspace", ws)
    said(text, *words)
    assert "evidence.yaml" in text or "no key of" in text


@pytest.mark.parametrize(
    ("topic", "body"), [("waiver", WAIVER), ("trial_plan", PLAN), ("report", REPORT), ("measured", MEASURED)]
)
def test_what_the_table_starts_from_is_admitted(bank, tmp_path, topic, body):
    path = tmp_path / "evidence.yaml"
    named = {"statistics": plan_by_hand(bank, tmp_path)[body["topic"]]} if topic == "measured" else {}
    path.write_text(yaml.safe_dump(body | named))
    holder = {"report": "validator", "measured": "collector"}.get(topic, "executive")
    good("evidence", "add", USE, path, "--as", holder, "--workspace", bank)


def test_a_measurement_that_no_plan_foresaw_is_refused_with_the_items_it_could_answer(bank, tmp_path):
    path = tmp_path / "evidence.yaml"
    path.write_text(yaml.safe_dump(MEASURED))
    arguments = ("evidence", "add", USE, path, "--as", "collector", "--workspace", bank)
    said(" ".join(refused(bank, *arguments).split()), "names no plan", "there is none for this topic", "plan register")
    named = plan_by_hand(bank, tmp_path)[MEASURED["topic"]]["plan"]
    said(" ".join(refused(bank, *arguments).split()), f"digest: {named['digest']}, item: {named['item']}")
    path.write_text(yaml.safe_dump(changed(MEASURED, fields__target=0.5) | {"statistics": {"plan": named}}))
    said(refused(bank, *arguments), "at these thresholds")


NUMBERS = [".nan", ".inf", "-.INF", "1e400"]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_that_is_none_is_refused_with_its_line(ws, tmp_path, number):
    path = tmp_path / "evidence.yaml"
    path.write_text(yaml.safe_dump(MEASURED).replace("0.75", number))
    said(
        refused(ws, "evidence", "add", USE, path, "--as", "collector", "--workspace", ws),
        "evidence.yaml, line",
        "not finite",
    )


SUBJECTS = [
    (["my-bank/absent"], ["not declared"]),
    ([BANK], ["is about a release", "institution/use"]),
    (["other-bank/use"], ["no institution 'other-bank'"]),
    (["../../etc"], ["SUBJECT"]),
    ([USE, "--release", "ab" * 32], ["another release"]),
    ([USE, "--release", "abc"], ["--release", "64"]),
]


@pytest.mark.parametrize(("subject", "words"), SUBJECTS, ids=[" ".join(case[0])[:40] for case in SUBJECTS])
def test_evidence_about_something_else_is_refused(ws, tmp_path, subject, words):
    path = tmp_path / "evidence.yaml"
    path.write_text(yaml.safe_dump(REPORT))
    said(refused(ws, "evidence", "add", subject[0], path, *subject[1:], "--as", "validator", "--workspace", ws), *words)


def test_a_whole_number_is_taken_where_a_decimal_is_asked(bank, tmp_path):
    path = tmp_path / "drill.yaml"
    fields = {"stopped": True, "seconds_to_stop": 40, "seconds_limit": 300, "outputs_after_stop": 0}
    path.write_text(
        yaml.safe_dump({"kind": "drill", "topic": "kill_switch_drill", "fields": fields, "taken_at": TAKEN})
    )
    good("evidence", "add", USE, path, "--as", "validator", "--workspace", bank)
    assert good("evidence", "list", USE, "--workspace", bank, "--json").json[-1]["counts"]


# --- signed elsewhere ---


@pytest.fixture
def envelope(bank):
    """Return a function that signs the validation report, as somebody who holds the validator's key elsewhere would."""

    def make(*, signer=None, body=REPORT, kind=STATEMENT_PAYLOAD):
        with sitting(bank, BANK) as desk:
            statement = make_statement(desk.register, USE, read_record(body, Predicate, where="test"))
            return dsse.sign(encode(statement), kind, [signer or desk.signer("validator")])

    return make


def add_signed(bank, tmp_path, data, subject=USE):
    path = tmp_path / "signed.json"
    path.write_bytes(data)
    return refused(bank, "evidence", "add", subject, path, "--signed", "--workspace", bank)


def test_evidence_signed_elsewhere_is_added(bank, tmp_path, envelope):
    path = tmp_path / "signed.json"
    path.write_bytes(envelope())
    good("evidence", "add", USE, path, "--signed", "--workspace", bank)
    line = good("evidence", "list", USE, "--workspace", bank, "--json").json[-1]
    assert line["topic"] == "validation_report"
    assert line["counts"]


def test_unsigned_evidence_is_refused(bank, tmp_path, envelope):
    unsigned = dsse.parse(envelope())
    data = unsigned.encode().replace(unsigned.encode()[unsigned.encode().index(b'"signatures"') :], b'"signatures":[]}')
    said(add_signed(bank, tmp_path, data), "signed.json", "not a signed statement", "0 signatures")
    said(add_signed(bank, tmp_path, b'{"kind": "document"}'), "not a signed statement")
    said(add_signed(bank, tmp_path, b""), "not a signed statement")
    said(add_signed(bank, tmp_path, yaml.safe_dump(REPORT).encode()), "not a signed statement")


def test_evidence_of_an_unknown_key_is_refused(bank, tmp_path, envelope):
    stranger = FileSigner.generate("stranger")
    said(add_signed(bank, tmp_path, envelope(signer=stranger)), "not granted", "signed.json")


def test_evidence_with_a_changed_byte_is_refused(bank, tmp_path, envelope):
    signed = dsse.parse(envelope())
    payload = signed.payload.replace(b'"passed":true', b'"passed":false')
    assert payload != signed.payload
    forged = dsse.Envelope(payload=payload, payload_type=signed.payload_type, signatures=signed.signatures)
    said(add_signed(bank, tmp_path, forged.encode()), "does not hold for these bytes")


def test_evidence_in_another_kind_of_envelope_is_refused(bank, tmp_path, envelope):
    said(add_signed(bank, tmp_path, envelope(kind="application/json")), "not a well-formed statement")


def test_signed_evidence_about_another_use_is_refused(bank, tmp_path, envelope):
    said(add_signed(bank, tmp_path, envelope(), subject="my-bank/other"), "it is about", USE)


def test_who_signs_is_asked_once(ws, tmp_path):
    path = tmp_path / "evidence.yaml"
    path.write_text(yaml.safe_dump(REPORT))
    said(refused(ws, "evidence", "add", USE, path, "--workspace", ws), "no signer", "--as HOLDER")
    said(
        refused(ws, "evidence", "add", USE, path, "--signed", "--as", "validator", "--workspace", ws), "signed already"
    )


# --- templates ---


def test_every_topic_has_a_template_that_is_refused_until_it_is_filled_in(ws, tmp_path):
    topics = good("evidence", "topics", "--workspace", ws, "--json").json
    assert len(topics) > 30
    for name, topic in topics.items():
        text = good("evidence", "template", name, "--workspace", ws).out
        body = yaml.safe_load(text)
        assert set(body["fields"]) == set(topic["fields"])
        assert body["kind"] == topic["kind"]
        assert all(value is None for value in body["fields"].values())
    path = tmp_path / "report.yaml"
    good("evidence", "template", "validation_report", "-o", path)
    said(
        refused(ws, "evidence", "add", USE, path, "--as", "validator", "--workspace", ws),
        "fields.passed",
        "nothing is filled in",
    )


def test_a_filled_in_template_is_admitted(bank, tmp_path):
    text = good("evidence", "template", "validation_report").out
    assert "passed: null  # true or false" in text
    for name, value in REPORT["fields"].items():
        text = text.replace(f"  {name}: null", f"  {name}: {str(value).lower()}")
    path = tmp_path / "report.yaml"
    path.write_text(
        text.replace("taken_at: null", f'taken_at: "{TAKEN}"').replace(
            "document_digest: null", f"document_digest: {'ab' * 32}"
        )
    )
    good("evidence", "add", USE, path, "--as", "validator", "--workspace", bank)
    twice = refused(bank, "evidence", "add", USE, path, "--as", "validator", "--workspace", bank)
    said(twice, "report.yaml", "nothing has changed", "leave it as it stands")
