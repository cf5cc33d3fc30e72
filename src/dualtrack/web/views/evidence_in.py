"""Evidence as forms: one field for each field of a topic, read back with what is wrong named by field, made into a statement."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.evidence import Method, Predicate
from dualtrack.domain.records import Text
from dualtrack.domain.time import HONG_KONG, format_instant
from dualtrack.domain.vocabulary import EvidenceKind
from dualtrack.errors import DualtrackError, FieldError
from dualtrack.rules.topic_words import field_meaning, field_name
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dualtrack.domain.records import Value
    from dualtrack.permit.planned import RegisteredPlan
    from dualtrack.rules.records import Topic
    from dualtrack.web.views.rendering import Language

__all__ = [
    "LIST_ITEMS_MAX",
    "NUMBER_CHARACTERS_MAX",
    "TEXT_CHARACTERS_MAX",
    "FormField",
    "Observation",
    "control_problems",
    "form_fields",
    "planned_items",
    "read_observation",
]

TEXT_CHARACTERS_MAX = 2_000
"""Longest text of a field: a paragraph; a report is a document, named by its digest."""

LIST_ITEMS_MAX = 200
"""Lines of a list field: people fill these in by hand."""

NUMBER_CHARACTERS_MAX = 30
"""Longest number that is read: a double has 17 digits, a sign, a point and an exponent."""

_INT = re.compile(r"-?[0-9]{1,15}")
_DOUBLE = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?(e-?[0-9]{1,3})?")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?")

_SAID: dict[str, Text] = {
    "missing": Text(en="Fill this in.", zh="請填寫此欄。"),
    "bool": Text(en="Say yes or no.", zh="請選擇是或否。"),
    "int": Text(en="Write a whole number.", zh="請填寫整數。"),
    "double": Text(en="Write a number such as 0.02.", zh="請填寫數字，例如0.02。"),
    "long": Text(en="Too long.", zh="內容過長。"),
    "digest": Text(en="64 hexadecimal digits (SHA-256).", zh="64位十六進位數字（SHA-256）。"),
    "moment": Text(en="A day and time in Hong Kong.", zh="請填寫香港日期及時間。"),
    "positive": Text(en="1 or more.", zh="須為1或以上。"),
    "planned": Text(en="Choose the item of a registered plan.", zh="請選擇已登記計劃的項目。"),
    "claim": Text(en="Choose a claim of the declaration.", zh="請選擇申報中的主張。"),
    "date": Text(en="A day such as 2027-03-31.", zh="日期，例如2027-03-31。"),
    "mode": Text(en="shadow or trial", zh="shadow（影子運行）或trial（試行）"),
    "rule": Text(en="PACK/RULE of an adopted pack.", zh="已採用規則包的 PACK/RULE。"),
}
_BUILT_IN = {"until": "date", "mode": "mode", "measures": "claim", "rule": "rule"}


class FormField(NamedTuple):
    """A field of a topic as a control: `kind` is its type without the mark of one that may be left out."""

    name: str
    label: str
    kind: str
    required: bool
    hint: str


class Observation(NamedTuple):
    """What a form says: a predicate, or what is wrong by the name of the control."""

    predicate: Predicate | None
    problems: dict[str, str]


def form_fields(name: str, topic: Topic, language: Language) -> list[FormField]:
    """Return the controls of a topic's own fields, named in the reader's language."""
    fields = []
    for field, kind in _asked(topic).items():
        meaning = field_meaning(name, field)
        hint = both(meaning, language) if meaning else ""
        label = both(field_name(field), language)
        fields.append(FormField(f"f-{field}", label, kind.rstrip("?"), not kind.endswith("?"), hint))
    return fields


def planned_items(name: str, plans: Mapping[int, RegisteredPlan]) -> dict[str, dict[str, Value]]:
    """Return the items of registered plans that a measurement of this topic can answer, by the key of the control."""
    return {
        f"{index}/{item}": {"index": index, "digest": plan.digest, "item": item}
        for index, plan in reversed(list(plans.items()))
        for item, gate in plan.gates.items()
        if gate.get("topic") == name and gate.get("part") is None
    }


def read_observation(
    name: str,
    topic: Topic,
    form: Mapping[str, str],
    claims: Mapping[str, str],
    items: Mapping[str, dict[str, Value]],
    language: Language,
) -> Observation:
    """Read a form of a topic; every problem is found at once."""
    problems: dict[str, str] = {}
    fields = _topic_fields(topic, form, problems)
    taken_at = _moment(form.get("taken_at", ""), problems)
    claim = form.get("claim", "").strip() or None
    if (claim is not None and claim not in claims) or (claim is None and topic.fields.get("claim") == "string"):
        problems["claim"] = "claim"
    method = data_digest = n = None
    if topic.kind is EvidenceKind.MEASUREMENT:
        method, data_digest, n = _measured(form, problems)
        fields |= {"n": n} if "n" in topic.fields and n is not None else {}
    fields |= {"claim": claim} if "claim" in topic.fields and claim is not None else {}
    item = items.get(form.get("planned_item", ""))
    if topic.planned and item is None:
        problems["planned_item"] = "planned"
    document = form.get("document_digest", "").strip().lower() or None
    if document is not None and not _DIGEST.fullmatch(document):
        problems["document_digest"] = "digest"
    note = form.get("note", "").strip() or None
    if note is not None and len(note) > TEXT_CHARACTERS_MAX:
        problems["note"] = "long"
    if problems:
        return Observation(None, {key: both(_SAID[code], language) for key, code in problems.items()})
    predicate = Predicate(
        kind=topic.kind, topic=name, fields=fields, taken_at=taken_at, claim=claim, method=method,
        data_digest=data_digest, document_digest=document, n=n, note=note, statistics={"plan": item} if item else {},
    )  # fmt: skip
    return Observation(predicate, {})


def control_problems(problems: Collection[str], language: Language) -> dict[str, str]:
    """Return what to say at the controls of fields that would keep a waiver or a trial plan from taking effect."""
    return {f"f-{field}": both(_SAID[_BUILT_IN[field]], language) for field in problems}


def _asked(topic: Topic) -> dict[str, str]:
    """Return the topic's own fields with their types; claim and n stand with the statement and are not asked twice."""
    measured = topic.kind is EvidenceKind.MEASUREMENT
    return {field: kind for field, kind in topic.fields.items() if field != "claim" and not (measured and field == "n")}


