"""Live pages in a real browser on a real server: news is said, lists follow, and nobody loses what they were writing."""

from __future__ import annotations

import socket
import threading
import time

import pytest
import uvicorn
from design_pages import CHROMIUM, needs_browser
from server_world import FIRM, PASSWORD, USE, ServerWorld

from dualtrack.domain.records import encode
from dualtrack.domain.review import REVIEW_FORMAT, ReviewOpened
from dualtrack.runtime.holds import release_hold, set_hold
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.incidents import open_incident
from dualtrack.web.serving import SERVER_OPTIONS
from permit.firm import known_key

pytestmark = [needs_browser, pytest.mark.slow]

SOON_MS = 15_000


class Served:
    """A workspace behind a real socket, with a browser to sign in to it."""

    def __init__(self, folder, chromium) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.world = ServerWorld(folder, public_address=self.address)
        self.register = self.world.runtime.registers[FIRM]
        self.server = uvicorn.Server(uvicorn.Config(self.world.app, **SERVER_OPTIONS))
        self.thread = threading.Thread(target=lambda: self.server.run(sockets=[self.listening]))
        self.thread.start()
        until = time.monotonic() + 30
        while not self.server.started:
            assert time.monotonic() < until
            time.sleep(0.02)
        self.chromium = chromium

    def tab(self, name, **more):
        """Return a tab in which an account is signed in; it keeps what the browser complains of."""
        context = self.chromium.new_context(**more)
        page = context.new_page()
        page.said = []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto(f"{self.address}/sign-in")
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        page.click("main form button")
        page.wait_for_selector(".sidebar, .sections", state="attached")
        return page

    def look(self, page, place, topic):
        """Open a place and wait until its stream is open."""
        with page.expect_request(lambda request: f"/live/{topic}" in request.url):
            page.goto(self.address + place)

    def review(self) -> str:
        """Open a review, as the runtime does when it holds an output."""
        found = ReviewOpened(
            format=REVIEW_FORMAT, id=new_id(), decision=new_id(), use=USE, release="0" * 64, permit=None, why="sample",
            opened_at=self.register.now(), due_at="2026-12-30T00:00:00Z", four_eyes=False, makers=[], draft="0" * 64,
            seed="0" * 64,
        )  # fmt: skip
        self.register.append_plain([("review/1", USE, encode(found))])
        return found.id

    def note(self) -> int:
        self.register.append_plain([("note/1", FIRM, b"{}")])
        return self.register.repository.size() - 1

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.listening.close()
        self.world.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tool:
        chromium = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        made = Served(tmp_path_factory.mktemp("live"), chromium)
        yield made
        chromium.close()
    made.close()  # its own loop runs in this thread, where the browser's has ended


def complaints(tab):
    return [text for text in tab.said if "Password forms" not in text]


def barriers(tab) -> str:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(tab)
    return found.generate_report() if found.violations_count else ""


def test_a_review_that_opens_stands_in_the_queue_by_itself(served):
    tab = served.tab("reviewer")
    served.look(tab, "/reviews", "reviews")
    tab.evaluate("window.kept = true")
    tab.focus("#queue nav a, #queue a")
    focused = tab.evaluate("document.activeElement.getAttribute('href')")
    name = served.review()
    tab.wait_for_selector(f'#queue a[href="/reviews/{name}"]', timeout=SOON_MS)
    tab.wait_for_selector(".news:text-is('Something new was recorded; the list shows it.')", timeout=SOON_MS)
    assert tab.evaluate("window.kept") is True
    assert tab.evaluate("document.activeElement.getAttribute('href')") == focused
    assert barriers(tab) == ""
    assert complaints(tab) == []
    tab.context.close()


def test_a_hold_stands_on_an_open_overview_by_itself(served):
    tab = served.tab("owner")
    served.look(tab, "/", "portfolio")
    tab.evaluate("window.kept = true")
    assert tab.locator("#stand .badge:text-is('On hold')").count() == 0
    held = set_hold(served.register, known_key("executive"), scope="use", target=USE, reason="harm seen")
    tab.wait_for_selector("#stand .badge:text-is('On hold')", timeout=SOON_MS)
    tab.wait_for_selector(".news:text-is('Something new was recorded; the list shows it.')", timeout=SOON_MS)
    assert tab.evaluate("window.kept") is True
    assert barriers(tab) == ""
    assert complaints(tab) == []
    tab.context.close()
    release_hold(served.register, known_key("compliance"), hold=held.hold.id, reason="looked at")


@pytest.mark.parametrize(
    ("language", "news", "link"),
    [("en", "Something new was recorded. Show it", "Show it"), ("zh-Hant", "有新記錄。 顯示", "顯示")],
)
def test_the_ledger_says_that_there_is_more_and_shows_it_when_asked(served, language, news, link):
    tab = served.tab("auditor", viewport={"width": 390, "height": 900})
    served.look(tab, f"/ledger?lang={language}", "ledger")
    index = served.note()
    tab.wait_for_selector(f".news >> text={link}", timeout=SOON_MS)
    assert tab.inner_text(".news") == news
    assert tab.locator(f'#entries a[href="/ledger/{index}"]').count() == 0
    assert barriers(tab) == ""
    assert tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    tab.evaluate("window.kept = true")
    tab.click(f".news >> text={link}")
    tab.wait_for_selector(f'#entries a[href="/ledger/{index}"]', timeout=SOON_MS)
    assert tab.evaluate("window.kept") is True
    assert tab.inner_text(".news") == ""
    assert tab.evaluate("document.getElementById('main').contains(document.activeElement)")
    assert complaints(tab) == []
    tab.context.close()


def test_a_half_written_form_is_not_lost(served):
    tab = served.tab("compliance")
    served.look(tab, "/holds", "holds")
    tab.fill("#reason", "two wrong letters went out to")
    tab.evaluate("document.activeElement.blur()")
    other = served.tab("owner")
    other.goto(f"{served.address}/holds")
    other.select_option("#target", f"use:{USE}")
    other.fill("#reason", "the supplier changed it")
    other.fill("#password", PASSWORD)
    other.click("text=Stop it now")
    other.wait_for_selector("text=On hold.", timeout=SOON_MS)
    tab.wait_for_selector(".news >> text=You are writing", timeout=SOON_MS)
    tab.click("text=Read again")
    time.sleep(0.5)
    assert tab.input_value("#reason") == "two wrong letters went out to"
    assert tab.locator("#in-force table").count() == 0
    tab.fill("#reason", "")
    tab.evaluate("document.activeElement.blur()")
    tab.click("text=Read again")
    tab.wait_for_selector("#in-force table", timeout=SOON_MS)
    assert complaints(tab) == []
    tab.context.close()


def test_what_was_recorded_between_the_page_and_its_stream_is_told(served):
    tab = served.tab("auditor")
    recorded = []

    def late(route):
        recorded.append(served.note())
        time.sleep(1)
        route.continue_()

    tab.route("**/live/ledger*", late)
    served.look(tab, "/ledger", "ledger")
    tab.wait_for_selector(".news >> text=Show it", timeout=SOON_MS)
    assert recorded
    tab.context.close()


def test_without_script_the_page_is_read_again_by_a_link(served):
    tab = served.tab("owner", java_script_enabled=False)
    tab.goto(f"{served.address}/incidents")
    found = open_incident(
        served.register, kind="outage", severity="minor", note="it did not answer", by="owner", use=USE
    )
    tab.click("text=Read again")
    assert tab.locator(f'#incidents a[href="/incidents/{found.id}"]').count() == 1
    tab.context.close()
