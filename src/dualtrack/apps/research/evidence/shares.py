"""Shares of a table of answers, each with n and an interval between documents: what was right, wrong and sure, cited and stable.

Questions of one document go right or wrong together, so documents are the independent units: the variance is that between them, as in
`answers.*` of the registry (Rao and Scott 1992; Wilson 1927), with the fewer degrees of freedom of few documents (Korn and Graubard 1998).
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.evidence.intervals.clustered_share import Clusters, clustered_share
from dualtrack.evidence.measurement import LEVEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dualtrack.apps.research.evidence.table import Row

__all__ = ["MATCHES", "SURE", "Share", "abstention_curve", "answer_shares", "share_of"]

SURE = 0.9
"""Match from which an answer is called sure: the one that the error page of research states."""

MATCHES = (0.0, 0.6, 0.8, 0.9, 1.0)
"""Matches at which the abstention curve is read: below the least one that answers (0.4) nothing changes."""


class Share(NamedTuple):
    """A share: `hits` of `n` rows of so many documents; no limits where there are too few documents."""

    name: str
    of: str
    hits: int
    n: int
    documents: int
    low: float | None
    high: float | None

    @property
    def estimate(self) -> float | None:
        """Hits of rows; None for none."""
        return self.hits / self.n if self.n else None


def share_of(name: str, of: str, rows: Iterable[Row], hit: Callable[[Row], bool], *, level: float = LEVEL) -> Share:
    """Return the share of rows that `hit` holds of, with its limits between documents."""
    sums: dict[object, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        line = sums[row["document"]]
        line[0] += hit(row)
        line[1] += 1
    hits, n = (sum(line[at] for line in sums.values()) for at in (0, 1))
    limits = clustered_share([Clusters(*line) for line in sums.values()], level)
    return Share(name, of, hits, n, len(sums), limits.low if limits else None, limits.high if limits else None)


def answer_shares(rows: Sequence[Row]) -> list[Share]:
    """Return the shares that the error page and a plan are about, of all rows and by language, kind and what is planted."""
    answered = [row for row in rows if row["answered"]]
    sure = [row for row in answered if float(row["match"]) >= SURE]
    open_ = [row for row in rows if not row["answerable"]]
    found = [
        share_of("dealt with rightly", "all questions", rows, lambda row: bool(row["right"])),
        share_of("the search served", "all questions", rows, lambda row: bool(row["baseline_right"])),
        share_of("answered", "questions with an answer", [row for row in rows if row["answerable"]], lambda row: bool(row["answered"])),
        share_of("right", "answers", answered, lambda row: bool(row["right"])),
        share_of("answered all the same", "questions without an answer", open_, lambda row: bool(row["answered"])),
        share_of("wrong and sure", f"answers at a match of {SURE} or more", sure, lambda row: bool(row["wrong"])),
        share_of("citations hold", "answers", answered, lambda row: bool(row["citation_valid"])),
        _stable(rows),
    ]  # fmt: skip
    for column in ("language", "planted", "kind"):
        for value in dict.fromkeys(str(row[column]) for row in rows):
            chosen = [row for row in rows if row[column] == value]
            found.append(share_of("dealt with rightly", f"{column} {value}", chosen, lambda row: bool(row["right"])))
    return found


def abstention_curve(rows: Sequence[Row]) -> list[tuple[Share, Share]]:
    """Return, for each match of `MATCHES`, the share of questions answered from it on, and the share of those that is right."""
    curve = []
    for least in MATCHES:
        kept = [row for row in rows if _is_answered(least, row)]
        curve.append(
            (
                share_of("answered", f"match {least}", rows, partial(_is_answered, least)),
                share_of("right", f"match {least}", kept, lambda row: bool(row["right"])),
            )
        )
    return curve


def _is_answered(least: float, row: Row) -> bool:
    return bool(row["answered"]) and float(row["match"]) >= least


def _stable(rows: Sequence[Row]) -> Share:
    """Return the share of questions that get one answer in all their wordings; silence in all of them is one answer."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[str(row["group"])].append(row)
    several = [each for each in groups.values() if len(each) > 1]
    same = {str(each[0]["group"]): len({str(row["given"]) for row in each}) == 1 for each in several}
    return share_of(
        "same in other words", "groups of wordings", [each[0] for each in several], lambda row: same[str(row["group"])]
    )
