"""Example data of the console's gallery, in both languages. Fictional; the figures of the picture are those of the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.vocabulary import Outcome, Verdict
from dualtrack.present.charts import IntervalPlot, Mark, interval_plot
from dualtrack.web import parts
from dualtrack.web.spark import Point, trend
from dualtrack.web.tracks import Ending, State, Station, Tracks, track_rows, tracks_row, tracks_svg
from dualtrack.web.views.rendering import Language

if TYPE_CHECKING:
    from collections.abc import Callable

    Say = Callable[[str, str], str]

WORDS = {
    "use": ("Order of early calls to card customers", "信用卡客戶提早聯絡次序"),
    "area": ("Customer service", "客戶服務"),
    "lead": (
        "Ranks card customers by how likely a missed payment is, so that staff call first those whom an early word helps most.",
        "按信用卡客戶錯過還款的可能性排序，讓職員先致電最能受惠於及早聯絡的客戶。",
    ),
    "hold_label": ("Put on hold", "暫停使用"),
    "explain": ("Why this verdict", "判定的理由"),
    "observe": ("Observe mode.", "觀察模式。"),
    "observe_text": (
        "This use was live before it was declared. It is watched, it is not permitted, and observing ends on 31 December 2026.",
        "此用途在申報前已正式使用。現正受觀察，並未獲准許；觀察期於2026年12月31日結束。",
    ),
    "tabs": ("Parts of this use", "此用途的部分"),
    "picture": ("Where this use stands on its two tracks", "此用途在兩條軌道上的位置"),
    "picture_note": (
        "Rules met or waived, of those that apply. A dashed line cannot be passed yet.",
        "符合或已豁免的規則，佔適用規則的數目。虛線部分尚未能通過。",
    ),
    "why": ("What decides", "決定因素"),
    "evidence": ("From verdict to data", "由判定追溯至數據"),
    "rule": ("SAF-02 The declared safety limit holds in the measured data", "SAF-02 實測數據符合所申報的安全上限"),
    "rule2": ("BEN-02 The benefit is shown against the measured baseline", "BEN-02 效益已對照實測基準得到證明"),
    "rule3": ("TRN-04 A drill of the AI notice was held", "TRN-04 已進行人工智能告示演練"),
    "rule_text": (
        "A limit declared for a harm is tested with an interval; the whole interval must lie inside it.",
        "就某項損害所申報的上限須以區間檢驗；整個區間必須在上限之內。",
    ),
    "rule_source": ("Dualtrack policy, safety 2. Our own policy, no legal duty.", "Dualtrack 政策，安全 2。本產品自訂政策，並非法律責任。"),
    "digest": ("sha256:5f1d0c7e…9ab2",) * 2,
    "command": ("python -m dualtrack_verify bundle.zip --trust anchors.json",) * 2,
    "portfolio": ("Uses of this institution", "本機構的用途"),
    "portfolio_caption": ("Five of 24 uses", "24項用途中的五項"),
    "portfolio_hint": ("Effect over the declared non-AI baseline, with its 95% interval.", "相對所申報的非人工智能基準的效益，連95%區間。"),
    "search": ("Name or owner", "名稱或負責人"),
    "verdict": ("Verdict", "判定"),
    "filter": ("Filter", "篩選"),
    "charts": ("What was measured", "量度結果"),
    "reviews": ("Waiting for a person", "等候人手處理"),
    "review": ("Complaint about a call after opt-out", "客戶選擇退出後仍接到來電的投訴"),
    "review_clock": ("3 h 20 min over", "逾期3小時20分"),
    "review2": ("Output 2,114 of the trial", "試行的第2,114項輸出"),
    "review2_clock": ("1 day 4 h left", "尚餘1日4小時"),
    "agree": ("Agree", "同意"),
    "change": ("Change", "更改"),
    "stop": ("Stop the use", "停止用途"),
    "open": ("Open the decision", "開啟決定"),
    "history": ("What happened", "經過"),
    "changes": ("Change of the pack between two versions", "規則包兩個版本之間的改動"),
    "check": ("Check it elsewhere", "在別處核對"),
    "forms": ("Declare and decide", "申報及決定"),
    "name": ("Name of the use", "用途名稱"),
    "name_hint": ("As your staff call it.", "按貴機構職員的叫法。"),
    "minimum": ("Least benefit that is worth having", "值得採用的最低效益"),
    "minimum_error": ("“0,02” is not a number. Write 0.02.", "「0,02」不是數字，請寫0.02。"),
    "area_label": ("Opportunity area", "應用範疇"),
    "tier": ("Risk tier", "風險級別"),
    "tier_hint": ("By the harm a wrong output can do to a customer.", "按錯誤輸出可對客戶造成的損害而定。"),
    "affected": ("People affected", "受影響的人"),
    "purpose": ("Purpose", "目的"),
    "save": ("Save draft", "儲存草稿"),
    "later": ("Sign and send", "簽署及提交"),
    "hold": ("Put this use on hold", "暫停此用途"),
    "hold_text": (
        "From this moment no call is made. The fallback (calls in order of the due date) takes over and the handover is logged.",
        "由此刻起不再作出調用。後備做法（按到期日致電）隨即接手，交接會記錄在日誌。",
    ),
    "good": ("Evidence taken in.", "已接納證據。"),
    "good_text": ("The verdict was computed again: permitted with conditions.", "已重新計算判定：有條件准許。"),
    "bad": ("The signature does not hold.", "簽署不成立。"),
    "bad_text": ("The file was changed after it was signed. Ask its signer for the original.", "文件在簽署後曾被更改。請向簽署人索取原件。"),
    "low": ("Due in 12 days.", "12日後到期。"),
    "low_text": ("The yearly validation ends on 8 December 2026.", "年度驗證於2026年12月8日到期。"),
    "endings": ("How a track can end", "軌道的各種終點"),
    "empty": ("No decisions yet", "未有決定"),
    "empty_text": ("Decisions appear here as soon as the first call is governed by this permit.", "首次受此准許規管的調用作出後，決定便會在此顯示。"),
    "empty_action": ("How to connect a model", "如何接駁模型"),
}  # fmt: skip


def gallery(language: Language) -> dict[str, object]:
    """Return the gallery's context in one language."""

    def say(en: str, zh: str) -> str:
        return en if language is Language.EN else zh

    words = {name: say(*pair) for name, pair in WORDS.items()}
    main = _main_tracks(words["picture"], say)
    return {
        "w": words,
        "shell": _shell(words, say),
        "badges": _badges(language),
        "tabs": (
            parts.Link("#", say("Verdict", "判定"), current=True),
            parts.Link("#", say("Decisions", "決定"), n=16122),
            parts.Link("#", say("Evidence", "證據"), n=41),
            parts.Link("#", say("Components", "組件"), n=6),
            parts.Link("#", say("History", "紀錄")),
        ),
        "picture": _picture(main, language),
        "tracks": [_stations(name, label, getattr(main, name), language, say) for name, label in _track_names(say)],
        "stats": _stats(say),
        "facts": _facts(say),
        "verdicts": [parts.Choice("", say("All", "全部"), chosen=True), parts.Choice("refused", say("Refused", "不准許"))],
        "columns": [
            parts.Column(say("Use", "用途"), href="?sort=use", sorted="ascending"),
            parts.Column(say("Benefit and safety", "效益與安全")),
            parts.Column(say("Verdict", "判定"), href="?sort=verdict"),
            parts.Column(say("Effect", "效益"), numeric=True),
            parts.Column(say("Until", "有效至"), numeric=True, href="?sort=until"),
        ],
        "portfolio": _portfolio(language, say),
        "paged": parts.pages(3, 5, 124, lambda number: f"?page={number}"),
        "charts": _charts(say),
        "review_facts": [
            parts.Fact(say("Decision", "決定"), "d-20261123-008812", code=True),
            parts.Fact(say("Asked", "要求"), say("Why was I called again?", "為何再次致電給我？")),
            parts.Fact(say("Promised by", "答覆期限"), say("24 November 2026 09:00 HKT", "2026年11月24日 09:00 HKT")),
        ],
        "steps": _steps(say),
        "changes": [
            (" ", "BEN-02: claims.benefit.lower >= declared.minimum"),
            ("-", "SAF-03: evidence.age_days <= 365"),
            ("+", "SAF-03: evidence.age_days <= 180"),
            ("+", "SAF-07: drills.kill_switch.met"),
        ],
        "areas": [parts.Choice("service", words["area"], chosen=True), parts.Choice("risk", say("Risk assessment", "風險評估"))],
        "tiers": [
            parts.Choice("high", say("High", "高"), hint=say("Credit, claims, pensions", "信貸、索償、退休金")),
            parts.Choice("medium", say("Medium", "中"), chosen=True, hint=say("Order of service", "服務次序")),
            parts.Choice("low", say("Low", "低"), hint=say("Internal drafts", "內部草稿")),
        ],
        "affected": [parts.Choice("customers", say("Customers", "客戶"), chosen=True), parts.Choice("staff", say("Staff", "員工"))],
        "endings": _endings(language, say),
    }  # fmt: skip


