"""Evidence as forms: one field for each field of a topic, read back with what is wrong named by field, made into a statement."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.evidence import (
    PREDICATE_TYPE,
    STATEMENT_TYPE,
    Method,
    Predicate,
    Statement,
    Subject,
    SubjectDigest,
)
from dualtrack.domain.ids import firm_digest, use_digest
from dualtrack.domain.records import Text
from dualtrack.domain.time import HONG_KONG, format_instant, parse_date
from dualtrack.domain.vocabulary import EvidenceKind, Mode
from dualtrack.errors import DualtrackError, FieldError, NotFoundError
from dualtrack.rules.catalogue import BUILT_IN_NAMES
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.records import Value
    from dualtrack.rules.records import Topic
    from dualtrack.store.register import Register
    from dualtrack.web.views.rendering import Language

__all__ = [
    "LIST_ITEMS_MAX",
    "NUMBER_CHARACTERS_MAX",
    "TEXT_CHARACTERS_MAX",
    "FormField",
    "Observation",
    "built_in_problems",
    "form_fields",
    "read_observation",
    "statement_of",
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
_TOPIC = re.compile(r"^([a-z][a-z0-9_]*):")
_FIELD = re.compile(r"^    ([a-z][a-z0-9_]*):[^#]*#\s*(.+?)\s*$")

_SAID: dict[str, Text] = {
    "missing": Text(en="Fill this in.", zh="請填寫此欄。"),
    "bool": Text(en="Say yes or no.", zh="請選擇是或否。"),
    "int": Text(en="Write a whole number.", zh="請填寫整數。"),
    "double": Text(en="Write a number such as 0.02.", zh="請填寫數字，例如0.02。"),
    "long": Text(en="Too long.", zh="內容過長。"),
    "digest": Text(en="64 hexadecimal digits (SHA-256).", zh="64位十六進位數字（SHA-256）。"),
    "moment": Text(en="A day and time in Hong Kong.", zh="請填寫香港日期及時間。"),
    "positive": Text(en="1 or more.", zh="須為1或以上。"),
    "claim": Text(en="Choose a claim of the declaration.", zh="請選擇申報中的主張。"),
    "date": Text(en="A day such as 2027-03-31.", zh="日期，例如2027-03-31。"),
    "mode": Text(en="shadow or trial", zh="shadow（影子運行）或trial（試行）"),
    "rule": Text(en="PACK/RULE of an adopted pack.", zh="已採用規則包的 PACK/RULE。"),
}


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


def form_fields(name: str, topic: Topic) -> list[FormField]:
    """Return the controls of a topic's own fields; claim and n stand with the statement and are not asked twice."""
    meanings = _meanings().get(name, {})
    measured = topic.kind is EvidenceKind.MEASUREMENT
    return [
        FormField(
            f"f-{field}", field.replace("_", " "), kind.rstrip("?"), not kind.endswith("?"), meanings.get(field, "")
        )
        for field, kind in topic.fields.items()
        if field != "claim" and not (measured and field == "n")
    ]


def read_observation(
    name: str, topic: Topic, form: Mapping[str, str], claims: Mapping[str, str], language: Language
) -> Observation:
    """Read a form of a topic; every problem is found at once."""
    problems: dict[str, str] = {}
    fields = _topic_fields(name, topic, form, problems)
    taken_at = _moment(form.get("taken_at", ""), problems)
    claim = form.get("claim", "").strip() or None
    if (claim is not None and claim not in claims) or (claim is None and topic.fields.get("claim") == "string"):
        problems["claim"] = "claim"
    method = data_digest = n = None
    if topic.kind is EvidenceKind.MEASUREMENT:
        method, data_digest, n = _measured(form, problems)
        fields |= {"n": n} if "n" in topic.fields and n is not None else {}
    fields |= {"claim": claim} if "claim" in topic.fields and claim is not None else {}
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
        data_digest=data_digest, document_digest=document, n=n, note=note,
    )  # fmt: skip
    return Observation(predicate, {})


def built_in_problems(
    register: Register, predicate: Predicate, claims: Mapping[str, str], language: Language
) -> dict[str, str]:
    """Return what would keep a waiver or a trial plan from ever taking effect, by control; other topics pass."""
    found: dict[str, str] = {}
    fields = predicate.fields
    if predicate.topic not in BUILT_IN_NAMES:
        return found
    try:
        parse_date(str(fields.get("until")))
    except FieldError:
        found["f-until"] = "date"
    if predicate.topic == "trial_plan":
        if fields.get("mode") not in {Mode.SHADOW.value, Mode.TRIAL.value}:
            found["f-mode"] = "mode"
        if fields.get("measures") not in claims:
            found["f-measures"] = "claim"
    else:
        pack, _, rule = str(fields.get("rule")).partition("/")
        packs = {item.id: {one.id for one in item.data.rules} for item in register.adopted_packs()}
        if rule not in packs.get(pack, set()):
            found["f-rule"] = "rule"
    return {key: both(_SAID[code], language) for key, code in found.items()}


def statement_of(register: Register, use: str, topic: Topic, predicate: Predicate) -> Statement:
    """Return the statement about the release, use or firm that the topic is about; raises NotFoundError for no release."""
    subject, digest = use, use_digest(use)
    if topic.about == "firm":
        subject, digest = register.institution, firm_digest(register.institution)
    elif topic.about == "release":
        found = register.latest_release(use)
        if found is None:
            raise NotFoundError("nothing is released yet", where=use, fix="release what shall run, then add it again")
        digest = found
    return Statement(
        type_=STATEMENT_TYPE,
        subject=[Subject(name=subject, digest=SubjectDigest(sha256=digest))],
        predicate_type=PREDICATE_TYPE,
        predicate=predicate,
    )


def _topic_fields(name: str, topic: Topic, form: Mapping[str, str], problems: dict[str, str]) -> dict[str, Value]:
    fields: dict[str, Value] = {}
    for item in form_fields(name, topic):
        text = form.get(item.name, "").replace("\r\n", "\n").strip()
        if not text:
            if item.required:
                problems[item.name] = "bool" if item.kind == "bool" else "missing"
            continue
        value = _value(text, item.kind)
        if value is None:
            problems[item.name] = item.kind if item.kind in {"bool", "int", "double"} else "long"
        else:
            fields[item.name.removeprefix("f-")] = value
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


@cache
def _meanings() -> dict[str, dict[str, str]]:
    """Return what the comments of the shipped catalogue say of each field, in English: they are written for its readers."""
    found: dict[str, dict[str, str]] = {}
    topic = ""
    for line in (resources.files("dualtrack.rules") / "topics.yaml").read_text(encoding="utf-8").splitlines():
        if heading := _TOPIC.match(line):
            topic = heading[1]
        elif field := _FIELD.match(line):
            found.setdefault(topic, {})[field[1]] = field[2]
    return found
