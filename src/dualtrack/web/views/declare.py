"""A declaration as a form: its controls from a record, a record from its controls, and what is still unanswered."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain.answers import ANSWER_TYPES
from dualtrack.domain.questions import questions
from dualtrack.domain.records import Text
from dualtrack.domain.time import HONG_KONG, format_instant, parse_instant
from dualtrack.domain.vocabulary import Area, ComponentType, Destination, Sector, Track
from dualtrack.errors import DualtrackError, FieldError
from dualtrack.present.terms import AFFECTED_WORDS, COMPONENT_WORDS, DESIGN_WORDS, DESTINATION_WORDS
from dualtrack.present.words import AREA_WORDS, SECTOR_WORDS
from dualtrack.web.parts import Choice
from dualtrack.web.views.rendering import Language, both, quoted
from dualtrack.web.views.wording import Say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "ROWS",
    "SPARE_ROWS",
    "Asked",
    "Column",
    "FormRow",
    "RowControl",
    "asked_questions",
    "form_of_plain",
    "lists_of_plain",
    "options",
    "plain_of_form",
    "row_controls",
]

SPARE_ROWS = 2
"""Empty rows offered after those that are there; more come after a look at the preview."""

_ROWS_MAX = 60
"""Rows of one list that the form carries: with its ten columns still within the fields that a form may have."""

_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")
_WHOLE = re.compile(r"[0-9]{1,12}")
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")

_TEXTS = ("title", "purpose", "does", "does_not", "fallback")


class Column(NamedTuple):
    """A column of a list of the declaration; `kind` is text, number, choice, flag."""

    name: str
    label: Text
    kind: str = "text"

    @property
    def lang(self) -> str:
        """Return the language that is typed here, where it is one of the two."""
        side = self.name.rpartition("_")[2]
        return {"en": Language.EN.tag, "zh": Language.ZH.tag}.get(side, "")


class RowControl(NamedTuple):
    """One control of one row."""

    name: str
    column: Column
    value: str
    choices: tuple[Choice, ...]


class FormRow(NamedTuple):
    """One row: what it is called in the reader's language, and its controls; no name where it is empty."""

    title: str
    controls: list[RowControl]


class Asked(NamedTuple):
    """A question of the declaration with the paragraphs that make it matter, and its controls."""

    name: str
    ask: str
    help: str
    cites: str
    choices: tuple[Choice, ...]
    several: bool
    answered: bool


ROWS: dict[str, tuple[Column, ...]] = {
    "claims": (
        Column("id", Text(en="Id", zh="代號")),
        Column("track", Text(en="Track", zh="軌道"), "choice"),
        Column("topic", Text(en="Topic of its evidence", zh="證據主題")),
        Column("statement_en", Text(en="Claim (English)", zh="主張（英文）")),
        Column("statement_zh", Text(en="Claim (Chinese)", zh="主張（中文）")),
        Column("primary", Text(en="The primary claim", zh="主要主張"), "flag"),
        Column("baseline", Text(en="Non-AI baseline", zh="非人工智能基準")),
        Column("design", Text(en="Design", zh="設計"), "choice"),
        Column("minimum", Text(en="Minimum", zh="最低幅度"), "number"),
        Column("margin", Text(en="Margin", zh="容許差距"), "number"),
        Column("unit", Text(en="Unit", zh="單位")),
    ),
    "tasks": (
        Column("name_en", Text(en="Task (English)", zh="工作項目（英文）")),
        Column("name_zh", Text(en="Task (Chinese)", zh="工作項目（中文）")),
        Column("hours_per_month", Text(en="Hours a month of the whole group", zh="整組每月工時"), "number"),
        Column("hours_released", Text(en="Hours released", zh="釋出工時"), "number"),
        Column("destination", Text(en="Where they go", zh="去向"), "choice"),
    ),
    "components": (
        Column("id", Text(en="Id", zh="代號")),
        Column("type", Text(en="Type", zh="類型"), "choice"),
        Column("name_en", Text(en="Name", zh="名稱")),
        Column("name_zh", Text(en="Name in Chinese", zh="中文名稱")),
        Column("version", Text(en="Version", zh="版本")),
        Column("digest", Text(en="SHA-256", zh="SHA-256")),
        Column("provider", Text(en="Provider", zh="供應商")),
        Column("licence", Text(en="Licence", zh="授權條款")),
        Column("source", Text(en="Source", zh="來源")),
        Column("reservation", Text(en="Rights reserved by authors", zh="作者保留的權利")),
        Column("indemnity", Text(en="Indemnity", zh="彌償")),
    ),
}
"""The three lists of a declaration. A row without its first column is no row."""

