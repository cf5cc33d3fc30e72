"""The market view as one self-contained page in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import Area, Verdict
from dualtrack.present.charts import plain_interval
from dualtrack.present.html import render
from dualtrack.present.words import AREA_WORDS, SECTOR_WORDS, VERDICT_WORDS
from dualtrack.supervisor.plain import plain_text

if TYPE_CHECKING:
    from dualtrack.supervisor.market import Market

__all__ = ["DEMO_WORDS", "market_page"]

DEMO_WORDS = Text(
    en="DEMO: institutions, people, approvals and attestations are fictional",
    zh="示範：機構、人員、批核及聲明均屬虛構",
)
"""What stands above everything of a demo, on the page and in the terminal."""

_WORDS = {
    "title": Text(en="Market view", zh="市場概覽"),
    "demo": DEMO_WORDS,
    "restricted": Text(
        en="For the supervisor only: small cells are exact and name firms.",
        zh="只供監管機構使用：小格數字為確數，並列出機構名稱。",
    ),
    "area": Text(en="Opportunity area", zh="應用範疇"),
    "safety": Text(en="safety", zh="安全"),
    "benefit": Text(en="benefit", zh="效益"),
    "counted": Text(
        en="n counts uses; safety and benefit count rules met or waived, of those that apply, over the uses of the cell.",
        zh="n 為用途數目；安全及效益為格內各用途已符合或獲豁免的規則數目，以適用規則為分母。",
    ),
    "estimates": Text(en="Measured benefits", zh="實測效益"),
    "use": Text(en="Use", zh="用途"),
    "estimate": Text(en="Estimate", zh="估計值"),
    "interval": Text(en="Interval", zh="區間"),
    "method": Text(en="Unit, method, data digest", zh="單位、方法、數據摘要"),
    "firms": Text(en="Institutions assessed themselves", zh="機構本身的評估"),
    "missing": Text(en="Not recomputed", zh="未能重新計算"),
    "heads": Text(en="Ledger heads", zh="日誌首部"),
    "cosigned": Text(en="co-signed", zh="已加簽"),
    "not_cosigned": Text(en="not co-signed", zh="未加簽"),
    "unknown": Text(en="This view does not establish", zh="本概覽未能確立"),
    "none": Text(en="none", zh="沒有"),
    "authentic": Text(en="authentic by the anchors", zh="按信任錨確認真確"),
    "evidenced": Text(en="requirements evidenced; never a licence", zh="已有證據的要求；絕非牌照"),
}


def market_page(market: Market) -> str:
    """Return the page; the same view gives the same text."""
    sectors = list(dict.fromkeys(cell.sector for cell in market.cells))
    return render(
        "market.html.j2",
        "supervisor",
        market=market,
        words=_WORDS,
        sectors=[SECTOR_WORDS[sector] for sector in sectors],
        rows=[(AREA_WORDS[area], [cell for cell in market.cells if cell.area is area]) for area in Area],
        estimates=[
            (item, plain_interval(item.estimate, item.low, item.high))
            for cell in market.cells
            for item in cell.estimates
        ],
        verdict=lambda name: VERDICT_WORDS[Verdict(name)],
        plain=plain_text,
    )
