"""The guard for personal data: settings, conversations, rows, scores."""

from __future__ import annotations

import pytest

from dualtrack.domain.policy import POLICY_FORMAT, FieldSetting, OutputSetting, ReviewSetting, RuntimePolicy, Upstream
from dualtrack.domain.records import Text
from dualtrack.errors import FieldError
from dualtrack.runtime.guards.base import CLEAR, Checked, Guard, Piece
from dualtrack.runtime.guards.personal_data import PersonalData


def policy(*fields):
    return RuntimePolicy(
        format=POLICY_FORMAT,
        use="bank/assistant",
        audience="customers",
        guards=[],
        upstreams=[Upstream(id="one", kind="extractive", provider="own")],
        fallback="message",
        message=Text(en="Later", zh="稍後"),
        human=Text(en="Call us", zh="致電我們"),
        review=ReviewSetting(mode="none"),
        output=OutputSetting(),
        retention="short",
        fields=list(fields),
    )


def checked(*pieces, row=None, fields=()):
    return Checked("input", "bank/assistant", policy(*fields), "zh-Hant", pieces=tuple(pieces), row=row)


def test_it_has_the_form_of_a_guard():
    guard: Guard = PersonalData({})
    assert guard.name == "personal_data"
    assert guard.stages == {"input", "output"}


def test_clean_text_is_clear():
    assert PersonalData({}).check(checked(Piece("user", "請問點樣轉賬？"))) is CLEAR


def test_pieces_are_redacted_but_the_systems_own_text_is_not_looked_at():
    system = Piece("system", "Hotline 2345 6789")
    result = PersonalData({}).check(
        checked(system, Piece("user", "我係A123456(3)"), Piece("tool", "x"), Piece("assistant", "電話91234567"))
    )
    assert result.pieces == (system, Piece("user", "我係[HKID]"), Piece("tool", "x"), Piece("assistant", "電話[PHONE]"))
    assert [(item.kind, item.piece, item.start, item.end) for item in result.findings] == [
        ("HKID", 1, 2, 12),
        ("PHONE", 3, 2, 10),
    ]
    assert result.score == max(item.score for item in result.findings) == 990


def test_kinds_can_be_ignored():
    result = PersonalData({"ignore": ["HKID"]}).check(checked(Piece("user", "A123456(3) 電話91234567")))
    assert result.pieces == (Piece("user", "A123456(3) 電話[PHONE]"),)


def test_low_scores_count_from_the_minimum_on():
    text = Piece("user", "HKID A123456(4)")
    assert PersonalData({}).check(checked(text)).score == 400
    assert PersonalData({"minimum": 401}).check(checked(text)) is CLEAR


def test_clearing_codes_of_the_policy_count():
    text = Piece("user", "pay 777 123 456789 001")
    assert PersonalData({}).check(checked(text)) is CLEAR
    assert PersonalData({"clearing_codes": ["777"]}).check(checked(text)).pieces == (
        Piece("user", "pay [BANK_ACCOUNT]"),
    )


def test_fields_of_a_row_that_are_personal_by_policy_are_expected():
    row = {"name": "陳大文先生", "note": "致電陳大文先生，91234567", "amount": 91234567}
    fields = [FieldSetting(name="name", type="string", personal=True), FieldSetting(name="note", type="string")]
    result = PersonalData({}).check(checked(row=row, fields=fields))
    assert result.row == {"name": "陳大文先生", "note": "致電[NAME]先生，[PHONE]", "amount": 91234567}
    assert [(item.kind, item.piece) for item in result.findings] == [("NAME", 1), ("PHONE", 1)]
    assert result.pieces is None


def test_a_row_without_personal_texts_is_clear():
    assert PersonalData({}).check(checked(row={"note": "ok", "amount": 91234567})) is CLEAR


def test_pieces_and_row_together_are_both_looked_at():
    result = PersonalData({}).check(checked(Piece("user", "A123456(3)"), row={"note": "A123456(3)"}))
    assert (result.pieces, result.row) == ((Piece("user", "[HKID]"),), {"note": "[HKID]"})
    assert [item.piece for item in result.findings] == [0, 1]


@pytest.mark.parametrize(
    "settings",
    [
        {"ignored": ["HKID"]},
        {"ignore": ["SALARY"]},
        {"ignore": "HKID"},
        {"minimum": 1001},
        {"minimum": -1},
        {"minimum": True},
        {"minimum": 0.5},
        {"clearing_codes": ["4"]},
        {"clearing_codes": "004"},
    ],
)
def test_settings_it_does_not_know_are_refused(settings):
    with pytest.raises(FieldError):
        PersonalData(settings)


def test_at_output_of_a_row_the_answer_and_its_reasons_count_and_redact_means_block():
    row = {"note": "HKID A123456(3)"}
    output = checked(row=row)._replace(stage="output")
    guard = PersonalData({})
    assert guard.check(output) is CLEAR, "the row was looked at when it came in"
    for said in ({"answer": {"pay": "to A123456(3)"}}, {"answer": 1, "reasons": ("his HKID A123456(3)",)}):
        found = guard.check(output._replace(**said))
        assert found.score >= 900
        assert [item.kind for item in found.findings] == ["HKID"]
        assert (found.pieces, found.row) == (None, None)
