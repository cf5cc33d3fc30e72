"""Take pictures of the console's pages on a demo workspace: every page is rendered by its own function, without the doors.

    python scripts/console_pictures.py OUT_DIR --workspace DIR --institution ID [--language zh-Hant] [--theme dark] /uses /ledger ...

Paths may carry a query. Needs playwright and Debian's Chromium. Makes the demo workspace where DIR does not exist.
"""

from __future__ import annotations

import argparse
import re
import shutil
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from console_gallery import QUIET

from dualtrack.demo.run import run_demo
from dualtrack.runtime.engine import Runtime
from dualtrack.store.workspace import Workspace
from dualtrack.web.assets import CONTENT_SECURITY_POLICY, static_files
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.identity.who import Identity
from dualtrack.web.navigation import navigation
from dualtrack.web.pages.base import Page, PageRequest, View
from dualtrack.web.pages.registry import all_pages
from dualtrack.web.parts import Account, Choice, Shell
from dualtrack.web.views.rendering import Language, Renderer, Theme

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTHS = (390, 1280)


def match(pages: tuple[Page, ...], path: str) -> tuple[Page, dict[str, str]]:
    """Return the GET page of a path, one without names first, with what its names stand for."""
    for page in sorted(pages, key=lambda item: item.path.count("{")):
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(page.path))
        found = re.fullmatch(pattern, path)
        if page.method == "GET" and found:
            return page, found.groupdict()
    raise SystemExit(f"no page {path}")


class Handler(BaseHTTPRequestHandler):
    """Sends pages and static files with the console's policy; one person with every role looks."""

    runtime: ClassVar[Runtime]
    identity: ClassVar[Identity]
    language: ClassVar[Language]
    theme: ClassVar[Theme]
    renderer = Renderer()

    def do_GET(self) -> None:
        """Answer one request."""
        parts = urlsplit(self.path)
        file = static_files().find(parts.path.rpartition("/")[2]) if parts.path.startswith("/static/") else None
        if file is not None:
            self._send(200, file.media_type, file.body)
        elif parts.path == "/favicon.ico":
            self._send(404, "text/plain", b"")
        elif parts.path.startswith("/live/"):
            self._send(200, "text/event-stream", QUIET)
        else:
            page, names = match(all_pages(), parts.path)
            view = page.show(self._request(page, names, dict(parse_qsl(parts.query))))
            assert isinstance(view, View), f"{parts.path} is no page"
            self._send(view.status, "text/html; charset=utf-8", self._render(page, view, parts.path).encode())

    def _request(self, page: Page, names: dict[str, str], query: dict[str, str]) -> PageRequest:
        identity = self.identity if page.verb is not None else None
        given: dict[str, Any] = {"path": names, "query": query, "form": {}, "source": "127.0.0.1", "services": {}}
        extra = {name: {} for name in PageRequest._fields if name in {"lists", "files"}}
        return PageRequest(self.runtime, identity, self.language.value, unlock=_locked, **given, **extra)

    def _render(self, page: Page, view: View, path: str) -> str:
        given = dict(view.context)
        mounted = {item.path for item in all_pages()}
        signed_in = page.verb is not None
        shell = Shell(
            here=path,
            language_url="?lang=other",
            theme_url="/appearance",
            token="none",  # noqa: S106 - opens nothing
            nav=navigation(self.identity, self.language, path, mounted) if signed_in else (),
            institutions=(Choice(self.identity.institution, self.identity.institution, chosen=True),)
            if signed_in
            else (),
            account=Account(self.identity.name, "all roles", (), "/sign-out") if signed_in else None,
            trail=given.pop("trail", ()),
            demo=self.runtime.store.workspace.demo,
        )
        return self.renderer.render(
            view.template, self.language, self.theme, **{"shell": shell, "title": view.title, **given}
        )

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Stay silent: requests are no news here."""


def _locked(_password: str) -> object:
    raise SystemExit("pictures sign nothing")


def take(out: Path, base: str, paths: list[str], name: str) -> Iterator[str]:
    """Take each page at each width; yield what the browser complained of."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - heavy

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for path in paths:
            for width in WIDTHS:
                page = browser.new_page(viewport={"width": width, "height": 900})
                page.on("console", lambda message: print("console:", message.text))
                page.goto(base + path)
                label = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")[:60] or "home"
                page.screenshot(path=str(out / f"{label}-{name}-{width}.png"), full_page=True)
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    yield f"{path} is wider than {width}"
                page.close()
        browser.close()


def main() -> None:
    """Render, photograph, and say what does not fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--institution", required=True)
    parser.add_argument("--language", default="en", choices=[item.value for item in Language])
    parser.add_argument("--theme", default="light", choices=[item.value for item in Theme])
    parser.add_argument("--role", action="append", choices=[item.value for item in ConsoleRole], help="else every role")
    args = parser.parse_args()
    roles = frozenset(ConsoleRole(name) for name in args.role or list(ConsoleRole))
    if not args.workspace.exists():
        run_demo(args.workspace, lambda: datetime.now(UTC), print)
    args.out.mkdir(parents=True, exist_ok=True)
    with Runtime.open(Workspace.open(args.workspace)) as runtime:
        Handler.runtime, Handler.language, Handler.theme = runtime, Language(args.language), Theme(args.theme)
        Handler.identity = Identity(
            name="ann", institution=args.institution, roles=roles, means="session", holder="ann"
        )
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for problem in take(args.out, f"http://127.0.0.1:{server.server_port}", args.paths, args.language):
            print(problem)
        server.shutdown()


if __name__ == "__main__":
    main()
