from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from supervisor_world import CATALOGUE, Ticking, Watchdog, base_pack, stricter_pack

from dualtrack.domain import canonical
from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import Effect, Verdict
from dualtrack.errors import DocumentError, DualtrackError, FieldError, NotFoundError, PackError, SignatureError
from dualtrack.keys import dsse
from dualtrack.keys.signer import FileSigner
from dualtrack.keys.vkey import VerifierKey
from dualtrack.permit.assess import conclude
from dualtrack.rules.pack import load_pack
from dualtrack.rules.selftest import self_test
from dualtrack.supervisor.firm import accept_notice, accepted_at, notice_effect, supervisor_key, trust_supervisor
from dualtrack.supervisor.issue import issue_notice, notice_key, preview
from dualtrack.supervisor.notice import NOTICE_PAYLOAD, Asked, open_notice
from dualtrack.supervisor.pack_source import notice_pack, sample_source
from dualtrack.supervisor.plain import plain_text

TITLE = Text(en="Closer monitoring", zh="加強監察")


def issue(watchdog, pack=None, **changes):
    data, _ = issue_notice(
        watchdog.register, watchdog.key(), TITLE, pack=stricter_pack() if pack is None else pack, **changes
    )
    return data


def key_of(watchdog) -> VerifierKey:
    return notice_key("watchdog", watchdog.key())


def opened_of(watchdog, data, **changes):
    return open_notice(data, key_of(watchdog), **{"demo_allowed": False} | changes)


def resigned(watchdog, data, signer=None, **changes) -> bytes:
    """The notice with fields changed, signed by the supervisor itself: what a careless supervisor could send."""
    plain = canonical.decode(dsse.parse(data).payload) | changes
    return dsse.sign(canonical.encode(plain), NOTICE_PAYLOAD, [signer or watchdog.key()])


def test_a_notice_is_recorded_and_checked_by_its_key(watchdog):
    data = issue(watchdog, answer_by="2026-12-31")
    opened = opened_of(watchdog, data)
    assert opened.notice.kind == "pack"
    assert opened.pack.id == "new-pack"
    assert opened.notice.effective_from == "2026-12-22"
    [entry] = watchdog.register.repository.entries(kinds=("notice/1",))
    assert entry.content == data


def test_a_notice_under_an_unknown_key_is_refused(watchdog, tmp_path):
    data = issue(watchdog)
    with Watchdog(tmp_path / "impostor") as impostor, pytest.raises(SignatureError, match="not signed by"):
        open_notice(data, key_of(impostor), demo_allowed=False)
    forged = resigned(watchdog, data, signer=FileSigner.generate("x"))
    with pytest.raises(SignatureError):
        opened_of(watchdog, forged)


def test_a_supervisor_cannot_speak_for_another(watchdog):
    data = resigned(watchdog, issue(watchdog), supervisor="central-bank")
    with pytest.raises(SignatureError, match="speaks for central-bank"):
        opened_of(watchdog, data)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_changed_byte_passes(changes):
    data, key = sealed()
    place = changes.draw(st.integers(0, len(data) - 1))
    bit = changes.draw(st.integers(0, 7))
    broken = data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]
    with pytest.raises(DualtrackError):
        open_notice(broken, key, demo_allowed=False)


def sealed():
    signer = FileSigner(name="s", key=_KEY)
    plain = {
        "format": "dualtrack.notice/1", "id": "n", "supervisor": "watchdog", "kind": "request",
        "title": {"en": "a", "zh-Hant": "甲"}, "pack": None, "effective_from": None,
        "asks": [{"id": "v", "query": "uses_by_verdict"}], "answer_by": None,
        "issued_at": "2026-11-22T09:00:00Z", "demo": False,
    }  # fmt: skip
    data = dsse.sign(canonical.encode(plain), NOTICE_PAYLOAD, [signer])
    key = notice_key("watchdog", signer)
    assert open_notice(data, key, demo_allowed=False).notice.id == "n"
    return data, key


