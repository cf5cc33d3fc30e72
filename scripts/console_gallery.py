"""Render the console's gallery in both languages and themes, take its pictures, and check it for access and for the page policy.

    python scripts/console_gallery.py OUT_DIR [--width 390 --width 1280]

Needs playwright and Debian's Chromium. A small server on this machine sends the page with the console's real headers.
"""

from __future__ import annotations

import argparse
import shutil
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gallery_data import gallery

from dualtrack.web.assets import CONTENT_SECURITY_POLICY, static_files
from dualtrack.web.views.rendering import Language, Renderer, Theme

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTHS = (390, 1280)

QUIET = b"retry: 600000\n\n"
"""An event stream that says nothing: pages listen, and nothing is recorded here."""


class Handler(BaseHTTPRequestHandler):
    """Sends `/gallery/LANGUAGE/THEME` and the static files, with the console's headers."""

    renderer = Renderer()

    def do_GET(self) -> None:
        """Answer one request."""
        parts = urlsplit(self.path).path.strip("/").split("/")
        file = static_files().find(parts[-1]) if parts[0] == "static" else None
        if file is not None:
            self._send(200, file.media_type, file.body)
        elif parts[0] == "gallery" and len(parts) == 3:
            language = Language(parts[1])
            page = self.renderer.render("gallery.html.j2", language, Theme(parts[2]), **gallery(language))
            self._send(200, "text/html; charset=utf-8", page.encode())
        elif parts[0] == "live":
            self._send(200, "text/event-stream", QUIET)
        else:
            self._send(404, "text/plain", b"not here")

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """Stay silent: requests are no news here."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler] = Handler) -> Iterator[str]:
    """Run the server on a free port for the time of the block; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Take all pictures and print what is wrong with any page."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415  # only pictures need a browser
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # as above

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, action="append")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with serving() as address, sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for width, language, theme in product(asked.width or WIDTHS, Language, (Theme.LIGHT, Theme.DARK)):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.on("console", lambda message: print(f"  console: {message.text}"))
            page.goto(f"{address}/gallery/{language.value}/{theme.value}")
            name = f"{language.value}-{theme.value}-{width}"
            page.screenshot(path=asked.out / f"{name}.png", full_page=True)
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            found = Axe().run(page)
            print(f"{name}: {found.violations_count} violations, {wider} px too wide")
            if found.violations_count:
                print(found.generate_report())
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
