"""Ways of asking and a glossary in a corpus: optional, bounded, and invisible in the digest of a corpus without them."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from dualtrack.domain.canonical import decode
from dualtrack.domain.records import encode, read_record, to_plain
from dualtrack.errors import DocumentError, FieldError
from dualtrack.runtime.passages.corpus import ASKED_MAX, Asked, Corpus, Passage, asked_of, check_corpus
from dualtrack.runtime.passages.glossary import TERMS_MAX, Term, check_glossary, read_glossary
from dualtrack.runtime.passages.search import open_index
from dualtrack.runtime.passages.variants import Variants, read_variants, with_variants
from runtime.passages_world import PASSAGES, TERMS, corpus

ON = date(2026, 11, 27)
DIGEST_BEFORE = "d674fe401b3bd07bbc866ac8895d79f4b67cadc93d82566d5e966f201abe567d"
"""Of the first three passages, by the code of 26 November 2026, which knew neither field."""


def test_a_corpus_without_them_has_the_digest_it_had():
    plain = corpus(PASSAGES[:3])
    assert plain.digest() == DIGEST_BEFORE
    assert b"asked" not in encode(plain)
    assert b"glossary" not in encode(plain)


def test_ways_of_asking_and_glossary_are_in_the_digest_and_survive_the_record():
    plain, whole = corpus(), corpus(glossary=list(TERMS))
    assert whole.digest() != plain.digest()
    again = read_record(decode(encode(whole), where="test"), Corpus, where="test")
    assert again == whole
    assert again.terms == TERMS
    assert asked_of(again.passages[3], "zh-Hant")[0].startswith("我唔想")
    assert asked_of(again.passages[0], "en") == ()


@pytest.mark.parametrize("wrong", [
    {"en": [""]}, {"en": [" \n"]}, {"en": ["x" * 301]}, {"zh-Hant": ["問"] * (ASKED_MAX + 1)}, {"yue": ["問"]}, {"en": "how"},
])  # fmt: skip
def test_wrong_ways_of_asking_are_refused_with_their_field(wrong):
    record = to_plain(PASSAGES[0]) | {"asked": wrong}
    with pytest.raises(FieldError, match="asked"):
        read_record(record, Passage, where="test")


@pytest.mark.parametrize("wrong", [
    b"- {en: [transfer]}", b"- {en: [Card, card]}", b"- {en: [''], zh: [x]}", b"- {fr: [virement], en: [transfer]}", b"en: [a]",
])  # fmt: skip
def test_wrong_entries_of_a_glossary_are_refused(wrong):
    with pytest.raises(FieldError, match="glossary"):
        read_glossary(wrong, where="glossary.yaml")


def test_a_glossary_has_a_limit_in_the_corpus_too():
    entries = [Term(en=["one", f"two {number}"]) for number in range(TERMS_MAX + 1)]
    check_glossary(entries[:-1], where="test")
    with pytest.raises(FieldError, match="entries"):
        check_corpus(corpus(glossary=entries), where="test")


def test_variants_of_a_file_are_put_into_their_passages():
    rows = "- {passage: statement, en: [Where is my bill?], zh: [結單在哪裏？], yue: [張單呢, 張單呢]}\n- {passage: close, yue: [cut戶口]}"
    whole = with_variants(corpus(), read_variants(rows.encode(), where="q.yaml"), TERMS, where="q.yaml")
    assert whole.passages[2].asked == Asked(en=["Where is my bill?"], zh=["結單在哪裏？", "張單呢"])
    assert asked_of(whole.passages[3], "zh-Hant") == ("我唔想再用你哋間銀行喇", "想 close account 點搞", "cut戶口")
    assert whole.passages[:2] == corpus().passages[:2]
    assert whole.terms == TERMS
    assert with_variants(whole, (), where="q.yaml") == whole


def test_variants_that_fit_no_passage_are_named():
    with pytest.raises(FieldError, match="nowhere"):
        with_variants(corpus(), [Variants(passage="nowhere", en=["Where?"])], where="q.yaml")
    many = [Variants(passage="statement", en=[f"Question {number}{half}?" for number in range(30)]) for half in "ab"]
    with pytest.raises(FieldError, match="60 ways"):
        with_variants(corpus(), many, where="q.yaml")
    with pytest.raises(DocumentError):
        read_variants(b"- {passage: [", where="q.yaml")


def test_what_is_not_in_force_is_not_found_by_its_questions():
    ended = msgspec.structs.replace(PASSAGES[3], valid_to="2026-11-26")
    whole = corpus((*PASSAGES[:3], ended))
    question = "How can I leave the bank?"
    assert open_index(whole, "en", on=date(2026, 11, 26)).search(question)[0].passage.id == "close"
    assert all(found.passage.id != "close" for found in open_index(whole, "en", on=ON).search(question))
