"""The design in a real browser, with the console's real headers: access, page policy, widths, and what the script adds."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from design_pages import CHROMIUM, needs_browser, script
from jinja2 import DictLoader

from dualtrack.web import parts
from dualtrack.web.views.rendering import Language, Renderer, Theme

pytestmark = [needs_browser, pytest.mark.slow]

WIDTHS = (360, 390, 768, 1000, 1280, 1600)
PAGE = """{% extends "base.html.j2" %}{% import "macros/forms.html.j2" as f with context %}
{% block title %}{{ said }}{% endblock %}{% block heading %}{{ said }}{% endblock %}
{% block main %}<p><a id="more" href="/page?n={{ n + 1 }}" data-swap="#main">more</a></p>
<form action="/page" method="post" data-swap="#main">{{ f.field("word", "Word", value=word, error=error) }}{{ f.button("Send") }}</form>
<p id="clock" data-live="/events" data-source="/page?n=99">at {{ n }}</p>{% endblock %}
"""


def page_handler():
    """Return the gallery's handler with one more page: a link, a form that refuses an empty word, and a live part."""
    base = script("console_gallery").Handler

    class Pages(base):
        renderer = Renderer(extra=(DictLoader({"page.j2": PAGE}),))
        posted = []

        def page(self, n, word="", error="", status=200):
            shell = parts.Shell("/page", "/language", "/theme", flashes=(parts.Flash("bad", error),) if error else ())
            given = {"n": n, "said": f"Page {n}", "word": word, "error": error, "shell": shell}
            body = self.renderer.render("page.j2", Language.EN, Theme.AUTO, **given)
            self._send(status, "text/html; charset=utf-8", body.encode())

        def do_GET(self):
            parts_ = urlsplit(self.path)
            if parts_.path == "/events":
                self._send(200, "text/event-stream", b"retry: 60000\ndata: changed\n\n")
            elif parts_.path == "/page":
                self.page(int(parse_qs(parts_.query).get("n", ["0"])[0]))
            else:
                super().do_GET()

        def do_POST(self):
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.posted.append((self.path, text))
            word = parse_qs(text).get("word", [""])[0]
            if self.path == "/page" and word != "good":
                self.page(1, word, "Write good.", 422)
            else:
                self.page(2, word)

    return Pages


@pytest.fixture(scope="module")
def browser():
    """One Chromium for all pages."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tool:
        opened = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def site():
    """Return the address of the gallery and what was posted to it."""
    handler = page_handler()
    with script("console_gallery").serving(handler) as address:
        yield address, handler.posted


@pytest.fixture
def tab(browser):
    """Return a page that keeps what the browser complains of."""
    page = browser.new_page()
    page.said = []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    yield page
    page.close()


def complaints(tab):
    """Return messages of the console other than advice about forms."""
    return [text for text in tab.said if "Password forms" not in text]


def wait_for(condition, seconds=10):
    """Wait until something holds: what a page asks for arrives when it arrives."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.mark.parametrize("language", ["en", "zh-Hant"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_gallery_has_no_barrier_and_breaks_no_policy(site, tab, language, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(f"{site[0]}/gallery/{language}/{theme}")
    tab.evaluate("document.querySelectorAll('details:not(.menu)').forEach((item) => { item.open = true; })")
    found = Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
    assert len(found.response["passes"]) > 40
    assert complaints(tab) == []


def test_no_width_scrolls_sideways(site, tab):
    tab.goto(f"{site[0]}/gallery/en/light")
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, width


def test_one_of_the_two_pictures_and_one_navigation_shows(site, tab):
    tab.goto(f"{site[0]}/gallery/en/light")
    for width, lying in ((390, False), (1280, True)):
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.locator("#main .tracks-wide").first.is_visible() is lying
        assert tab.locator("#main .tracks-upright").first.is_visible() is not lying
        assert tab.locator(".sidebar").is_visible() is lying
        assert tab.locator(".sections > summary").is_visible() is not lying


def test_the_keyboard_reaches_the_content_first(site, tab):
    tab.goto(f"{site[0]}/gallery/en/light")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    assert tab.evaluate("location.hash") == "#main"


def test_everything_works_without_script(browser, site):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{site[0]}/page?n=0")
    tab.click("#more")
    assert tab.inner_text("h1") == "Page 1"
    tab.fill("#word", "good")
    tab.click("text=Send")
    assert tab.inner_text("h1") == "Page 2"
    context.close()


def test_a_link_swaps_the_fragment_and_keeps_the_focus(site, tab):
    tab.goto(f"{site[0]}/page?n=0")
    tab.evaluate("window.kept = true")
    tab.focus("#more")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("h1:text-is('Page 1')")
    assert tab.evaluate("window.kept") is True
    assert tab.evaluate("document.activeElement.id") == "more"
    assert tab.evaluate("location.search") == "?n=1"
    wait_for(lambda: tab.evaluate("document.getElementById('announce').textContent.startsWith('Page 1')"))
    tab.go_back()
    tab.wait_for_selector("h1:text-is('Page 0')")
    assert complaints(tab) == []


def test_a_refused_form_is_shown_in_its_place_and_said(site, tab):
    tab.goto(f"{site[0]}/page?n=0")
    tab.evaluate("window.kept = true")
    tab.fill("#word", "bad")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#word-error")
    assert tab.input_value("#word") == "bad"
    assert tab.evaluate("document.activeElement.id") == "word"
    wait_for(lambda: tab.evaluate("document.getElementById('announce').textContent === 'Write good.'"))
    tab.fill("#word", "good")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("h1:text-is('Page 2')")
    assert tab.evaluate("window.kept") is True


def test_a_live_part_is_read_again_when_its_stream_speaks(site, tab):
    tab.goto(f"{site[0]}/page?n=0")
    wait_for(lambda: tab.evaluate("document.getElementById('clock').textContent === 'at 99'"))
    assert tab.inner_text("h1") == "Page 0"


def test_the_theme_changes_at_once_and_is_sent(site, tab):
    tab.goto(f"{site[0]}/page?n=0")
    before = tab.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    tab.click("[data-theme-form] >> xpath=../summary")
    tab.click("[data-theme-form] button[value=dark]")
    assert tab.evaluate("document.documentElement.className") == "theme-dark"
    assert tab.evaluate("getComputedStyle(document.documentElement).backgroundColor") != before
    assert tab.get_attribute("[data-theme-form] button[value=dark]", "aria-pressed") == "true"
    wait_for(lambda: any(path == "/theme" and "theme=dark" in text for path, text in site[1]))
    tab.keyboard.press("Escape")
    assert tab.locator("details.menu[open]").count() == 0
    assert tab.evaluate("document.activeElement.localName") == "summary"


def test_reduced_motion_moves_nothing(site, tab):
    tab.emulate_media(reduced_motion="reduce")
    tab.goto(f"{site[0]}/gallery/en/light")
    assert tab.evaluate("getComputedStyle(document.querySelector('.button')).transitionDuration") == "0s"


def test_paper_shows_content_only_and_is_light(site, tab):
    tab.emulate_media(media="print", color_scheme="dark")
    tab.goto(f"{site[0]}/gallery/en/dark")
    assert not tab.locator(".sidebar").is_visible()
    assert not tab.locator(".tools").is_visible()
    assert tab.locator(".foot").is_visible()
    assert tab.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
