"""Why a receipt's decision ended as it did and by what: in the reader's language wherever the words exist in both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from dualtrack.domain.fallback import RULES_COMPONENT
from dualtrack.domain.records import Record, Text
from dualtrack.errors import NotFoundError
from dualtrack.present.terms import COMPONENT_WORDS
from dualtrack.runtime.fallback_replay import answered_by_rules
from dualtrack.runtime.lookup import contents_of, find_release
from dualtrack.runtime.reasons import language_of_text, read_reasons, reason_words, why_code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dualtrack.domain.decision import Decision
    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.domain.usecase import Component, UseCase
    from dualtrack.runtime.reasons import Reason
    from dualtrack.store.register import Register

__all__ = ["ReceiptReason", "deciders", "explained", "reasons_of", "why_of"]

_ANSWERED = {"served", "fallback"}


class ReceiptReason(Record, frozen=True):
    """A reason: `says` where the words exist in both languages; else `given`, the model's own text, in `language`."""

    says: Text | None = None
    given: str | None = None
    language: Literal["en", "zh-Hant"] | None = None


def reasons_of(register: Register, record: Decision, *, given: bool) -> list[Reason] | None:
    """Return the reasons that a customer may read, none as an empty list, erased ones as None.

    Those of an output that nobody was given are not for the customer either: a guard may have stopped it for them. `given`
    tells that a person let a held output go as it was.
    """
    if record.reasons is None or not (given or record.outcome in _ANSWERED):
        return []
    try:
        return read_reasons(contents_of(register).open(record.reasons))
    except NotFoundError:
        return None


def explained(reasons: Iterable[Reason]) -> list[ReceiptReason]:
    """Return reasons for a reader of either language."""
    return [
        ReceiptReason(says=item)
        if isinstance(item, Text)
        else ReceiptReason(given=item, language=language_of_text(item))
        for item in reasons
    ]


def why_of(record: Decision, declared: UseCase, policy: RuntimePolicy, reasons: Iterable[Reason]) -> Text | None:
    """Return why it ended so, in plain words: those of its code, or for an answer by a model how that came about.

    A code beside a served answer tells what the gate would have refused (observe mode), so it is no reason of this one.
    """
    if record.outcome != "served":
        return why_code(record.code) if record.code else None
    if record.output is None:
        return None
    made = reason_words().made
    last = next((call for call in reversed(record.upstream) if not call.fault), None)
    kinds = {item.id: item.kind for item in policy.upstreams}
    kind = kinds.get(last.component) if last is not None else None
    if last is not None and kind == "openai":
        names = {part.id: _name_of(part) for part in declared.components}
        said = made["cited" if any(reasons) else "wrote"]
        return _named(said, names.get(last.component) or last.model or last.component)
    return made["quoted" if kind == "extractive" else "computed"]


def deciders(register: Register, record: Decision, declared: UseCase, policy: RuntimePolicy) -> list[tuple[str, Text]]:
    """Return what decided, plainly named and in both languages: released components, else the policy's models.

    Where the rules answered, nothing else did.
    """
    if answered_by_rules(record):
        rule = record.upstream[-1].model or ""
        return [(f"{RULES_COMPONENT}: {rule}", _named(reason_words().rule, rule))]
    released = find_release(register, record.use, record.release)
    parts = {part.id: part for part in declared.components}
    found: list[tuple[str, Text]] = []
    for item in released.components:
        part = parts.get(item.id)
        if part is None:
            found.append((item.id, Text(en=item.id, zh=item.id)))
            continue
        name, kind = _name_of(part), COMPONENT_WORDS[part.type]
        found.append((name.en, Text(en=f"{kind.en}: {name.en}", zh=f"{kind.zh}：{name.zh}")))
    if found:
        return found
    return [(name, Text(en=name, zh=name)) for name in (item.model or item.id for item in policy.upstreams)]


def _name_of(part: Component) -> Text:
    """Return a part's name with its version; a name of one language stands in both."""
    name = part.name if isinstance(part.name, Text) else Text(en=part.name, zh=part.name)
    return Text(en=f"{name.en} {part.version}".strip(), zh=f"{name.zh} {part.version}".strip())


def _named(said: Text, name: Text | str) -> Text:
    names = name if isinstance(name, Text) else Text(en=name, zh=name)
    return Text(en=said.en.replace("{name}", names.en), zh=said.zh.replace("{name}", names.zh))
