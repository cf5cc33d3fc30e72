"""Applications' pages in the console: mounted under `/apps/<name>`, opened by the application's own roles."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import PackageLoader, PrefixLoader

from dualtrack.apps.application import words_of
from dualtrack.apps.pages import AppRequest, View
from dualtrack.apps.registry import applications
from dualtrack.errors import FieldError, ForbiddenError
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages.base import Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2 import BaseLoader

    from dualtrack.apps.application import Application
    from dualtrack.apps.pages import AppPage, Download, Redirect
    from dualtrack.domain.records import Text
    from dualtrack.web.pages.base import PageRequest

__all__ = ["app_pages", "app_templates", "root_of"]


def root_of(application: Application) -> str:
    """Return where the pages of an application are."""
    return f"/apps/{application.name}"


def app_pages() -> tuple[Page, ...]:
    """Return the pages of every installed application; raises FieldError for a role that the console does not know."""
    known = {role.value for role in ConsoleRole}
    found = []
    for application in applications().values():
        for role, names in application.roles.items():
            if names - known:
                raise FieldError(
                    f"console role {min(names - known)!r}", where=f"{application.name}, role {role}",
                    expected=", ".join(sorted(known)),
                )  # fmt: skip
        found += [_page(application, page) for page in application.pages]
    return tuple(found)


@cache
def app_templates() -> BaseLoader:
    """Return the templates of every application, under its name: `service/chat.html.j2`."""
    loaders = {found.name: PackageLoader(found.package) for found in applications().values() if found.pages}
    return PrefixLoader(loaders)


def _page(application: Application, page: AppPage) -> Page:
    verb = None if page.role is None else Verb.SEE_PORTFOLIO
    path = f"{root_of(application)}{page.path}"
    return Page(path, page.method, verb, _shown(application, page), page.capability)


def _shown(application: Application, page: AppPage) -> Callable[[PageRequest], View | Redirect | Download]:
    words = words_of(application)

    def show(request: PageRequest) -> View | Redirect | Download:
        _open(application, page, request)
        result = page.show(
            AppRequest(
                request.runtime,
                request.identity,
                request.language,
                request.path,
                request.query,
                request.form,
                request.services.get("files", {}),
                request.source,
                root_of(application),
                request.services["ask"],
            )
        )
        return _with_words(application, words, result) if isinstance(result, View) else result

    return show


def _with_words(application: Application, words: dict[str, Text], view: View) -> View:
    context = {"words": words, "root": root_of(application), **view.context}
    return view._replace(template=f"{application.name}/{view.template}", context=context)


def _open(application: Application, page: AppPage, request: PageRequest) -> None:
    """Raise ForbiddenError unless one of the person's roles has the application's."""
    if page.role is None:
        return
    assert request.identity is not None, "the mount lets nobody in without one"
    if not application.roles[page.role] & {role.value for role in request.identity.roles}:
        raise ForbiddenError(
            "none of the roles of this account has it", where=f"{application.name}, {page.role}",
            expected=", ".join(sorted(application.roles[page.role])),
            fix="ask the institution's administrator for another role", code="forbidden.role",
        )  # fmt: skip
