"""A query in plain words, in both languages, made from its checked tree: what a reader compares with what was meant.

Everything that changes which rows count or how they are put together is said; an expression that has no plain words is quoted as
SQL rather than left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dualtrack.apps.research.tables.parser import exp
from dualtrack.domain.records import Text
from dualtrack.present.text import fill, same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.tables.gate import Gated
    from dualtrack.apps.research.tables.records import TableInfo

__all__ = ["restate"]

_CALLS: dict[type[exp.Expr], Text] = {
    exp.Sum: Text(en="the total of {x}", zh="{x} 的總和"),
    exp.Avg: Text(en="the average of {x}", zh="{x} 的平均值"),
    exp.Min: Text(en="the least {x}", zh="{x} 的最小值"),
    exp.Max: Text(en="the greatest {x}", zh="{x} 的最大值"),
    exp.Median: Text(en="the median of {x}", zh="{x} 的中位數"),
    exp.Count: Text(en="the number of rows with {x}", zh="有 {x} 的列數"),
    exp.Year: Text(en="the year of {x}", zh="{x} 的年份"),
    exp.Quarter: Text(en="the quarter of {x}", zh="{x} 的季度"),
    exp.Month: Text(en="the month of {x}", zh="{x} 的月份"),
    exp.Lower: Text(en="{x} in small letters", zh="{x}（小寫）"),
    exp.Upper: Text(en="{x} in capitals", zh="{x}（大寫）"),
    exp.Abs: Text(en="{x} without its sign", zh="{x} 的絕對值"),
}
_SIGNS: dict[type[exp.Expr], Text] = {
    exp.EQ: Text(en="{a} is {b}", zh="{a} 等於 {b}"),
    exp.NEQ: Text(en="{a} is not {b}", zh="{a} 不等於 {b}"),
    exp.GT: Text(en="{a} is more than {b}", zh="{a} 大於 {b}"),
    exp.GTE: Text(en="{a} is at least {b}", zh="{a} 不小於 {b}"),
    exp.LT: Text(en="{a} is less than {b}", zh="{a} 小於 {b}"),
    exp.LTE: Text(en="{a} is at most {b}", zh="{a} 不大於 {b}"),
    exp.And: Text(en="{a} and {b}", zh="{a}，並且 {b}"),
    exp.Or: Text(en="{a} or {b}", zh="{a}，或者 {b}"),
    exp.Add: Text(en="{a} plus {b}", zh="{a} 加 {b}"),
    exp.Sub: Text(en="{a} less {b}", zh="{a} 減 {b}"),
    exp.Mul: Text(en="{a} times {b}", zh="{a} 乘 {b}"),
    exp.Div: Text(en="{a} over {b}", zh="{a} 除以 {b}"),
    exp.Like: Text(en="{a} looks like {b}", zh="{a} 的形式為 {b}"),
    exp.ILike: Text(en="{a} looks like {b}, in any case of letters", zh="{a} 的形式為 {b}（不分大小寫）"),
}
_UNITS = {
    "YEAR": Text(en="year", zh="年"), "QUARTER": Text(en="quarter", zh="季"), "MONTH": Text(en="month", zh="月"),
    "WEEK": Text(en="week", zh="星期"), "DAY": Text(en="day", zh="日"),
}  # fmt: skip
_TRUNC = Text(en="the {unit} of {x}", zh="{x} 所屬的{unit}")
_ROWS, _DISTINCT = (
    Text(en="the number of rows", zh="列數"),
    Text(en="the number of different values of {x}", zh="{x} 的不同值數目"),
)
_NULL, _NOT_NULL = Text(en="{a} is empty", zh="{a} 沒有值"), Text(en="{a} is not empty", zh="{a} 有值")
_BETWEEN = Text(en="{a} is from {b} to {c}, both included", zh="{a} 由 {b} 至 {c}（包括首尾）")
_IN, _NOT = Text(en="{a} is one of {b}", zh="{a} 是 {b} 之一"), Text(en="it is not so that {a}", zh="並非 {a}")
_FILTER = Text(en="{x}, of the rows where {y}", zh="{x}（只計 {y} 的列）")
_SHOW = Text(en="Shows {what} from {where}", zh="從{where}列出 {what}")
_KEPT, _GROUPED = Text(en="of the rows where {x}", zh="只計 {x} 的列"), Text(en="for each {x}", zh="按 {x} 分組")
_HAVING = Text(en="keeping groups where {x}", zh="只保留 {x} 的組別")
_QUALIFY = Text(en="keeping rows where {x}", zh="只保留 {x} 的列")
_ORDERED, _DOWN = Text(en="sorted by {x}", zh="按 {x} 排序"), Text(en="{x} from high to low", zh="{x}（由大至小）")
_LIMIT, _OFFSET = Text(en="at most {n} rows", zh="最多 {n} 列"), Text(en="after the first {n}", zh="略過首 {n} 列")
_ONCE = Text(en="each combination once", zh="相同者只列一次")
_PEOPLE = Text(
    en="figures about people only for groups of at least {n} rows; smaller groups are left out",
    zh="有關個人的數字只限至少 {n} 列的組別；較小的組別不列出",
)
_JOINED = Text(en="{a}, joined with {b} where {c}", zh="{a}，與 {b} 連接（{c}）")
_CROSSED = Text(en="{a}, each row with each of {b}", zh="{a}，每一列配 {b} 的每一列")
_OUTER = {
    "LEFT": Text(en="{a}, also rows without a match in {b}", zh="{a}（包括在 {b} 沒有對應的列）"),
    "RIGHT": Text(en="{a}, also rows of {b} without a match", zh="{a}（包括 {b} 沒有對應的列）"),
    "FULL": Text(en="{a}, also rows of either side without a match", zh="{a}（包括兩邊沒有對應的列）"),
    "SEMI": Text(en="{a}, only to see whether there is a match in {b}", zh="{a}（只看在 {b} 有沒有對應）"),
    "ANTI": Text(en="{a}, keeping rows without a match in {b}", zh="{a}（只保留在 {b} 沒有對應的列）"),
}
_SETS: dict[type[exp.Expr], Text] = {
    exp.Union: Text(en="{a}; together with: {b}", zh="{a}；合併：{b}"),
    exp.Intersect: Text(en="{a}; only what is also in: {b}", zh="{a}；只保留同時見於以下的：{b}"),
    exp.Except: Text(en="{a}; without what is in: {b}", zh="{a}；減去：{b}"),
}
_WITH = Text(en="First {name}: {query}", zh="先得出 {name}：{query}")
_END, _COMMA, _JOIN = Text(en=".", zh="。"), Text(en=", ", zh="、"), Text(en="; ", zh="；")
_AT_MARK = re.compile(r" ?([，。；、：（）]) ?")
_INNER = Text(en="the rows of ({query})", zh="（{query}）的結果")


def restate(gated: Gated, tables: Sequence[TableInfo]) -> Text:
    """Return the whole query in words; what has none stands as SQL."""
    headers = {(table.name, each.name): each.header for table in tables for each in table.columns}
    return _Words(headers, gated.checked.people_min).whole(gated.tree)


class _Words:
    """Words for nodes, with columns under their headings in the file."""

    def __init__(self, headers: dict[tuple[str, str], str], least: int) -> None:
        self.headers, self.least = headers, least

    def whole(self, tree: exp.Query) -> Text:
        """Return the sentences of a query with its WITH."""
        held = tree.args.get("with_")
        before = [
            fill(_WITH, name=each.alias, query=self.query(each.this))
            for each in (held.expressions if held is not None else [])
        ]
        last = [fill(_PEOPLE, n=self.least)] if self.least else []
        return _joined(
            [*(_glued(each, _END) for each in before), _glued(_joined([self.query(tree), *last], _JOIN), _END)],
            Text(en=" ", zh=""),
        )

    def query(self, tree: exp.Query) -> Text:
        """Return the words of a SELECT or a set operation."""
        if isinstance(tree, exp.Subquery):
            return self.query(tree.this)
        if isinstance(tree, exp.SetOperation):
            both = fill(_SETS[type(tree)], a=self.query(tree.this), b=self.query(tree.expression))
            return _joined([both, *self.ends(tree)], _JOIN)
        what = _joined([self.node(each) for each in tree.selects], _COMMA)
        begin = tree.args.get("from_")
        shown = fill(_SHOW, what=what, where=self.sources(tree, begin.this)) if begin is not None else what
        parts = [shown]
        for part, words in (("where", _KEPT), ("having", _HAVING), ("qualify", _QUALIFY)):
            if (held := tree.args.get(part)) is not None:
                parts.append(fill(words, x=self.node(held.this)))
        if (group := tree.args.get("group")) is not None:
            parts.insert(2 if tree.args.get("where") is not None else 1, fill(_GROUPED, x=self.group(group, tree)))
        if tree.args.get("distinct") is not None:
            parts.append(_ONCE)
        return _joined([*parts, *self.ends(tree)], _JOIN)

    def group(self, group: exp.Expr, tree: exp.Query) -> Text:
        """Return what a query groups by; ALL is every output that is no figure over rows."""
        plain = (
            [each for each in tree.selects if each.find(exp.AggFunc) is None]
            if group.args.get("all")
            else group.expressions
        )
        return _joined([self.node(each) for each in plain], _COMMA)

    def sources(self, tree: exp.Expr, first: exp.Expr) -> Text:
        """Return the tables of a query and how they are joined."""
        found = self.source(first)
        for join in tree.args.get("joins") or []:
            other, on = self.source(join.this), join.args.get("on")
            found = fill(_CROSSED, a=found, b=other) if on is None else fill(_JOINED, a=found, b=other, c=self.node(on))
            how = str(join.args.get("side") or join.args.get("kind") or "").upper()
            found = fill(_OUTER[how], a=found, b=other) if how in _OUTER else found
        return found

    def source(self, node: exp.Expr) -> Text:
        """Return a table's name, or the query that stands for one."""
        return (
            fill(_INNER, query=self.query(node))
            if isinstance(node, exp.Query)
            else Text(en=node.name, zh=f" {node.name} ")
        )

    def ends(self, tree: exp.Query) -> list[Text]:
        """Return order, limit and offset."""
        found = []
        if (order := tree.args.get("order")) is not None:
            keys = [
                fill(_DOWN, x=self.key(each.this, tree)) if each.args.get("desc") else self.key(each.this, tree)
                for each in order.expressions
            ]
            found.append(fill(_ORDERED, x=_joined(keys, _COMMA)))
        for part, words in (("limit", _LIMIT), ("offset", _OFFSET)):
            if (held := tree.args.get(part)) is not None:
                found.append(fill(words, n=held.expression.name))
        return found

    def key(self, node: exp.Expr, tree: exp.Query) -> Text:
        """Return what rows are sorted by; an output by its words."""
        for at, each in enumerate(tree.selects, start=1):
            named = isinstance(node, exp.Column) and not node.table and node.name == each.alias_or_name
            if named or (isinstance(node, exp.Literal) and node.name == str(at)):
                return self.node(each)
        return self.node(node)

    def node(self, node: exp.Expr) -> Text:
        """Return the words of an expression, or its SQL."""
        if isinstance(node, (exp.Alias, exp.Paren)):
            return self.node(node.this)
        if isinstance(node, exp.Column):
            return same(self.header(node))
        if isinstance(node, exp.Literal):
            return same(f"“{node.name}”" if node.is_string else node.name)
        if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal):
            return same(node.this.name)
        return self.call(node) or self.condition(node) or same(node.sql("duckdb"))

    def header(self, column: exp.Column) -> str:
        """Return the heading of a column; the alias of its table is looked up outwards."""
        select = column.find_ancestor(exp.Select)
        while select is not None:
            for table in select.find_all(exp.Table):
                if table.alias_or_name == column.table and (table.name, column.name) in self.headers:
                    return self.headers[table.name, column.name]
            select = select.find_ancestor(exp.Select)
        return column.name

    def call(self, node: exp.Expr) -> Text | None:
        """Return the words of a function that has plain ones."""
        if isinstance(node, exp.Count) and (node.this is None or isinstance(node.this, exp.Star)):
            return _ROWS
        if isinstance(node, exp.Count) and isinstance(node.this, exp.Distinct):
            return fill(_DISTINCT, x=_joined([self.node(each) for each in node.this.expressions], _COMMA))
        if isinstance(node, exp.Filter):
            return fill(_FILTER, x=self.node(node.this), y=self.node(node.expression.this))
        if isinstance(node, (exp.DateTrunc, exp.TimestampTrunc)) and (unit := _UNITS.get(node.text("unit").upper())):
            return fill(_TRUNC, unit=unit, x=self.node(node.this))
        plain = (
            type(node) in _CALLS
            and not isinstance(node.this, (exp.Distinct, exp.Order, type(None)))
            and not node.expressions
        )
        return fill(_CALLS[type(node)], x=self.node(node.this)) if plain else None

    def condition(self, node: exp.Expr) -> Text | None:
        """Return the words of a comparison or of arithmetic; brackets are kept where they matter."""
        if type(node) in _SIGNS and not node.args.get("negate"):
            return fill(_SIGNS[type(node)], a=self.side(node.this), b=self.side(node.expression))
        if isinstance(node, exp.Between):
            return fill(_BETWEEN, a=self.node(node.this), b=self.node(node.args["low"]), c=self.node(node.args["high"]))
        if isinstance(node, exp.In) and node.expressions:
            return fill(_IN, a=self.node(node.this), b=_joined([self.node(each) for each in node.expressions], _COMMA))
        return self.empty(node) or (fill(_NOT, a=self.side(node.this)) if isinstance(node, exp.Not) else None)

    def empty(self, node: exp.Expr) -> Text | None:
        """Return the words for IS NULL and IS NOT NULL."""
        inside = node.this if isinstance(node, exp.Not) else node
        if not (isinstance(inside, exp.Is) and isinstance(inside.expression, exp.Null)):
            return None
        return fill(_NULL if inside is node else _NOT_NULL, a=self.node(inside.this))

    def side(self, node: exp.Expr) -> Text:
        """Return one side of a sign, in brackets where it had them."""
        words = self.node(node)
        return Text(en=f"({words.en})", zh=f"（{words.zh}）") if isinstance(node, exp.Paren) else words


def _joined(parts: Sequence[Text], by: Text) -> Text:
    return Text(en=by.en.join(each.en for each in parts), zh=by.zh.join(each.zh for each in parts))


def _glued(first: Text, last: Text) -> Text:
    """Return two texts one after the other, without double spaces, and without any beside Chinese marks."""
    return Text(
        en=" ".join((first.en + last.en).split()), zh=_AT_MARK.sub(r"\1", " ".join((first.zh + last.zh).split()))
    )
