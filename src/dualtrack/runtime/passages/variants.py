"""Other ways of asking for passages, kept in a file of their own beside the corpus, and put into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import UNSET, Meta

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.forms import Slug
from dualtrack.domain.records import Record, read_record
from dualtrack.errors import FieldError
from dualtrack.runtime.passages.corpus import ASKED_MAX, Asked, check_corpus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.runtime.passages.corpus import Corpus
    from dualtrack.runtime.passages.glossary import Term

__all__ = ["Variants", "read_variants", "with_variants"]

_Question = Annotated[str, Meta(min_length=1, max_length=300, pattern=r"\S")]
_Questions = Annotated[list[_Question], Meta(max_length=ASKED_MAX)]


class Variants(Record, frozen=True):
    """Questions that one passage answers: English, written Chinese, and `yue`, Cantonese or mixed."""

    passage: Slug
    en: _Questions = []
    zh: _Questions = []
    yue: _Questions = []


def read_variants(data: bytes, *, where: str) -> tuple[Variants, ...]:
    """Read a list of variants in YAML; raises DocumentError or FieldError."""
    return tuple(read_record(read_yaml(data, where=where), list[Variants], where=where))


def with_variants(corpus: Corpus, variants: Sequence[Variants], glossary: Sequence[Term] = (), *, where: str) -> Corpus:
    """Return the corpus with other ways of asking and a glossary; raises FieldError for a passage that is not in it.

    Questions that a passage has already stay, before the new ones. An empty glossary leaves the corpus's own.
    """
    known = {item.id: item for item in corpus.passages}
    for each in variants:
        if each.passage not in known:
            raise FieldError(
                f"questions for {each.passage!r}", where=where, expected="the id of a passage of this corpus"
            )
        item = known[each.passage]
        before = Asked() if item.asked is UNSET else item.asked
        asked = Asked(
            en=list(dict.fromkeys((*before.en, *each.en))),
            zh=list(dict.fromkeys((*before.zh, *each.zh, *each.yue))),
        )
        if max(len(asked.en), len(asked.zh)) > ASKED_MAX:
            raise FieldError(
                f"{max(len(asked.en), len(asked.zh))} ways of asking {item.id!r}",
                where=where,
                expected=f"at most {ASKED_MAX} in each language",
            )
        known[each.passage] = msgspec.structs.replace(item, asked=asked)
    whole = msgspec.structs.replace(corpus, passages=list(known.values()))
    if glossary:
        whole = msgspec.structs.replace(whole, glossary=list(glossary))
    check_corpus(whole, where=where)
    return whole
