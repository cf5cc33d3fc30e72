"""Templates: nothing inline, everything escaped, every word in both languages, and catalogues that are what they say."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from design_pages import WEB, script, templates
from jinja2 import DictLoader, UndefinedError

from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import Outcome, Verdict
from dualtrack.web import parts
from dualtrack.web.views.rendering import Language, Renderer, Theme, both, translations

HOSTILE = "<script>alert(1)</script>\"'&"
LOCALE = WEB / "locale" / "zh_Hant" / "LC_MESSAGES"


def test_templates_hold_nothing_inline():
    for name, text in templates().items():
        assert not re.search(r"\sstyle\s*=|<style|\son[a-z]+\s*=\s*[\"']|javascript:", text), name
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), name
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text), name


def test_safe_is_said_only_of_our_own_shapes():
    said = {name: text.count("| safe") for name, text in templates().items() if "| safe" in text}
    assert said == {"macros/story.html.j2": 1, "macros/forms.html.j2": 1}


def messages():
    """Return what templates mark for translation: message, or both forms of a plural with a NUL between."""
    environment = Renderer().environment(Language.EN)
    found = {}
    for name, text in templates().items():
        for _, _, message in environment.extract_translations(text):
            forms = [message] if isinstance(message, str) else [part for part in message if part]
            found["\0".join(forms)] = name
    return found


def test_every_word_of_a_template_has_a_translation():
    catalogue = script("compile_locale").read_folder(LOCALE)
    assert [f"{name}: {message}" for message, name in messages().items() if message not in catalogue] == []
    assert len(messages()) > 30


def test_translations_keep_their_places():
    for message, text in script("compile_locale").read_folder(LOCALE).items():
        if message:
            assert set(re.findall(r"%\(\w+\)s", message)) == set(re.findall(r"%\(\w+\)s", text)), message


def test_the_compiled_catalogue_is_what_the_texts_say():
    tool = script("compile_locale")
    assert (LOCALE / "console.mo").read_bytes() == tool.compile_mo(tool.read_folder(LOCALE))
    assert translations(Language.ZH).gettext("Skip to content") == "跳至內容"
    assert translations(Language.EN).gettext("Skip to content") == "Skip to content"


def test_a_catalogue_with_plurals_can_be_read(tmp_path):
    import gettext

    tool = script("compile_locale")
    text = (
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
        'msgid "%(n)s use"\nmsgid_plural "%(n)s uses"\nmsgstr[0] "%(n)s項用途"\n'
    )
    target = tmp_path / "t.mo"
    target.write_bytes(tool.compile_mo(tool.read_po(text, "t.po")))
    with target.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    assert catalogue.ngettext("%(n)s use", "%(n)s uses", 2) == "%(n)s項用途"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('msgid "a"\nmsgstr ""\n', "no translation"),
        ('#, fuzzy\nmsgid "a"\nmsgstr "b"\n', "fuzzy"),
        ('msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n', "differently"),
        ('msgid "a"\nwords "b"\n', "expected one of"),
    ],
)
def test_a_catalogue_that_says_too_little_is_refused(text, said):
    with pytest.raises(SystemExit, match=said):
        script("compile_locale").read_po(text, "t.po")


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("theme", list(Theme))
def test_the_gallery_renders_in_its_language_and_theme(language, theme):
    page = Renderer().render("gallery.html.j2", language, theme, **script("gallery_data").gallery(language))
    assert f'<html lang="{language.tag}" class="theme-{theme.value}">' in page
    assert f'hreflang="{language.other.tag}"' in page
    assert "internal authorisation" in page or "內部授權" in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert sorted(ids) == sorted(set(ids))
    assert set(re.findall(r'(?:for|aria-labelledby)="([^" ]+)', page)) <= set(ids)


def test_a_chinese_page_has_no_english_words_of_its_own():
    page = Renderer().render("gallery.html.j2", Language.ZH, Theme.AUTO, **script("gallery_data").gallery(Language.ZH))
    visible = re.sub(r"<[^>]+>", "\n", page)
    for message in messages():
        assert not re.search(rf"(?m)^\s*{re.escape(message.replace('%%', '%'))}\s*$", visible), message


PLAIN = """{% extends "plain.html.j2" %}{% import "macros/data.html.j2" as d with context %}
{% import "macros/forms.html.j2" as f with context %}{% import "macros/story.html.j2" as s with context %}
{% block title %}{{ x }}{% endblock %}{% block heading %}{{ x }}{% endblock %}
{% block main %}{{ d.alert("bad", x, x) }}{{ d.empty(x, x, x, "#") }}{{ f.field("n", x, value=x, hint=x, error=x) }}
{{ f.choices("c", x, [choice], error=x) }}{{ s.code(x, x) }}{{ s.diff([("+", x)], x) }}{{ s.quote(x, x) }}
{{ d.table(x, [column], [(x,)]) }}{{ text | both }} {{ when | day }} {{ at | moment }} {{ 1234567 | count }}{% endblock %}
"""


def plain(language, **changed):
    """Render the page for people who are not signed in, every text of it hostile."""
    given = {
        "x": HOSTILE,
        "choice": parts.Choice(HOSTILE, HOSTILE, hint=HOSTILE),
        "column": parts.Column(HOSTILE),
        "text": Text(en="Hello", zh="你好"),
        "when": date(2026, 11, 23),
        "at": datetime(2026, 11, 23, 18, 5, tzinfo=UTC),
        "shell": parts.Shell("/r", "/l", "/t", flashes=(parts.Flash("bad", HOSTILE, HOSTILE),)),
    } | changed
    return Renderer(extra=(DictLoader({"p.j2": PLAIN}),)).render("p.j2", language, Theme.AUTO, **given)


def test_every_text_is_escaped():
    page = plain(Language.EN)
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;") > 15
    assert "<nav" not in page


def test_texts_dates_and_numbers_are_in_the_pages_language():
    assert "Hello 23 November 2026 24 November 2026 02:05 HKT 1,234,567" in plain(Language.EN)
    assert "你好 2026年11月23日 2026年11月24日 02:05 HKT 1,234,567" in plain(Language.ZH)
    assert both(Text(en="a", zh="b"), Language.ZH) == "b"


def test_a_name_that_a_view_forgot_is_an_error():
    with pytest.raises(UndefinedError):
        Renderer(extra=(DictLoader({"p.j2": "{{ absent }}"}),)).render("p.j2", Language.EN, Theme.AUTO)


def test_pagination_shows_where_a_list_is_open():
    shown = parts.pages(5, 10, 95, lambda number: f"?p={number}")
    assert [link.label for link in shown.links] == ["1", "…", "3", "4", "5", "6", "7", "…", "10"]
    assert (shown.first, shown.last, shown.total) == (41, 50, 95)
    assert (shown.before, shown.after) == ("?p=4", "?p=6")
    only = parts.pages(9, 10, 0, str)
    assert (only.first, only.last, only.before, only.after, len(only.links)) == (0, 0, "", "", 1)


@pytest.mark.parametrize("language", list(Language))
def test_every_state_has_a_badge(language):
    for verdict in Verdict:
        assert parts.verdict_badge(verdict, language).label
    assert parts.verdict_badge(Verdict.REFUSED, language).tone == "bad"
    assert {parts.outcome_badge(outcome, language).tone for outcome in Outcome} == {"good", "bad", "note", "low"}
    assert parts.outcome_badge(Outcome.NO_EVIDENCE, language).tone == "note"
    assert [mode for mode in parts.MODE_LABELS if parts.mode_badge(mode, language).strong] == ["observe", "hold"]
