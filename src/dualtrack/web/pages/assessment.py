"""From a verdict down: its rules, their paragraphs, the evidence, its data digest, its place in the log; and the bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.vocabulary import Outcome
from dualtrack.errors import NotFoundError
from dualtrack.present import terms, words
from dualtrack.present.dossier import verdict_line
from dualtrack.present.rule_cards import rule_cards
from dualtrack.runtime.lookup import find_declaration
from dualtrack.store.verdicts import prove
from dualtrack.web.identity.permissions import Verb, require
from dualtrack.web.pages.asked import number_of, say_of, use_address
from dualtrack.web.pages.base import Download, Page, View
from dualtrack.web.pages.use import use_tabs, use_trail
from dualtrack.web.parts import Column, Crumb, Fact, verdict_badge
from dualtrack.web.views.acting import can, person, use_of
from dualtrack.web.views.assessment import badges_of, history_of, pack_rows, sections_of, unused_rows
from dualtrack.web.views.evidence import evidence_page, read_statement
from dualtrack.web.views.recorded import newest_recorded, recompute, recorded_at

if TYPE_CHECKING:
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.recorded import Recorded
    from dualtrack.web.views.wording import Say

__all__ = ["PAGES"]

_SHOWN = (Outcome.MET, Outcome.WAIVED, Outcome.NOT_MET, Outcome.NO_EVIDENCE)
"""Outcomes counted by track, in the order of the columns."""


def _of_use(request: PageRequest) -> View:
    use = use_of(request)
    recorded = newest_recorded(request.register, use)
    if recorded is None:
        raise NotFoundError(f"{use!r} was never assessed", where="address", fix="assess it first, on its page")
    return _show(request, recorded)


def _of_entry(request: PageRequest) -> View:
    return _show(request, _named(request, Verb.SEE_USE))


def _show(request: PageRequest, recorded: Recorded) -> View:
    say, register = say_of(request), request.register
    explanation, same = recompute(register, recorded)
    assessment, use = recorded.assessment, recorded.assessment.use
    cards = rule_cards(explanation)
    declared = find_declaration(register, use) if use else None
    title = say.text(declared.title if declared else explanation.case.found.institution.name)
    newest = newest_recorded(register, use)
    name = say("Rules and evidence", "規則與證據")
    context = {
        "say": say,
        "subject": title,
        "badge": verdict_badge(assessment.verdict, say.language),
        "line": say.text(verdict_line(assessment)),
        "facts": _facts(recorded, say),
        "same": same,
        "sections": [(section, [(card, badges_of(card, say)) for card in section.cards]) for section in sections_of(cards, say)],
        "counts": _counts(recorded, say),
        "history": history_of(register, use, recorded.entry.index, say),
        "unused": unused_rows(explanation, say),
        "packs": pack_rows(explanation, say),
        "columns": _columns(say),
        "terms": terms,
        "other": say.language.other,
        "bundle": f"/assessments/{recorded.entry.index}/bundle"
        if newest is not None and newest.entry.index == recorded.entry.index and can(request, Verb.EXPORT_BUNDLE)
        else None,
        "check": "python -m dualtrack_verify bundle.zip --trust anchors.json",
        "tabs": use_tabs(use, say, "assessment") if use else (),
        "trail": use_trail(use, title, say, Crumb(name)) if use else (Crumb(say("Uses", "用途"), "/uses"), Crumb(title)),
    }  # fmt: skip
    return View("assessment.html.j2", context, f"{title}: {name}")


def _named(request: PageRequest, verb: Verb) -> Recorded:
    """Return the assessment that the address names, if the identity reaches what it is about."""
    recorded = recorded_at(request.register, number_of(request.path["idx"], where="address"))
    _reach(request, verb, recorded.assessment.use)
    return recorded


def _reach(request: PageRequest, verb: Verb, use: str | None) -> None:
    identity = person(request)
    require(identity, verb, institution=identity.institution, use=use)


def _facts(recorded: Recorded, say: Say) -> list[Fact]:
    found = recorded.assessment
    tier = say.capital(words.TIER_WORDS[found.tier.value])
    if found.tier.pack is not None and found.tier.line is not None:
        tier += say(
            f", by line {found.tier.line + 1} of {found.tier.pack}", f"，依{found.tier.pack}第{found.tier.line + 1}行"
        )
    return [
        Fact(say("Mode", "模式"), say.capital(terms.MODE_WORDS[found.mode]) if found.mode else say("None", "沒有")),
        Fact(say("Ends", "到期"), say.moment(found.expires) if found.expires else "–"),
        Fact(say("Tier", "級別"), tier),
        Fact(say("Assessed", "評估時間"), say.moment(found.at)),
        Fact(say("Over entries", "涵蓋項目"), say(f"the first {found.size:,}", f"首{found.size:,}項")),
        Fact(say("Release", "版本"), found.release or "–", code=True),
        Fact(say("Verdict digest", "判定摘要值"), recorded.digest, code=True),
    ]


def _counts(recorded: Recorded, say: Say) -> list[tuple[str, int, int, int, int, int]]:
    """Return each track's rules by outcome; binding packs only."""
    return [
        (say.capital(words.TRACK_WORDS[track]), counts.applicable, counts.met, counts.waived, counts.not_met, counts.no_evidence)
        for track in words.TRACK_WORDS
        if (counts := recorded.assessment.counts[track.value]).applicable
    ]  # fmt: skip


