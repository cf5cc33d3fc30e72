"""What SQL that a model proposes says beside what it computes: a column that is made of no table, a text or a name that nobody asked for.

The gate lets them pass, for an analyst may write what they like. A model may have been told to by a heading, and its words would stand in the
answer like values. A text that is only compared with is no output; a name may use words of the question, of its columns and of functions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dualtrack.apps.research.tables.lineage import trace_columns
from dualtrack.apps.research.tables.parser import exp

if TYPE_CHECKING:
    from dualtrack.apps.research.tables.gate import Gated

__all__ = ["worded"]

_WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]")
_FORMAT = re.compile(r"(?:%[a-zA-Z%]|[-/ :.])+")
_DATE_PARTS = "year quarter month week day hour minute second decade isoyear dow isodow doy epoch"
_NAMING_WORDS = """a all amount and as average avg by change count cumulative date day difference distinct each for from growth highest in
largest last latest least lowest max maximum mean median min minimum month most no number of or over per percent percentage previous quarter
rank ratio rate row rows running share smallest stddev sum the to total value variance vs week with year"""
_NAMING_SIGNS = "的總數合計平均中位數最大小高低值比率百分佔增長變動年季月日排名筆人次各按與及每"
_NUMBERS = frozenset({"0", "1", "2", "100", "1000", "1000000", "0.0", "1.0", "100.0"})
"""Numbers that shares, rounding and differences are written with."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_PARTS = frozenset(_DATE_PARTS.split())
_NAMING = frozenset((*_NAMING_WORDS.split(), *_NAMING_SIGNS))


def worded(gated: Gated, question: str) -> str:
    """Return the words of a model that a gated query would show, at most 80 of their characters; empty where there are none."""
    asked = question.casefold()
    known = _NAMING | set(_WORD.findall(asked)) | set(gated.checked.functions)
    for column in trace_columns(gated.tree):
        if not column.sources:
            return column.expression[:80]
        own = {word for name in column.sources for word in _words(name)}
        if column.column.casefold() != column.expression.casefold() and not set(_words(column.column)) <= known | own:
            return column.column[:80]
    return _made_up(gated) or _literal(gated, asked)


def _made_up(gated: Gated) -> str:
    """Return an output of any SELECT in a query that is made of no column and counts nothing."""
    for select in gated.tree.find_all(exp.Select):
        if select.find_ancestor(exp.Exists) is not None:
            continue
        for output in select.expressions:
            if output.find(exp.Column, exp.Count, exp.Star) is None:
                return str(output.sql())[:80]
    return ""


def _literal(gated: Gated, asked: str) -> str:
    """Return a text or number of a query that may stand in its answer and that nobody asked for."""
    for literal in gated.tree.find_all(exp.Literal):
        text = str(literal.this)
        if _only_compared(literal):
            continue
        if not (_plain(text, asked) if literal.is_string else _counted(literal, asked)):
            return text[:80]
    return ""


def _words(name: str) -> list[str]:
    return _WORD.findall(name.casefold().replace("_", " "))


def _only_compared(literal: exp.Expr) -> bool:
    return literal.find_ancestor(exp.Predicate) is not None and not literal.find_ancestor(exp.Case)


def _counted(literal: exp.Expr, asked: str) -> bool:
    """Say whether a number bounds rows, is one of arithmetic in common use, or stands in the question."""
    if literal.find_ancestor(exp.Limit, exp.Offset, exp.DataType, exp.Interval) is not None:
        return True
    text = str(literal.this)
    return text in _NUMBERS or text in _NUMBER.findall(asked)


def _plain(text: str, asked: str) -> bool:
    """Say whether a text is a part of a date, a format, or stands in the question."""
    return text.casefold() in _PARTS or _FORMAT.fullmatch(text) is not None or text.casefold() in asked
