"""What the design tests share: the gallery's script and data, and pages sent by a small server with the console's headers."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WEB = ROOT / "src" / "dualtrack" / "web"
SCRIPTS = ROOT / "scripts"
CHROMIUM = shutil.which("chromium")

needs_browser = pytest.mark.skipif(
    CHROMIUM is None or importlib.util.find_spec("playwright") is None,
    reason="no Chromium or no playwright here: pages are checked where both are installed",
)


def script(name):
    """Return a module of scripts/, which is no package."""
    if str(SCRIPTS) not in sys.path:
        sys.path.insert(0, str(SCRIPTS))
    return importlib.import_module(name)


def templates():
    """Return the text of every template of the console, by its name."""
    folder = WEB / "templates"
    return {path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*.j2"))}
