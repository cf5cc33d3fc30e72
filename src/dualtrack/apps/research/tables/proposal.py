"""What a model is told and what is read from it: names and types of columns go out, one SELECT comes back and meets the same gate.

No row of any table is in the prompt, and no personal column is offered for anything but figures over groups.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dualtrack.apps.research.tables.ask import Proposed
from dualtrack.apps.research.tables.functions import families
from dualtrack.apps.research.tables.gate import SQL_CHARS_MAX
from dualtrack.domain.records import Text
from dualtrack.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.tables.records import TableInfo

__all__ = ["PROPOSAL_BYTES_MAX", "asked_line", "describe", "make_prompt", "make_rules", "read_proposal"]

PROPOSAL_BYTES_MAX = 64 * 1024
"""Longest answer that is read: SQL of its greatest length in escapes, and room for a reason."""

_REASON_CHARS_MAX = 500
_RULES = """Write one SELECT for DuckDB that answers the question from these tables, and nothing else.
Answer with JSON: {"sql": "..."} or, where the tables cannot answer it, {"cannot": "why, in one sentence"}.
Use only the columns below and only these functions: %s.
No comments, no parameters, no other statement. Columns marked PERSONAL may only stand alone inside count, sum, avg, stddev or variance,
straight from their table without a join; small groups are left out."""


def make_prompt(question: str, tables: Sequence[TableInfo]) -> str:
    """Return what a model is asked: rules, tables with names, headings and types of their columns, the question as JSON text."""
    return "\n".join([make_rules(), "", describe(tables), "", asked_line(question)])


def make_rules() -> str:
    """Return the rules of the answer: its form and the functions that may be used."""
    return _RULES % ", ".join(sorted(name for family in families() for name in family.functions))


def describe(tables: Sequence[TableInfo]) -> str:
    """Return the tables by name, with the names, headings and types of their columns."""
    lines = []
    for table in tables:
        lines.append(f"table {table.name}")
        lines += [
            f"  {each.name} {each.kind}{' PERSONAL' if each.personal else ''} heading {json.dumps(each.header, ensure_ascii=False)}"
            for each in table.kept
        ]
    return "\n".join(lines)


def asked_line(question: str) -> str:
    """Return the question as JSON text, which ends where it ends."""
    return f"question: {json.dumps(question, ensure_ascii=False)}"


def read_proposal(data: bytes, question: str) -> Proposed:
    """Return what a model proposes; raises DocumentError where it is not the JSON asked for. The SQL is not trusted: gate it."""
    if len(data) > PROPOSAL_BYTES_MAX:
        raise _odd(f"{len(data):,} bytes")
    try:
        read = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _odd("no JSON") from error
    if not isinstance(read, dict) or len(read) != 1 or not all(isinstance(value, str) for value in read.values()):
        raise _odd("another form")
    if "sql" in read and len(read["sql"]) <= SQL_CHARS_MAX:
        return Proposed(question=question, sql=read["sql"], cannot=None)
    if "cannot" in read:
        why = read["cannot"][:_REASON_CHARS_MAX]
        return Proposed(question=question, sql=None, cannot=Text(en=f"The model says: {why}", zh=f"模型表示：{why}"))
    raise _odd("neither SQL nor a reason")


def _odd(found: str) -> DocumentError:
    return DocumentError(
        found,
        where="the model's answer",
        expected='{"sql": "..."} or {"cannot": "..."}',
        fix="ask again, or write the SQL",
    )
