"""What a page must be, whatever it shows: self-contained, well nested, named ids, links that lead somewhere."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "br", "link", "col", "rect", "line", "path", "img", "hr", "input"}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.text_of, self.ids, self.targets, self.tags, self.bad = [], [], [], [], []
        self.stack = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.tags.append((tag, named))
        if "id" in named:
            self.ids.append(named["id"])
        if (named.get("href") or "").startswith("#"):
            self.targets.append(named["href"][1:])
        if tag in {"script", "iframe", "object", "embed", "link"} or "src" in named:
            self.bad.append((tag, named))
        self.bad += [(tag, name) for name in named if name.startswith("on")]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        found = self.stack.pop() if self.stack else None
        if found != tag:
            self.bad.append((tag, f"closes {found}"))

    def handle_data(self, data):
        if not self.stack or self.stack[-1] != "style":
            self.text_of.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text_of).split())

    def outside(self, *, pages=()):
        """Addresses the page links to outside itself, other than those named."""
        links = [named.get("href", "") for tag, named in self.tags if tag == "a"]
        return [link for link in links if not link.startswith("#") and link.partition("#")[0] not in pages]


def sound(text):
    """Check what holds for every page and return it parsed."""
    page = Page(text)
    assert page.bad == []
    assert page.stack == []
    assert len(page.ids) == len(set(page.ids)), [name for name in page.ids if page.ids.count(name) > 1]
    assert set(page.targets) <= set(page.ids)
    assert "default-src 'none'" in text
    assert all("scope" in named for tag, named in page.tags if tag == "th")
    images = [named for tag, named in page.tags if tag == "svg"]
    assert all(named["role"] == "img" for named in images)
    named_by = [name for image in images for name in image["aria-labelledby"].split()]
    assert set(named_by) <= set(page.ids)
    assert {"en", "zh-Hant-HK"} <= {named.get("lang") for _, named in page.tags}
    return page
