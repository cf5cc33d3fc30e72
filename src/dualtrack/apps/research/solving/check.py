"""Checks of a proposed calculation: every operand at its place, the program run again, unit, scale, period, sign and size.

The same second ways to a figure decide as for the solver's own plans, and the solver's own reading of the question is one more. Where a check does not hold there is no answer, whoever proposed it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.apps.research.reported import CURRENCIES, SCALES
from dualtrack.apps.research.solving.answer import (
    Abstained,
    Answered,
    Cited,
    NoAnswerError,
    Second,
    abstained,
    compute,
    in_scale,
)
from dualtrack.apps.research.solving.asked import check_asked
from dualtrack.apps.research.solving.cite import cite, cite_quote, scale_of
from dualtrack.apps.research.solving.findings import finding, quoted, scale_text, unit_text
from dualtrack.apps.research.solving.periods import match_periods, periods_of, years_of
from dualtrack.apps.research.solving.plan import Plan, Shape
from dualtrack.apps.research.solving.scales import printed_of
from dualtrack.apps.research.solving.second import second_way
from dualtrack.apps.research.solving.solve import solve
from dualtrack.apps.research.solving.spans import place_of
from dualtrack.apps.research.solving.table import body_of
from dualtrack.apps.research.units import NUMBER, UNSTATED, Unit, divided, unit_of
from dualtrack.domain.records import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.program import Trace
    from dualtrack.apps.research.solving.answer import Reason
    from dualtrack.apps.research.solving.periods import Period
    from dualtrack.apps.research.solving.proposals import Pointed, Proposal
    from dualtrack.apps.research.solving.table import Body, Held, Table

__all__ = ["GROWTH_MAX", "SIZE_MAX", "SURE", "check_proposal"]

GROWTH_MAX = Decimal(100)
"""Largest share or growth: a hundredfold is a slip of scale more often than a fact, and a person should say so."""

SIZE_MAX = Decimal(1000)
"""Largest result in its operands' unit, in times the largest of them: sums and differences stay within their number."""

SURE = 0.9
"""Least match of the solver's own reading that speaks against a proposal: from here on about 9 of 10 of its figures were right on TAT-QA."""

_ANY = unit_of("unnamed")
_SCALE_AFTER = re.compile(
    rf"\s?(?:%|per ?cent|percentage|{'|'.join(sorted(map(re.escape, SCALES), key=len, reverse=True))})", re.IGNORECASE
)
_MARK_BEFORE = re.compile(
    rf"(?:{'|'.join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True))}|[(\-−–])\s?$", re.IGNORECASE
)


def check_proposal(
    proposal: Proposal, table: Table, paragraphs: Sequence[str] = (), *, question: str = ""
) -> Answered | Abstained:
    """Return the answer that a proposal gives if everything about it holds, else what does not."""
    if proposal.cannot:
        return abstained("not understood", finding("model_none"))
    body, texts = body_of(table), tuple(paragraphs)
    try:
        found = [_operand(each, body, texts) for each in proposal.operands]
        cited = tuple(each for each, _ in found)
        _check_places(cited)
        trace = compute(proposal.expression, cited)
        kind = _check_unit(proposal, trace, cited)
        _check_scale(proposal, kind, cited)
        _check_period(proposal, cited, question, body, texts)
        check_asked(question, cited, body, texts)
        _check_size(Decimal(trace.value), kind, cited)
        second = _second(proposal, found, body, trace, texts)
        second = _own_reading(question, table, texts, trace.value) or second
    except NoAnswerError as error:
        return abstained(error.reason, error.said)
    return Answered(
        intent="proposed", value=trace.value, shown=in_scale(trace.value, proposal.scale), unit=trace.unit, scale=proposal.scale, period=proposal.period,
        definition=Text(en="as proposed", zh="按所提算式"), expression=proposal.expression, trace=trace, operands=cited, second=second,
    )  # fmt: skip