def _shell(words: dict[str, str], say: Say) -> parts.Shell:
    nav = (
        parts.NavGroup(
            "",
            (
                parts.Link("#", say("Overview", "總覽")),
                parts.Link("#", say("Uses", "用途"), current=True, n=24),
                parts.Link("#", say("Reviews", "覆核"), n=7),
                parts.Link("#", say("Decisions", "決定")),
                parts.Link("#", say("Calendar", "日程")),
            ),
        ),
        parts.NavGroup(
            say("Rules and proof", "規則與證明"),
            (
                parts.Link("#", say("Rule packs", "規則包")),
                parts.Link("#", say("Ledger", "日誌")),
                parts.Link("#", say("Notices and returns", "通知及申報表")),
                parts.Link("#", say("Work ledger", "工時紀錄")),
            ),
        ),
        parts.NavGroup(
            say("Institution", "機構"),
            (parts.Link("#", say("People and keys", "人員及密鑰")), parts.Link("#", say("Settings", "設定"))),
        ),
    )
    return parts.Shell(
        here="/gallery",
        language_url="?language=other",
        theme_url="/theme",
        token="t",  # noqa: S106  # an example, opens nothing
        nav=nav,
        institutions=(
            parts.Choice("harbour", say("Harbour Bank (demo)", "港灣銀行（示範）"), chosen=True),
            parts.Choice("lantern", say("Lantern Life (demo)", "燈籠人壽（示範）")),
        ),
        institution_url="/institution",
        account=parts.Account(
            say("Wong Ka Yan", "黃嘉欣"),
            say("Approver, second line", "批准人，第二道防線"),
            (parts.Link("#", say("Your keys", "你的密鑰")),),
            "/sign-out",
        ),
        trail=(parts.Crumb(say("Uses", "用途"), "#"), parts.Crumb(words["area"], "#"), parts.Crumb(words["use"])),
        flashes=(parts.Flash("good", say("The evidence was signed and logged.", "證據已簽署並記錄在日誌。"), say("Entry 4,812, under a co-signed head.", "第4,812項，已納入聯署日誌頭。")),),
        demo=True,
    )  # fmt: skip


