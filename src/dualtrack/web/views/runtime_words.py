"""What the runtime says of a use, in the reader's language; it writes English, for records and programs."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from dualtrack.errors import DualtrackError
from dualtrack.present.cites import cites_text
from dualtrack.present.sayings import read_sayings
from dualtrack.runtime.standing import standing_settings
from dualtrack.web.views.rendering import Language, quoted

if TYPE_CHECKING:
    from dualtrack.present.sayings import Sayings
    from dualtrack.web.views.wording import Say

__all__ = ["runtime_words", "signal_words"]

_INSTANT = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
"""A moment as the runtime writes it; people read it in Hong Kong time."""


def runtime_words(text: str, say: Say) -> str:
    """Return a reason of the runtime; one that is not in the list stays English, and is marked so.

    What observe mode would refuse begins with a code, which stands before the words in either language.
    """
    if say.language is Language.EN or not text:
        return _INSTANT.sub(lambda found: _moment(found[0], say), text)
    code, _, reason = text.partition(": ") if text.startswith("permit.") else ("", "", text)
    fill = {
        "instant": lambda instant: _moment(instant, say),
        "cites": lambda cites: cites_text(cites).zh,
        "signal": lambda signal: signal_words(signal, say),
    }
    found = _known().chinese(reason, fill)
    if found is None:
        return quoted(text, say.language)
    return f"{code}：{found}" if code else found


def signal_words(text: str, say: Say) -> str:
    """Return what a signal of the shipped settings says."""
    known = next((rule.says for rule in standing_settings().signals if rule.says.en == text), None)
    return say.text(known) if known else quoted(text, say.language)


def _moment(instant: str, say: Say) -> str:
    try:
        return say.moment(instant)
    except DualtrackError:  # another word stood where a moment was expected
        return instant


@cache
def _known() -> Sayings:
    return read_sayings("dualtrack.web.views", "runtime_words.yaml")