def _own_reading(question: str, table: Table, paragraphs: tuple[str, ...], value: str) -> Second | None:
    """Return the solver's own answer to the question as a second way, where it has a sure one; raises NoAnswerError where that is another figure."""
    own = solve(question, table, paragraphs, least=SURE) if question else None
    if not isinstance(own, Answered) or own.choice:
        return None
    if Decimal(own.value) == Decimal(value):
        return Second(how=Text(en="read by rules", zh="按規則讀出"), address=own.operands[0].address, value=own.value)
    cells = ", ".join(each.address for each in own.operands)
    scale = Text(en="percent", zh="%") if own.scale == "percent" else scale_text(own.scale) if own.scale else None
    name = "by_rules" if scale else "by_rules_plain"
    raise NoAnswerError("second derivation", finding(name, shown=own.shown, scale=scale, cells=cells))


def _operand(pointed: Pointed, body: Body, paragraphs: tuple[str, ...]) -> tuple[Cited, Held | None]:
    if pointed.quote is not None:
        return _quoted(pointed, pointed.quote, paragraphs), None
    address = pointed.address or ""
    place = body.table.cell(address)
    if place is None:
        raise NoAnswerError("not at its place", finding("no_cell", address=address[:80], table=body.table.name))
    printed = body.table.rows[place[0]][place[1]]
    if pointed.text is not None and pointed.text.strip() != printed.strip():
        reason: Reason = "sign" if pointed.text.strip("()-−– ") == printed.strip("()-−– ") else "not at its place"
        raise NoAnswerError(
            reason, finding("reads", address=address, printed=_marked(printed), pointed=_marked(pointed.text))
        )
    held = body.by_place.get(place)
    if held is None:
        raise NoAnswerError("not at its place", finding("reads_no_number", address=address, printed=_marked(printed)))
    if len({each.year for each in held.periods if each.year}) > 1:
        raise NoAnswerError("two periods", f"{address}: {held.heading or held.label}")
    said = scale_of(body, paragraphs)
    return cite(pointed.name, held, printed_of(held, body, paragraphs, table_says=said), body), held


def _quoted(pointed: Pointed, quote: str, paragraphs: tuple[str, ...]) -> Cited:
    """Return the number of a quote: an exact stretch of the text, whole as a number, that reads in one way wherever it stands."""
    places = [
        (number, match.start())
        for number, text in enumerate(paragraphs, start=1)
        for match in re.finditer(re.escape(quote), text)
    ]
    whole = [(number, at) for number, at in places if _whole(paragraphs[number - 1], at, at + len(quote))]
    if not whole:
        raise NoAnswerError(
            "not at its place",
            finding("part_of_number" if places else "stands_nowhere", quote=_marked(quote)),
        )
    number, at = whole[0]
    cited = cite_quote(pointed.name, quote, place_of(number, at, quote), paragraphs[number - 1], at)
    if cited is None:
        raise NoAnswerError("not at its place", finding("no_number", text=_marked(quote)))
    return cited if len(whole) == 1 else replace(cited, period="")


def _whole(text: str, start: int, stop: int) -> bool:
    """Say whether a stretch is all of a number: no digit, scale, per cent sign, currency or minus is cut off."""
    before, after = text[:start], text[stop:]
    if re.search(r"[\d.,]$", before) and re.search(r"\d[.,]?$", before):
        return False
    if re.match(r"\d|[.,]\d", after) or (_SCALE_AFTER.match(after) and not _SCALE_AFTER.search(text[start:stop])):
        return False
    return _MARK_BEFORE.search(before) is None or bool(re.match(r"[(\-]", text[start:stop]))


def _check_places(cited: Sequence[Cited]) -> None:
    seen: dict[str, str] = {}
    for each in cited:
        if each.address in seen:
            raise NoAnswerError(
                "same cell", finding("same_place", one=seen[each.address], other=each.name, address=each.address)
            )
        seen[each.address] = each.name


