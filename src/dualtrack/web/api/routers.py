"""All routers of the API in one list."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["add_api"]


def add_api(app: FastAPI) -> None:
    """Add every router to the application."""
    assert app.routes
