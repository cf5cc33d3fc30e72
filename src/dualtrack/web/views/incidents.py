"""Incidents as people see them: rows, what the firm may owe its regulators, and the question of a significant change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain.questions import questions
from dualtrack.domain.records import Text
from dualtrack.present.cites import cites_text
from dualtrack.web.parts import Badge, Step
from dualtrack.web.views.acting import moment_text
from dualtrack.web.views.rendering import both, quoted
from dualtrack.web.views.runtime_words import runtime_words
from dualtrack.web.views.wording import Say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.domain.oversight import Incident, IncidentUpdate
    from dualtrack.runtime.drafts import ChangeQuestion, DutyLine
    from dualtrack.web.parts import Tone
    from dualtrack.web.views.rendering import Language

__all__ = [
    "ANSWERS",
    "KINDS",
    "REGULATORS",
    "SEVERITIES",
    "STATES",
    "DutyRow",
    "answer_words",
    "duty_rows",
    "fact_words",
    "incident_row",
    "incident_steps",
    "kind_words",
    "question_words",
    "severity_badge",
    "state_badge",
]

KINDS: dict[str, Text] = {
    "wrong-output": Text(en="Wrong output reached somebody", zh="錯誤輸出已送達他人"),
    "harm-to-customer": Text(en="A customer may have been harmed", zh="客戶可能受損"),
    "personal-data": Text(en="Personal data seen or sent where they should not be", zh="個人資料外洩或誤送"),
    "unfair-treatment": Text(en="A group may be treated unfairly", zh="某群組可能受不公平對待"),
    "guard-passed": Text(en="Something passed a guard that should stop it", zh="防護未能攔截應攔截的內容"),
    "outage": Text(en="It did not answer, or its fallback did not", zh="系統或後備未能回應"),
    "supplier": Text(en="A supplier's failure or unannounced change", zh="供應商故障或未經通知的改動"),
    "other": Text(en="Something else", zh="其他"),
}
"""Kinds that people choose from: our own list."""

_OWN_KINDS: dict[str, Text] = {
    "complaints-unnamed": Text(en="Complaints that name nobody", zh="未指明任何人的投訴"),
    "opt-outs": Text(en="Many people opted out", zh="多人選擇退出"),
    "receipt-without-entry": Text(en="A receipt that the log does not bear out", zh="日誌與收據不符"),
    "review-overdue": Text(en="A review that nobody decided in time", zh="覆核逾期無人決定"),
    "unclean-end": Text(en="A process ended without closing", zh="進程未正常結束"),
}
"""Kinds of what the runtime opens by itself."""

SEVERITIES: dict[str, Text] = {
    "minor": Text(en="Minor", zh="輕微"),
    "material": Text(en="Material", zh="重要"),
    "major": Text(en="Major: the permit lapses until it is closed", zh="重大：准許失效，直至事故了結"),
}

STATES: dict[str, Text] = {
    "open": Text(en="Open", zh="處理中"),
    "contained": Text(en="Contained", zh="已控制"),
    "closed": Text(en="Closed", zh="已了結"),
}

ANSWERS = {
    "yes": Text(en="Significant change: yes.", zh="重大改變：是。"),
    "no": Text(en="Significant change: no.", zh="重大改變：否。"),
}
"""An answer to the question of a significant change in words."""

_GIVEN: dict[str, Text] = {
    "people_affected": Text(en="People affected", zh="受影響人數"),
    "decisions_affected": Text(en="Decisions affected", zh="受影響的決定數目"),
    "reference": Text(en="Reference", zh="參考編號"),
    "decision": Text(en="Decision", zh="決定"),
    "index": Text(en="Entry", zh="日誌條目"),
    "complaints": Text(en="Complaints", zh="投訴數目"),
    "days": Text(en="Days", zh="日數"),
    "people": Text(en="People", zh="人數"),
    "reviews": Text(en="Reviews", zh="覆核數目"),
    "first": Text(en="First review", zh="首宗覆核"),
    "customer_asked": Text(en="Asked for by customers", zh="由客戶要求"),
    "run": Text(en="Run", zh="進程"),
    "written": Text(en="Entries made up", zh="補記條目"),
    "interrupted": Text(en="Decisions broken off", zh="中斷的決定"),
    "missing": Text(en="Decisions missing", zh="缺失的決定"),
    "at_risk_ms": Text(en="At risk, in ms", zh="或會遺失的毫秒數"),
}
"""Facts of an incident, those that people are asked for and those that the runtime gives."""

_SEVERITY_TONES: dict[str, Tone] = {"minor": "low", "material": "amber", "major": "bad"}
_STATE_TONES: dict[str, Tone] = {"open": "bad", "contained": "amber", "closed": "good"}

_GRADES = {
    "primary": Text(en="source read", zh="已閱讀原文"),
    "secondary": Text(en="known from a secondary source", zh="只見於第二手資料"),
    "unseen": Text(en="source not seen", zh="未見原文"),
}


_FACTS: dict[str, Text] = {
    "virtual_asset_change": Text(
        en="Does it bring a new client type, deposits, withdrawals, staking or in-kind transactions of virtual assets?",
        zh="是否涉及虛擬資產業務的新客戶類別、存取、質押或實物交易？",
    ),
    "significant_bank": Text(
        en="Is the bank a significant one, as the circular means it?", zh="該銀行是否屬通函所指的重要銀行？"
    ),
    "aml_monitoring": Text(
        en="Does it monitor transactions against money laundering?", zh="是否用於監察交易以打擊洗錢？"
    ),
}
"""Facts on which a duty turns and which no declaration asks for."""


REGULATORS: dict[str, Text] = {
    "HKMA": Text(en="HKMA", zh="金管局"),
    "IA": Text(en="IA", zh="保監局"),
    "MPFA": Text(en="MPFA", zh="積金局"),
    "PCPD": Text(en="PCPD", zh="私隱專員公署"),
    "SFC": Text(en="SFC", zh="證監會"),
}
"""Regulators by the names that their own Chinese texts use."""


class DutyRow(NamedTuple):
    """A duty that may apply: whom to tell, what, by when, and how far its source was seen."""

    regulator: str
    says: str
    cites: str
    grade: str
    clock: str
    clocked: bool
    voluntary: bool
    unknown: tuple[str, ...]


def severity_badge(severity: str, language: Language) -> Badge:
    """Return a severity as a badge, in its first word."""
    name = both(SEVERITIES[severity], language)
    return Badge(_SEVERITY_TONES[severity], name.partition(":")[0].partition("：")[0])


def state_badge(state: str, language: Language) -> Badge:
    """Return an incident's state as a badge."""
    return Badge(_STATE_TONES[state], both(STATES[state], language))