def _badges(language: Language) -> dict[str, parts.Badge]:
    return {
        "permitted": parts.verdict_badge(Verdict.PERMITTED, language),
        "conditions": parts.verdict_badge(Verdict.PERMITTED_WITH_CONDITIONS, language),
        "refused": parts.verdict_badge(Verdict.REFUSED, language),
        "nothing": parts.verdict_badge(Verdict.NOTHING_MEASURED, language),
        "met": parts.outcome_badge(Outcome.MET, language),
        "not_met": parts.outcome_badge(Outcome.NOT_MET, language),
        "no_evidence": parts.outcome_badge(Outcome.NO_EVIDENCE, language),
        "waived": parts.outcome_badge(Outcome.WAIVED, language),
        "live": parts.mode_badge("live", language),
        "shadow": parts.mode_badge("shadow", language),
        "observe": parts.mode_badge("observe", language),
        "hold": parts.mode_badge("hold", language),
    }


def _main_tracks(title: str, say: Say) -> Tracks:
    return Tracks(
        key="main",
        title=title,
        benefit=(
            Station(say("Plan registered beforehand", "計劃已事先登記"), State.MET, say("entry 12", "第12項")),
            Station(say("Baseline measured", "基準已量度"), State.MET, "n = 16,122"),
            Station(say("More coming defaults reached early", "及早聯絡更多將會違約的客戶"), State.MET, "+0.029 (0.015–0.042)"),
        ),
        safety=(
            Station(say("Governance and oversight", "管治及監督"), State.MET, "12/12"),
            Station(say("Fair between groups", "組別之間公平"), State.WAIVED, say("until 1 Mar 2027", "至2027年3月1日")),
            Station(say("Customers told and heard", "告知客戶並聽取意見"), State.MET, "9/9"),
            Station(say("Personal data", "個人資料"), State.NO_EVIDENCE, "4/7"),
            Station(say("Yearly validation", "年度驗證"), State.DUE_LATER, say("8 Dec 2026", "2026年12月8日")),
        ),
        ending=Ending.LIVE,
        until=say("until 1 Jun 2027, 3 conditions", "至2027年6月1日，3項條件"),
    )  # fmt: skip


def _track_names(say: Say) -> list[tuple[str, str]]:
    return [("benefit", say("Benefit: does it help?", "效益：有沒有幫助？")), ("safety", say("Safety: is it safe?", "安全：是否安全？"))]  # fmt: skip