def _columns(say: Say) -> dict[str, tuple[Column, ...]]:
    outcome = words.OUTCOME_WORDS
    return {
        "counts": (
            Column(say("Track", "軌道")),
            Column(say("Rules that apply", "適用規則"), numeric=True),
            *(Column(say.capital(outcome[item]), numeric=True) for item in _SHOWN),
        ),
        "terms": (Column(say("Our test asks", "我們的測試要求")), Column(say("Found", "所見")), Column(say("Holds", "成立"))),
        "evidence": (
            Column(say("Evidence", "證據")), Column(say("Result", "結果"), numeric=True), Column(say("Signed by", "簽署人")),
            Column(say("Taken", "取得時間"), numeric=True), Column(say("Counts until", "有效至"), numeric=True),
        ),
        "history": (Column(say("Assessed", "評估時間")), Column(say("Verdict", "判定")), Column(say("Entry", "項目"), numeric=True)),
        "unused": (Column(say("Entry", "項目")), Column(say("What it is", "內容")), Column(say("Why it does not count", "不計算的原因"))),
        "packs": (Column(say("Pack", "規則包")), Column(say("Standing", "狀態")), Column(say("Digest", "摘要值"))),
    }  # fmt: skip


def _bundle(request: PageRequest) -> Download:
    recorded = _named(request, Verb.EXPORT_BUNDLE)
    use = recorded.assessment.use
    newest = newest_recorded(request.register, use)
    if newest is None or newest.entry.index != recorded.entry.index:
        raise NotFoundError(
            "a newer assessment was recorded", where=use or request.register.institution, fix="take the newest bundle"
        )
    name = (use or request.register.institution).replace("/", ".")
    return Download(prove(request.register, use), "application/zip", f"{name}.zip")


def _evidence(request: PageRequest) -> View:
    say, register = say_of(request), request.register
    entry, statement = read_statement(register, number_of(request.path["idx"], where="address"))
    about = statement.subject[0].name
    use = about if "/" in about else None
    _reach(request, Verb.SEE_USE, use)
    page = evidence_page(register, entry, statement, say)
    newest = newest_recorded(register, use)
    place = use_address(use, "assessment") if use else f"/assessments/{newest.entry.index}" if newest else "/uses"
    declared = find_declaration(register, use) if use else None
    crumb = Crumb(page.title)
    trail = (
        use_trail(use, say.text(declared.title), say, Crumb(say("Rules and evidence", "規則與證據"), place), crumb)
        if use and declared
        else (Crumb(say("Uses", "用途"), "/uses"), crumb)
    )
    context = {
        "page": page,
        "say": say,
        "place": place,
        "recorded": say.moment(entry.recorded_at),
        "columns": {
            "fields": (Column(say("Field", "欄位")), Column(say("Value", "數值")), Column(say("Type", "類型"))),
            "signers": (
                Column(say("Holder", "持有人")),
                Column(say("Roles now", "現時角色")),
                Column(say("Key", "密鑰")),
            ),
        },
        "trail": trail,
    }
    return View("evidence.html.j2", context, page.title)


PAGES: tuple[Page, ...] = (
    Page("/uses/{institution}/{use}/assessment", "GET", Verb.SEE_USE, _of_use),
    Page("/assessments/{idx}", "GET", Verb.SEE_USE, _of_entry),
    Page("/assessments/{idx}/bundle", "GET", Verb.EXPORT_BUNDLE, _bundle),
    Page("/evidence/{idx}", "GET", Verb.SEE_USE, _evidence),
)
