"""The starter pack: passages of fictional firms in both languages, other ways of asking, intents with examples, and the glossary.

Our own writing, to begin with and to be replaced: an operator takes a sector's passages, puts the firm's approved wording in their
place, and keeps the questions, intents and glossary.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import read_record
from dualtrack.errors import NotFoundError
from dualtrack.runtime.passages.corpus import Corpus, check_corpus
from dualtrack.runtime.passages.glossary import read_glossary
from dualtrack.runtime.passages.variants import read_variants, with_variants

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


__all__ = ["SECTORS", "starter_corpus", "starter_intents"]

SECTORS = ("bank", "insurer", "broker", "mpf")
"""The sectors that the pack has."""


def _file(name: str) -> Traversable:
    return resources.files("dualtrack.apps.service") / "starter" / name


def _check(sector: str) -> None:
    if sector not in SECTORS:
        raise NotFoundError(f"no starter pack {sector!r:.40}", expected=", ".join(SECTORS))


def starter_corpus(sector: str, use: str | None = None) -> Corpus:
    """Return a sector's passages with their other ways of asking and the glossary, under the name of a use if one is given."""
    _check(sector)
    name = f"{sector}.yaml"
    corpus = read_record(read_yaml(_file(name).read_bytes(), where=name), Corpus, where=name)
    check_corpus(corpus, where=name)
    where = f"questions-{sector}.yaml"
    variants = read_variants(_file(where).read_bytes(), where=where)
    glossary = read_glossary(_file("glossary.yaml").read_bytes(), where="glossary.yaml")
    found = with_variants(corpus, variants, glossary, where=where)
    return found if use is None else replace(found, use=use)


def starter_intents(sector: str) -> bytes:
    """Return the file of a sector's intents with their examples, as `load_examples` reads it."""
    _check(sector)
    return _file(f"intents-{sector}.yaml").read_bytes()
