"""`/healthz`, `/readyz` and `/metrics`: whether the process is up, whether it may decide, and its figures.

Figures name uses, guards and outcomes, never a person. They are shown on this machine, or to an auditor's or
administrator's key: how often a bank's guard fires is its own business.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from dualtrack.errors import ForbiddenError
from dualtrack.runtime.clock import steady_s
from dualtrack.web.asking import header_of, read_asking
from dualtrack.web.identity.permissions import Verb, require
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.routing import PatternRoute

if TYPE_CHECKING:
    from starlette.requests import Request

    from dualtrack.web.asking import Asking
    from dualtrack.web.metrics import Metrics
    from dualtrack.web.services import Services

__all__ = ["QUEUE_READY_MAX", "Health"]

QUEUE_READY_MAX = 10_000
"""Records waiting above which a process is not ready: half of what its recorder takes at all."""

_METRICS_TYPE = "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"
_ROLES = frozenset({ConsoleRole.AUDITOR, ConsoleRole.ADMINISTRATOR})


class Health:
    """The three probes."""

    def __init__(self, services: Services, metrics: Metrics) -> None:
        self._services, self._metrics = services, metrics

    def routes(self) -> list[PatternRoute]:
        """Return their routes."""
        return [
            PatternRoute("/healthz", self._up, methods=["GET"], include_in_schema=False),
            PatternRoute("/readyz", self._ready, methods=["GET"], include_in_schema=False),
            PatternRoute("/metrics", self._figures, methods=["GET"], include_in_schema=False),
        ]

    async def _up(self, _request: Request) -> Response:
        return JSONResponse({"status": "up"})

    async def _ready(self, _request: Request) -> Response:
        runtime = self._services.runtime
        checks = {
            "permits": steady_s() < runtime.snapshots.current.lease_until_s,
            "recorder": all(recorder.waiting < QUEUE_READY_MAX for recorder in runtime.recorders.values()),
        }
        ready = all(checks.values())
        return JSONResponse({"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503)

    async def _figures(self, request: Request) -> Response:
        services = self._services
        asking = read_asking(request.scope, https=services.https, proxies=services.settings.proxies)
        host = header_of(request.scope, b"host") or ""
        await run_in_threadpool(self._let_in, asking, host)
        return Response(await run_in_threadpool(self._metrics.text), media_type=_METRICS_TYPE)

    def _let_in(self, asking: Asking, host: str) -> None:
        # Behind a proxy every request comes from this machine; and a page elsewhere can make a browser here ask under
        # its own name, which only the Host header shows.
        here = not self._services.settings.proxies and _loops_back(asking.source) and _loops_back(_name(host))
        if here:
            return
        services = self._services
        found = (
            services.sessions.identify(asking.session_token)
            if asking.authorization is None
            else services.keys.identify(asking.authorization)  # a cookie does not make up for a wrong key
        )
        identity = require(found, Verb.VERIFY_LEDGER, institution=found.institution if found else "", listed=True)
        if not identity.roles & _ROLES:
            raise ForbiddenError(
                "figures are for auditors and administrators",
                where="/metrics",
                fix="use such a key",
                code="forbidden.role",
            )


def _name(host: str) -> str:
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _loops_back(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
