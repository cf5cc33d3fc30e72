"""Every page of the served demo in one browser: no barrier, no broken page policy, within its window, all within the keyboard's reach.

Each page is opened in one look and turned to the other theme and width; the next page begins with the next look, so that all
eight are used. DUALTRACK_AXE_ALL=1 opens every page in all eight, which takes half an hour.
"""

from __future__ import annotations

import os
import re
import shutil

import pytest

from dualtrack.web.pages.registry import all_pages
from web.design_pages import needs_browser, script

pytestmark = [needs_browser, pytest.mark.slow]


def looks_of(number, pictures):
    """Return the look in which a page is opened, and the one that it is turned to."""
    looks = pictures.LOOKS
    first = looks[number % len(looks)]
    return first, next(
        look
        for look in looks
        if look.language == first.language and look.theme != first.theme and look.width != first.width
    )


EVERY_LOOK = os.environ.get("DUALTRACK_AXE_ALL") == "1"
"""Whether every page is opened in every look, for axe to see whole."""

FILES = re.compile(
    r".*/(proof|bundle|gap-report|uses\.xlsx|assurance/\{form\}|new|report\.csv|cell/\{sha256\})|/incidents/\{id\}/close"
)
"""Addresses that give a file, or lead on to another page."""


def unseen(visited):
    """Return the pages of the console that no address led to."""
    patterns = {page.path for page in all_pages() if page.method == "GET" and not FILES.fullmatch(page.path)}
    return [
        name
        for name in sorted(patterns)
        if not any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", name), path) for path in visited)
    ]


def test_all_looks_are_used():
    pictures = script("console_pictures")
    pairs = [looks_of(number, pictures) for number in range(8)]
    assert {first for first, _ in pairs} == {second for _, second in pairs} == set(pictures.LOOKS)


def test_every_page_can_be_used_by_everybody(result, tmp_path):
    pictures, places = script("console_pictures"), script("console_places").PLACES
    folder = tmp_path / "demo"
    shutil.copytree(result.folder, folder)
    wrong = []
    with pictures.visiting(folder) as visitor:
        for number, place in enumerate(places):
            first, second = looks_of(number, pictures)
            for look in pictures.LOOKS if EVERY_LOOK else (first,):
                page = visitor.look_at(place, look)
                found = visitor.problems(page, alike_max=None if EVERY_LOOK else pictures.ALIKE_MAX)
                wrong += [f"{place.name}, {look.name}: {problem}" for problem in found]
            wrong += [f"{place.name}, turned to {second.name}: {problem}" for problem in visitor.turn(page, second)]
        page.evaluate("document.querySelector('main a').tabIndex = -1")
        page.evaluate("document.querySelector('main').style.width = '1500px'")
        seeded = visitor.problems(page, alike_max=pictures.ALIKE_MAX)
    assert wrong == []
    assert any("wider than the window" in problem for problem in seeded)
    assert any("out of reach" in problem for problem in seeded)
    assert unseen(visitor.visited) == []