_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"asks": [{"id": "x", "query": "__import__('os').system('true')"}]}, FieldError),
        ({"asks": [{"id": "x", "query": "uses_by_area"}] * 2}, FieldError),
        ({"asks": [{"id": f"x{n}", "query": "uses_by_area"} for n in range(51)]}, FieldError),
        ({"pack": None}, FieldError),
        ({"pack": "e30="}, PackError),
        ({"pack": "not base64!"}, FieldError),
        ({"effective_from": "2026-11-01"}, FieldError),
        ({"answer_by": "soon"}, FieldError),
        ({"title": {"en": "", "zh-Hant": "甲"}}, FieldError),
        ({"run": "this"}, FieldError),
        ({"format": "dualtrack.notice/2"}, FieldError),
        ({"id": "../../etc"}, FieldError),
    ],
)
def test_what_is_no_notice_is_refused_even_when_signed(watchdog, changes, kind):
    with pytest.raises(kind):
        opened_of(watchdog, resigned(watchdog, issue(watchdog), **changes))


def test_a_demo_notice_stays_in_demos(tmp_path):
    with Watchdog(tmp_path / "stage", demo=True) as stage:
        data = issue(stage)
        with pytest.raises(SignatureError, match="demo notice"):
            opened_of(stage, data)
        assert opened_of(stage, data, demo_allowed=True).notice.demo


def test_only_the_role_signs_notices(watchdog):
    with pytest.raises(SignatureError, match="role supervisor"):
        issue_notice(watchdog.register, watchdog.key("witness"), TITLE, pack=stricter_pack())


def test_the_dry_run_shows_the_effect_and_records_nothing(firm, watchdog):
    size = firm.register.repository.size()
    [impact] = notice_effect(firm.register, opened_of(watchdog, issue(watchdog)))
    assert (impact.recorded, impact.without, impact.with_pack) == (
        Verdict.PERMITTED,
        Verdict.PERMITTED,
        Verdict.REFUSED,
    )
    gaps = {gap.rule: gap for gap in impact.gaps}
    assert gaps["NEW-1"].effect is Effect.REFUSES_LIVE
    assert (gaps["NEW-2"].effect, gaps["NEW-2"].missing) == (Effect.CONDITION, ["ev.monitor"])
    assert impact.at == "2026-12-21T16:00:00Z"  # midnight in Hong Kong
    assert firm.register.repository.size() == size
    assert [pack.id for pack in firm.register.adopted_packs()] == ["test-pack"]


def test_a_pack_that_asks_no_more_changes_nothing(firm, watchdog):
    [impact] = notice_effect(firm.register, opened_of(watchdog, issue(watchdog, base_pack())))
    assert not impact.changes
    assert impact.gaps == []


def test_what_time_alone_does_is_not_blamed_on_the_pack(firm, watchdog):
    """A year ahead the evidence is out of date: the verdict falls with or without the pack."""
    opened = opened_of(watchdog, issue(watchdog, stricter_pack("2027-11-01", low=0.1)))
    [impact] = notice_effect(firm.register, opened)
    assert impact.recorded is Verdict.PERMITTED
    assert impact.without is impact.with_pack is Verdict.REFUSED
    assert not impact.changes


def test_the_same_id_replaces_the_adopted_pack(firm, watchdog):
    opened = opened_of(watchdog, issue(watchdog, stricter_pack(id="test-pack", version="2.0")))
    [impact] = notice_effect(firm.register, opened)
    assert impact.with_pack is Verdict.REFUSED
    assert {gap.pack for gap in impact.gaps} == {"test-pack"}


def test_the_supervisor_sees_the_same_effect_from_bundles(firm, watchdog):
    opened = opened_of(watchdog, issue(watchdog))
    assert preview(opened, firm.bundles(), demo_allowed=False) == notice_effect(firm.register, opened)


def test_the_dry_run_is_what_adoption_then_brings(firm, watchdog, tmp_path):
    """Adopted, and assessed again on the day: the verdict that the dry run foretold."""
    opened = opened_of(watchdog, issue(watchdog))
    [impact] = notice_effect(firm.register, opened)
    firm.register.adopt(opened.pack.compiled, firm.key("compliance"))
    firm.register.clock = Ticking(datetime(2026, 12, 22, tzinfo=UTC))
    case = firm.register.case(firm.use, firm.releases["early-warning"])
    assert conclude(case).verdict is impact.with_pack