def _check_unit(proposal: Proposal, trace: Trace, cited: Sequence[Cited]) -> Unit:
    """Return what kind of number the result is, a unit that nobody states standing as one of its own; raises NoAnswerError for another than claimed."""
    typed = [replace(each, unit=_ANY) if each.unit == UNSTATED else each for each in cited]
    kind = compute(proposal.expression, typed).unit
    over, _, under = proposal.unit.partition("/")
    claimed = NUMBER if proposal.unit == "number" else UNSTATED if not over else unit_of(over)
    claimed = divided(claimed, unit_of(under)) if under else claimed
    truth = NUMBER if kind == NUMBER else trace.unit
    if claimed != truth:
        raise NoAnswerError(
            "unit mismatch", finding("claimed_unit", claimed=proposal.unit or finding("no_unit"), held=unit_text(truth))
        )
    return kind


def _check_scale(proposal: Proposal, kind: Unit, cited: Sequence[Cited]) -> None:
    allowed = {"", "percent"} if kind == NUMBER else {each.scale for each in cited if each.unit != NUMBER} or {""}
    if proposal.scale not in allowed:
        raise NoAnswerError(
            "scale",
            finding("claimed_scale", claimed=_scale_text(proposal.scale, "no_scale"), held=_scales_text(allowed)),
        )


def _scale_text(scale: str, without: str) -> Text:
    return scale_text(scale) if scale else finding(without)


def _scales_text(scales: set[str]) -> Text:
    each = [_scale_text(scale, "units") for scale in sorted(scales, key=lambda one: one or "units")]
    return Text(en=", ".join(one.en for one in each), zh="、".join(one.zh for one in each))


def _check_period(
    proposal: Proposal, cited: Sequence[Cited], question: str, body: Body, paragraphs: Sequence[str]
) -> None:
    """Check the claimed period and the years of the question against those of the numbers; where they have none, against what is said beside them."""
    held = tuple(period for each in cited for period in periods_of(each.period))
    if not held:
        beside = (body.table.caption, *body.headings, *paragraphs)
        held = tuple(period for text in beside for period in periods_of(text))
    for asked in periods_of(proposal.period):
        if asked.year and not match_periods(asked, held):
            raise NoAnswerError("period absent", finding("claimed_period", claimed=asked.words, held=_listed(held)))
    years = {each.year for each in held if each.year}
    missing = [year for year in years_of(question) if year not in years]
    if missing:
        raise NoAnswerError("period absent", finding("question_period", asked=missing[0], held=_listed(held)))


def _listed(periods: Sequence[Period]) -> str | Text:
    return ", ".join(dict.fromkeys(each.words for each in periods[:8])) or finding("no_period")


def _marked(text: str) -> Text:
    return Text(en=f"{text!r:.60}", zh=quoted(text, 60).zh)


def _check_size(value: Decimal, kind: Unit, cited: Sequence[Cited]) -> None:
    if kind == NUMBER and all(each.unit != NUMBER for each in cited) and abs(value) > GROWTH_MAX:
        raise NoAnswerError("magnitude", finding("times", count=f"{value:,.0f}"))
    largest = max(abs(Decimal(each.value)) for each in cited)
    if kind != NUMBER and largest and abs(value) > largest * SIZE_MAX:
        raise NoAnswerError("magnitude", finding("times_largest", count=f"{abs(value) / largest:,.0f}"))


def _second(
    proposal: Proposal,
    found: Sequence[tuple[Cited, Held | None]],
    body: Body,
    trace: Trace,
    paragraphs: tuple[str, ...],
) -> Second | None:
    """Run the second ways over a plan of the same cells, its operands named in the order of the calculation."""
    cells = {each.name: held for each, held in found if held is not None}
    if len(cells) < len(found):
        return None
    order = list(dict.fromkeys(name for name in re.findall(r"[a-z][a-z0-9_]*", proposal.expression) if name in cells))
    letters = {name: chr(ord("a") + at) for at, name in enumerate(order)}
    expression = re.sub(r"[a-z][a-z0-9_]*", lambda match: letters.get(match[0], match[0]), proposal.expression)
    by_name = {each.name: each for each, _ in found}
    shape: Shape = "percent" if proposal.scale == "percent" else "as printed"
    plan = Plan(expression, {letters[name]: cells[name] for name in order}, shape, Text(en="", zh=""), "", 1.0)
    return second_way(plan, body, [by_name[name] for name in order], trace.value, paragraphs)