def _stations(name: str, label: str, stations: tuple[Station, ...], language: Language, say: Say) -> dict[str, object]:
    outcomes = {state: Outcome(state.value) for state in State if state is not State.DUE_LATER}
    return {
        "name": name,
        "label": label,
        "stations": [
            {
                "state": item.state,
                "label": item.label,
                "detail": item.detail,
                "badge": parts.outcome_badge(outcomes[item.state], language)
                if item.state in outcomes
                else parts.Badge("amber", say("Due later", "稍後到期")),
                "text": say("Signed by the independent validator.", "由獨立驗證人員簽署。"),
            }
            for item in stations
        ],
    }


def _picture(tracks: Tracks, language: Language) -> dict[str, object]:
    return {
        "title": tracks.title,
        "wide": tracks_svg(tracks, language),
        "upright": tracks_svg(tracks, language, standing=True),
        "rows": track_rows(tracks, language),
    }


def _stats(say: Say) -> list[parts.Stat]:
    bootstrap = say("paired bootstrap, 2,000 draws", "配對自助法，抽樣2,000次")
    return [
        parts.Stat(say("Effect over baseline", "相對基準的效益"), "+0.0287", "16,122", "0.0151–0.0420", bootstrap, "#", "good"),
        parts.Stat(say("Rules evidenced", "已有證據的規則"), "39 / 49", "49", "", say("counted from the assessment", "由評估計數")),
        parts.Stat(say("Blocked without need", "不必要的攔截"), "1.8%", "4,310", "1.4–2.2%", say("Wilson", "Wilson 區間"), "", "amber"),
        parts.Stat(say("Hours released", "釋放工時"), "412", "38", "", say("booked to training 60%", "60%撥作培訓"), "", "low"),
    ]  # fmt: skip


def _facts(say: Say) -> list[parts.Fact]:
    return [
        parts.Fact(say("Value", "數值"), "0.041 (0.033–0.049), n = 16,122"),
        parts.Fact(say("Limit", "上限"), "0.060"),
        parts.Fact(say("Method", "方法"), say("difference of proportions, Newcombe interval", "比例差，Newcombe 區間")),
        parts.Fact(say("Taken", "取得時間"), say("21 November 2026 16:05 HKT", "2026年11月21日 16:05 HKT")),
        parts.Fact(say("Signed by", "簽署人"), say("measuring service, key 7c1e…", "量度服務，密鑰 7c1e…")),
    ]


def _portfolio(language: Language, say: Say) -> list[dict[str, object]]:
    met, no, bad, waived, later = State.MET, State.NO_EVIDENCE, State.NOT_MET, State.WAIVED, State.DUE_LATER
    rows = (
        (("Default probabilities for provisioning", "撥備組合的違約概率估計"), (met, met, met), (met, met, met, met), Ending.LIVE, Verdict.PERMITTED, "0.0034", ("1 Jun 2027", "2027年6月1日")),
        (("Order of early calls", "提早聯絡次序"), (met, met, met), (met, waived, met, later), Ending.LIVE, Verdict.PERMITTED_WITH_CONDITIONS, "0.0287", ("1 Jun 2027", "2027年6月1日")),
        (("First answers in chat", "對話初步回覆"), (met, no), (met, met, met), Ending.TRIAL, Verdict.TRIAL, "–", ("14 Jan 2027", "2027年1月14日")),
        (("Ranking in collection", "催收帳戶排序"), (met, bad), (met, met, no), Ending.REFUSED, Verdict.REFUSED, "0.0061", ("–", "–")),
        (("Transaction alerts", "交易警報排序"), (no, no), (met, no, no), Ending.OBSERVE, Verdict.NOTHING_MEASURED, "–", ("31 Dec 2026", "2026年12月31日")),
        (("Voice identity check", "語音身分核實"), (met, met), (met, met, met), Ending.HOLD, Verdict.PERMITTED, "0.0120", ("–", "–")),
    )  # fmt: skip
    found = []
    for number, (name, benefit, safety, ending, verdict, effect, until) in enumerate(rows):
        lines = [
            tuple(Station(f"{number}.{at}", state, blocks=state in {bad, no}) for at, state in enumerate(states))
            for states in (benefit, safety)
        ]
        tracks = Tracks(f"row{number}", say(*name), lines[0], lines[1], ending, say(*until))
        badge = parts.verdict_badge(verdict, language)
        found.append(
            {
                "use": say(*name),
                "firm": say("Harbour Bank", "港灣銀行"),
                "picture": tracks_row(tracks, language),
                "badge": parts.mode_badge(ending.value, language) if ending in {Ending.HOLD, Ending.OBSERVE} else badge,
                "effect": effect,
                "until": say(*until),
            }
        )
    return found


