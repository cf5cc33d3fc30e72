"""One piece of evidence: what was observed, by whom, on what, how to make it again, and that it stands in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
from markupsafe import Markup

from dualtrack.domain import canonical
from dualtrack.domain.evidence import Statement
from dualtrack.domain.records import Text, read_record
from dualtrack.domain.vocabulary import EvidenceKind
from dualtrack.errors import NotFoundError
from dualtrack.keys import dsse
from dualtrack.present.charts import IntervalPlot, Mark, interval_plot, plain_interval, plain_number
from dualtrack.present.phrases import metric_words
from dualtrack.present.terms import KIND_WORDS, ROLE_WORDS, reason_words
from dualtrack.rules.topic_words import field_name
from dualtrack.runtime.proofs import prove_entry
from dualtrack.store.projections import Projections
from dualtrack.web.parts import Fact
from dualtrack.web.views.recorded import newest_recorded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.entry import Entry
    from dualtrack.domain.evidence import Predicate
    from dualtrack.rules.records import Topic
    from dualtrack.runtime.proofs import EntryProof
    from dualtrack.store.register import Register
    from dualtrack.web.views.wording import Say

__all__ = ["STATISTICS_CHARACTERS_MAX", "EvidencePage", "FieldRow", "evidence_page", "read_statement"]

STATISTICS_CHARACTERS_MAX = 20_000
"""Characters of sufficient statistics printed on a page: a screen or ten; the record has them whole."""

_BOUNDS = (
    ("limit", Text(en="limit", zh="上限")),
    ("target", Text(en="target", zh="目標")),
    ("minimum", Text(en="minimum", zh="最低")),
)


class FieldRow(NamedTuple):
    """One field of an observation: its name in the record and in words, its value, and the type that its topic gives it."""

    name: str
    label: str
    value: str
    type: str


class EvidencePage(NamedTuple):
    """Everything the page shows of one observation."""

    entry: Entry
    predicate: Predicate
    about: str
    title: str
    facts: list[Fact]
    fields: list[FieldRow]
    chart: Markup | None
    basis: str
    statistics: str
    signers: list[tuple[str, str, str]]
    standing: str
    used: list[tuple[str, str]]
    proof: EntryProof
    commands: list[tuple[str, str]]


def read_statement(register: Register, index: int) -> tuple[Entry, Statement]:
    """Return an evidence entry as a statement; raises NotFoundError where the entry is something else."""
    entry = register.repository.entry(index)
    if entry.kind != "evidence/1":
        raise NotFoundError(f"entry {index} is a {entry.kind}", where=register.repository.ledger)
    plain = canonical.decode(dsse.parse(entry.content).payload, where=f"entry {index}")
    return entry, read_record(plain, Statement, where=f"entry {index}")


def evidence_page(register: Register, entry: Entry, statement: Statement, say: Say) -> EvidencePage:
    """Return the page of one observation."""
    predicate, about = statement.predicate, statement.subject[0].name
    topics = register.case(None, None).topics
    topic = topics.get(predicate.topic)
    standing, used = _standing(register, entry.index, about, say)
    chart, basis = _chart(predicate, say)
    return EvidencePage(
        entry=entry,
        predicate=predicate,
        about=about,
        title=say.text(topic.title) if topic else predicate.topic,
        facts=_facts(predicate, statement.subject[0].digest.sha256, about, say),
        fields=[_field(name, value, topic, say) for name, value in predicate.fields.items()],
        chart=chart,
        basis=basis,
        statistics=_statistics(predicate.statistics),
        signers=_signers(register, entry, say),
        standing=standing,
        used=used,
        proof=prove_entry(register.repository, entry),
        commands=_commands(predicate, about, entry.index, say),
    )


def _facts(predicate: Predicate, digest: str, about: str, say: Say) -> list[Fact]:
    method = predicate.method
    named = (
        say.quoted(f"{method.name} {method.version} ({method.source})")
        if method
        else say("none: nothing was computed", "沒有：並無計算")
    )
    optional: list[tuple[str, str | None, bool]] = [
        (say("Claim that it answers", "所回應的主張"), predicate.claim, True),
        (say("Number of cases, n", "個案數目 n"), None if predicate.n is None else f"{predicate.n:,}", False),
        (say("Seed", "種子數"), None if predicate.seed is None else str(predicate.seed), False),
        (say("Data digest", "數據摘要值"), predicate.data_digest, True),
        (say("Document digest", "文件摘要值"), predicate.document_digest, True),
        (say("Minutes it took", "所需分鐘"), None if predicate.minutes is None else plain_number(predicate.minutes), False),
    ]  # fmt: skip
    note = predicate.note
    said = say.text(note) if isinstance(note, Text) else say.quoted(note) if note else ""
    return [
        Fact(say("Kind", "種類"), say.capital(KIND_WORDS[predicate.kind])),
        Fact(say("About", "關於"), about, code=True),
        Fact(say("Digest of what it is about", "所述對象的摘要值"), digest, code=True),
        Fact(say("Taken", "取得時間"), say.moment(predicate.taken_at)),
        Fact(say("Method", "方法"), named),
        *(Fact(term, value, code) for term, value, code in optional if value is not None),
        *([Fact(say("Note of the signer", "簽署人附註"), said)] if said else []),
    ]


def _field(name: str, value: object, topic: Topic | None, say: Say) -> FieldRow:
    kinds = {
        "bool": say("yes or no", "是或否"),
        "int": say("whole number", "整數"),
        "double": say("number", "數字"),
        "string": say("text", "文字"),
        "list": say("list", "列表"),
    }
    kind = (topic.fields.get(name) or "") if topic else ""
    return FieldRow(name, say.text(field_name(name)), say.value(value), kinds.get(kind.removesuffix("?"), "–"))


def _chart(predicate: Predicate, say: Say) -> tuple[Markup | None, str]:
    """Return the interval against what the evidence names as limit or target, and what it rests on."""
    fields = predicate.fields
    for names in (("estimate", "low", "high"), ("gap", "gap_low", "gap_high")):
        known = [value for name in names if isinstance(value := fields.get(name), float)]
        if len(known) < len(names):
            continue
        shown = plain_interval(known[0], known[1], known[2])
        if not known[1] <= known[0] <= known[2]:
            return None, "{} ({}–{})".format(*shown)
        marks = [Mark(0.0, "0", dashed=False)] if known[1] <= 0 or predicate.topic == "benefit" else []
        for name, words in _BOUNDS:
            bound = fields.get(name)
            if isinstance(bound, float):
                marks.append(Mark(bound, f"{say.text(words)} {plain_number(bound)}", dashed=True))
        level = predicate.statistics.get("level")
        of = f"{100 * level:g}% " if isinstance(level, float) else ""
        metric = say.text(metric_words(fields.get("metric")))
        interval = "{} ({}–{})".format(*shown)
        basis = say(f"{of}interval", f"{of}區間") + f" {interval}"
        cases = f"n = {predicate.n:,}" if predicate.n is not None else ""
        said = "; ".join(part for part in (metric, basis, cases) if part)
        unit = say.quoted(fields.get("unit", ""))
        plot = IntervalPlot("interval", metric or predicate.topic, said, known[0], known[1], known[2], tuple(marks))
        return interval_plot(plot), Markup("{}; {}").format(said, unit) if unit else said
    return None, ""


def _statistics(statistics: Mapping[str, object]) -> str:
    if not statistics:
        return ""
    text = msgspec.json.format(msgspec.json.encode(statistics), indent=2).decode()
    return text if len(text) <= STATISTICS_CHARACTERS_MAX else text[:STATISTICS_CHARACTERS_MAX] + "\n…"


def _signers(register: Register, entry: Entry, say: Say) -> list[tuple[str, str, str]]:
    """Return holder, roles and key of each signature; a key that was never granted here has no holder."""
    known = {row["keyid"]: row for row in Projections(register.repository).rows("key")}
    found = []
    for signature in dsse.parse(entry.content).signatures:
        row = known.get(signature.keyid)
        holder = row["holder"] if row else say("unknown here", "此處不認識")
        roles = (row["roles"] if row else "").split()
        named = [say.text(words) for role, words in ROLE_WORDS.items() if role.value in roles]
        found.append((holder, say.listed(named) or "–", signature.keyid))
    return found


def _standing(register: Register, index: int, about: str, say: Say) -> tuple[str, list[tuple[str, str]]]:
    """Return whether the newest assessment admitted and counts it, and the rules that rest on it."""
    use = about if "/" in about else None
    recorded = newest_recorded(register, use)
    if recorded is None:
        return say("Nothing was assessed with it yet.", "尚未用於任何評估。"), []
    line = next((line for line in recorded.assessment.evidence if line.index == index), None)
    if line is None:
        return say(
            "It came after the newest assessment, or is about another release.", "在最新評估之後取得，或屬另一版本。"
        ), []
    if not line.admitted:
        why = say.text(reason_words(line.reason or ""))
        return say(f"Not admitted by the newest assessment: {why}.", f"最新評估不予接納：{why}。"), []
    used = [
        (f"{item.pack}--{item.rule}", f"{item.pack}/{item.rule}")
        for item in recorded.assessment.rules
        if index in item.evidence
    ]
    if not line.counts:
        return say(
            "Admitted, but newer evidence of its topic counts instead.", "獲接納，但以同一主題的較新證據為準。"
        ), used
    return say(
        "Admitted by the newest assessment, and the newest of its topic.", "獲最新評估接納，並為該主題的最新證據。"
    ), used


def _commands(predicate: Predicate, about: str, index: int, say: Say) -> list[tuple[str, str]]:
    """Return how to check and, for a measurement, how to make it again."""
    institution = about.partition("/")[0]
    found = [(say("Check that it stands in the log", "核對此項在日誌內"), f"dualtrack ledger proof {index} --institution {institution}")]  # fmt: skip
    if predicate.kind is EvidenceKind.MEASUREMENT and "/" in about:
        again = f"dualtrack measure {about} --data FILE --model MODEL --dry-run"
        found.insert(0, (say("Measure it again, adding nothing", "再次量度，不作記錄"), again))
    return found
