"""The guided declaration: start from a template, an earlier version or an imported row; preview; sign."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain.answers import answer_problem
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Text, read_record, to_plain
from dualtrack.domain.templates import list_templates, read_template
from dualtrack.domain.usecase import UseCase, check_use_case
from dualtrack.errors import DualtrackError, FieldError
from dualtrack.present.words import AREA_WORDS, SECTOR_WORDS
from dualtrack.runtime.lookup import find_declaration
from dualtrack.store.use_pages import use_page
from dualtrack.web.identity.permissions import Verb, require, visible_uses
from dualtrack.web.pages.asked import number_of
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.parts import Crumb, pages
from dualtrack.web.views.acting import language_of, person, refusal, say, stale
from dualtrack.web.views.declare import (
    ROWS,
    asked_questions,
    form_of_plain,
    lists_of_plain,
    options,
    plain_of_form,
    row_controls,
)
from dualtrack.web.views.importing import draft_of
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.web.pages.base import PageRequest

__all__ = ["PAGES", "PAGE_USES"]

PAGE_USES = 25
"""Earlier declarations on one page, above the templates."""

_TITLE = Text(en="Declare a use", zh="申報用途")
_LIST_NAMES = {
    "claims": Text(en="Claims: what it shall do, registered before it is measured", zh="主張：預期效果，於量度前登記"),
    "tasks": Text(en="Tasks whose work changes", zh="受影響的工作項目"),
    "components": Text(en="Components and the rights held", zh="組件及所持權利"),
}
_CARRIED = re.compile(r"[a-z][a-z0-9_-]{0,60}")
_NOT_CARRIED = frozenset({"token", "password", "do"})


class _Typed(NamedTuple):
    """What a form holds: one value of each control, and all values where there are several."""

    form: Mapping[str, str]
    lists: Mapping[str, Sequence[str]]


def _begin(request: PageRequest) -> View:
    query = request.query
    if "template" in query:
        plain = to_plain(read_template(query["template"], request.register.institution))
        assert isinstance(plain, dict)
        return _form_view(request, _of_plain(plain | {"template": query["template"]}), None)
    if "use" in query:
        _check(request, query["use"])
        plain = to_plain(find_declaration(request.register, query["use"]))
        assert isinstance(plain, dict)
        base = _newest(request, query["use"])
        typed = _of_plain(plain)
        return _form_view(request, typed._replace(form={**typed.form, "base": base}), None)
    if "draft" in query:
        text = draft_of(
            request.runtime.store.workspace, request.register.institution, query.get("file", ""), query["draft"]
        )
        plain = read_yaml(text.encode(), where="draft")
        assert isinstance(plain, dict), "drafts are mappings, by what makes them"
        return _form_view(request, _of_plain(plain), None)
    if "blank" in query:
        return _form_view(request, _Typed({}, {}), None)
    return _start_view(request)


def _start_view(request: PageRequest) -> View:
    language, templates = language_of(request), []
    for name in list_templates():
        found = read_template(name)
        templates.append(
            {
                "name": name,
                "title": both(found.title, language),
                "purpose": both(found.purpose, language),
                "area": both(AREA_WORDS[found.area], language),
                "sector": both(SECTOR_WORDS[found.sector], language),
            }
        )
    number = number_of(request.query.get("page", "1"), where="page")
    only = visible_uses(person(request))
    listed = use_page(request.register.repository, only=only, number=number, size=PAGE_USES)
    context = {
        "view": "start",
        "templates": templates,
        "known": [(use.id, say(request, use.title)) for use in listed.uses],
        "paged": pages(listed.number, PAGE_USES, listed.total, lambda page: f"/declare?page={page}"),
        "many": listed.total > PAGE_USES,
    }
    return View("declare.html.j2", context, say(request, _TITLE))


def _act(request: PageRequest) -> View | Redirect:
    typed = _Typed(dict(request.form), request.services["lists"])
    do = request.form.get("do", "preview")
    if do == "edit":
        return _form_view(request, typed, None)
    try:
        use_case = _read(request, typed)
        if do != "sign":
            return _preview(request, typed, use_case, None)
    except DualtrackError as error:
        return _form_view(request, typed, error)
    try:
        if typed.form.get("base", "") != _newest(request, use_case.use):
            raise stale(f"declaration of {use_case.use}")
        signer = request.unlock(typed.form.get("password", ""))
        receipt = request.register.declare(use_case, signer)
    except DualtrackError as error:
        return _preview(request, typed, use_case, error)
    said = Text(en=f"Declared, as entry {receipt.index:,}.", zh=f"已申報，記錄為第{receipt.index:,}項。")
    return Redirect(f"/uses/{use_case.use}", say(request, said))


def _read(request: PageRequest, typed: _Typed) -> UseCase:
    """Return the form as a declaration; raises FieldError naming what is wrong."""
    register = request.register
    plain = plain_of_form(typed.form, typed.lists, institution=register.institution, demo=register.store.workspace.demo)
    use_case = read_record(plain, UseCase, where="declaration")
    check_use_case(use_case, where="declaration")
    problem = answer_problem(use_case.facts)
    if problem:
        raise FieldError(f"answer {problem[0]}", where=f"declaration, field q-{problem[0]}", expected=problem[1])
    _check(request, use_case.use)
    return use_case


def _form_view(request: PageRequest, typed: _Typed, error: DualtrackError | None) -> View:
    language = language_of(request)
    where = error.where.rpartition("field ")[2] if error else ""
    context: dict[str, Any] = {
        "view": "form",
        "trail": (Crumb(say(request, _TITLE), "/declare"), Crumb(typed.form.get("id", "") or "–")),
        "institution": request.register.institution,
        "form": typed.form,
        "options": options(language, typed.form, typed.lists),
        "questions": asked_questions(typed.lists, language),
        "rows": [(name, say(request, _LIST_NAMES[name]), row_controls(name, typed.form, language)) for name in ROWS],
        "refused": refusal(error, language) if error else None,
        "wrong": {"use": "id"}.get(where, where),
        "help_": error.fix or error.expected if error else "",
    }
    return View("declare.html.j2", context, say(request, _TITLE), error.status if error else 200)


def _preview(request: PageRequest, typed: _Typed, use_case: UseCase, error: DualtrackError | None) -> View:
    language = language_of(request)
    asked = asked_questions(typed.lists, language)
    changed = _differences(request, use_case) if error is not None and error.code == "stale" else []
    context = {
        "view": "preview",
        "trail": (Crumb(say(request, _TITLE), "/declare"), Crumb(use_case.use)),
        "use_case": use_case,
        "area": both(AREA_WORDS[use_case.area], language),
        "sector": both(SECTOR_WORDS[use_case.sector], language),
        "questions": asked,
        "unanswered": sum(not item.answered for item in asked),
        "carried": _carried(typed),
        "new": not typed.form.get("base"),
        "changed": changed,
        "refused": refusal(error, language) if error else None,
    }
    title = say(request, Text(en="Is this right?", zh="資料是否正確？"))
    return View("declare.html.j2", context, title, error.status if error else 200)


def _differences(request: PageRequest, use_case: UseCase) -> list[str]:
    """Return the names of the parts in which the newest declaration differs from this form."""
    try:
        newest, mine = to_plain(find_declaration(request.register, use_case.use)), to_plain(use_case)
    except DualtrackError:
        return []
    assert isinstance(newest, dict)
    assert isinstance(mine, dict)
    return sorted(name.replace("_", " ") for name in mine if newest.get(name) != mine[name])


def _carried(typed: _Typed) -> list[tuple[str, str]]:
    """Return every control as hidden fields, so that signing sends what was looked at."""
    pairs = []
    for name, values in typed.lists.items():
        if _CARRIED.fullmatch(name) and name not in _NOT_CARRIED:
            pairs += [(name, value) for value in values if value]
    return pairs


def _newest(request: PageRequest, use: str) -> str:
    """Return the version that a form is made from: the entry of the newest declaration, empty for none."""
    entry = request.register.repository.newest("declaration/1", use)
    return str(entry.index) if entry else ""


def _check(request: PageRequest, use: str) -> None:
    require(person(request), Verb.DECLARE, institution=use.partition("/")[0], use=use)


def _of_plain(plain: Mapping[str, Any]) -> _Typed:
    return _Typed(form_of_plain(plain), lists_of_plain(plain))


PAGES: tuple[Page, ...] = (
    Page("/declare", "GET", Verb.DECLARE, _begin),
    Page("/declare", "POST", Verb.DECLARE, _act),
)
"""Nothing is kept between the steps: the preview carries the form, and the signature is on what was shown."""