_TRACKS = {Track.BENEFIT: Text(en="it helps", zh="有幫助"), Track.SAFETY: Text(en="it is safe", zh="安全")}
_ROW_CHOICES: dict[str, Mapping[Any, Text]] = {
    "track": _TRACKS,
    "design": DESIGN_WORDS,
    "destination": DESTINATION_WORDS,
    "type": COMPONENT_WORDS,
}
_NULLS = {"baseline", "design", "unit", "digest", "provider", "licence", "source", "reservation", "indemnity"}

_YES_NO = {"yes": Text(en="Yes", zh="是"), "no": Text(en="No", zh="否")}
_UNKNOWN = Text(en="Not known yet", zh="暫未知道")


def options(language: Language, form: Mapping[str, str], lists: Mapping[str, Sequence[str]]) -> dict[str, list[Choice]]:
    """Return the closed lists of the form's head."""
    blank = Choice("", "–")
    return {
        "area": [blank, *(Choice(a.value, both(AREA_WORDS[a], language), form.get("area") == a.value) for a in Area)],
        "sector": [
            blank,
            *(Choice(s.value, both(SECTOR_WORDS[s], language), form.get("sector") == s.value) for s in Sector),
        ],
        "affected": [
            Choice(name, both(words, language), name in lists.get("affected", ()))
            for name, words in AFFECTED_WORDS.items()
        ],
    }


def asked_questions(lists: Mapping[str, Sequence[str]], language: Language) -> list[Asked]:
    """Return the questions with what is chosen; an answer that is not given is unknown, never no."""
    found = []
    for name, item in questions().items():
        chosen = [value for value in lists.get(f"q-{name}", ()) if value]
        words = item.choices if item.choices is not None else _YES_NO
        choices = tuple(Choice(key, both(text, language), key in chosen) for key, text in words.items())
        several = ANSWER_TYPES[name] == "list"
        if not several:
            choices = (*choices, Choice("", both(_UNKNOWN, language), not chosen))
        cites = Say(language).cites([cite.paragraph for cite in item.cites])
        found.append(
            Asked(
                f"q-{name}", both(item.ask, language), both(item.help, language), cites, choices, several, bool(chosen)
            )
        )
    return found


def row_controls(name: str, form: Mapping[str, str], language: Language, *, spare: int = SPARE_ROWS) -> list[FormRow]:
    """Return a list's rows: those that are filled in, and some empty ones."""
    columns = ROWS[name]
    rows = _row_count(name, form)
    return [
        FormRow(
            _row_title(name, number, form, language),
            [_control(name, number, column, form, language) for column in columns],
        )
        for number in range(min(rows + spare, _ROWS_MAX))
    ]


def form_of_plain(plain: Mapping[str, Any]) -> dict[str, str]:
    """Return the controls' values of a declaration, a template or a draft of an import, as plain data."""
    scope = plain.get("scope") or {}
    texts = {"title": plain.get("title"), "purpose": plain.get("purpose"), "fallback": plain.get("fallback")}
    texts |= {"does": scope.get("does"), "does_not": scope.get("does_not")}
    form = {f"{name}_{side}": str((texts[name] or {}).get(key, "")) for name in _TEXTS for side, key in _SIDES}
    lines = plain.get("lines") or {}
    form |= {name: str(lines.get(name, "")) for name in ("first", "second", "third")}
    form |= {name: str(plain.get(name) or "") for name in ("accountable_executive", "area", "sector", "template")}
    form["id"] = str(plain.get("use", "")).partition("/")[2]
    form["builders"] = "\n".join(plain.get("builders") or ())
    form["intents"] = "\n".join(scope.get("intents") or ())
    form["languages"] = "\n".join(scope.get("languages") or ())
    form["monthly_volume"] = "" if scope.get("monthly_volume") is None else str(scope["monthly_volume"])
    live = plain.get("live_since")
    form["live_since"] = f"{parse_instant(live).astimezone(HONG_KONG):%Y-%m-%dT%H:%M}" if live else ""
    for name, columns in ROWS.items():
        for number, row in enumerate((plain.get(name) or ())[:_ROWS_MAX]):
            form |= {f"{name}-{number}-{column.name}": _cell(row, column.name) for column in columns}
    return form


