"""The page of the second line: known-wrong items laid in, planted among held reviews, and what people as a group caught."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.planting import SHARE_PERCENT_MAX, STOCK_FORMAT, StockFile
from dualtrack.domain.records import Text, read_record
from dualtrack.errors import DualtrackError, FieldError, ForbiddenError
from dualtrack.runtime.plant_shelf import lay_in
from dualtrack.runtime.planting import plant_within_share
from dualtrack.runtime.review_evidence import group_evidence, planted_by_use
from dualtrack.runtime.review_group import measure_reviewers
from dualtrack.store.projections import Projections
from dualtrack.web.identity.permissions import Verb, require
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Choice, Crumb
from dualtrack.web.views.acting import error_field, holder_of_person, language_of, person, refusal, say
from dualtrack.web.views.reviews import FLOOR_SECONDS, GROUP_REVIEWS_MAX, group_figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.web.pages.base import PageRequest

__all__ = ["PAGES"]

_TITLE = Text(en="Known-wrong items", zh="已知錯誤項目")
_REVIEWS = Text(en="Reviews", zh="覆核")
_FIELDS = ("use", "share", "asked", "draft", "wrong", "why", "password")
_DECIDERS = {ConsoleRole.REVIEWER, ConsoleRole.APPROVER}


def _show(request: PageRequest) -> View:
    _second_line(request)
    return _view(request, {}, None)


def _view(request: PageRequest, form: Mapping[str, str], error: DualtrackError | None) -> View:
    register, language = request.register, language_of(request)
    titles, rows = _titles(request), planted_by_use(register)
    evidence = group_evidence(register, limit=GROUP_REVIEWS_MAX)
    caught = measure_reviewers(evidence.reviews, floor_seconds=FLOOR_SECONDS)[:1]
    context = {
        "trail": (Crumb(say(request, _REVIEWS), "/reviews"), Crumb(say(request, _TITLE))),
        "rows": [(titles.get(row.use, row.use), row) for row in rows],
        "planted": evidence.planted,
        "figures": group_figures(caught, language),
        "uses": [Choice(use, title, use == form.get("use")) for use, title in sorted(titles.items())],
        "kinds": [
            Choice("chat", say(request, Text(en="A question", zh="提問")), form.get("kind") != "row"),
            Choice("row", say(request, Text(en="A row of fields", zh="一列欄位")), form.get("kind") == "row"),
        ],
        "languages": [
            Choice("en", "English", form.get("language") != "zh-Hant"),
            Choice("zh-Hant", "繁體中文", form.get("language") == "zh-Hant"),
        ],
        "plantable": [Choice(row.use, titles.get(row.use, row.use)) for row in rows if row.waiting],
        "share_max": SHARE_PERCENT_MAX,
        "form": form,
        "refused": refusal(error, language) if error else None,
        "wrong": error_field(error, _FIELDS) if error else "",
    }
    return View("planting.html.j2", context, say(request, _TITLE), error.status if error else 200)


def _act(request: PageRequest) -> View | Redirect:
    _second_line(request)
    form = dict(request.form)
    use = form.get("use", "")
    try:
        require(person(request), Verb.PLANT_REVIEW, institution=request.register.institution, use=use)
        if form.get("do") == "plant":
            plant_within_share(request.runtime, use, by=holder_of_person(request))
            return Redirect("/reviews/planted", say(request, Text(en="Planted ✓", zh="已放入 ✓")))
        stock = _stock(form, use)
        contents = request.runtime.recorder(request.register.institution).contents
        lay_in(request.register, contents, stock, request.unlock(form.get("password", "")))
    except DualtrackError as error:
        return _view(request, form, error)
    return Redirect("/reviews/planted", say(request, Text(en="Laid in ✓", zh="已存入 ✓")))


def _stock(form: Mapping[str, str], use: str) -> StockFile:
    """Return one item as a stock; a row is written as in a YAML file, one field a line."""
    share, asked, draft = form.get("share", ""), form.get("asked", ""), form.get("draft", "").replace("\r\n", "\n")
    if not share.isdecimal() or len(share) > len(str(SHARE_PERCENT_MAX)):
        raise FieldError("no whole number", where="stock, field share", expected=f"1 to {SHARE_PERCENT_MAX}")
    row = form.get("kind") == "row"
    item = {
        "asked": read_yaml(asked.encode(), where="stock, field asked") if row else [{"role": "user", "text": asked}],
        "draft": read_yaml(draft.encode(), where="stock, field draft") if row else draft,
        "wrong": form.get("wrong", ""),
        "why": form.get("why", ""),
        "language": form.get("language", "en"),
        "reasons": [line.strip() for line in form.get("reasons", "").splitlines() if line.strip()],
    }
    plain = {"format": STOCK_FORMAT, "use": use, "share_percent": int(share), "items": [item]}
    return read_record(plain, StockFile, where="stock")


def _titles(request: PageRequest) -> dict[str, str]:
    only = person(request).uses
    rows = Projections(request.register.repository).rows("use")
    return {
        row["id"]: say(request, Text(en=row["title_en"], zh=row["title_zh"]))
        for row in rows
        if only is None or row["id"] in only
    }


def _second_line(request: PageRequest) -> None:
    """Refuse who decides reviews, whatever else they are: they must not know what is planted."""
    if person(request).roles & _DECIDERS:
        raise ForbiddenError(
            "this account decides reviews", where="planted items", fix="have somebody else of the second line plant",
            code="forbidden.role",
        )  # fmt: skip


PAGES: tuple[Page, ...] = (
    Page("/reviews/planted", "GET", Verb.PLANT_REVIEW, _show),
    Page("/reviews/planted", "POST", Verb.PLANT_REVIEW, _act),
)
"""Mounted before the page of one review, whose address these would otherwise be."""
