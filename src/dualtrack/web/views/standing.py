"""What a use may do now, in words: from the runtime's snapshot, with why it is closed and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.records import Text
from dualtrack.runtime.live import LiveUse
from dualtrack.web.parts import MODE_LABELS, Badge, mode_badge
from dualtrack.web.views.meanings import meaning_of
from dualtrack.web.views.runtime_words import runtime_words, signal_words

if TYPE_CHECKING:
    from dualtrack.runtime.live import Closed
    from dualtrack.web.parts import Tone
    from dualtrack.web.views.wording import Say

__all__ = ["STANDINGS", "Standing", "standing_of"]

STANDINGS: dict[str, Text] = {
    "live": MODE_LABELS["live"],
    "trial": MODE_LABELS["trial"],
    "shadow": MODE_LABELS["shadow"],
    "observe": MODE_LABELS["observe"],
    "hold": MODE_LABELS["hold"],
    "closed": Text(en="Closed", zh="關閉"),
}
"""What people filter by."""


class Standing(NamedTuple):
    """What the gate does with a call now. `detail` is what the runtime says itself."""

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
    meaning = meaning_of(live.code)
    held = live.code == "permit.held"
    badge = mode_badge("hold", say.language) if held else Badge("note", say.text(STANDINGS["closed"]))
    tone: Tone = "bad" if held else "note"
    says = say.text(meaning.says)
    if live.standby is not None:
        stands_in = say(
            " No model is called; the fallback of its policy answers.", "不會調用任何模型；由政策所定的後備方式作答。"
        )
        says += stands_in
    return Standing(
        "hold" if held else "closed",
        badge,
        tone,
        says,
        say.text(meaning.do),
        runtime_words(live.reason, say),
    )


def _open(live: LiveUse, say: Say) -> Standing:
    badge = mode_badge(live.mode, say.language)
    if live.mode == "observe":
        text = say(
            "Watched, not permitted: it was live before it was declared.",
            "受觀察，並未准許：此用途在申報前已正式使用。",
        )
        return Standing("observe", badge, "amber", text, detail=runtime_words(live.would_refuse or "", say))
    if live.narrowed:
        text = say(
            "Open, and narrowed by signals: a person sees every output.", "開放，但因訊號收窄：每項輸出均由人手查看。"
        )
        return Standing(live.mode, badge, "amber", text, detail=signal_words(live.narrowed[0], say))
    said = {
        "live": say("Open: calls are answered.", "開放：會回應調用。"),
        "trial": say("Open for a trial: a person sees every output.", "開放試行：每項輸出均由人手查看。"),
        "shadow": say("Open in shadow: outputs reach nobody.", "影子運行：輸出不會送達任何人。"),
    }
    return Standing(live.mode, badge, "good" if live.mode == "live" else "low", said[live.mode])