def test_accepting_records_the_notice_and_adopts_nothing(firm, watchdog):
    data = issue(watchdog)
    opened = opened_of(watchdog, data)
    accept_notice(firm.register, opened, data, key_of(watchdog), firm.key("compliance"))
    [entry] = firm.register.repository.entries(kinds=("notice/1",))
    assert json.loads(dsse.parse(entry.content).payload)["notice"] == opened.digest
    assert firm.workspace.path(f"notices/{opened.digest}.json").read_bytes() == data
    assert [pack.id for pack in firm.register.adopted_packs()] == ["test-pack"]
    assert firm.assess()[0].assessment.verdict is Verdict.PERMITTED


def test_a_notice_is_accepted_once_and_by_compliance(firm, watchdog):
    data = issue(watchdog)
    opened = opened_of(watchdog, data)
    with pytest.raises(SignatureError, match="role compliance"):
        accept_notice(firm.register, opened, data, key_of(watchdog), firm.key("owner"))
    assert accepted_at(firm.register, opened) is None
    assert not firm.workspace.path("notices").exists()
    receipt = accept_notice(firm.register, opened, data, key_of(watchdog), firm.key("compliance"))
    assert accepted_at(firm.register, opened) == receipt.index
    size = firm.register.repository.size()
    with pytest.raises(FieldError, match=f"accepted already, in entry {receipt.index}"):
        accept_notice(firm.register, opened, data, key_of(watchdog), firm.key("compliance"))
    assert firm.register.repository.size() == size
    other = issue(watchdog)
    accept_notice(firm.register, opened_of(watchdog, other), other, key_of(watchdog), firm.key("compliance"))


def test_nobody_is_asked_to_answer_in_the_past(watchdog):
    """By Hong Kong's calendar: at 16:30 UTC it is tomorrow there."""
    watchdog.register.clock = Ticking(datetime(2026, 11, 22, 16, 30, tzinfo=UTC))
    with pytest.raises(FieldError, match="2026-11-22 is past"):
        issue(watchdog, answer_by="2026-11-22")
    assert watchdog.register.repository.entries(kinds=("notice/1",)) == []
    assert opened_of(watchdog, issue(watchdog, answer_by="2026-11-23")).notice.answer_by == "2026-11-23"


def test_the_key_is_the_one_that_was_entered(firm, watchdog):
    with pytest.raises(NotFoundError, match="0 keys"):
        supervisor_key(firm.workspace, None)
    trust_supervisor(firm.workspace, key_of(watchdog).format())
    assert supervisor_key(firm.workspace, None) == key_of(watchdog)
    with pytest.raises(FieldError, match="named"):
        trust_supervisor(firm.workspace, VerifierKey.of("example.org/x", watchdog.key().public_key).format())


def test_the_sample_says_that_it_is_fictional_and_passes_its_own_tests():
    pack = load_pack(notice_pack(sample_source(), effective_from="2027-03-01"))
    assert self_test(pack) == []
    assert pack.data.effective_from == "2027-03-01"
    assert "FICTIONAL" in pack.data.title.en
    assert "虛構" in pack.data.title.zh
    assert all(item.data.says.en.startswith("Fictional.") for item in pack.rules)


def test_a_compiled_pack_keeps_its_date():
    assert notice_pack(base_pack()) == base_pack()
    with pytest.raises(FieldError, match="keeps its date"):
        notice_pack(base_pack(), effective_from="2027-01-01")
    with pytest.raises(DocumentError):
        notice_pack(b"\xff", topics=CATALOGUE)


def test_a_request_needs_something_asked(watchdog):
    with pytest.raises(FieldError, match="without its content"):
        issue_notice(watchdog.register, watchdog.key(), TITLE, pack=None)
    _data, opened = issue_notice(
        watchdog.register, watchdog.key(), TITLE, pack=None, asks=[Asked(id="a", query="uses_by_area")]
    )
    assert opened.notice.kind == "request"


@given(st.text(max_size=300))
def test_shown_text_steers_nothing(text):
    shown = plain_text(text)
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in shown)
    assert len(shown) <= 400
    assert plain_text(shown) == shown


def test_shown_text_is_cut_and_in_one_line():
    assert plain_text("a\n\x1b[31mb\u202ec") == "a [31mbc"
    assert plain_text("x" * 1000, most=10) == "x" * 9 + "…"


def test_firm_with_institution_pack_is_assessed_itself(firm, watchdog):
    pack = stricter_pack(subject="institution", id="firm-pack")
    opened = opened_of(watchdog, issue(watchdog, pack))
    assert notice_effect(firm.register, opened) == []  # the firm itself was never assessed, only its use