def _topic_fields(topic: Topic, form: Mapping[str, str], problems: dict[str, str]) -> dict[str, Value]:
    fields: dict[str, Value] = {}
    for field, declared in _asked(topic).items():
        name, kind = f"f-{field}", declared.rstrip("?")
        text = form.get(name, "").replace("\r\n", "\n").strip()
        if not text:
            if kind == declared:
                problems[name] = "bool" if kind == "bool" else "missing"
            continue
        value = _value(text, kind)
        if value is None:
            problems[name] = kind if kind in {"bool", "int", "double"} else "long"
        else:
            fields[field] = value
    return fields


def _value(text: str, kind: str) -> Value | None:
    """Return a text as a value of a type, None where it is none."""
    match kind:
        case "bool":
            return {"yes": True, "no": False}.get(text)
        case "int":
            return int(text) if _INT.fullmatch(text) else None
        case "double":
            return float(text) if len(text) <= NUMBER_CHARACTERS_MAX and _DOUBLE.fullmatch(text) else None
        case "list":
            lines = [line.strip() for line in text.split("\n") if line.strip()]
            fits = len(lines) <= LIST_ITEMS_MAX and all(len(line) <= TEXT_CHARACTERS_MAX for line in lines)
            return lines if fits else None
        case _:
            return text if len(text) <= TEXT_CHARACTERS_MAX else None


def _measured(form: Mapping[str, str], problems: dict[str, str]) -> tuple[Method | None, str | None, int | None]:
    parts = {key: form.get(f"method_{key}", "").strip() for key in ("name", "version", "source")}
    problems |= {f"method_{key}": "missing" for key, text in parts.items() if not text}
    problems |= {f"method_{key}": "long" for key, text in parts.items() if len(text) > TEXT_CHARACTERS_MAX}
    digest, n = form.get("data_digest", "").strip().lower(), form.get("n", "").strip()
    if not _DIGEST.fullmatch(digest):
        problems["data_digest"] = "digest"
    if not _INT.fullmatch(n) or int(n) < 1:
        problems["n"] = "positive"
        return None, None, None
    return Method(**parts), digest, int(n)


def _moment(text: str, problems: dict[str, str]) -> str:
    """Return a local day and time, as browsers send it, as an instant."""
    try:
        if not _MOMENT.fullmatch(text):
            raise FieldError("no moment", where="taken_at")
        return format_instant(datetime.fromisoformat(text).replace(tzinfo=HONG_KONG))
    except (DualtrackError, ValueError):
        problems["taken_at"] = "moment"
        return ""
