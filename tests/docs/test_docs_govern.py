"""The pages that lead to a governed function, endpoint and OpenAI client: every line of them runs, in their order."""

from __future__ import annotations

import shutil

import pytest
from page_shell import free_port, new_shell, steps

from house_tree import ROOT
from made_once import made_once

FUNCTION = ROOT / "docs" / "govern-a-function.md"
ENDPOINT = ROOT / "docs" / "govern-an-endpoint.md"
FALLBACK = ROOT / "docs" / "fallback.md"

pytestmark = pytest.mark.slow


def walk(shell, page):
    for step in steps(page):
        shell.do(step)


def walk_function(place):
    """Do what the page on a function says; it starts no server."""
    shell = new_shell(place)
    try:
        walk(shell, FUNCTION)
    finally:
        shell.close()


@pytest.fixture
def shell(tmp_path, tmp_path_factory):
    """Return a shell where the page on a function was done, which the others go on from; ports are swapped for free ones.

    It closes the servers it started. The page was done once, whoever needs it, and what it left is copied.
    """
    place = made_once(tmp_path_factory, "govern-a-function", walk_function)
    found = new_shell(tmp_path, {port: str(free_port()) for port in ("9000", "8181")})
    shutil.copytree(place / found.folder.name, found.folder, dirs_exist_ok=True)
    state = (place / found.state.name).read_text(encoding="utf-8")
    found.state.write_text(state.replace(str(place), str(tmp_path)), encoding="utf-8")
    yield found
    found.close()


def test_a_function_and_then_an_endpoint_are_governed_as_the_pages_say(shell):
    walk(shell, ENDPOINT)


def test_what_stands_in_for_a_model_does_as_the_page_says(shell):
    walk(shell, FALLBACK)
