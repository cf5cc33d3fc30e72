"""The texts of a review as people read and write them: the question with its speakers, plain words, and the passages it cites."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.domain.records import Record, Text
from dualtrack.domain.time import hong_kong_date, parse_instant
from dualtrack.errors import FieldError
from dualtrack.runtime.faces.chat_tools import output_content, read_call, read_output
from dualtrack.runtime.guards.base import Role
from dualtrack.runtime.passages.corpus import of_language
from dualtrack.runtime.passages.search import Index, glossary_of, load_settings
from dualtrack.web.parts import Fact
from dualtrack.web.views.rendering import both
from dualtrack.web.views.use_facts import guard_name
from dualtrack.web.views.wording import Say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dualtrack.domain.decision import Decision
    from dualtrack.domain.review import Why
    from dualtrack.runtime.passages.corpus import Corpus, Language, Passage
    from dualtrack.web.views.rendering import Language as PageLanguage

__all__ = [
    "CITATIONS_MAX",
    "NEAREST_MAX",
    "TURNS_MAX",
    "Source",
    "asked_turns",
    "call_field",
    "cited",
    "draft_text",
    "is_words",
    "json_lines",
    "line_ends",
    "plain_fields",
    "plain_lines",
    "sources_of",
    "tool_lines",
    "typed_content",
    "whole_text",
    "why_no_draft",
]

CITATIONS_MAX = 50
"""Sources listed under a draft: more is not read by anybody."""

NEAREST_MAX = 3
"""Passages shown beside a draft that cites none: as many as a model is given."""

TURNS_MAX = 200
"""Newest turns of a conversation shown: who reviews reads the last of them; all stand in the log."""

_CITED = re.compile(r"\[([^\[\]\n]{1,120})\]")
"""A source in square brackets; bounded, so that a hostile text costs no more than its length."""

_SPEAKERS: dict[Role, Text] = {
    "system": Text(en="Instructions of the firm", zh="機構的指示"),
    "user": Text(en="Who asked", zh="提問者"),
    "assistant": Text(en="The AI, before", zh="人工智能（之前）"),
    "tool": Text(en="A tool", zh="工具"),
    "retrieved": Text(en="A passage", zh="節錄"),
}

_STOPS = ("block", "route")

_NO_DRAFT = {
    "no_model": Text(en="No model answered, so nothing was drafted.", zh="沒有模型作答，因此沒有草稿。"),
    "customer_asked": Text(
        en="The decision gave no output of its own; the customer asked for a person.",
        zh="該決定本身沒有輸出；客戶要求由人處理。",
    ),
}

_NOTHING = Text(
    en="The question went to a person before a model was asked. Nothing was drafted.",
    zh="問題在詢問模型前已轉交人手，因此沒有草稿。",
)


class _Turn(Record, frozen=True, forbid_unknown_fields=False):
    role: Role
    text: str


class Source(NamedTuple):
    """A passage beside a draft. `passage` is None where no released source has this name; `note` says what to look out for."""

    name: str
    title: str
    text: str
    facts: str
    note: str


def asked_turns(content: str, language: PageLanguage) -> list[tuple[str, str]]:
    """Return speaker and words of each turn of what was asked, the newest last; none where it is no conversation."""
    try:
        found = msgspec.json.decode(content, type=list[_Turn])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return []
    return [(both(_SPEAKERS[item.role], language), item.text) for item in found[-TURNS_MAX:]]


def why_no_draft(decision: Decision, why: Why, language: PageLanguage) -> str:
    """Return why there is no draft: which guards stopped the question, or that no model answered."""
    names = dict.fromkeys(
        guard_name(item.guard, Say(language))
        for item in decision.guards
        if item.stage == "input" and item.fired and item.action in _STOPS
    )
    if not names:
        return both(_NO_DRAFT.get(why, _NOTHING), language)
    listed = Say(language).listed(list(names))
    said = Text(
        en=f"A guard stopped the question before a model was asked: {listed}. Nothing was drafted.",
        zh=f"防護在詢問模型前已攔截問題：{listed}。因此沒有草稿。",
    )
    return both(said, language)


def line_ends(text: str) -> str:
    """Return a text with one kind of line end: a browser's form sends both of them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_words(content: str) -> bool:
    """Tell whether an output is words for a person, alone or beside tool calls, and not a row's JSON."""
    try:
        return isinstance(msgspec.json.decode(content), str) or bool(read_output(content).tool_calls)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return True


def draft_text(content: str) -> str:
    """Return what an output says in plain words: its text without its tool calls; a row's JSON as it is."""
    return read_output(content).text


def tool_lines(content: str | None) -> list[tuple[str, str]]:
    """Return the tools that a draft asks for: each one's name, and its arguments as JSON on lines of their own."""
    calls = read_output(content).tool_calls if content else []
    return [(call["function"]["name"], _arguments(call)) for call in calls]


