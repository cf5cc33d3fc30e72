"""Why a page did not do what was asked: every code that a reader of files raises has words of its own in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dualtrack.apps.research.documents as research
import dualtrack.apps.service.sources as service
from dualtrack.apps.refusals import own_words, refusal_codes, refusal_of, shown_refusal
from dualtrack.domain.records import Text
from dualtrack.errors import DocumentError, FieldError, LedgerError, WorkbookError

NOT_DONE = Text(en="Not done.", zh="未能完成。")
ROOMS = [Path(room.__file__).parent for room in (research, service)]
CODE = re.compile(r'code="([a-z-]+)"')
HAN = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_every_code_of_a_reader_has_words_of_its_own(room):
    found = {code for path in room.glob("*.py") for code in CODE.findall(path.read_text("utf-8"))}
    assert len(found) > 4
    assert {f"input.document.{code}" for code in found} <= refusal_codes()


def test_each_says_what_is_wrong_and_what_to_do_in_both_languages():
    for code in refusal_codes():
        said = refusal_of(DocumentError("x", code=code))
        for text in (said.says, said.do):
            assert text.en.endswith(".")
            assert not HAN.search(text.en)
            assert text.zh.endswith("。")
            assert HAN.search(text.zh)


def test_a_code_without_words_says_what_its_family_does_and_a_stranger_something():
    assert refusal_of(WorkbookError("x", code="input.workbook.broken")) == refusal_of(WorkbookError("x"))
    assert refusal_of(LedgerError("x")).says.en == "It did not work."


def test_a_reader_of_chinese_gets_the_meaning_before_the_errors_own_words():
    error = FieldError("no file.", where="form", expected="a file", fix="choose one")
    assert own_words(error) == "form: no file. Expected: a file. Choose one."
    assert shown_refusal(error, NOT_DONE, "en") == ("Not done.", "form: no file. Expected: a file. Choose one.")
    before, own = shown_refusal(error, NOT_DONE, "zh-Hant")
    assert before == "未能完成。資料有遺漏或不正確。請更正以下所述內容。"
    assert own == own_words(error)