def lists_of_plain(plain: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the controls with several values: people affected, and the answers."""
    found = {"affected": [str(item) for item in plain.get("affected") or ()]}
    for name, value in (plain.get("facts") or {}).items():
        values = value if isinstance(value, list) else [{True: "yes", False: "no"}.get(value, value)]
        found[f"q-{name}"] = [str(item) for item in values]
    return found


def plain_of_form(
    form: Mapping[str, str], lists: Mapping[str, Sequence[str]], *, institution: str, demo: bool
) -> dict[str, Any]:
    """Return a form as plain data of a declaration; raises FieldError naming the control."""
    live = form.get("live_since", "").strip()
    volume = form.get("monthly_volume", "").strip()
    if volume and not _WHOLE.fullmatch(volume):
        raise FieldError(f"{volume[:30]!r}", where="declaration, field monthly_volume", expected="a whole number")
    return {
        "use": f"{institution}/{form.get('id', '').strip()}",
        "title": _pair(form, "title"),
        "purpose": _pair(form, "purpose"),
        "area": _chosen(form, "area"),
        "sector": _chosen(form, "sector"),
        "affected": list(lists.get("affected", ())),
        "accountable_executive": _required(form, "accountable_executive"),
        "lines": {name: _required(form, name) for name in ("first", "second", "third")},
        "builders": _lines(form, "builders"),
        "scope": {
            "does": _pair(form, "does"),
            "does_not": _pair(form, "does_not"),
            "intents": _lines(form, "intents"),
            "languages": _lines(form, "languages"),
            "monthly_volume": int(volume) if volume else None,
        },
        "facts": _facts(lists),
        "tasks": [_task(row) for row in _rows("tasks", form)],
        "components": [_component(row) for row in _rows("components", form)],
        "claims": [_claim(row) for row in _rows("claims", form)],
        "fallback": _pair(form, "fallback") if form.get("fallback_en") or form.get("fallback_zh") else None,
        "live_since": _instant(live) if live else None,
        "template": form.get("template") or None,
        "demo": demo,
    }


_SIDES = (("en", "en"), ("zh", "zh-Hant"))


def _facts(lists: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, kind in ANSWER_TYPES.items():
        values = [value for value in lists.get(f"q-{name}", ()) if value]
        if not values:
            continue
        found[name] = values if kind == "list" else values[-1]
        if kind == "bool":
            found[name] = {"yes": True, "no": False}.get(values[-1], values[-1])
    return found


def _control(name: str, number: int, column: Column, form: Mapping[str, str], language: Language) -> RowControl:
    key = f"{name}-{number}-{column.name}"
    value = form.get(key, "")
    choices: tuple[Choice, ...] = ()
    if column.kind == "choice":
        words = _ROW_CHOICES[column.name]
        blank = Choice("", "–", not value)
        choices = (
            blank,
            *(Choice(str(k.value), both(text, language), str(k.value) == value) for k, text in words.items()),
        )
    return RowControl(key, column, value, choices)


def _row_title(name: str, number: int, form: Mapping[str, str], language: Language) -> str:
    """Return the first column's text, in Chinese where it was given in both languages."""
    first = f"{name}-{number}-{ROWS[name][0].name}"
    other = first.removesuffix("_en") + "_zh" if first.endswith("_en") else first
    shown = form.get(other if language is Language.ZH else first, "") or form.get(first, "")
    return quoted(shown, language)


def _row_count(name: str, form: Mapping[str, str]) -> int:
    columns = ROWS[name]
    filled = [n for n in range(_ROWS_MAX) if any(form.get(f"{name}-{n}-{c.name}", "").strip() for c in columns)]
    return filled[-1] + 1 if filled else 0


def _rows(name: str, form: Mapping[str, str]) -> list[dict[str, str]]:
    columns = ROWS[name]
    rows = []
    for number in range(_row_count(name, form)):
        row = {column.name: form.get(f"{name}-{number}-{column.name}", "").strip() for column in columns}
        if not any(row.values()):
            continue
        if not row[columns[0].name]:
            raise FieldError(
                "a row without its first column", where=f"declaration, field {name}-{number}-{columns[0].name}"
            )
        for column in columns:
            if column.kind == "number" and row[column.name] and not _NUMBER.fullmatch(row[column.name]):
                where = f"declaration, field {name}-{number}-{column.name}"
                raise FieldError(f"{row[column.name][:30]!r}", where=where, expected="a number such as 0.02")
        rows.append(row)
    return rows


def _task(row: Mapping[str, str]) -> dict[str, Any]:
    hours = {name: float(row[name] or 0) for name in ("hours_per_month", "hours_released")}
    destination = row["destination"] or Destination.UNDECIDED.value
    return {"name": _row_pair(row, "name", "tasks"), **hours, "destination": destination}


def _component(row: Mapping[str, str]) -> dict[str, Any]:
    kind = row["type"] or ComponentType.MODEL.value
    plain = {name: (value or None) if name in _NULLS else value for name, value in row.items()} | {"type": kind}
    english, chinese = plain.pop("name_en"), plain.pop("name_zh")
    return plain | {"name": {"en": english, "zh-Hant": chinese} if chinese else english}


def _claim(row: Mapping[str, str]) -> dict[str, Any]:
    numbers = {name: float(row[name]) if row[name] else None for name in ("minimum", "margin")}
    texts = {name: row[name] or None for name in ("baseline", "design", "unit")}
    return {
        "id": row["id"],
        "track": row["track"] or Track.BENEFIT.value,
        "topic": row["topic"],
        "statement": _row_pair(row, "statement", "claims"),
        "primary": row["primary"] == "yes",
        **texts,
        **numbers,
    }


def _cell(row: Mapping[str, Any], name: str) -> str:
    base, _, side = name.rpartition("_")
    if side in {"en", "zh"} and isinstance(row.get(base), dict):
        return str(row[base].get("en" if side == "en" else "zh-Hant", ""))
    value = row.get(base if side == "en" and base in row else name)
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)