def whole_text(content: str) -> str:
    """Return a content for the comparison: its text, then each tool with its arguments."""
    calls = [f"{name} {arguments}" for name, arguments in tool_lines(content)]
    return "\n".join([draft_text(content), *calls])


def call_field(number: int) -> str:
    """Return the name of the form's field that holds the arguments of one tool call."""
    return f"call-{number}"


def typed_content(before: str | None, form: Mapping[str, str], *, words: bool) -> str:
    """Return the content of what a person wrote over `before`: exactly that where nothing differs but line ends.

    Words are kept as a model's are, a JSON string beside its tool calls, so that no quotation mark or line end that was typed
    means anything but itself. `before` is None where nothing was drafted. Raises FieldError for no words, or other arguments.
    """
    text = line_ends(form.get("text", ""))
    found = read_output(before if before is not None else "")
    typed = [_typed_call(number, call, form) for number, call in enumerate(found.tool_calls)]
    calls = [call for call in typed if call is not None]
    if before is not None and text == line_ends(found.text) and calls == found.tool_calls:
        return before
    if not text.strip() and not calls:
        raise FieldError("no text", where="text", fix="write what the person shall be told, or reject the draft")
    return output_content(text, calls).decode() if words else text


def _typed_call(number: int, call: dict[str, Any], form: Mapping[str, str]) -> dict[str, Any] | None:
    """Return a call with the arguments as typed, as it was where they are the same, and None where they were cleared."""
    field = call_field(number)
    shown = _arguments(call)
    typed = line_ends(form.get(field, shown))
    if typed == shown:
        return call
    if not typed.strip():
        return None
    return read_call(call | {"function": call["function"] | {"arguments": typed}}, number, where=f"field {field}")


def _arguments(call: Mapping[str, Any]) -> str:
    return json.dumps(json.loads(call["function"]["arguments"]), ensure_ascii=False, indent=2)


def plain_lines(text: str) -> list[tuple[str, str]]:
    """Return a text's lines as the comparison shows them, none marked."""
    return [(" ", line) for line in text.splitlines() or [""]]


def json_lines(text: str) -> list[tuple[str, str]]:
    """Return the lines of a row's JSON as recorded, a member on each; a text that is no JSON as it is."""
    try:
        return plain_lines(msgspec.json.format(text, indent=2))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return plain_lines(text)


def plain_fields(text: str) -> list[Fact]:
    """Return the fields of a text that is one flat JSON object, as a form on paper has them; else none."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return []
    if not isinstance(found, dict) or any(isinstance(value, dict | list) for value in found.values()):
        return []
    return [Fact(name.replace("_", " "), _plain(value)) for name, value in found.items()]


def _plain(value: float | str | None) -> str:
    """Return a field's value as people read it: a long fraction to six figures, as the fold-out beside it has it whole."""
    if isinstance(value, float):
        return f"{value:,.6g}"
    return "–" if value is None else str(value)


def cited(text: str | None) -> list[str]:
    """Return the sources that a text names in square brackets, each once, in its order."""
    found = dict.fromkeys(match.group(1) for match in _CITED.finditer(text or ""))
    return list(found)[:CITATIONS_MAX]


def sources_of(text: str, question: str, corpus: Corpus, decision: Decision, language: PageLanguage) -> list[Source]:
    """Return the passages that a draft cites, word for word; of one that cites none of them, those nearest to the question.

    They stand in the language of the answer, as they were released. One that was not in force on its day, and a name that no
    released source has, is said: a person compares facts with them (24EC55, 18(b)).
    """
    spoken: Language = "zh-Hant" if decision.language == "zh-Hant" else "en"
    day = hong_kong_date(parse_instant(decision.at))
    serving = corpus.serving(day)
    known = {item.id: item for item in corpus.filled(day)}
    ended = Text(en="Not in force on the day of this answer.", zh="在作答當日並不生效。")
    absent = Text(en="No released source has this name.", zh="已發布的來源中沒有此名稱。")
    near = Text(en="Not cited; near to the question.", zh="未有引用；與問題相近。")
    found = [
        _source(known[name], spoken, language, Text(en="", zh="") if known[name] in serving else ended)
        if name in known
        else Source(name, name, "", "", both(absent, language))
        for name in cited(text)
    ]
    if any(item.text for item in found):
        return found
    index = Index(serving, spoken, load_settings(), glossary_of(corpus))
    return found + [_source(item.passage, spoken, language, near) for item in index.search(question, NEAREST_MAX)]


def _source(item: Passage, spoken: Language, language: PageLanguage, note: Text) -> Source:
    until = f" – {item.valid_to}" if item.valid_to else ""
    said = Text(
        en=f"Version {item.version}, in force from {item.valid_from}{until}. {item.provenance}",
        zh=f"版本 {item.version}，生效日期 {item.valid_from}{until}。{item.provenance}",
    )
    return Source(
        item.id,
        of_language(item.title, spoken),
        of_language(item.text, spoken),
        both(said, language),
        both(note, language),
    )
