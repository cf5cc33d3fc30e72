"""What was found where a question has no answer, in our own words in both languages, from `findings.yaml`.

What stands in the source or the question goes in as it is: `quoted` sets it apart in a Chinese sentence.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from dualtrack.apps.research.saying import said_unit
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Text, read_record
from dualtrack.errors import NotFoundError

if TYPE_CHECKING:
    from dualtrack.apps.research.units import Unit

__all__ = ["finding", "finding_texts", "quoted", "scale_text", "unit_text"]

_FILE = "findings.yaml"


@cache
def finding_texts() -> dict[str, Text]:
    """Return every text by its name, with `{places}` to fill in."""
    data = (resources.files("dualtrack.apps.research.solving") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), dict[str, Text], where=_FILE)


def finding(name: str, /, **said: object) -> Text:
    """Return a text with its places filled; a `Text` goes in by language. Raises NotFoundError for an unknown name."""
    if name not in finding_texts():
        raise NotFoundError(f"no text {name!r:.40}", where=_FILE)
    text = finding_texts()[name]
    en = {key: each.en if isinstance(each, Text) else each for key, each in said.items()}
    zh = {key: each.zh if isinstance(each, Text) else each for key, each in said.items()}
    return Text(en=text.en.format(**en), zh=text.zh.format(**zh))


def quoted(text: str, most: int = 80) -> Text:
    """Return words of the source or the question, as much as a reason repeats: as they stand, in Chinese within quotation marks."""
    short = " ".join(text.split())[:most]
    return Text(en=short, zh=f"「{short}」")


def unit_text(unit: Unit) -> Text:
    """Return a unit in words, a pure number said to be one."""
    return Text(en=unit.words, zh=said_unit(unit).zh or "純數字")


def scale_text(scale: str) -> Text:
    """Return a scale of answers in words; there is one for each that is not plain units."""
    return finding(f"scale_{scale.replace(' ', '_')}")
