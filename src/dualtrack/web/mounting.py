"""Mounts pages: lets in who may, refuses forms that are not ours, renders what a page returns, and does all of it in a thread."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dualtrack.errors import AuthenticationError, DualtrackError, FieldError
from dualtrack.web.asking import local_path, read_asking
from dualtrack.web.assets import framed_policy
from dualtrack.web.identity.csrf import SAFE_METHODS
from dualtrack.web.identity.permissions import FRESH_VERBS, require, require_fresh
from dualtrack.web.identity.sessions import set_cookie
from dualtrack.web.pages.base import Download, PageRequest, Redirect, View
from dualtrack.web.problems import page_of_error, problem_response, with_cookies
from dualtrack.web.routing import PatternRoute
from dualtrack.web.visit import Posted, Upload, open_visit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request

    from dualtrack.web.identity.permissions import Verb
    from dualtrack.web.identity.who import Identity
    from dualtrack.web.pages.base import Page
    from dualtrack.web.services import Services
    from dualtrack.web.visit import Visit

__all__ = [
    "FIELDS_MAX",
    "FIELD_BYTES_MAX",
    "FILES_MAX",
    "Away",
    "Mount",
    "Result",
    "open_door",
    "page_request",
    "read_posted",
    "renew_session",
]

FIELDS_MAX = 500
"""Fields of one form: a declaration has some two hundred."""

FIELD_BYTES_MAX = 1 << 18
"""Bytes of one field as a form encodes it: as many as a whole form has. A customer's 20,000 characters take up to 12 bytes each."""

FILES_MAX = 4
"""Files of one form: an inventory, a document."""

_NAME_SHOWN_MAX = 60
"""Characters of a field's name in an error: a name that is not ours may be as long as the form."""

_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")


class Away(NamedTuple):
    """Go to another server: only the door does so, to the identity provider of the settings."""

    url: str


Result = View | Redirect | Download | Away
"""What a page returns."""


class Mount:
    """Makes routes of pages over one set of services."""

    def __init__(self, services: Services, pages: Sequence[Page]) -> None:
        self.services = services
        self.pages = tuple(pages)
        self.paths: frozenset[str] = frozenset(page.path for page in pages if page.method == "GET")

    def routes(self) -> list[PatternRoute]:
        """Return a route for each page; raises FieldError for two pages with the same path and method."""
        made, seen = [], set()
        for page in self.pages:
            if (page.path, page.method) in seen:
                raise FieldError("two pages", where=f"{page.method} {page.path}", fix="give one of them another path")
            seen.add((page.path, page.method))
            made.append(self.route(page.path, page.method, _shown(page), forms=not page.capability))
        return made

    def route(self, path: str, method: str, show: Callable[[Visit], Result], *, forms: bool = True) -> PatternRoute:
        """Return the route of a function of a visit; that a form is ours is checked before, unless `forms` is false."""

        async def endpoint(request: Request) -> Response:
            posted = await read_posted(request) if request.method not in SAFE_METHODS else None
            return await run_in_threadpool(self._answer, request, posted, show, forms=forms)

        return PatternRoute(path, endpoint, methods=[method], name=f"{method} {path}", include_in_schema=False)

    def _answer(
        self, request: Request, posted: Posted | None, show: Callable[[Visit], Result], *, forms: bool
    ) -> Response:
        services = self.services
        asking = read_asking(request.scope, https=services.https, proxies=services.settings.proxies)
        try:
            visit = open_visit(services, asking, posted=posted, path=request.path_params, mounted=self.paths)
        except DualtrackError as error:
            return problem_response(error)
        try:
            if forms:
                visit.check_form()
            return _response(visit, show(visit))
        except DualtrackError as error:
            return page_of_error(visit, error)


def open_door(visit: Visit, verb: Verb) -> Identity:
    """Return who this is if they may; a grave step also needs a password of the last minutes, or one in this very form.

    A password in the form is checked here, whatever the page does with it: a field of that name alone opens nothing.
    """
    identity, path = visit.identity, visit.path
    if identity is None:
        return require(None, verb, institution="")
    institution = path.get("institution", identity.institution)
    require(identity, verb, institution=institution, listed=True)
    if verb not in FRESH_VERBS or visit.asking.method in SAFE_METHODS:
        return identity
    services = visit.services
    try:
        require_fresh(identity, services.now_s())
    except DualtrackError:
        password = visit.posted.fields.get("password")
        if not password:
            raise
        services.login.authenticate(identity.name, password, source=visit.asking.source)
        renew_session(visit)
    return identity


