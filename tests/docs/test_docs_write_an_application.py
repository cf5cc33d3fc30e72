"""The page on an application of one's own: its package works beside ours, in the console, on the hot path and as a command."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from importlib.metadata import entry_points as installed_points

import pytest
from click.testing import CliRunner
from page_shell import File, steps

from dualtrack.apps import registry
from dualtrack.cli.app import _root
from dualtrack.web import app_pages, assets, navigation
from dualtrack.web.views import ledger
from house_tree import ROOT

PAGE = ROOT / "docs" / "write-an-application.md"
LINES_MAX = 120
CACHED = (registry.applications, app_pages.app_templates, assets.static_files, navigation.sections, ledger._kind_words)


def files():
    return {step.name: step.text for step in steps(PAGE) if isinstance(step, File)}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install the page's package for the time of a test."""
    for name, text in files().items():
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "package")
    monkeypatch.syspath_prepend(ROOT / "tests" / "web")  # the server that its page is shown in
    ours = [*installed_points(group=registry.GROUP)]
    entry = EntryPoint("proposals", "proposals:APPLICATION", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [*ours, entry] if group == registry.GROUP else [])
    for cached in CACHED:
        cached.cache_clear()
    yield
    for cached in CACHED:
        cached.cache_clear()
    for name in ("proposals", "proposals.command"):
        sys.modules.pop(name, None)


def test_it_is_listed_and_its_command_is_there(package):
    listed = CliRunner().invoke(_root, ["apps", "list", "--json"])
    assert '"proposals"' in listed.output
    assert "/v1/proposals/count" in listed.output
    said = CliRunner().invoke(_root, ["proposals"])
    assert (said.exit_code, said.output) == (0, "Proposals are made in the console, under Applications.\n")
    assert "proposals" in CliRunner().invoke(_root, ["--help"]).output


@pytest.mark.slow
def test_its_page_its_route_and_its_entries_work_in_a_server(package, tmp_path):
    from proposals import KIND, PROJECTIONS, TABLES, questions, state_of
    from server_world import ConsoleRole, ServerWorld

    from dualtrack.store.projections import Projections

    world = ServerWorld(tmp_path)
    try:
        owner = world.signed_in(ConsoleRole.OWNER)
        assert 'href="/apps/proposals"' in owner.get("/account").text
        assert owner.post("/apps/proposals", {"question": "<b>Fee?</b>"}).status_code == 303
        page = owner.get("/apps/proposals?lang=zh-Hant")
        assert "建議問題" in page.text
        assert "&lt;b&gt;Fee?&lt;/b&gt;" in page.text
        assert owner.post("/apps/proposals", {"question": ""}).status_code == 400
        assert world.signed_in(ConsoleRole.AUDITOR).get("/apps/proposals").status_code == 403
        register = world.runtime.registers[world.world.register.institution]
        kept = state_of("proposals", TABLES, PROJECTIONS, register.repository)
        assert [row["text"] for row in questions(register)] == ["<b>Fee?</b>"]
        kept.rebuild()
        assert [row["text"] for row in questions(register)] == ["<b>Fee?</b>"]
        assert [entry.kind for entry in register.repository.every(kinds=(KIND,))] == [KIND]
        assert Projections(register.repository).rows("use")  # the ledger's own state is another
        world.runner.run(opened(world))
        sent = {"authorization": f"Bearer {world.key(ConsoleRole.CALLER)}"}
        asked = world.browser().ask("POST", "/v1/proposals/count", json={"a": 1}, headers=sent)
        assert asked.json() == {"questions": 1, "asked": {"a": 1}}
        assert "Question proposed" in world.signed_in(ConsoleRole.AUDITOR).get("/ledger").text
    finally:
        world.close()


async def opened(world):
    world.app._hot.open()


def test_the_page_is_short_enough_to_copy():
    assert len(files()["proposals/__init__.py"].splitlines()) <= LINES_MAX
