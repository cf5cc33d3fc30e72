"""The page on a governed function, walked once for all who go on from it; it starts no server."""

from __future__ import annotations

import shutil

from page_shell import new_shell, steps

from house_tree import ROOT
from made_once import made_once

FUNCTION = ROOT / "docs" / "govern-a-function.md"


def go_on(place, tmp_path, swaps=None):
    """Return a shell in `tmp_path` that goes on where one in `place` ended, with a copy of what it left."""
    found = new_shell(tmp_path, swaps)
    shutil.copytree(place / found.folder.name, found.folder, dirs_exist_ok=True)
    state = (place / found.state.name).read_text(encoding="utf-8")
    found.state.write_text(state.replace(str(place), str(tmp_path)), encoding="utf-8")
    return found


def people_once(factory):
    """Return where the page was walked as far as its people and packs: up to the declaration."""

    def make(place):
        shell = new_shell(place)
        for step in _parts()[0]:
            shell.do(step)

    return made_once(factory, "page-people", make)


def released_once(factory):
    """Return where the page was walked until the model was released and wrapped, before any permit."""

    def make(place):
        shell = go_on(people_once(factory), place)
        for step in _parts()[1]:
            shell.do(step)

    return made_once(factory, "page-released", make)


def function_once(factory):
    """Return where the page was walked to its end."""

    def make(place):
        shell = go_on(released_once(factory), place)
        for step in _parts()[2]:
            shell.do(step)

    return made_once(factory, "page-function", make)


def _parts():
    whole = steps(FUNCTION)
    declared = next(number for number, step in enumerate(whole) if "template show" in getattr(step, "line", ""))
    planned = next(number for number, step in enumerate(whole) if getattr(step, "name", "") == "plan.yaml")
    return whole[:declared], whole[declared:planned], whole[planned:]