def _charts(say: Say) -> list[dict[str, object]]:
    days = [Point(say(f"{day} Nov", f"11月{day}日"), value) for day, value in zip(range(10, 24), (310, 340, 295, 330, 360, 120, 90, 345, 372, 368, 401, 390, 140, 98), strict=True)]  # fmt: skip
    levels = [
        Point(f"{month}/26", value) for month, value in zip(range(5, 12), (8, 8, 11, 14, 14, 20, 24), strict=True)
    ]
    titles = {
        "calls": say("Governed calls a day", "每日受規管的調用"),
        "uses": say("Uses declared", "已申報用途"),
        "effect": say("Effect against its minimum", "效益與最低要求"),
    }
    marks = (Mark(0, say("none", "無"), dashed=False), Mark(0.02, say("minimum", "最低"), dashed=True))
    plot = IntervalPlot("effect", titles["effect"], "0.0287 (0.0151–0.0420)", 0.0287, 0.0151, 0.0420, marks)
    day, n = say("Day", "日"), say("Calls", "調用")
    return [
        {"picture": trend("calls", titles["calls"], days, style="bar"), "title": titles["calls"], "head": (day, n), "rows": [(p.label, int(p.value)) for p in days], "basis": "n = 4,059"},
        {"picture": interval_plot(plot), "title": titles["effect"], "head": (say("Figure", "數字"), say("Value", "數值")), "rows": [(say("estimate", "估計"), "0.0287"), (say("minimum", "最低"), "0.02")], "basis": "n = 16,122"},
        {"picture": trend("uses", titles["uses"], levels, style="step"), "title": titles["uses"], "head": (say("Month", "月"), say("Uses", "用途")), "rows": [(p.label, int(p.value)) for p in levels], "basis": ""},
    ]  # fmt: skip


def _steps(say: Say) -> list[parts.Step]:
    return [
        parts.Step("2026-11-23T14:02+08:00", say("23 Nov 2026 14:02", "2026年11月23日 14:02"), say("Permit computed: permitted with conditions", "已計算准許：有條件准許"), "Dualtrack", "", say("entry 4,812", "第4,812項"), "#", "good"),
        parts.Step("2026-11-23T11:40+08:00", say("23 Nov 2026 11:40", "2026年11月23日 11:40"), say("Waiver signed, with its reason", "豁免已簽署，並附理由"), say("Wong Ka Yan, approver", "黃嘉欣，批准人"), say("Group too small for the test until March.", "組別在三月前人數不足，未能測試。"), say("entry 4,806", "第4,806項"), "#", "low"),
        parts.Step("2026-11-22T09:15+08:00", say("22 Nov 2026 09:15", "2026年11月22日 09:15"), say("Drift signal: re-assessed, no change", "漂移訊號：已重新評估，沒有改變"), say("monitor", "監察"), "", say("entry 4,771", "第4,771項"), "#", "amber"),
        parts.Step("2026-11-20T18:30+08:00", say("20 Nov 2026 18:30", "2026年11月20日 18:30"), say("Put on hold for 42 minutes", "暫停42分鐘"), say("Chan Tai Man, owner", "陳大文，負責人"), "", say("entry 4,655", "第4,655項"), "#", "bad"),
        parts.Step("2026-11-18T10:00+08:00", say("18 Nov 2026 10:00", "2026年11月18日 10:00"), say("Use declared", "已申報用途"), say("Chan Tai Man, owner", "陳大文，負責人")),
    ]  # fmt: skip


def _endings(language: Language, say: Say) -> list[dict[str, object]]:
    help_, safe = say("It helps", "有幫助"), say("It is safe", "安全")
    kinds = (
        ("refused", Ending.REFUSED, State.NOT_MET, say("Refused at the benefit claim", "因效益主張而不准許"), say("the interval holds zero", "區間包含零")),
        ("observe", Ending.OBSERVE, State.NO_EVIDENCE, say("Observed, not permitted", "受觀察，並未准許"), say("ends 31 Dec 2026", "2026年12月31日結束")),
        ("hold", Ending.HOLD, State.MET, say("Permitted, but on hold", "已准許，但暫停使用"), say("since 23 Nov 2026", "自2026年11月23日起")),
        ("none", Ending.NONE, State.NO_EVIDENCE, say("Declared, nothing measured", "已申報，未有任何量度"), ""),
    )  # fmt: skip
    return [
        _picture(
            Tracks(key, title, (Station(help_, state, blocks=state is not State.MET),), (Station(safe, State.MET, "18/18"),), ending, until),
            language,
        )
        for key, ending, state, title, until in kinds
    ]  # fmt: skip
