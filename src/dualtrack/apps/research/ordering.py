"""The model that puts pages in a better order, where the desk names it: a component of the release, so that a permit covers it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dualtrack.apps.research.documents.meaning import PageMeaning
from dualtrack.errors import DocumentError, MissingExtraError, RefusedError
from dualtrack.runtime.passages.vectors import MODEL_NAME, MODEL_SHA256, load_embedder

if TYPE_CHECKING:
    from dualtrack.apps.research.settings import DeskSettings
    from dualtrack.runtime.live import LiveUse

__all__ = ["local_meaning", "released_meaning"]


@cache
def local_meaning() -> PageMeaning:
    """Return the order by meaning of this process; raises MissingExtraError without the package, DocumentError for another model."""
    return PageMeaning(load_embedder())


def released_meaning(settings: DeskSettings, live: LiveUse | None) -> PageMeaning | None:
    """Return the order that a desk asks for, None where it asks for none.

    Raises RefusedError where the release does not pin the model, or the model cannot run: nothing runs that was not released.
    """
    if settings.meaning is None:
        return None
    pinned = () if live is None else live.released.components
    digest = next((part.digest for part in pinned if part.id == settings.meaning), None)
    if digest != MODEL_SHA256:
        raise _changed(settings.use, f"the release pins no model {MODEL_NAME} as component {settings.meaning!r:.70}")
    try:
        return local_meaning()
    except (MissingExtraError, DocumentError) as error:
        raise _changed(settings.use, f"the order of pages cannot be made: {error.found}") from error


def _changed(use: str, found: str) -> RefusedError:
    return RefusedError(
        found, where=use, fix="install the released model, or release what runs now", code="permit.component-changed"
    )
