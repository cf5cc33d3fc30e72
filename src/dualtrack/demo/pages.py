"""What the demo leaves to look at: one portfolio page, and a dossier page for each use and for the dealer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.keys.files import replace_file
from dualtrack.permit.explain import explain
from dualtrack.permit.to_green import to_green
from dualtrack.present.dossier import dossier_page
from dualtrack.present.portfolio import Listed, portfolio_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from dualtrack.store.verdicts import Recorded

__all__ = ["STATEMENT", "write_pages"]

STATEMENT = Text(
    en="The data are Taiwanese, of 2005: 30,000 real credit card accounts (UCI 350, Yeh and Lien 2009, CC BY 4.0). "
    "The institutions, their people, approvals and attestations are fictional. "
    "The claims, minimums and limits were chosen by people who had measured these same accounts, "
    "not declared before anybody saw them (see docs/demo.md).",
    zh="資料來自台灣，屬 2005 年：30,000 個真實信用卡帳戶（UCI 350，Yeh 及 Lien 2009，CC BY 4.0）。機構、人員、批准及聲明均屬虛構。"
    "各項主張、最低幅度及上限由曾量度同一批帳戶的人訂定，並非在未見數據之前申報（見 docs/demo.md）。",
)
"""The first line of everything the demo shows."""


def write_pages(folder: Path, recorded: Iterable[Recorded], step: Callable[[str], None]) -> None:
    """Write `portfolio.html` and `dossiers/*.html` into the demo's folder."""
    dossiers = folder / "dossiers"
    dossiers.mkdir(exist_ok=True)
    listed = []
    for item in recorded:
        subject = item.assessment.use or item.assessment.institution
        step(f"page of {subject}")
        explanation = explain(item.case)
        name = f"{subject.replace('/', '.')}.html"
        way = to_green(item.case) if item.assessment.use else None
        replace_file(dossiers / name, dossier_page(explanation, way).encode())
        listed.append(Listed(explanation, f"dossiers/{name}"))
    replace_file(folder / "portfolio.html", portfolio_page(listed, statement=STATEMENT).encode())
