"""The pages that lead to a governed function, endpoint and OpenAI client: every line of them runs, in their order."""

from __future__ import annotations

import pytest
from page_shell import free_port, new_shell, steps

from house_tree import ROOT

FUNCTION = ROOT / "docs" / "govern-a-function.md"
ENDPOINT = ROOT / "docs" / "govern-an-endpoint.md"
FALLBACK = ROOT / "docs" / "fallback.md"

pytestmark = pytest.mark.slow


@pytest.fixture
def shell(tmp_path):
    """Return a shell that closes the servers it started; the ports of the pages are swapped for free ones."""
    found = new_shell(tmp_path, {port: str(free_port()) for port in ("9000", "8181")})
    yield found
    found.close()


def walk(shell, *pages):
    for page in pages:
        for step in steps(page):
            shell.do(step)


def test_a_function_and_then_an_endpoint_are_governed_as_the_pages_say(shell):
    """The second page goes on from the first one, so they are walked together."""
    walk(shell, FUNCTION, ENDPOINT)


def test_what_stands_in_for_a_model_does_as_the_page_says(shell):
    walk(shell, FUNCTION, FALLBACK)
