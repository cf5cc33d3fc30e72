"""What the shared macros are given: the shell around a page, and the rows, columns and badges in it.

Plain values in the page's language, so that a view can be tested without a page. Every text is escaped when it is shown.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import Mode, Outcome, Verdict
from dualtrack.present.words import OUTCOME_WORDS, VERDICT_WORDS
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

    from dualtrack.web.views.rendering import Language

__all__ = [
    "MODE_LABELS",
    "Account",
    "Badge",
    "Choice",
    "Column",
    "Crumb",
    "Fact",
    "Flash",
    "Link",
    "NavGroup",
    "PageLink",
    "Pages",
    "ProviderStep",
    "Shell",
    "Stat",
    "Step",
    "Tone",
    "mode_badge",
    "outcome_badge",
    "pages",
    "verdict_badge",
]

Tone = Literal["good", "amber", "bad", "low", "note"]
"""Five tones, each with a shape of its own: a colour never says a thing alone."""

MODE_LABELS: dict[str, Text] = {
    Mode.LIVE.value: Text(en="Live", zh="正式使用"),
    Mode.TRIAL.value: Text(en="Trial", zh="試行"),
    Mode.SHADOW.value: Text(en="Shadow", zh="影子運行"),
    "observe": Text(en="Observe", zh="觀察"),
    "drill": Text(en="Drill", zh="演練"),
    "hold": Text(en="On hold", zh="已暫停"),
    "none": Text(en="No permit", zh="沒有准許"),
}
"""Short names of what a use may do now: the three modes, and what stands where there is no permit. A drill reaches nobody."""

_MODE_TONES: dict[str, Tone] = {"live": "good", "trial": "low", "shadow": "low", "observe": "amber", "hold": "bad"}
_VERDICT_TONES: dict[Verdict, Tone] = {
    Verdict.PERMITTED: "good",
    Verdict.PERMITTED_WITH_CONDITIONS: "amber",
    Verdict.TRIAL: "low",
    Verdict.SHADOW: "low",
    Verdict.REFUSED: "bad",
}
_OUTCOME_TONES: dict[Outcome, Tone] = {Outcome.MET: "good", Outcome.NOT_MET: "bad", Outcome.WAIVED: "low"}

_WINDOW = 2
"""Page numbers shown on each side of the one that is open."""


class Badge(NamedTuple):
    """A state in a word or two. `strong` fills it: for observe and hold, which nobody may overlook."""

    tone: Tone
    label: str
    strong: bool = False


class Link(NamedTuple):
    """A place to go: in the navigation, among tabs, or a language. `n` is a count beside it."""

    href: str
    label: str
    current: bool = False
    n: int | None = None


class NavGroup(NamedTuple):
    """Links of the navigation under one heading; an empty heading shows none."""

    label: str
    links: tuple[Link, ...]


class Crumb(NamedTuple):
    """A step of the way to this page; the last has no address."""

    label: str
    href: str = ""


class Choice(NamedTuple):
    """One option of a select, a radio group or the institution switcher."""

    value: str
    label: str
    chosen: bool = False
    hint: str = ""


class Flash(NamedTuple):
    """A message about what was just done. `detail` says what to do next."""

    tone: Tone
    text: str
    detail: str = ""


class Account(NamedTuple):
    """Who is signed in, and what the account menu offers."""

    name: str
    role: str
    links: tuple[Link, ...]
    sign_out: str


class ProviderStep(NamedTuple):
    """How somebody without a password here shows anew who they are: where to go, and until when the last time counts."""

    href: str
    until: str = ""


class Shell(NamedTuple):
    """All that surrounds a page: `nav` empty and `account` None on pages for customers and at the door.

    `here` is this page's own path, which the switches return to; `token` is the form token of the session; `seen` is the
    ledger's size before the page was read, from which on its event stream tells of more. `provider` stands where forms ask for no password.
    """

    here: str
    language_url: str
    theme_url: str
    token: str = ""
    home: str = "/"
    nav: tuple[NavGroup, ...] = ()
    institutions: tuple[Choice, ...] = ()
    institution_url: str = ""
    account: Account | None = None
    trail: tuple[Crumb, ...] = ()
    flashes: tuple[Flash, ...] = ()
    demo: bool = False
    seen: int | None = None
    provider: ProviderStep | None = None


class Column(NamedTuple):
    """A table's column. `href` sorts by it; `sorted` is how it is sorted now, in ARIA's words."""

    label: str
    numeric: bool = False
    href: str = ""
    sorted: Literal["", "ascending", "descending"] = ""


class Fact(NamedTuple):
    """A term and what it is, in a definition list. `code` sets it in a fixed-width face."""

    term: str
    value: str | Markup
    code: bool = False


class Stat(NamedTuple):
    """A number with what makes it one: n, an interval where it is an estimate, and the method."""

    label: str
    value: str
    n: str = ""
    interval: str = ""
    method: str = ""
    href: str = ""
    tone: Tone | None = None


class Step(NamedTuple):
    """One entry of a timeline: when (as a machine and as a person reads it), what, who, and where it is in the log."""

    iso: str
    when: str
    title: str
    by: str = ""
    text: str = ""
    entry: str = ""
    href: str = ""
    tone: Tone = "note"


class PageLink(NamedTuple):
    """One place of the pagination; an empty `href` is a gap or the page that is open."""

    label: str
    href: str = ""
    current: bool = False


class Pages(NamedTuple):
    """Where a list is open: the rows shown, of how many, and the links to the rest."""

    first: int
    last: int
    total: int
    links: tuple[PageLink, ...]
    before: str = ""
    after: str = ""


def pages(number: int, size: int, total: int, address: Callable[[int], str]) -> Pages:
    """Return the pagination of `total` rows, `size` to a page; a number outside the pages is the nearest one."""
    count = max(1, math.ceil(total / max(1, size)))
    number = min(max(1, number), count)
    near = range(max(1, number - _WINDOW), min(count, number + _WINDOW) + 1)
    shown = sorted({1, *near, count})
    links: list[PageLink] = []
    for before, page in zip([0, *shown], shown, strict=False):
        if page - before > 1:
            links.append(PageLink("…"))
        links.append(PageLink(str(page), "" if page == number else address(page), page == number))
    return Pages(
        first=min(total, (number - 1) * size + 1),
        last=min(total, number * size),
        total=total,
        links=tuple(links),
        before=address(number - 1) if number > 1 else "",
        after=address(number + 1) if number < count else "",
    )


def verdict_badge(verdict: Verdict, language: Language) -> Badge:
    """Return a verdict as a badge."""
    return Badge(_VERDICT_TONES.get(verdict, "note"), _capital(VERDICT_WORDS[verdict], language))


def outcome_badge(outcome: Outcome, language: Language) -> Badge:
    """Return a rule's outcome as a badge."""
    return Badge(_OUTCOME_TONES.get(outcome, "note"), _capital(OUTCOME_WORDS[outcome], language))


def mode_badge(mode: str, language: Language) -> Badge:
    """Return what a use may do now (a mode, `observe`, `hold` or `none`); observe and hold are filled."""
    return Badge(_MODE_TONES.get(mode, "note"), both(MODE_LABELS[mode], language), mode in {"observe", "hold"})


def _capital(text: Text, language: Language) -> str:
    word = both(text, language)
    return word[:1].upper() + word[1:]
