"""What a use may do now, in words: from the runtime's snapshot, with why it is closed and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.records import Text
from dualtrack.runtime.live import LiveUse
from dualtrack.web.parts import MODE_LABELS, Badge, mode_badge

if TYPE_CHECKING:
    from dualtrack.runtime.live import Closed
    from dualtrack.web.parts import Tone
    from dualtrack.web.views.wording import Say

__all__ = ["CLOSED_WORDS", "STANDINGS", "Standing", "standing_of"]

STANDINGS: dict[str, Text] = {
    "live": MODE_LABELS["live"],
    "trial": MODE_LABELS["trial"],
    "shadow": MODE_LABELS["shadow"],
    "observe": MODE_LABELS["observe"],
    "hold": MODE_LABELS["hold"],
    "closed": Text(en="Closed", zh="關閉"),
}
"""What people filter by."""

CLOSED_WORDS: dict[str, tuple[Text, Text]] = {
    "permit.none": (
        Text(en="No permit was ever computed for it.", zh="從未為此用途計算出准許。"),
        Text(en="See what is missing, add the evidence, and assess.", zh="查看所缺項目，補上證據，再作評估。"),
    ),
    "permit.no-release": (
        Text(en="Nothing was released for it.", zh="此用途未有任何版本。"),
        Text(en="Release what shall run.", zh="先發出將會運行的版本。"),
    ),
    "permit.no-policy": (
        Text(en="Its release pins no runtime policy, so nothing can run here.", zh="版本未有綁定運行政策，因此不能在此運行。"),
        Text(en="Release it with a policy, and assess anew.", zh="連同政策再發出版本，並重新評估。"),
    ),
    "permit.expired": (
        Text(en="Its permit has expired.", zh="准許已到期。"),
        Text(en="Renew the evidence that ended, and assess anew.", zh="更新已到期的證據，並重新評估。"),
    ),
    "permit.lapsed": (
        Text(en="Its permit has lapsed: what it rested on changed.", zh="准許已失效：所依據的情況有變。"),
        Text(en="Assess anew; the verdict says what is missing now.", zh="重新評估；判定會列出現時所缺項目。"),
    ),
    "permit.signal": (
        Text(en="Its permit has lapsed by signals from running.", zh="准許因運行訊號而失效。"),
        Text(en="Look into the signals, add evidence, and assess anew.", zh="查究訊號，補上證據，並重新評估。"),
    ),
    "permit.held": (
        Text(en="It is on hold: no call is made.", zh="現正暫停：不會作出任何調用。"),
        Text(en="Ask who set the hold; somebody else may release it.", zh="向設定暫停的人查詢；須由另一人解除。"),
    ),
    "permit.assessment": (
        Text(en="The assessment of its permit is not in the ledger.", zh="日誌中沒有該准許所依據的評估。"),
        Text(en="Restore the ledger from its backup, or assess anew.", zh="由備份還原日誌，或重新評估。"),
    ),
    "permit.policy-gap": (
        Text(en="Its runtime policy lacks something that a rule or its release asks for.", zh="運行政策欠缺規則或版本所要求的項目。"),
        Text(en="Release a policy that has it, and assess anew.", zh="發出包含該項目的政策版本，並重新評估。"),
    ),
}  # fmt: skip
"""Why a use is closed and what to do, by code. The runtime's own words stand beside them."""

_UNKNOWN = (
    Text(en="It is closed.", zh="此用途已關閉。"),
    Text(en="The runtime's own words say why.", zh="原因見運行系統所述。"),
)


class Standing(NamedTuple):
    """What the gate does with a call now. `detail` is what the runtime says itself, in English."""

    kind: str
    badge: Badge
    tone: Tone
    text: str
    fix: str = ""
    detail: str = ""


def standing_of(live: LiveUse | Closed | None, say: Say) -> Standing:
    """Return a use's standing; None is a use that the snapshot does not have yet."""
    if isinstance(live, LiveUse):
        return _open(live, say)
    if live is None:
        text = say("The runtime has not read it yet.", "運行系統尚未讀取此用途。")
        return Standing("closed", Badge("note", say.text(STANDINGS["closed"])), "note", text)
    why, fix = CLOSED_WORDS.get(live.code, _UNKNOWN)
    held = live.code == "permit.held"
    badge = mode_badge("hold", say.language) if held else Badge("note", say.text(STANDINGS["closed"]))
    tone: Tone = "bad" if held else "note"
    return Standing("hold" if held else "closed", badge, tone, say.text(why), say.text(fix), live.reason)


def _open(live: LiveUse, say: Say) -> Standing:
    badge = mode_badge(live.mode, say.language)
    if live.mode == "observe":
        text = say(
            "Watched, not permitted: it was live before it was declared.",
            "受觀察，並未准許：此用途在申報前已正式使用。",
        )
        return Standing("observe", badge, "amber", text, detail=live.would_refuse or "")
    if live.narrowed:
        text = say(
            "Open, and narrowed by signals: a person sees every output.", "開放，但因訊號收窄：每項輸出均由人手查看。"
        )
        return Standing(live.mode, badge, "amber", text, detail=live.narrowed[0])
    said = {
        "live": say("Open: calls are answered.", "開放：會回應調用。"),
        "trial": say("Open for a trial: a person sees every output.", "開放試行：每項輸出均由人手查看。"),
        "shadow": say("Open in shadow: outputs reach nobody.", "影子運行：輸出不會送達任何人。"),
    }
    return Standing(live.mode, badge, "good" if live.mode == "live" else "low", said[live.mode])
