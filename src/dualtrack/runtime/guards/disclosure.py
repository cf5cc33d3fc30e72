"""Guard: people are told that they deal with AI and that it may be wrong.

The policy's text must stand in what the person gets: at the first turn, and with `every` at each. Whoever answers puts it there
as a piece of role `assistant`, alone or as part of the answer. The text itself must say both things in both languages.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, cast

from dualtrack.runtime.guards.base import CLEAR, SCORE_MAX, Finding, GuardResult
from dualtrack.runtime.guards.texts import answered, guard_data, refuse_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.records import Value
    from dualtrack.runtime.guards.base import Checked

__all__ = ["Disclosed"]

_TEXTS_KEPT = 256
"""Texts of policies whose wording has been judged; a process serves fewer uses."""


_NO_WORD = re.compile(r"[^\w-]")
"""What stands between words: a phrase counts also before a full stop."""


class Disclosed:
    """Scores 1000 when the disclosure is absent where it is due, or does not say what it must."""

    name: ClassVar[str] = "disclosure"
    stages: ClassVar[frozenset[str]] = frozenset({"output"})
    source: ClassVar[str] = "SFC 24EC55 paragraphs 17 and 18(d); HKMA 19 August 2024 section 3"

    def __init__(self, settings: Mapping[str, Value]) -> None:
        refuse_settings(self.name, settings)

    def check(self, checked: Checked, /) -> GuardResult:
        """Return 1000 and what is missing, or nothing; staff and systems need a text only where the policy has one."""
        setting = checked.policy.disclosure
        if setting is None:
            return (
                CLEAR if checked.policy.audience != "customers" else _missing(checked, "the policy has no disclosure")
            )
        lacks = _lacks(setting.text.en, setting.text.zh)
        if lacks:
            return _missing(checked, f"the disclosure's text does not say: {lacks}")
        if checked.turn > 1 and not setting.every:
            return CLEAR
        due = setting.text.zh if checked.language == "zh-Hant" else setting.text.en
        shown = " ".join(" ".join(part.text.split()) for part in answered(checked))
        return CLEAR if " ".join(due.split()) in shown else _missing(checked, "the disclosure is not in the answer")


def _missing(checked: Checked, why: str) -> GuardResult:
    last = max(len(checked.pieces) - 1, 0)
    return GuardResult(SCORE_MAX, (Finding("disclosure", last, 0, 0, SCORE_MAX, why),))


@lru_cache(_TEXTS_KEPT)
def _lacks(en: str, zh: str) -> str:
    """Return which statements are missing in which language, in words."""
    data = cast("dict[str, dict[str, list[str]]]", guard_data("disclosure"))
    texts = {"en": f" {' '.join(_NO_WORD.sub(' ', en.lower()).split())} ", "zh": zh.lower()}
    words = {"ai": "that it is AI", "wrong": "that it may be wrong"}
    return ", ".join(
        f"{said} ({language})"
        for key, said in words.items()
        for language, text in texts.items()
        if not any(phrase in text for phrase in data[key][language])
    )
