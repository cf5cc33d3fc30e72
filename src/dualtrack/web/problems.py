"""Errors as they leave: a page in the reader's language for browsers, problem+json (RFC 9457) for programs."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dualtrack.domain.records import Text
from dualtrack.errors import AuthenticationError, DualtrackError, StoreError
from dualtrack.runtime.faces.asgi import PROBLEM_TYPE
from dualtrack.web.asking import wants_page, with_query
from dualtrack.web.views.acting import refusal
from dualtrack.web.views.meanings import knows
from dualtrack.web.visit import open_visit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dualtrack.web.asking import Asking
    from dualtrack.web.services import Services
    from dualtrack.web.visit import Visit

__all__ = [
    "HttpError",
    "InternalError",
    "error_response",
    "page_of_error",
    "problem_response",
    "with_cookies",
]

_STEP_UP = "authentication.step-up"
_log = structlog.get_logger("dualtrack.web")


class HttpError(DualtrackError):
    """The request cannot be served as it was sent."""

    code, status = "http", 400

    def __init__(self, status: int, found: str, *, fix: str = "") -> None:
        super().__init__(found, fix=fix, code=f"http.{status}")
        self.status = status


class InternalError(DualtrackError):
    """Something failed that should not; nothing is said of it but where to look."""

    code, status = "internal", 500

    def __init__(self, request: str) -> None:
        super().__init__("an unexpected fault", where=f"request {request}", fix="look for this request in the log")


_TITLES: dict[int, Text] = {
    400: Text(en="This cannot be read", zh="未能讀取"),
    401: Text(en="Please sign in", zh="請先登入"),
    403: Text(en="You may not do this", zh="你無權進行此操作"),
    404: Text(en="There is no such page", zh="沒有這個頁面"),
    409: Text(en="This cannot be done now", zh="現時不能進行"),
    413: Text(en="This is too large", zh="內容過大"),
    422: Text(en="This cannot be used", zh="未能使用"),
    429: Text(en="Too many attempts", zh="嘗試次數過多"),
    503: Text(en="Not just now", zh="暫時未能處理"),
}
_OTHER = Text(en="This did not work", zh="未能完成")
_BACK = Text(en="To the overview", zh="返回概覽")
_SIGN_IN = Text(en="Sign in", zh="登入")
_DETAIL = Text(en="Details", zh="詳情")


def problem_response(error: DualtrackError, extra: Mapping[str, object] | None = None) -> Response:
    """Return an error as a problem document."""
    error = _told(error)
    headers = {"cache-control": "no-store"}
    wait_s = getattr(error, "retry_after_s", None)
    if wait_s is not None:
        headers["retry-after"] = str(wait_s)
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer realm="dualtrack"'
    body = msgspec.json.encode({**error.problem(), **(extra or {})})
    return Response(body, status_code=error.status, media_type=PROBLEM_TYPE, headers=headers)


def error_response(
    services: Services, asking: Asking, error: DualtrackError, *, mounted: Collection[str] = ()
) -> Response:
    """Return an error as this client reads it. A browser may wait for the database here: call it from a worker thread."""
    if not wants_page(asking):
        return problem_response(error)
    try:
        visit = open_visit(services, asking, mounted=mounted)
    except DualtrackError:  # the database does not answer: then there is no page either
        return problem_response(error)
    return page_of_error(visit, error)


def page_of_error(visit: Visit, error: DualtrackError) -> Response:
    """Return an error as a page; somebody who is not signed in, or not lately enough, is led to where they can."""
    error, asking = _told(error), visit.asking
    if isinstance(error, AuthenticationError) and not asking.path.startswith("/sign-in"):
        again = error.code == _STEP_UP and visit.identity is not None
        back = asking.here if asking.method == "GET" else asking.path
        if again or visit.identity is None:
            address = with_query("/sign-in/again" if again else "/sign-in", {"next": back})
            return with_cookies(RedirectResponse(address, status_code=303), visit.cookies)
    title = visit.say(_TITLES.get(error.status, _OTHER))
    context: dict[str, Any] = {
        "refused": refusal(error, visit.language),
        "own": _own_words(error, asking.path),
        "heading": title,
        "details": visit.say(_DETAIL),
        "back": visit.say(_BACK if visit.identity else _SIGN_IN),
        "back_url": "/" if visit.identity else "/sign-in",
    }
    page = visit.render("problem.html.j2", title, context)
    response = HTMLResponse(page, status_code=error.status, headers={"cache-control": "no-store"})
    wait_s = getattr(error, "retry_after_s", None)
    if wait_s is not None:
        response.headers["retry-after"] = str(wait_s)
    return with_cookies(response, visit.cookies)


def _told(error: DualtrackError) -> DualtrackError:
    """Return an error as it may leave; where the store lies, and at what it stumbled, is in the log alone."""
    if isinstance(error, StoreError) and error.where:
        _log.error("store", code=error.code, where=error.where)
    return error.outward()


def _own_words(error: DualtrackError, path: str) -> str:
    """Return an error's own words, in English: for staff, and where what its code means does not say all of it."""
    for_customers = path == "/r" or path.startswith(("/r/", "/c/"))
    if for_customers or (knows(error.code) and "." in error.code):
        return error.where
    where = f"{error.where}: " if error.where else ""
    return ". ".join(part for part in (f"{where}{error.found}", error.expected, error.fix) if part)


def with_cookies(response: Response, cookies: Collection[str]) -> Response:
    """Return the response with these Set-Cookie headers."""
    for value in cookies:
        response.headers.append("set-cookie", value)
    return response
