"""Sentences with gaps that exist in both languages: which of them an English text is, and what stood in its gaps.

For texts that are recorded or sent in English and shown to readers of Chinese: citations, and the runtime's reasons.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Text, read_record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["SAYING_CHARACTERS_MAX", "Sayings", "read_sayings"]

SAYING_CHARACTERS_MAX = 2_000
"""Longest text that is compared: a sentence; with the few gaps that one has, matching stays a matter of microseconds."""

_GAP = re.compile(r"\\\{([a-z]+)\\\}")


class Sayings:
    """A list of sentences as pairs; a gap is a name in braces, and takes what stands there to the next known words."""

    def __init__(self, pairs: list[Text]) -> None:
        self._forms = [(re.compile(_GAP.sub(r"(?P<\1>.+?)", re.escape(pair.en))), pair.zh) for pair in pairs]

    def chinese(self, text: str, fill: Mapping[str, Callable[[str], str]] | None = None) -> str | None:
        """Return a text in Chinese, or None where it is none of the sentences; `fill` says what is put into a gap."""
        if len(text) > SAYING_CHARACTERS_MAX:
            return None
        for form, zh in self._forms:
            found = form.fullmatch(text)
            if found is not None:
                made = fill or {}
                gaps = {name: made[name](value) if name in made else value for name, value in found.groupdict().items()}
                return zh.format_map(gaps)
        return None


def read_sayings(package: str, name: str) -> Sayings:
    """Read a list of sentences from a YAML file of a package."""
    data = resources.files(package).joinpath(name).read_bytes()
    return Sayings(read_record(read_yaml(data, where=name), list[Text], where=name))