def _pair(form: Mapping[str, str], name: str) -> dict[str, str]:
    """Return a text in both languages; one that is missing is asked for, never copied from the other."""
    pair = {key: form.get(f"{name}_{side}", "").strip() for side, key in _SIDES}
    for side, key in _SIDES:
        if not pair[key]:
            raise FieldError("nothing", where=f"declaration, field {name}_{side}", fix="fill it in")
    return pair


def _row_pair(row: Mapping[str, str], name: str, where: str) -> dict[str, str]:
    if not row[f"{name}_en"] or not row[f"{name}_zh"]:
        raise FieldError(
            "one language only", where=f"declaration, field {where}", fix=f"give the {name} in both languages"
        )
    return {"en": row[f"{name}_en"], "zh-Hant": row[f"{name}_zh"]}


def _required(form: Mapping[str, str], name: str) -> str:
    value = form.get(name, "").strip()
    if not value:
        raise FieldError("nobody", where=f"declaration, field {name}", fix="name the holder")
    return value


def _chosen(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise FieldError("nothing chosen", where=f"declaration, field {name}", fix="choose one")
    return form[name]


def _lines(form: Mapping[str, str], name: str) -> list[str]:
    return [line.strip() for line in form.get(name, "").splitlines() if line.strip()]


def _instant(text: str) -> str:
    try:
        if _LOCAL.fullmatch(text):
            return format_instant(datetime.fromisoformat(text).replace(tzinfo=HONG_KONG))
    except (DualtrackError, ValueError):
        pass
    raise FieldError(f"{text[:30]!r}", where="declaration, field live_since", expected="a day and time in Hong Kong")
