"""The report as PDF, set by Typst: title, language, page numbers, tags for screen readers, and every plot as vectors.

The date in the file is that of the newest result, so that the same ledger, fonts and Typst give the same bytes. Typst carries Latin
fonts; Chinese needs a font of the machine, and without one the report is refused rather than printed with holes.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from dualtrack.domain.time import parse_instant
from dualtrack.errors import MissingExtraError, NotFoundError
from dualtrack.evidence.reporting.view import report_view

if TYPE_CHECKING:
    from dualtrack.evidence.reporting.records import AssuranceReport
    from dualtrack.evidence.reporting.words import LanguageTag

__all__ = ["CHINESE_FONTS", "can_print", "report_pdf"]

CHINESE_FONTS = ("Noto Sans CJK HK", "Noto Sans HK", "Noto Sans CJK TC", "Noto Sans TC", "Source Han Sans HK",
                 "Source Han Sans TC", "PingFang HK", "Microsoft JhengHei")  # fmt: skip
"""Fonts with Traditional Chinese that are looked for, in order."""

_LATIN = "Libertinus Serif"
"""Carried by Typst itself, as is the fixed-width one."""

_MONO = "DejaVu Sans Mono"


def can_print() -> bool:
    """Tell whether Typst is installed."""
    try:
        import typst  # noqa: F401, PLC0415 - an optional part
    except ImportError:
        return False
    return True


def report_pdf(report: AssuranceReport, language: LanguageTag) -> bytes:
    """Return the PDF; raises MissingExtraError without Typst, NotFoundError without a font that the report's words need."""
    try:
        import typst  # noqa: PLC0415 - an optional part
    except ImportError as error:
        raise MissingExtraError("reports", "the report as PDF") from error
    view = report_view(report, language)
    text = json.dumps(_plain(view), ensure_ascii=False)
    fonts = typst.Fonts()
    chinese = next((name for name in CHINESE_FONTS if name in fonts.families()), None)
    if chinese is None and any(_is_han(letter) for letter in text):
        raise NotFoundError(
            "no font with Traditional Chinese is installed",
            where="the report as PDF",
            expected=", ".join(CHINESE_FONTS[:4]),
            fix="install one (Debian and Ubuntu: apt install fonts-noto-cjk), or use --format html",
        )
    source = resources.files("dualtrack.evidence.reporting").joinpath("templates", "assurance.typ").read_bytes()
    given = {"report": text, "latin": _LATIN, "chinese": chinese or _LATIN, "mono": _MONO}
    made = typst.compile(
        source,
        sys_inputs=given,
        font_paths=fonts,
        format="pdf",
        pdf_standards=["ua-1"],
        timestamp=parse_instant(view.taken_at),
    )
    assert isinstance(made, bytes)
    return made


def _is_han(letter: str) -> bool:
    return "\u3400" <= letter <= "\u9fff"


def _plain(value: object) -> Any:  # noqa: ANN401 - as JSON has it
    """Return named tuples as objects, so that the template reads them by name."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(item) for name, item in value._asdict().items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    return value if isinstance(value, (int, float)) or value is None else str(value)
