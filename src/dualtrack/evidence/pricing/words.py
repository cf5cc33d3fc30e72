"""Prices of controls in words, in both languages, and their frontiers as pictures; the command line and the console share them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.present.frontier_view import FrontierPicture, FrontierPoint

if TYPE_CHECKING:
    from dualtrack.evidence.pricing.effects import Effect
    from dualtrack.evidence.pricing.frontier import Frontier
    from dualtrack.evidence.pricing.prices import Price

__all__ = ["ACROSS", "UPWARD", "frontier_picture", "verdict_words"]

ACROSS = Text(en="benefit withheld per 1,000 decisions", zh="每千項決定所扣起的效益")
UPWARD = Text(en="harm averted per 1,000 decisions", zh="每千項決定所避免的損害")

_SAID = {
    "averts more": Text(en="averts more than it withholds", zh="所避免的多於所扣起的"),
    "withholds more": Text(en="withholds more than it averts", zh="所扣起的多於所避免的"),
}


def verdict_words(price: Price) -> Text:
    """Return the verdict of a price as a sentence that says what would settle it where it cannot be told."""
    if price.verdict != "cannot tell":
        return _SAID[price.verdict]
    view, n = price.marginal, price.counts.n
    if price.reason == "never acted":
        return Text(
            en=f"cannot tell: it made no difference in {_decisions(n)}",
            zh=f"無法判斷：在{n:,}項決定中並無產生分別",
        )
    if price.reason == "labels":
        return Text(
            en=f"cannot tell: label {_decisions(view.unknown)} on which it acted",
            zh=f"無法判斷：須為其採取行動的{view.unknown:,}項決定加上標籤",
        )
    if price.n_needed is None:
        return Text(en="cannot tell: what it averts and withholds is alike", zh="無法判斷：所避免與所扣起的相若")
    return Text(
        en=f"cannot tell: {price.n_needed:,} decisions needed, {n:,} here",
        zh=f"無法判斷：需要{price.n_needed:,}項決定，現有{n:,}項",
    )


def frontier_picture(found: Frontier, *, key: str, chinese: bool = False) -> FrontierPicture:
    """Return what is drawn of a frontier: the middle of bounds as its line, chosen settings with their intervals.

    The lowest threshold, which stops everything, is left out: beside it nothing else could be seen.
    """
    line = [
        ((least + most) / 2, (low + high) / 2)
        for low, high, least, most, front in zip(
            found.averted_low.tolist(), found.averted_high.tolist(), found.withheld_low.tolist(),
            found.withheld_high.tolist(), found.on_front.tolist(), strict=True,
        )
        if front
    ][int(found.on_front[0]) :]  # fmt: skip
    points = [
        FrontierPoint(f"{point.at:g}", point.present, _span(point.withheld), _span(point.averted))
        for point in found.chosen
    ]
    present = next((point for point in points if point.present), None)
    return FrontierPicture(
        key=key,
        title=(f"{found.control}：各門檻的取捨" if chinese else f"{found.control}: what each threshold trades"),
        description=_described(found, present, chinese=chinese),
        across=f"{ACROSS.zh if chinese else ACROSS.en}",
        upward=f"{UPWARD.zh if chinese else UPWARD.en}",
        line=line,
        points=points,
    )


def _decisions(count: int) -> str:
    return f"{count:,} decision{'' if count == 1 else 's'}"


def _span(effect: Effect) -> tuple[float, float, float]:
    return effect.low, effect.estimate, effect.high


def _described(found: Frontier, present: FrontierPoint | None, *, chinese: bool) -> str:
    best = int(found.on_front.sum())
    if present is None:
        return f"{best}個門檻不遜於其他。" if chinese else f"{best} thresholds are bettered by no other."
    averted, withheld = (f"{value:.4g}" for value in (present.averted[1], present.withheld[1]))
    if chinese:
        return f"{best}個門檻不遜於其他；現行門檻{present.label}避免{averted}，扣起{withheld}（{found.unit}）。"
    return (
        f"{best} thresholds are bettered by no other; the present one, {present.label}, averts {averted} and "
        f"withholds {withheld} ({found.unit})."
    )
