"""Citations, and grounds of proportion, in both languages: packs carry them in English, as their documents are known here."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.present.sayings import read_sayings

if TYPE_CHECKING:
    from dualtrack.present.sayings import Sayings

__all__ = ["cite_text", "cites_text", "ground_text"]

_BETWEEN_SENTENCES = re.compile(r"(?<=\.) (?=[A-Z])")


def cite_text(cite: str) -> Text:
    """Return one citation; a document that is not in the list keeps its English name, as do numbers."""
    return Text(en=cite, zh=_known().chinese(cite) or cite)


def cites_text(cites: str) -> Text:
    """Return citations in one text, as `24EC55 paragraph 17; Cap. 571O section 10`."""
    parts = [cite_text(part) for part in cites.split("; ")]
    return Text(en=cites, zh="；".join(part.zh for part in parts))


def ground_text(ground: str) -> Text:
    """Return where a text leaves room for proportion; a pack's own words that are not in the list stay English."""
    sentences = [_grounds().chinese(sentence) for sentence in _BETWEEN_SENTENCES.split(ground)]
    known = [sentence for sentence in sentences if sentence is not None]
    return Text(en=ground, zh="".join(known) if len(known) == len(sentences) else ground)


@cache
def _known() -> Sayings:
    return read_sayings("dualtrack.present", "data/cites.yaml")


@cache
def _grounds() -> Sayings:
    return read_sayings("dualtrack.present", "data/grounds.yaml")
