"""The gate: text in, SQL out that was written from a checked tree, or an error that names what and where.

In order: the text (length, hidden characters, comments, one statement), its tree (every node, part, function, type and table is on a
list), its columns (each belongs to a table that is loaded; stars are written out), people, a limit of rows, and DuckDB's own reading
of what would run. The text given never runs.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

import msgspec

from dualtrack.apps.research.tables.parser import ParseError, TokenError, exp, parse, qualify, tokenize
from dualtrack.apps.research.tables.people import guard_people
from dualtrack.apps.research.tables.records import Checked
from dualtrack.apps.research.tables.second import check_second
from dualtrack.apps.research.tables.shape import LEVELS_MAX, check_shape, check_written_out, refused
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.apps.research.tables.records import TableInfo

__all__ = ["RESULT_ROWS_MAX", "SQL_CHARS_MAX", "Gated", "check_sql", "is_sql"]

SQL_CHARS_MAX = 8_000
"""Longest query: a page of SQL has some 3,000 characters."""

RESULT_ROWS_MAX = 10_000
"""Most rows that may be asked for; a result is read by a person or drawn."""

_TOKENS_MAX = 2_000
_BEGINS = ("SELECT", "WITH", "FROM", "(")
_SQL = re.compile(
    r'\s*(?:\(|SELECT\b|WITH\s+(?:RECURSIVE\s+)?["\w]+\s*(?:\([^)]*\)\s*)?AS\b|FROM\s+[a-z_"])', re.IGNORECASE
)
"""How SQL begins, and no question in words: "Withdrawals by month", "With tax, what was revenue?", "From 2024 to 2025"."""
_OPENS, _CLOSES = (
    frozenset({"L_PAREN", "L_BRACKET", "L_BRACE", "CASE"}),
    frozenset({"R_PAREN", "R_BRACKET", "R_BRACE", "END"}),
)
_ENDS = _CLOSES | {"FROM", "SEMICOLON", "WHERE", "GROUP_BY", "ORDER_BY", "COMMA"}
_NAME_CHARS_MAX = 60
_PLACE = re.compile(r"\.? Line: (\d+), Col: (\d+)")


class Gated(msgspec.Struct, frozen=True):
    """What passed: the record that is kept, and the tree for whoever explains it."""

    checked: Checked
    tree: Any


def check_sql(text: str, tables: Sequence[TableInfo], *, day: str, rows_max: int = 1_000) -> Gated:
    """Return the query that may run for a text; raises FieldError (`input.sql`) naming the node, the place and what is allowed.

    `day` (YYYY-MM-DD) says which figure for small groups is in force. The SQL asks for one row more than `rows_max`, so that a
    result that is cut off is known for one.
    """
    if not 1 <= rows_max <= RESULT_ROWS_MAX:
        raise FieldError(f"{rows_max} rows", where="limit", expected=f"1 to {RESULT_ROWS_MAX}")
    names = frozenset(table.name for table in tables)
    _check_text(text)
    _check_tokens(text)
    tree = _parsed(text)
    check_shape(tree, names)
    _name_outputs(tree)
    tree = _qualified(tree, tables)
    _order_by_place(tree)
    check_written_out(tree, names)
    _check_columns(tree)
    ordered = tree.args.get("order") is not None
    personal = {each.name: frozenset(one.name for one in each.kept if one.personal) for each in tables}
    least = _least(day) if any(personal.values()) else 0
    people = guard_people(tree, personal, least)
    _limit(tree, rows_max)
    sql = tree.sql("duckdb", comments=False)
    check_second(sql, names)
    used = sorted({each.name.lower() for each in tree.find_all(exp.Table)} & names)
    calls = sorted(
        {each.sql_name().lower() for each in tree.find_all(exp.Func) if not isinstance(each, (exp.And, exp.Or))}
    )
    checked = Checked(
        asked=text,
        sql=sql,
        tables=tuple(used),
        functions=tuple(calls),
        ordered=ordered,
        people_min=least if people else 0,
    )
    return Gated(checked, tree)


def _least(day: str) -> int:
    """Return the fewest rows of a group whose figures about people may be shown, by the guideline in force on a day."""
    from dualtrack.evidence.suppression import people_least  # noqa: PLC0415 - needs numpy, which tables without people do not

    return people_least(day)


def _check_text(text: str) -> None:
    if not text.strip() or len(text) > SQL_CHARS_MAX:
        raise refused(f"{len(text):,} characters", None, f"1 to {SQL_CHARS_MAX:,}", "ask in steps")
    for at, sign in enumerate(text):
        if not sign.isprintable() and sign not in "\n\t\r":
            line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
            raise FieldError(
                f"the hidden character U+{ord(sign):04X}", where=f"SQL, line {line}, column {column}",
                expected="characters that can be seen", fix="remove it", code="input.sql",
            )  # fmt: skip
    if not unicodedata.is_normalized("NFC", text):
        raise refused("letters in parts that join when shown", None, "Unicode NFC", "type the text again")


def is_sql(question: str) -> bool:
    """Say whether a question is written as SQL: it begins as one SELECT does."""
    return _SQL.match(question) is not None


def _check_tokens(text: str) -> None:
    """Refuse comments, several statements and deep nesting before the parser, which recurses, sees them."""
    try:
        tokens = tokenize(text, read="duckdb")
    except TokenError as error:
        raise refused(f"not SQL: {str(error).splitlines()[0]:.120}", None, "one SELECT") from error
    if not tokens or tokens[0].comments:
        raise refused("a comment", None, "one SELECT", "leave it out: nothing in a query is hidden")
    if tokens[0].text.upper() not in _BEGINS:
        raise _at_token(f"it begins with {tokens[0].text!r:.40}", tokens[0], "write one SELECT")
    if len(tokens) > _TOKENS_MAX:
        raise refused(f"{len(tokens):,} words and signs", None, f"at most {_TOKENS_MAX:,}", "ask in steps")
    level = 0
    for at, token in enumerate(tokens):
        kind = token.token_type.name
        if token.comments or kind == "HINT":
            raise _at_token("a comment", token, "leave it out: nothing in a query is hidden")
        if kind == "SEMICOLON" and at < len(tokens) - 1:
            raise _at_token("a second statement", token, "ask one thing at a time")
        if kind == "COMMA" and (at + 1 == len(tokens) or tokens[at + 1].token_type.name in _ENDS):
            raise _at_token("a comma with nothing behind it", token, "leave it out: parsers differ on what it means")
        level += (kind in _OPENS) - (kind in _CLOSES)
        if level > LEVELS_MAX:
            raise _at_token("brackets in brackets", token, "ask in steps")


def _at_token(found: str, token: Any, fix: str) -> FieldError:  # noqa: ANN401 - a token of the parser, which has no public type
    place = f"SQL, line {token.line}, column {max(token.col - (token.end - token.start), 1)}"
    return FieldError(found, where=place, expected="one SELECT", fix=fix, code="input.sql")


def _parsed(text: str) -> exp.Expr:
    try:
        found = [each for each in parse(text, dialect="duckdb") if each is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        place = f"SQL, line {first.get('line', 1)}, column {first.get('col', 1)}"
        raise FieldError(
            f"not SQL: {str(first.get('description', 'unreadable')).partition(' but got ')[0]}",
            where=place,
            expected="one SELECT",
            code="input.sql",
        ) from error
    except Exception as error:  # whatever the parser trips over in a text that it was sent is a refusal
        raise refused(f"not SQL: {str(error)[:100]}", None, "one SELECT") from error
    if len(found) != 1:
        raise refused(f"{len(found)} statements", None, "one SELECT", "ask one thing at a time")
    return found[0].unnest() if isinstance(found[0], exp.Subquery) and not found[0].alias else found[0]


def _name_outputs(tree: exp.Expr) -> None:
    """Give what the query shows and does not name a name that says what it is: `sum(revenue)`."""
    first = tree
    while isinstance(first, (exp.SetOperation, exp.Subquery)):
        first = first.this
    taken = {each.alias_or_name for each in first.expressions}
    for each in list(first.expressions):
        name = each.sql("duckdb").lower()
        plain = isinstance(each, (exp.Alias, exp.Column, exp.Star))
        if not plain and len(name) <= _NAME_CHARS_MAX and name not in taken and '"' not in name:
            taken.add(name)
            each.replace(exp.alias_(each.copy(), name, quoted=True))


def _order_by_place(tree: exp.Expr) -> None:
    """Write ORDER BY ALL as the places of the columns, now that it is known how many there are."""
    for order in list(tree.find_all(exp.Order)):
        if any(isinstance(each.this, exp.Var) for each in order.expressions) and isinstance(order.parent, exp.Query):
            how = order.expressions[0].args
            places = [
                exp.Ordered(**{**how, "this": exp.Literal.number(at)}) for at in range(1, len(order.parent.selects) + 1)
            ]
            order.set("expressions", places)


def _qualified(tree: exp.Expr, tables: Sequence[TableInfo]) -> exp.Expr:
    """Return the tree with every star written out and every column under its table; FieldError for one that is not there."""
    schema: Mapping[str, object] = {"main": {each.name: {one.name: one.kind for one in each.kept} for each in tables}}
    try:
        return qualify(tree, schema=dict(schema), db="main", dialect="duckdb", quote_identifiers=True, identify=True)
    except Exception as error:  # whatever the library trips over in a text that it was sent is a refusal
        said = str(error).splitlines()[0] if str(error) else "a name that is not known"
        known = "; ".join(f"{each.name}: {', '.join(one.name for one in each.kept)}" for each in tables)
        match = _PLACE.search(said)
        where = f"SQL, line {match[1]}, column {match[2]}" if match else "SQL"
        found = _PLACE.sub("", said)[:160]
        raise FieldError(
            found, where=where, expected=known[:600], fix="name a column of these", code="input.sql"
        ) from error


def _check_columns(tree: exp.Expr) -> None:
    """Refuse a column that belongs to no table: a table's name alone would mean its whole rows. ORDER BY may name an output.

    Refuse also sets of rows that are not equally wide.
    """
    for both in tree.find_all(exp.SetOperation):
        if len(both.this.selects) != len(both.expression.selects):
            raise refused("rows of unequal width put together", both, "as many columns on either side")
    for column in tree.find_all(exp.Column):
        if column.table and isinstance(column.this, exp.Identifier):
            continue
        order = column.find_ancestor(exp.Order)
        query = order.parent if order is not None else None
        outputs = query.named_selects if isinstance(query, exp.Query) else []
        if column.name not in outputs:
            raise refused(
                f"{column.sql('duckdb')!s:.80} is no column",
                column,
                "a column of the tables listed",
                "name the columns",
            )


def _limit(tree: exp.Expr, rows_max: int) -> None:
    wanted = tree.args.get("limit")
    given = int(wanted.expression.name) if isinstance(wanted, exp.Limit) else rows_max + 1
    tree.set("limit", exp.Limit(expression=exp.Literal.number(min(given, rows_max + 1))))