def incident_row(row: Mapping[str, Any], titles: Mapping[str, str], language: Language) -> dict[str, Any]:
    """Return a row of the list."""
    return {
        "id": row["id"],
        "kind": kind_words(row["kind"], language),
        "use": titles.get(row["use_id"], row["use_id"]) if row["use_id"] else "",
        "severity": severity_badge(row["severity"], language),
        "state": state_badge(row["state"], language),
        "opened": moment_text(row["opened_at"], language),
    }


def kind_words(kind: str, language: Language) -> str:
    """Return a kind of incident in words."""
    known = KINDS.get(kind) or _OWN_KINDS.get(kind)
    return both(known, language) if known else kind


def question_words(found: ChangeQuestion | None, language: Language) -> dict[str, str] | None:
    """Return the question of a significant change with its citation and both drafts, where it arises."""
    if found is None:
        return None
    texts = {"asks": found.asks, "cites": cites_text(found.cites), "yes": found.yes, "no": found.no}
    return {name: both(text, language) for name, text in texts.items()}


def duty_rows(lines: Sequence[DutyLine], language: Language) -> list[DutyRow]:
    """Return duties as rows. A clock is named only where the text was read and states a time."""
    found = []
    for line in lines:
        duty = line.duty
        clock = both(line.clock, language)
        if line.clock_from is not None:
            began = moment_text(line.clock_from, language)
            clock = both(Text(en=f"at once, from {began}", zh=f"立即，由{began}起"), language)
        found.append(
            DutyRow(
                regulator=_regulators(duty.regulator, language),
                says=both(duty.says, language),
                cites=both(cites_text(duty.cites), language),
                grade=both(_GRADES[duty.grade], language),
                clock=clock,
                clocked=line.clock_from is not None,
                voluntary=duty.voluntary,
                unknown=tuple(_fact_name(name, language) for name in line.unknown),
            )
        )
    return found


def _regulators(listed: str, language: Language) -> str:
    names = [both(REGULATORS[name], language) if name in REGULATORS else name for name in listed.split(", ")]
    return both(Text(en=", ", zh="、"), language).join(names)


def incident_steps(opened: Incident, updates: Sequence[IncidentUpdate], language: Language) -> list[Step]:
    """Return what was done, newest first, down to the opening."""
    begun = Text(en="Opened", zh="開立")
    steps = [
        Step(
            opened.at,
            moment_text(opened.at, language),
            both(begun, language),
            opened.by,
            _note(opened.note, language),
            tone="bad",
        )
    ]
    for item in updates:
        tone = _STATE_TONES[item.state]
        title = both(STATES[item.state], language)
        note = _note(item.note, language)
        steps.append(Step(item.at, moment_text(item.at, language), title, item.by, note, tone=tone))
    return steps[::-1]


def _note(note: str, language: Language) -> str:
    """Return a note as it was written; those that the runtime wrote, in the reader's language."""
    return runtime_words(note, Say(language))


def answer_words(answer: str, language: Language) -> str:
    """Return an answer to the question of a significant change in words."""
    return both(ANSWERS[answer], language)


def fact_words(name: str, language: Language) -> str:
    """Return the name of a fact in words; one that a program named itself is quoted, as it is."""
    known = _GIVEN.get(name)
    return both(known, language) if known else quoted(name.replace("_", " "), language)


def _fact_name(name: str, language: Language) -> str:
    asked = questions().get(name)
    known = asked.ask if asked else _FACTS.get(name)
    return both(known, language) if known else name.replace("_", " ")
