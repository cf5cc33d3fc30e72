"""What the assistant does on test questions, beside the keyword menu: a row for each, those that nothing answers apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.service.baseline import KeywordMenu
from dualtrack.apps.service.evidence.questions import check_questions, language_asked
from dualtrack.apps.service.evidence.replies import assistant_on
from dualtrack.apps.service.evidence.rows import NOTHING, shares_by
from dualtrack.apps.service.language import detect
from dualtrack.runtime.reasons import language_of_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from dualtrack.apps.service.evidence.questions import TestQuestion
    from dualtrack.apps.service.evidence.replies import Ask
    from dualtrack.apps.service.evidence.rows import Row, Share
    from dualtrack.runtime.passages.corpus import Corpus

__all__ = ["answer_shares", "answer_table", "outside_shares", "outside_table"]


def answer_table(corpus: Corpus, questions: Sequence[TestQuestion], *, on: date, ask: Ask | None = None) -> list[Row]:
    """Put each question that a passage answers to the assistant and to the keyword menu.

    `right` and `baseline_right` are 1 where the first passage given is one that answers. `wrong_language` is 1 where the words of a reply are in
    the other language than the question's (`language_asked`), empty where there was none. The menu is asked in Chinese wherever a Chinese
    character is typed: that is where its words would be found. `answerable` is 1 throughout: groups are compared on it. `ask` is
    another way to ask than the assistant without a model. Raises FieldError for a question whose passage is not in the corpus.
    """
    check_questions(questions, corpus)
    menu, put = KeywordMenu(corpus, on=on), ask or assistant_on(corpus, on=on)
    rows: list[Row] = []
    for number, each in enumerate((one for one in questions if one.passage is not None), 1):
        reply, language = put(each.text), language_asked(each)
        given = reply.sources[0] if reply.text is not None and reply.sources else NOTHING
        shown = menu.find(each.text, language_of_text(each.text))
        spoken = NOTHING if reply.text is None else detect(reply.text).language
        rows.append(
            {
                "question": number, "cluster": each.case or str(each.passage), "register": each.register, "language": language,
                "cross": int(each.cross), "passage": "|".join(each.answers), "given": given, "answerable": 1,
                "answered": int(reply.text is not None), "right": int(given in each.answers),
                "among_three": int(bool({*each.answers} & {*reply.nearest, given})),
                "baseline_right": int(shown is not None and shown.id in each.answers), "called": int(reply.called),
                "reply_language": spoken, "wrong_language": "" if reply.text is None else int(spoken != language),
            }
        )  # fmt: skip
    return rows


def outside_table(corpus: Corpus, questions: Sequence[TestQuestion], *, on: date, ask: Ask | None = None) -> list[Row]:
    """Put each question that nothing answers: `answered` is 1 where the assistant showed a passage all the same, `menu_answered` the menu."""
    check_questions(questions, corpus)
    menu, put = KeywordMenu(corpus, on=on), ask or assistant_on(corpus, on=on)
    rows: list[Row] = []
    for number, each in enumerate((one for one in questions if one.passage is None), 1):
        reply, language = put(each.text), language_asked(each)
        rows.append(
            {
                "question": number, "cluster": each.case or f"question {number}", "register": each.register, "language": language,
                "answered": int(reply.text is not None), "menu_answered": int(menu.find(each.text, language_of_text(each.text)) is not None),
                "called": int(reply.called),
            }
        )  # fmt: skip
    return rows


def answer_shares(rows: Sequence[Row]) -> list[Share]:
    """Return the shares of answers, of all and by register."""
    return shares_by(rows, ("right", "among_three", "baseline_right", "answered", "wrong_language"), ("register",))


def outside_shares(rows: Sequence[Row]) -> list[Share]:
    """Return the shares of questions outside that were answered, by the assistant and by the menu."""
    return shares_by(rows, ("answered", "menu_answered"), ("language",))