def renew_session(visit: Visit) -> str:
    """Give the session another token after its password was entered again; return it."""
    services = visit.services
    token = services.sessions.rotate(visit.asking.session_token or "", authenticated=True)
    lifetime_s = services.settings.session.absolute_s
    visit.cookies.append(set_cookie(token, https=services.https, lifetime_s=lifetime_s))
    visit.bind(token)
    return token


async def read_posted(request: Request) -> Posted:
    """Read a form within its bounds."""
    form = await request.form(max_files=FILES_MAX, max_fields=FIELDS_MAX, max_part_size=FIELD_BYTES_MAX)
    lists: dict[str, list[str]] = {}
    files: dict[str, Upload] = {}
    try:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files[name] = Upload(_FILE_NAME.sub("_", value.filename or "")[:100], await value.read())
            else:
                lists.setdefault(name, []).append(value)
    finally:
        await form.close()
    if sum(map(len, lists.values())) > FIELDS_MAX:
        raise FieldError("too many fields", where="form", expected=f"at most {FIELDS_MAX}")
    for name, values in lists.items():
        if any("\x00" in text for text in (name, *values)):  # no column keeps it, and no person types it
            raise FieldError("the character U+0000", where=f"form, field {name[:_NAME_SHOWN_MAX]}", fix="delete it")
    return Posted({name: values[-1] for name, values in lists.items()}, lists, files)


def _shown(page: Page) -> Callable[[Visit], Result]:
    def show(visit: Visit) -> Result:
        identity = visit.identity if page.verb is None else open_door(visit, page.verb)
        return page.show(page_request(visit, identity))

    return show


def page_request(visit: Visit, identity: Identity | None) -> PageRequest:
    """Return what a page is given."""
    services, source = visit.services, visit.asking.source

    def unlock(password: str) -> Any:  # noqa: ANN401 - the contract of PageRequest
        if identity is None:
            raise AuthenticationError("nobody is signed in", fix="sign in first")
        return services.unlock(identity, password, visit.asking)

    return PageRequest(
        runtime=services.runtime,
        identity=identity,
        language=visit.language.value,
        path=visit.path,
        query=visit.asking.query,
        form=visit.posted.fields,
        unlock=unlock,
        source=source,
        services=_page_services(visit),
    )


def _page_services(visit: Visit) -> Mapping[str, Any]:
    services = visit.services
    return {
        "accounts": services.accounts,
        "address": services.address,
        "api_keys": services.api_keys,
        "ask": services.ask,
        "attempts": services.attempts,
        "custody": services.custody,
        "files": visit.posted.files,
        "keys": services.keys,
        "links": services.links,
        "lists": visit.posted.lists,
        "login": services.login,
        "method": visit.asking.method,
        "sessions": services.sessions,
        "session_token": visit.asking.session_token,
        "settings": services.settings,
        "shell": visit.shell,
    }


def _response(visit: Visit, result: Result) -> Response:
    response: Response
    if isinstance(result, Redirect):
        if result.message:
            visit.leave_message(result.message)
        response = RedirectResponse(local_path(result.to), status_code=303)
    elif isinstance(result, Away):
        response = RedirectResponse(result.url, status_code=303)
    elif isinstance(result, Download):
        name = _FILE_NAME.sub("_", result.name)[:150] or "download"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        response = Response(result.data, media_type=result.media_type, headers=headers)
    else:
        page = visit.render(result.template, result.title, result.context)
        response = HTMLResponse(page, status_code=result.status)
        if result.framed_by:  # browsers then pass over X-Frame-Options (CSP Level 3, section 6.4.2.1)
            response.headers["content-security-policy"] = framed_policy(result.framed_by)
    response.headers["cache-control"] = "no-store"
    return with_cookies(response, visit.cookies)
