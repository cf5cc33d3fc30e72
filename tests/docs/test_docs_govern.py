"""The pages that lead to a governed function, endpoint and fallback: every line of them runs, in their order."""

from __future__ import annotations

import pytest
from page_once import function_once, go_on
from page_shell import free_port, steps

from house_tree import ROOT

ENDPOINT = ROOT / "docs" / "govern-an-endpoint.md"
FALLBACK = ROOT / "docs" / "fallback.md"

pytestmark = pytest.mark.slow


@pytest.fixture
def shell(tmp_path, tmp_path_factory):
    """Return a shell where the page on a function was done, which the others go on from; ports are swapped for free ones."""
    swaps = {port: str(free_port()) for port in ("9000", "8181")}
    found = go_on(function_once(tmp_path_factory), tmp_path, swaps)
    yield found
    found.close()


def walk(shell, page):
    for step in steps(page):
        shell.do(step)


def test_a_function_and_then_an_endpoint_are_governed_as_the_pages_say(shell):
    walk(shell, ENDPOINT)


def test_what_stands_in_for_a_model_does_as_the_page_says(shell):
    walk(shell, FALLBACK)
