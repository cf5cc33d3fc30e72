"""Reasons for readers in both languages, from `reasons.yaml`."""

from __future__ import annotations

from functools import cache
from importlib import resources

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Text, read_record
from dualtrack.errors import NotFoundError

__all__ = ["reason", "reason_texts"]

_FILE = "reasons.yaml"


@cache
def reason_texts() -> dict[str, Text]:
    """Return every reason by its name, with `{places}` to fill in."""
    data = (resources.files("dualtrack.apps.research.green") / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), dict[str, Text], where=_FILE)


def reason(name: str, **said: object) -> Text:
    """Return a reason with its places filled; a `Text` goes in by language. Raises NotFoundError for an unknown name."""
    if name not in reason_texts():
        raise NotFoundError(f"no reason {name!r:.40}", where=_FILE)
    text = reason_texts()[name]
    en = {key: each.en if isinstance(each, Text) else each for key, each in said.items()}
    zh = {key: each.zh if isinstance(each, Text) else each for key, each in said.items()}
    return Text(en=text.en.format(**en), zh=text.zh.format(**zh))
