"""Colours that can be read in both themes, and static files whose address is their content."""

from __future__ import annotations

import re

import pytest
from design_pages import WEB

from dualtrack.errors import NotFoundError
from dualtrack.present import charts
from dualtrack.web.assets import CONTENT_SECURITY_POLICY, static_files

TOKENS = (WEB / "static" / "tokens.css").read_text()
CONSOLE = (WEB / "static" / "console.css").read_text()
ROLES = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS)
}
GROUNDS = ("page", "surface", "sunken")
TEXTS = ("ink", "soft", "accent", "benefit", "safety", "good", "bad", "amber", "low", "note")
ON_THEIR_WASH = ("good", "bad", "amber", "low", "note", "accent")
PAIRS = [
    *((text, ground) for text in TEXTS for ground in GROUNDS),
    *((text, f"{text}-wash") for text in ON_THEIR_WASH),
    *(("ink", f"{tone}-wash") for tone in ON_THEIR_WASH),
    ("on-accent", "accent"),
    ("on-strong", "amber"),
    ("on-strong", "bad"),
]


def luminance(colour):
    """Return the relative luminance of a colour (WCAG 2.2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Return the contrast ratio of two colours (WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_the_standard_says():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS, ids=lambda value: value)
def test_text_can_be_read(text, ground, theme):
    assert contrast(ROLES[text][theme], ROLES[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_edges_of_controls_can_be_seen(ground, theme):
    assert contrast(ROLES["edge"][theme], ROLES[ground][theme]) >= 3


def test_console_css_speaks_in_roles_only():
    used = set(re.findall(r"var\(--([\w-]+)\)", CONSOLE))
    defined = set(re.findall(r"--([\w-]+):", TOKENS + CONSOLE))
    assert used <= defined
    of_reports = {"#1b2426", "#4b5a5e", "#d3dbda", "#0b5b57", "#8f1d1d", "#ffffff"}
    assert set(re.findall(r"#[0-9a-f]{6}\b", CONSOLE)) == of_reports


def test_every_colour_of_the_reports_charts_has_a_role_here():
    drawn = charts.interval_plot(
        charts.IntervalPlot(
            "k", "t", "d", 1.0, 0.0, 2.0, (charts.Mark(0.5, "a", dashed=True), charts.Mark(0, "b", dashed=False))
        )
    ) + charts.counts_bar(
        "c", "t", tuple(charts.CountPart(name, 9, name) for name in ("solid", "striped", "dark", "open"))
    )
    for kind, colour in set(re.findall(r'(fill|stroke)="(#[0-9a-f]{6})"', drawn)):
        assert f'.chart [{kind}="{colour}"]' in CONSOLE


def test_an_address_carries_the_digest_and_only_the_current_one_is_served():
    files = static_files()
    url = files.url("console.css")
    assert re.fullmatch(r"/static/console\.[0-9a-f]{12}\.css", url)
    assert files.find(url.rsplit("/", 1)[1]).body.decode() == CONSOLE
    assert files.find("console.000000000000.css") is None
    ours = {"tokens.css", "console.css", "console.js", "mark.svg"}
    assert {file.name for file in files} - ours == {"research-desk.css", "service-chat.css", "service-chat.js"}
    with pytest.raises(NotFoundError, match=r"no static file 'other\.css'"):
        files.url("other.css")


def test_another_base_gives_other_addresses():
    assert static_files("/console/static/").url("mark.svg").startswith("/console/static/mark.")


def test_the_policy_allows_nothing_inline():
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'; ")


def test_the_script_stays_small_and_asks_nobody_else():
    lines = (WEB / "static" / "console.js").read_text()
    assert lines.count("\n") <= 300
    assert "http:" not in lines
    assert "https:" not in lines
    assert not re.search(r"\beval\(|innerHTML|document\.write|localStorage|document\.cookie", lines)
