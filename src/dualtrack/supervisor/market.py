"""The market view: what the bundles received say, by opportunity area and sector, on both tracks.

Only recomputed verdicts are counted, the newest of each use; what could not be recomputed is listed with its reason. Cells
with few uses are shown all the same: a supervisor is entitled to the exact figures of the firms it supervises, and each
cell states its n. They are not for publication.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dualtrack.domain.records import Record, Text
from dualtrack.domain.vocabulary import Area, Sector, Track
from dualtrack.supervisor.account import BenefitFigure, benefit_figure, latest
from dualtrack.supervisor.heads import HeadLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dualtrack.supervisor.account import Account
    from dualtrack.supervisor.recompute import Recomputed

__all__ = ["NOT_ESTABLISHED", "Cell", "FirmLine", "Market", "MissingLine", "TrackCount", "market_view"]

NOT_ESTABLISHED = (
    Text(
        en="that these are all uses of AI of these institutions: what a firm did not declare or did not send is not here",
        zh="此等是否為該等機構的全部人工智能用途：機構未申報或未提交者不在其中",
    ),
    Text(
        en="that what was declared or measured is true: signatures show who said it",
        zh="所申報或量度的是否真實：簽署只顯示由誰作出",
    ),
    Text(en="anything after each verdict's own date", zh="各項結論日期之後的任何情況"),
)
"""What no recomputation of bundles can show; printed with every market view."""


class TrackCount(Record, frozen=True):
    """Rules of binding packs on one track over the uses of a cell: met or waived, of those that apply."""

    held: int
    applicable: int


class Cell(Record, frozen=True):
    """The uses of one area in one sector; `n` counts them, `authentic` those whose firm's keys are anchored."""

    area: Area
    sector: Sector
    n: int
    authentic: int
    institutions: int
    verdicts: dict[str, int]
    safety: TrackCount
    benefit: TrackCount
    estimates: list[BenefitFigure]


class FirmLine(Record, frozen=True):
    """A verdict about an institution itself, such as a dealer's: requirements evidenced, n of m. Never a licence."""

    institution: str
    verdict: str
    held: int
    applicable: int
    authentic: bool


class MissingLine(Record, frozen=True):
    """A bundle whose verdict could not be recomputed, with the reason code and words."""

    source: str
    institution: str | None
    reason: str
    words: str


class Market(Record, frozen=True):
    """One view of everything received. `earlier` counts recomputed verdicts that a newer one of the same use replaces."""

    format: str
    supervisor: str
    at: str
    demo: bool
    bundles: int
    institutions: list[str]
    earlier: int
    cells: list[Cell]
    firms: list[FirmLine]
    not_recomputed: list[MissingLine]
    heads: list[HeadLine]
    not_established: list[Text]


def market_view(
    supervisor: str, at: str, items: Sequence[Recomputed], heads: Sequence[HeadLine], *, demo: bool
) -> Market:
    """Return the view of what was received; cells in the order of areas and sectors, empty ones with n = 0."""
    authentic = {item.account.digest for item in items if item.account and item.result == "verified"}
    recomputed = {item.account.digest: item.account for item in items if item.account}
    accounts = latest(recomputed.values())
    uses = [account for account in accounts if account.use]
    return Market(
        format="dualtrack.market/1",
        supervisor=supervisor,
        at=at,
        demo=demo,
        bundles=len(items),
        institutions=sorted({account.institution for account in accounts}),
        earlier=len(recomputed) - len(accounts),
        cells=[_cell(area, sector, uses, authentic) for area in Area for sector in _sectors(uses)],
        firms=[_firm(account, authentic) for account in accounts if account.use is None],
        not_recomputed=[
            MissingLine(source=item.source, institution=item.institution, reason=item.reason or "", words=item.words)
            for item in items
            if item.account is None
        ],
        heads=list(heads),
        not_established=list(NOT_ESTABLISHED),
    )


def _sectors(uses: Iterable[Account]) -> list[Sector]:
    """Return the four sectors of the policy, and virtual-asset dealers where one declared a use."""
    found = {account.assessment.facts.get("use.sector") for account in uses}
    return [sector for sector in Sector if sector is not Sector.VA_DEALER or sector.value in found]


def _cell(area: Area, sector: Sector, uses: Sequence[Account], authentic: set[str]) -> Cell:
    here = [account for account in uses if _place(account) == (area.value, sector.value)]
    return Cell(
        area=area,
        sector=sector,
        n=len(here),
        authentic=sum(account.digest in authentic for account in here),
        institutions=len({account.institution for account in here}),
        verdicts=dict(sorted(Counter(account.assessment.verdict.value for account in here).items())),
        safety=_count(here, Track.SAFETY),
        benefit=_count(here, Track.BENEFIT),
        estimates=[figure for account in here if (figure := benefit_figure(account))],
    )


def _place(account: Account) -> tuple[object, object]:
    return account.assessment.facts.get("use.area"), account.assessment.facts.get("use.sector")


def _count(accounts: Iterable[Account], track: Track) -> TrackCount:
    counts = [account.assessment.counts[track.value] for account in accounts]
    return TrackCount(
        held=sum(count.met + count.waived for count in counts), applicable=sum(count.applicable for count in counts)
    )


def _firm(account: Account, authentic: set[str]) -> FirmLine:
    count = _count([account], Track.SAFETY)
    return FirmLine(
        institution=account.institution,
        verdict=account.assessment.verdict.value,
        held=count.held,
        applicable=count.applicable,
        authentic=account.digest in authentic,
    )
