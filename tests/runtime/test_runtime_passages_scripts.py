"""One form for each character: Simplified and variants become the usual one, and Traditional text stays what it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.demo.language.corpus import USES, load_corpus
from dualtrack.runtime.passages import scripts
from dualtrack.runtime.passages.scripts import to_traditional


def test_the_tables_pair_sign_with_sign_and_end_in_the_usual_form():
    pairs = ((scripts._SIMPLIFIED, scripts._TRADITIONAL), (scripts._VARIANTS, scripts._USUAL), (scripts._SHARED, scripts._SHARED_AS))  # fmt: skip
    left = "".join(given for given, _ in pairs)
    assert len(set(left)) == len(left)
    for given_signs, used in pairs:
        assert len(given_signs) == len(used)
        assert to_traditional(used) == used


@pytest.mark.parametrize(("text", "usual"), [
    ("账户余额", "帳戶餘額"), ("遗失信用卡后怎么补领", "遺失信用卡後怎麼補領"), ("强积金", "強積金"), ("旅游保险", "旅遊保險"), ("受托人", "受托人"),
    ("证券户口的受托人", "證券戶口的受託人"), ("賬戶滙款，綫上", "帳戶匯款，線上"), ("恆生", "恒生"), ("plain ASCII", "plain ASCII"), ("", ""),
])  # fmt: skip
def test_a_text_is_brought_to_its_usual_form(text, usual):
    assert to_traditional(text) == usual


def test_signs_that_both_scripts_have_change_only_beside_simplified_ones():
    assert to_traditional("皇后大道") == "皇后大道"
    assert to_traditional("三个月后") == "三個月後"


def test_the_carried_passages_keep_every_traditional_sign():
    """Only variants that Hong Kong writes side by side may change; a sign of the simplified table never stands in them."""
    texts = "".join(item.title.zh + item.text.zh + item.keys.zh for use in USES for item in load_corpus(use).passages)
    assert not set(scripts._SIMPLIFIED) & set(texts)


@given(text=st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x9FFF), max_size=60))
def test_it_is_one_sign_for_one_and_done_once(text):
    found = to_traditional(text)
    assert len(found) == len(text)
    assert to_traditional(found) == found
