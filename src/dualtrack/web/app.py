"""The application: pages, API, events and probes in one, with the hot path beside them and the guard around all."""

from __future__ import annotations

from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from dualtrack import __version__
from dualtrack.errors import DualtrackError, FieldError
from dualtrack.runtime.telemetry_export import Telemetry, otlp_sender
from dualtrack.web.asking import read_asking
from dualtrack.web.assets import IMMUTABLE, static_files
from dualtrack.web.health import Health
from dualtrack.web.hot import HotMount
from dualtrack.web.live_events import LiveEvents
from dualtrack.web.metrics import Metrics
from dualtrack.web.mounting import Mount
from dualtrack.web.pages.account import account_routes
from dualtrack.web.pages.login import login_routes
from dualtrack.web.pages.registry import all_pages
from dualtrack.web.problems import HttpError, InternalError, error_response
from dualtrack.web.routing import PatternRoute, allowed_methods
from dualtrack.web.security import Guarded
from dualtrack.web.services import Services

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from starlette.requests import Request

    from dualtrack.runtime.engine import Runtime
    from dualtrack.web.pages.base import Page
    from dualtrack.web.settings import WebSettings

__all__ = ["create_app"]

_NO_PAGE = "nothing is at this address"


def create_app(
    runtime: Runtime,
    settings: WebSettings,
    *,
    pages: Sequence[Page] | None = None,
    services: Services | None = None,
    at_end: Callable[[], None] | None = None,
) -> Guarded:
    """Return the ASGI application of an open runtime. `at_end` is called when the server stops, after all else."""
    found, endpoint = services or Services(runtime, settings), settings.otlp_endpoint
    hot, live, metrics = HotMount(found), LiveEvents(found), Metrics(runtime)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        hot.open()
        telemetry = Telemetry(runtime, *otlp_sender(endpoint)) if endpoint is not None else None
        try:
            yield
        finally:
            live.close()
            await hot.close()
            if telemetry is not None:
                await run_in_threadpool(telemetry.close)
            await run_in_threadpool(found.close)
            if at_end is not None:
                await run_in_threadpool(at_end)

    app = FastAPI(
        title="Dualtrack",
        version=__version__,
        description="Permits, decisions, reviews and the ledger of an institution's uses of AI.",
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services, app.state.live, app.state.metrics = found, live, metrics
    mount = Mount(found, all_pages() if pages is None else pages)
    _add_routes(app, mount, live, Health(found, metrics))
    _add_errors(app, found, mount)
    return Guarded(found, app, hot)


def _add_routes(app: FastAPI, mount: Mount, live: LiveEvents, health: Health) -> None:
    from dualtrack.web.api.routers import add_api, all_routes  # noqa: PLC0415 - its models take a second to build

    add_api(app)
    routes = [*mount.routes(), *login_routes(mount), *account_routes(mount), live.route(), *health.routes()]
    routes.append(PatternRoute("/static/{address}", _static, methods=["GET"], include_in_schema=False))
    if "/" not in mount.paths:
        routes.append(PatternRoute("/", _begin, methods=["GET"], include_in_schema=False))
    app.router.routes.extend(routes)
    app.state.all_routes = (
        *all_routes(),
        *app.router.routes,
    )  # FastAPI hides those of a router behind one that has no methods


async def _static(request: Request) -> Response:
    found = static_files().find(request.path_params["address"])
    if found is None:
        raise HttpError(404, _NO_PAGE)
    return Response(found.body, media_type=found.media_type, headers={"cache-control": IMMUTABLE})


async def _begin(_request: Request) -> Response:
    return RedirectResponse("/account", status_code=303)


def _add_errors(app: FastAPI, services: Services, mount: Mount) -> None:
    async def answer(request: Request, error: DualtrackError) -> Response:
        asking = read_asking(request.scope, https=services.https, proxies=services.settings.proxies)
        refused = request.scope.get("dualtrack.refused", error)
        return await run_in_threadpool(error_response, services, asking, refused, mounted=mount.paths)

    async def ours(request: Request, error: Any) -> Response:  # noqa: ANN401 - Starlette's type of handlers
        return await answer(request, error)

    async def framework(request: Request, error: Any) -> Response:  # noqa: ANN401 - as above
        response = await answer(request, _http_error(error))
        for name, value in (error.headers or {}).items():
            response.headers[name] = value
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:  # the framework names those of one route alone
            response.headers["allow"] = allowed_methods(app.state.all_routes, request.scope)
        return response

    async def invalid(request: Request, error: Any) -> Response:  # noqa: ANN401 - as above
        return await answer(request, _invalid(error))

    async def unexpected(request: Request, _error: Any) -> Response:  # noqa: ANN401 - as above
        return await answer(request, InternalError(request.scope["dualtrack.request"]))

    app.add_exception_handler(Exception, unexpected)  # it is raised again afterwards: the guard around writes the log
    app.add_exception_handler(DualtrackError, ours)
    app.add_exception_handler(HTTPException, framework)
    app.add_exception_handler(RequestValidationError, invalid)


def _http_error(error: HTTPException) -> DualtrackError:
    said = {404: _NO_PAGE, 405: "this address does not take that method", 400: "the request cannot be read"}
    return HttpError(error.status_code, said.get(error.status_code, "the request cannot be served"))


def _invalid(error: RequestValidationError) -> DualtrackError:
    """Return what is wrong with a request by field; never the value, which may be personal."""
    first = error.errors()[0] if error.errors() else {}
    place = ".".join(str(part) for part in first.get("loc", ()))[:120]
    found = FieldError(
        str(first.get("type", "invalid")).replace("_", " "),
        where=place or "request",
        expected=str(first.get("msg", ""))[:200],
    )
    found.status = 422
    return found
