"""What the guards of one run share in one thread: texts that were looked through once are not looked through again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dualtrack.runtime.guards.base import Checked
    from dualtrack.runtime.guards.matching import Cued
    from dualtrack.runtime.guards.texts import Part

__all__ = ["SHARED_MAX", "Run", "begin_run", "end_run", "shared"]

SHARED_MAX = 64
"""Texts that one run of guards shares: a conversation has fewer that a guard reads."""


class Run:
    """Texts by stage and the text as given, and what was asked and answered in what is checked."""

    __slots__ = ("answered", "asked", "texts")

    def __init__(self) -> None:
        self.texts: dict[tuple[str, str], Cued] = {}
        self.asked: tuple[Checked, tuple[Part, ...]] | None = None
        self.answered: tuple[Checked, tuple[Part, ...]] | None = None


class _Here(threading.local):
    """The run in this thread; between runs nothing of a text is kept."""

    run: Run | None = None


_here = _Here()


def begin_run() -> None:
    """Let the guards that follow in this thread share what they look up; `end_run` forgets it."""
    _here.run = Run()


def end_run() -> None:
    """Forget what the guards shared."""
    _here.run = None


def shared() -> Run | None:
    """Return what this run shares, or None outside a run."""
    return _here.run
