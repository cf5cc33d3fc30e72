"""Pages in the reader's language: Jinja2 with escaping always on, undefined names refused, words from gettext catalogues.

A page is one language with the other a click away. Its own words are marked `_()` in the templates and translated by
`web/locale`; texts of the domain come as `Text` and are chosen by `both`.
"""

from __future__ import annotations

import gettext
import re
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dualtrack.domain.time import HONG_KONG
from dualtrack.present.charts import plain_interval, plain_number
from dualtrack.present.text import date_text
from dualtrack.web.app_pages import app_templates
from dualtrack.web.assets import static_files

if TYPE_CHECKING:
    from datetime import date, datetime

    from dualtrack.domain.records import Text

__all__ = ["Language", "Renderer", "Theme", "both", "quoted", "translations"]


class Language(StrEnum):
    """The two languages of every page, as their tags."""

    EN = "en"
    ZH = "zh-Hant"

    @property
    def tag(self) -> str:
        """Return what `lang` says: the language as Hong Kong writes it."""
        return f"{self.value}-HK"

    @property
    def other(self) -> Language:
        """Return the language that the switch leads to."""
        return Language.ZH if self is Language.EN else Language.EN


class Theme(StrEnum):
    """Light, dark, or what the reader's system asks for."""

    AUTO = "auto"
    LIGHT = "light"
    DARK = "dark"


def both(text: Text, language: Language) -> str:
    """Return the side of a text that this language reads."""
    return text.en if language is Language.EN else text.zh


_LATIN_WORD = re.compile(r"[A-Za-z]{2}")
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


def quoted(text: object, language: Language) -> str:
    """Return a text that is given in one language only, marked where that is not the page's (WCAG 2.2, 3.1.2).

    For what people typed, for names and for quotations; the page's own words have both languages.
    """
    if isinstance(text, Markup):
        return text
    plain = str(text)
    chinese = _HAN.search(plain) is not None
    if language is Language.ZH and not chinese and _LATIN_WORD.search(plain):
        return Markup('<span lang="en">{}</span>').format(plain)
    if language is Language.EN and chinese:
        return Markup('<span lang="zh-Hant-HK">{}</span>').format(plain)
    return plain


@cache
def translations(language: Language) -> gettext.NullTranslations:
    """Return the catalogue of the page's own words; English is what the templates say."""
    if language is Language.EN:
        return gettext.NullTranslations()
    folder = files("dualtrack.web").joinpath("locale", "zh_Hant", "LC_MESSAGES")
    with folder.joinpath("console.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


class _Words(NamedTuple):
    """How one language writes texts, dates and numbers: what templates call by these names."""

    language: Language

    def both(self, text: Text) -> str:
        return both(text, self.language)

    def quoted(self, text: object) -> str:
        return quoted(text, self.language)

    def day(self, value: date) -> str:
        return both(date_text(value), self.language)

    def moment(self, value: datetime) -> str:
        local = value.astimezone(HONG_KONG)
        return f"{self.day(local.date())} {local:%H:%M} HKT"


def _count(value: int) -> str:
    return f"{value:,}"


class Renderer:
    """Turns templates and what views give them into pages.

    `extra` are loaders of more templates, looked through after the console's and the applications'.
    """

    def __init__(self, *, static_base: str = "/static", extra: tuple[BaseLoader, ...] = ()) -> None:
        self._loader = ChoiceLoader([PackageLoader("dualtrack.web", "templates"), app_templates(), *extra])
        self._static = static_files(static_base)
        self._environments = {language: self._environment(language) for language in Language}

    def render(self, template: str, language: Language, theme: Theme, **context: object) -> str:
        """Return the page; the same context gives the same text."""
        page = self._environments[language].get_template(template)
        return page.render(theme=theme, **context)

    def environment(self, language: Language) -> Environment:
        """Return one language's environment, for tools that read templates."""
        return self._environments[language]

    def _environment(self, language: Language) -> Environment:
        made = Environment(
            loader=self._loader,
            autoescape=True,  # always, whatever the file is called
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            extensions=["jinja2.ext.i18n"],
        )
        catalogue, words = translations(language), _Words(language)
        made.install_gettext_callables(  # type: ignore[attr-defined]  # the i18n extension adds it
            catalogue.gettext, catalogue.ngettext, newstyle=True
        )
        made.globals.update(
            language=language,
            languages=Language,
            themes=Theme,
            both=words.both,
            static=self._static.url,
        )
        made.filters.update(
            both=words.both,
            quoted=words.quoted,
            day=words.day,
            moment=words.moment,
            count=_count,
            number=plain_number,
            interval=lambda value: plain_interval(*value),
        )
        return made
