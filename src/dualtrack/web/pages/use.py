"""One use: its two lines, permit, release and policy, what happened, the way to green, and the steps that people take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dualtrack.errors import DualtrackError, FieldError
from dualtrack.permit.to_green import to_green
from dualtrack.present.dossier import verdict_line
from dualtrack.present.way import describe_way
from dualtrack.present.words import AREA_WORDS, SECTOR_WORDS, TIER_WORDS
from dualtrack.runtime.lookup import find_declaration
from dualtrack.store.verdicts import record_verdict
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.pages.asked import say_of, use_address
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Column, Crumb, Link, verdict_badge
from dualtrack.web.tracks import track_rows, tracks_svg
from dualtrack.web.views.acting import can, refusal, use_of
from dualtrack.web.views.lines import ending_of, groups_of, lines_of
from dualtrack.web.views.recorded import newest_recorded, recompute
from dualtrack.web.views.standing import standing_of
from dualtrack.web.views.use_facts import last_served, permit_view, policy_view, signal_rows
from dualtrack.web.views.use_stations import benefit_figure, station_views

if TYPE_CHECKING:
    from dualtrack.domain.usecase import UseCase
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.acting import Refusal
    from dualtrack.web.views.recorded import Recorded
    from dualtrack.web.views.wording import Say

__all__ = ["PAGES", "use_tabs", "use_trail"]


def use_tabs(use: str, say: Say, current: str) -> tuple[Link, ...]:
    """Return the tabs of a use; `current` is the open one."""
    places = (
        ("use", use_address(use), say("Where it stands", "現況")),
        ("assessment", use_address(use, "assessment"), say("Rules and evidence", "規則與證據")),
        ("assurance", use_address(use, "assurance"), say("Assurance report", "量度報告")),
        ("green", use_address(use, "to-green"), say("Way to green", "通往准許")),
        ("change", use_address(use, "change"), say("Changes", "改動")),
        ("decisions", f"/decisions?use={use}", say("Decisions", "決定")),
        ("price", use_address(use, "price"), say("Price of controls", "監控措施的代價")),
    )
    return tuple(Link(href, label, current=name == current) for name, href, label in places)


def use_trail(use: str, title: str, say: Say, *rest: Crumb) -> tuple[Crumb, ...]:
    """Return the way to a page of a use."""
    own = Crumb(title, use_address(use) if rest else "")
    return (Crumb(say("Uses", "用途"), "/uses"), own, *rest)


def _show(request: PageRequest, refused: Refusal | None = None) -> View:
    say, use, register = say_of(request), use_of(request), request.register
    declared = find_declaration(register, use)
    live = request.runtime.snapshots.current.uses.get(use)
    recorded = newest_recorded(register, use)
    context = {
        "refused": refused,
        "name": use,
        "declared": declared,
        "kicker": say.listed([say.text(AREA_WORDS[declared.area]), say.text(SECTOR_WORDS[declared.sector])]),
        "standing": standing_of(live, say),
        "trail": use_trail(use, say.text(declared.title), say),
        "tabs": use_tabs(use, say, "use"),
        "last": last_served(register, use, say),
        "signals": signal_rows(register, use, say),
        "acts": _acts(request, use, declared),
        "columns": _columns(say),
        "assessed": None,
        "policy": policy_view(register, use, None, live, say),
        "permit": None,
    }
    if recorded is not None:
        context |= _assessed(request, use, recorded, say)
    return View("use.html.j2", context, say.text(declared.title), refused.status if refused else 200)


def _assessed(request: PageRequest, use: str, recorded: Recorded, say: Say) -> dict[str, Any]:
    """Return what rests on the newest recorded assessment, computed again."""
    register, live = request.register, request.runtime.snapshots.current.uses.get(use)
    explanation, same = recompute(register, recorded)
    assessment = recorded.assessment
    groups = groups_of(assessment, {pack.id: pack for pack in explanation.case.packs}, say)
    benefit, figure = benefit_figure(explanation, groups, say)
    title = say("Where this use stands on its two tracks", "此用途在兩條軌道上的位置")
    until = say("until", "至") + f" {say.day(assessment.expires)}" if assessment.expires else ""
    tracks = lines_of(
        assessment, groups, ending_of(live, assessment), key="main", title=title, until=until, figure=figure
    )
    release = explanation.case.found.release
    later = register.repository.entries(ids=(use,), start=recorded.entry.index + 1, limit=1000)
    kinds = {"evidence/1", "release/1", "declaration/1"}
    return {
        "assessed": {
            "recorded": recorded,
            "same": same,
            "badge": verdict_badge(assessment.verdict, say.language),
            "line": say.text(verdict_line(assessment)),
            "tier": say.capital(TIER_WORDS[assessment.tier.value]),
            "at": say.moment(assessment.at),
            "since": sum(entry.parsed.kind in kinds for entry in later),
            "wide": tracks_svg(tracks, say.language),
            "upright": tracks_svg(tracks, say.language, standing=True),
            "rows": track_rows(tracks, say.language),
            "title": title,
            "stations": station_views(explanation, groups, figure, say),
            "benefit": benefit,
            "reads": say.text(benefit.reads),
            "live": assessment.mode is not None and assessment.mode.value == "live",
            "href": use_address(use, "assessment"),
        },
        "release": release,
        "parts": {part.id: part for part in (find_declaration(register, use).components)},
        "policy": policy_view(register, use, release.release if release else None, live, say),
        "permit": permit_view(register, explanation, use, live, say),
    }


def _acts(request: PageRequest, use: str, declared: UseCase) -> dict[str, Any]:
    """Return which steps are offered to this person; what they may do is judged again when they do it."""
    links = []
    say = say_of(request)
    if can(request, Verb.ADD_EVIDENCE):
        links.append((say("Add evidence", "加入證據"), use_address(use, "evidence", "new")))
    if declared.live_since is not None:
        links.append((say("Observe it, without a permit", "觀察此用途，並非准許"), use_address(use, "observe")))
    return {
        "assess": can(request, Verb.ASSESS),
        "hold": "/holds?" + urlencode({"scope": "use", "target": use}) if can(request, Verb.SET_HOLD) else None,
        "links": links,
        "address": use_address(use),
    }


def _columns(say: Say) -> dict[str, tuple[Column, ...]]:
    return {
        "conditions": (
            Column(say("Condition", "條件")),
            Column(say("Our test", "我們的測試")),
            Column(say("Outcome when assessed", "評估時的結果")),
            Column(say("Due", "期限"), numeric=True),
        ),
        "guards": (
            Column(say("Guard", "防護")),
            Column(say("Looks at", "檢查")),
            Column(say("Fires from (0 to 1)", "觸發分數（0至1）"), numeric=True),
            Column(say("Then", "觸發後")),
        ),
        "signals": (
            Column(say("Signal", "訊號")),
            Column(say("Window", "期間")),
            Column(say("Seen", "次數"), numeric=True),
            Column(say("What takes effect", "何時生效")),
        ),
        "chain": (Column(say("In order", "次序")), Column(say("What answers", "由何者回應"))),
        "parts": (Column(say("Component", "組件")), Column(say("Name", "名稱")), Column(say("Digest", "摘要值"))),
    }


def _assess(request: PageRequest) -> Redirect | View:
    use = use_of(request, Verb.ASSESS)
    say = say_of(request)
    try:
        found = record_verdict(request.register, use)
    except DualtrackError as error:
        return _show(request, refusal(error, say.language))
    line = say.text(verdict_line(found.assessment))
    return Redirect(use_address(use), say(f"Assessed, entry {found.assessment_index}. {line}", f"已評估，第{found.assessment_index}項。{line}"))  # fmt: skip


def _green(request: PageRequest) -> View:
    """Show what would turn the newest recorded verdict into a live permit, verified by assessing again."""
    say, use, register = say_of(request), use_of(request), request.register
    declared, recorded = find_declaration(register, use), newest_recorded(register, use)
    if recorded is None:
        raise FieldError("it was never assessed", where=use, fix="assess it first, on its page")
    explanation, _ = recompute(register, recorded)
    way = describe_way(explanation.case, to_green(explanation.case))
    crumb = Crumb(say("Way to green", "通往准許"))
    context = {
        "declared": declared,
        "way": way,
        "say": say,
        "badge": verdict_badge(recorded.assessment.verdict, say.language),
        "after": verdict_badge(way.after.verdict, say.language),
        "at": say.moment(recorded.assessment.at),
        "trail": use_trail(use, say.text(declared.title), say, crumb),
        "tabs": use_tabs(use, say, "green"),
        "assessment": use_address(use, "assessment"),
        "cards": {f"{item.pack.id}--{item.rule.id}" for item in explanation.rules},
        "command": f"dualtrack explain {use} --to-green",
    }
    return View("to_green.html.j2", context, say("Way to green", "通往准許") + f": {say.text(declared.title)}")


PAGES: tuple[Page, ...] = (
    Page("/uses/{institution}/{use}", "GET", Verb.SEE_USE, _show),
    Page("/uses/{institution}/{use}/to-green", "GET", Verb.SEE_USE, _green),
    Page("/uses/{institution}/{use}/assess", "POST", Verb.ASSESS, _assess),
)
