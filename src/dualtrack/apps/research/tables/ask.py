"""A question in English or Chinese to SQL, without a model: the form is read, its phrases are matched with columns, or it cannot.

The SQL is made from names of columns that exist and passes the gate like any other. "Cannot" says why and which columns come near.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.research.tables.matching import Found, find_columns, means_table, near_columns, words_of
from dualtrack.apps.research.tables.questions import Asked, read_question
from dualtrack.domain.records import Record, Text
from dualtrack.present.text import fill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.tables.records import ColumnInfo, TableInfo

__all__ = ["Proposed", "propose"]

_NUMBERS = ("BIGINT", "HUGEINT", "UBIGINT", "DOUBLE", "DECIMAL")
_DATES = ("DATE", "TIMESTAMP")
_PEOPLE = frozenset({"sum", "avg", "count"})
_NO_FORM = Text(
    en='This is not a question of a form that is read here. Ask for a total, average, number, trend or top list, as in "total revenue by region".',
    zh="系統未能理解此問法。可查詢總和、平均、數目、走勢或排名，例如「按地區計的總收入」。",
)
_NONE = Text(en="No column is called “{phrase}”.", zh="沒有名為「{phrase}」的欄。")
_SEVERAL = Text(en="“{phrase}” may mean several columns: {names}.", zh="「{phrase}」可指多個欄：{names}。")
_NOT_NUMBER = Text(en="“{phrase}” ({names}) is not a column of numbers.", zh="「{phrase}」（{names}）不是數字欄。")
_NO_DATE = Text(en="There is no date column to split or choose by.", zh="沒有日期欄可供劃分或篩選。")
_DATES_MANY = Text(
    en="Several columns say when: {names}. Say which, as in “by {first}”.",
    zh="有多個欄表示時間：{names}。請說明是哪一個。",
)
_TABLES = Text(en="Several tables answer this: {names}. Name one.", zh="多個表都能回答：{names}。請指明一個。")
_ABOUT_PEOPLE = Text(
    en="“{phrase}” is about people: it is only counted, summed or averaged, never listed.",
    zh="「{phrase}」涉及個人：只可計數、求和或平均，不可逐一列出。",
)


class Proposed(Record, frozen=True):
    """SQL for a question, or why there is none and which columns come near (`table.column`)."""

    question: str
    sql: str | None
    cannot: Text | None
    near: tuple[str, ...] = ()


class _CannotError(Exception):
    """Why a question cannot be asked of a table: the words, the columns they are about, the phrase that no column has."""

    def __init__(self, why: Text, near: tuple[str, ...] = (), phrase: str = "") -> None:
        super().__init__(why.en)
        self.why, self.near, self.phrase = why, near, phrase


def propose(question: str, tables: Sequence[TableInfo], *, table: str = "") -> Proposed:
    """Return SQL for a question that one table answers, or why not. `table` names one where several could."""
    asked = read_question(question)
    chosen = [each for each in tables if not table or each.name == table]
    every = tuple(f"{each.name}.{one.name}" for each in chosen for one in each.kept)
    if asked is None:
        return Proposed(question=question, sql=None, cannot=_NO_FORM, near=every)
    made: dict[str, str] = {}
    failed: list[_CannotError] = []
    for each in chosen:
        try:
            made[each.name] = _sql(asked, each)
        except _CannotError as error:
            failed.append(error)
    if len(made) == 1:
        return Proposed(question=question, sql=next(iter(made.values())), cannot=None)
    if made:
        return Proposed(question=question, sql=None, cannot=fill(_TABLES, names=", ".join(made)), near=tuple(made))
    first = min(failed, key=lambda error: bool(error.phrase), default=_CannotError(_NO_FORM, every))
    near = near_columns(first.phrase, chosen) if first.phrase else first.near
    return Proposed(question=question, sql=None, cannot=first.why, near=near or every)


def _sql(asked: Asked, table: TableInfo) -> str:
    measure = _measure(asked, table)
    group, shown = _group(asked, table)
    conditions = _conditions(asked, table)
    parts = [
        f"SELECT {f'{group} AS {shown}, ' if group else ''}{measure} AS {_quoted(_label(asked))}",
        f"FROM {table.name}",
    ]
    if conditions:
        parts.append(f"WHERE {' AND '.join(conditions)}")
    if group:
        parts.append(f"GROUP BY {group}")
    if asked.top is not None:
        parts.append(f"ORDER BY 2 {'DESC' if asked.top > 0 else 'ASC'} NULLS LAST, 1 LIMIT {abs(asked.top)}")
    elif group:
        parts.append("ORDER BY 1")
    return " ".join(parts)


def _label(asked: Asked) -> str:
    return f"{asked.aggregate}_{asked.measure}".replace(" ", "_").replace('"', "")[:40].lower()


def _measure(asked: Asked, table: TableInfo) -> str:
    """Return the figure asked for: over a column of numbers, or of rows or different values where it is a number of something."""
    if asked.aggregate == "count":
        if means_table(asked.measure, table):
            return "count(*)"
        return f"count(DISTINCT {_quoted(_one(asked.measure, table).column.name)})"
    named = find_columns(f"{asked.word} {asked.measure}", [table]) if asked.word else []
    found = _one(f"{asked.word} {asked.measure}" if len(named) == 1 else asked.measure, table, kinds=_NUMBERS)
    if found.column.personal and asked.aggregate not in _PEOPLE:
        raise _CannotError(fill(_ABOUT_PEOPLE, phrase=asked.measure))
    return f"{asked.aggregate}({_quoted(found.column.name)})"


def _group(asked: Asked, table: TableInfo) -> tuple[str, str]:
    if asked.group:
        found = _one(asked.group, table)
        if found.column.personal:
            raise _CannotError(fill(_ABOUT_PEOPLE, phrase=asked.group))
        return _quoted(found.column.name), _quoted(found.column.name)
    if asked.unit is None:
        return "", ""
    when = _time(asked, table, asked.unit)
    date = _quoted(when.name)
    if not when.kind.startswith(_DATES):
        return date, date
    return f"year({date})" if asked.unit == "year" else f"date_trunc('{asked.unit}', {date})", _quoted(asked.unit)


def _conditions(asked: Asked, table: TableInfo) -> list[str]:
    found = []
    if asked.year is not None:
        column = _time(asked, table, "year")
        name = _quoted(column.name)
        dated = f"{name} >= DATE '{asked.year}-01-01' AND {name} < DATE '{asked.year + 1}-01-01'"
        found.append(dated if column.kind.startswith(_DATES) else f"{name} = {asked.year}")
    for phrase, value in asked.where:
        column = _one(phrase, table).column
        if column.personal:
            raise _CannotError(fill(_ABOUT_PEOPLE, phrase=phrase))
        found.append(f"CAST({_quoted(column.name)} AS VARCHAR) = '{value.replace(chr(39), chr(39) * 2)}'")
    return found


def _time(asked: Asked, table: TableInfo, unit: str) -> ColumnInfo:
    """Return the column that says when: the date that is named, one headed with the unit alone, or the only one of all."""
    if asked.date:
        return _one(asked.date, table).column
    headed = [each.column for each in find_columns(unit, [table]) if not each.column.kind.startswith(_DATES)]
    if len(headed) == 1 and words_of(headed[0].name) == words_of(unit):
        return headed[0]
    dates = [*headed, *(each for each in table.kept if each.kind.startswith(_DATES))]
    if not dates:
        raise _CannotError(_NO_DATE)
    if len(dates) > 1:
        names = ", ".join(each.name for each in dates)
        raise _CannotError(
            fill(_DATES_MANY, names=names, first=dates[0].name), tuple(f"{table.name}.{each.name}" for each in dates)
        )
    return dates[0]


def _one(phrase: str, table: TableInfo, *, kinds: tuple[str, ...] = ()) -> Found:
    """Return the one column that a phrase means; of several, the only one of a kind that is asked for."""
    found = find_columns(phrase, [table])
    if not found:
        raise _CannotError(fill(_NONE, phrase=phrase), phrase=phrase)
    fitting = [each for each in found if each.column.kind.startswith(kinds)] if kinds else found
    names = tuple(f"{table.name}.{each.column.name}" for each in found)
    if not fitting:
        raise _CannotError(fill(_NOT_NUMBER, phrase=phrase, names=", ".join(names)), names)
    if len(fitting) > 1:
        raise _CannotError(fill(_SEVERAL, phrase=phrase, names=", ".join(names)), names)
    return fitting[0]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
