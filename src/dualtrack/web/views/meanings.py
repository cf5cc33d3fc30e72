"""What a stable code of an error or of a closed use means, and what to do, for the people who read the console."""

from __future__ import annotations

from functools import cache
from importlib import resources

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, Text, read_record

__all__ = ["Meaning", "knows", "meaning_of"]


class Meaning(Record, frozen=True):
    """What a code says and what to do next."""

    says: Text
    do: Text


def meaning_of(code: str) -> Meaning:
    """Return what a code means; one that is not in the list means what the family before its last dot means."""
    known = _meanings()
    while code not in known and "." in code:
        code = code.rpartition(".")[0]
    return known.get(code, known["other"])


def knows(code: str) -> bool:
    """Tell whether the list has this very code: then its words say all, and the error's own add nothing."""
    return code in _meanings()


@cache
def _meanings() -> dict[str, Meaning]:
    data = (resources.files("dualtrack.web.views") / "refusals.yaml").read_bytes()
    return read_record(read_yaml(data, where="refusals.yaml"), dict[str, Meaning], where="refusals.yaml")
