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
from dualtrack.store.use_pages import USES_A_PAGE_MAX, use_page
from dualtrack.web.identity.permissions import Verb, require, visible_uses
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages.asked import number_of
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Choice, Crumb, pages
from dualtrack.web.views.acting import error_field, holder_of_person, language_of, person, refusal, say
from dualtrack.web.views.reviews import FLOOR_SECONDS, GROUP_REVIEWS_MAX, group_figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.store.use_pages import UsePage
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.parts import Pages

__all__ = ["PAGES", "PAGE_USES"]

PAGE_USES = 25
"""Uses on one page of the stock: a screen or two."""

_TITLE = Text(en="Known-wrong items", zh="已知錯誤項目")
_REVIEWS = Text(en="Reviews", zh="覆核")
_FIELDS = ("use", "share", "asked", "draft", "wrong", "why", "password")
_DECIDERS = {ConsoleRole.REVIEWER, ConsoleRole.APPROVER}


def _show(request: PageRequest) -> View:
    _second_line(request)
    return _view(request, {}, None)


def _view(request: PageRequest, form: Mapping[str, str], error: DualtrackError | None) -> View:
    register, language, only = request.register, language_of(request), visible_uses(person(request))
    number = number_of(request.query.get("page", "1"), where="page")
    stocked = use_page(register.repository, only=only, number=number, size=PAGE_USES, with_kind="review-stock/1")
    titles = {use.id: say(request, use.title) for use in stocked.uses}
    rows = planted_by_use(register, frozenset(titles))
    evidence = group_evidence(register, limit=GROUP_REVIEWS_MAX, uses=only)
    caught = measure_reviewers(evidence.reviews, floor_seconds=FLOOR_SECONDS)[:1]
    context = {
        "trail": (Crumb(say(request, _REVIEWS), "/reviews"), Crumb(say(request, _TITLE))),
        "rows": [(titles[row.use], row) for row in rows],
        "paged": _paged(stocked) if stocked.total > PAGE_USES else None,
        "planted": evidence.planted,
        "figures": group_figures(caught, language),
        "uses": _choices(request, form.get("use", "")),
        "kinds": [
            Choice("chat", say(request, Text(en="A question", zh="提問")), form.get("kind") != "row"),
            Choice("row", say(request, Text(en="A row of fields", zh="一列欄位")), form.get("kind") == "row"),
        ],
        "languages": [
            Choice("en", "English", form.get("language") != "zh-Hant"),
            Choice("zh-Hant", "繁體中文", form.get("language") == "zh-Hant"),
        ],
        "plantable": [Choice(row.use, titles[row.use]) for row in rows if row.waiting],
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
            return Redirect(
                "/reviews/planted",
                say(request, Text(en="One item is planted in the queue.", zh="已在隊列放入一個項目。")),
            )
        stock = _stock(form, use)
        contents = request.runtime.recorder(request.register.institution).contents
        lay_in(request.register, contents, stock, request.unlock(form.get("password", "")))
    except DualtrackError as error:
        return _view(request, form, error)
    return Redirect("/reviews/planted", say(request, Text(en="The items are laid in.", zh="項目已存入。")))


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


def _choices(request: PageRequest, chosen: str) -> list[Choice]:
    """Return the uses that this person may see; of more than one form holds, the first by their id."""
    found = use_page(request.register.repository, only=visible_uses(person(request)), size=USES_A_PAGE_MAX)
    return [Choice(use.id, say(request, use.title), use.id == chosen) for use in found.uses]


def _paged(found: UsePage) -> Pages:
    return pages(found.number, PAGE_USES, found.total, lambda page: f"/reviews/planted?page={page}")


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
