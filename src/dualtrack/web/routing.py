"""A route that tells the access log its pattern: paths themselves hold names and codes, and are never written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Match, Route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.routing import BaseRoute
    from starlette.types import Scope

__all__ = ["PatternRoute", "allowed_methods"]


def allowed_methods(routes: Iterable[BaseRoute], scope: Scope) -> str:
    """Return every method that a path takes, as the Allow header of a 405 must name them (RFC 9110, section 15.5.6)."""
    fitting = [route for route in routes if route.matches(scope)[0] is not Match.NONE]
    return ", ".join(sorted({name for route in fitting for name in getattr(route, "methods", None) or ()}))


class PatternRoute(Route):
    """A route whose pattern stands in the scope as `route`, where FastAPI leaves its own."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether and how this route fits."""
        match, found = super().matches(scope)
        return match, {**found, "route": self} if match is not Match.NONE else found
