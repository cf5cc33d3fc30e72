"""A route that tells the access log its pattern: paths themselves hold names and codes, and are never written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Match, Route

if TYPE_CHECKING:
    from starlette.types import Scope

__all__ = ["PatternRoute"]


class PatternRoute(Route):
    """A route whose pattern stands in the scope as `route`, where FastAPI leaves its own."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether and how this route fits."""
        match, found = super().matches(scope)
        return match, {**found, "route": self} if match is not Match.NONE else found
