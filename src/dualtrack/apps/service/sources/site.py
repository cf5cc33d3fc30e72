"""A saved site: `sitemap.xml` says which pages there are, and each is an HTML file where its address says.

`https://bank.example/en/fees` is `en/fees.html`, and an address that ends in a slash is `index.html` in its folder. Languages are paired by
the sitemap's own `xhtml:link` with `hreflang`, else by the part `en` of an address against `zh`, `tc`, `zh-hk` or `zh-hant`.
A page alone has both languages in it, the Chinese under a heading 中文.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from dualtrack.apps.refusals import refused
from dualtrack.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PAGES_MAX", "SITEMAP_NAME", "SitePage", "site_pages"]

SITEMAP_NAME = "sitemap.xml"

PAGES_MAX = 2_000
"""Pages of a sitemap: a passage each would fill a corpus."""

_ENGLISH = frozenset({"en", "en-hk", "en-gb", "eng"})
_CHINESE = frozenset({"zh", "tc", "zh-hk", "zh-hant", "zh-hant-hk", "zh-tw", "zht", "chi"})
_DOCTYPE = re.compile(rb"<!\s*(?:doctype|entity)", re.IGNORECASE)


class SitePage(NamedTuple):
    """A page, its partner in Chinese if that is another file, its name for ids, and its address."""

    english: str
    chinese: str | None
    stem: str
    address: str


class _Entry(NamedTuple):
    file: str
    address: str
    links: Mapping[str, str]


def site_pages(files: Mapping[str, bytes]) -> list[SitePage]:
    """Return the pages that a sitemap lists; raises DocumentError for one that is not there, or a map that cannot be read."""
    entries = _entries(files)
    by_file = {entry.file: entry for entry in entries}
    pages: list[SitePage] = []
    partners: set[str] = set()
    for entry in entries:
        language = _language(entry)
        if language == "zh":
            continue
        partner = _partner(entry, by_file)
        if language == "en" and partner is None:
            raise refused(
                "a page in English without one in Chinese",
                f"{SITEMAP_NAME}, {entry.address}",
                fix="list both with xhtml:link hreflang, or under /en/ and /zh/",
                code="languages",
            )
        partners |= {partner} if partner else set()
        pages.append(SitePage(entry.file, partner, _stem(entry.file), entry.address))
    alone = [entry for entry in entries if _language(entry) == "zh" and entry.file not in partners]
    if alone:
        raise refused(
            "a page in Chinese without one in English",
            f"{SITEMAP_NAME}, {alone[0].address}",
            fix="list both with xhtml:link hreflang, or under /en/ and /zh/",
            code="languages",
        )
    return pages


def _entries(files: Mapping[str, bytes]) -> list[_Entry]:
    root = _parsed(files[SITEMAP_NAME])
    if _name(root) == "sitemapindex":
        raise refused("a list of sitemaps", SITEMAP_NAME, fix="put one sitemap with the pages there", code="broken")
    found: dict[str, _Entry] = {}
    for url in root:
        if _name(url) != "url":
            continue
        address = next(((child.text or "").strip() for child in url if _name(child) == "loc"), "")
        links = {
            str(child.get("hreflang")).casefold(): str(child.get("href"))
            for child in url
            if _name(child) == "link" and child.get("hreflang") and child.get("href")
        }
        file = _file_of(address, files)
        found[file] = _Entry(
            file, address, {name: _file_of(link, files) for name, link in links.items() if name != "x-default"}
        )
    if not 0 < len(found) <= PAGES_MAX:
        raise refused(
            f"{len(found):,} pages", SITEMAP_NAME, expected=f"1 to {PAGES_MAX:,}", fix="list the pages", code="too-much"
        )
    return list(found.values())


def _parsed(data: bytes) -> Any:  # noqa: ANN401 - an element of lxml
    try:
        from lxml import etree  # noqa: PLC0415 - an optional part
    except ImportError as error:
        raise MissingExtraError("service", "reading a saved site") from error
    if _DOCTYPE.search(data.replace(b"\x00", b"")):
        raise refused("it declares entities", SITEMAP_NAME, fix="take the DOCTYPE out", code="entities")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise refused(
            f"no XML: {str(error)[:120]}", SITEMAP_NAME, fix="save the sitemap again", code="broken"
        ) from error


def _name(element: Any) -> str:  # noqa: ANN401 - as above
    return str(element.tag).rpartition("}")[2]


def _file_of(address: str, files: Mapping[str, bytes]) -> str:
    """Return the file of an address; raises DocumentError where it is not in the folder."""
    path = unquote(urlsplit(address).path).lstrip("/")
    if not path or path.endswith("/"):
        tried = [f"{path}index.html"]
    elif path.endswith((".html", ".htm")):
        tried = [path]
    else:
        tried = [f"{path}.html", f"{path}/index.html"]
    for name in tried:
        if name in files:
            return name
    raise refused(
        "a page that is not in the folder",
        f"{SITEMAP_NAME}, {address[:200]}",
        expected=" or ".join(tried),
        fix="save the page there, or take it out of the sitemap",
        code="page-missing",
    )


def _language(entry: _Entry) -> str:
    """Return en or zh as the sitemap's links or the address say; nothing for a page that has both."""
    for name, file in entry.links.items():
        if file == entry.file:
            return "en" if name in _ENGLISH else "zh" if name in _CHINESE else ""
    parts = _parts(entry.file)
    return "en" if parts & _ENGLISH else "zh" if parts & _CHINESE else ""


def _partner(entry: _Entry, by_file: Mapping[str, _Entry]) -> str | None:
    for name, file in entry.links.items():
        if name in _CHINESE and file != entry.file and file in by_file:
            return file
    same = _stem(entry.file)
    return next((file for file in by_file if _parts(file) & _CHINESE and _stem(file) == same), None)


def _parts(file: str) -> set[str]:
    return {part.casefold() for part in re.split(r"[/.]", file)}


def _stem(file: str) -> str:
    """Return the name of a page without its language and ending."""
    parts = [
        part
        for part in re.split(r"[/.]", file)
        if part.casefold() not in _ENGLISH | _CHINESE | {"html", "htm", "index"}
    ]
    return "-".join(parts)
